"""Where tasks run: each executor takes tasks and gives back their outcomes as they come in."""
