"""Stored results: the store, rows with their metrics and caveats, costs, and data frames."""
