"""Run the command line as `python -m febench`."""

from febench.cli import main

if __name__ == "__main__":
    main()
