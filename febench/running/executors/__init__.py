"""Where tasks run: `base` is the contract, `local` the processes of this machine."""
