"""From a request to stored cells: options, plan, tasks, executors, and the runner that joins them."""
