"""Where tasks run: `base` is the contract, `local` has worker processes on this machine, `ray` on a cluster."""
