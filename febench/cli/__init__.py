"""The command line: thin verbs over the functions that a notebook calls too."""

from __future__ import annotations

import os
import sys

from febench.cli.app import app
from febench.core.errors import FebenchError, printable

__all__ = ["app", "main"]


def main() -> None:
    """Run a command; a problem of the user's is one sentence on stderr and an exit code."""
    try:
        try:
            app()
        finally:
            sys.stdout.flush()
    except OSError as error:
        if error.filename is not None:
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is left must not fail again
        if not isinstance(error, BrokenPipeError):
            safe = "nothing in a results directory is lost; send the output elsewhere"
            print(f"febench: the output cannot be written: {error.strerror}; {safe}", file=sys.stderr)
        sys.exit(1 if isinstance(error, BrokenPipeError) else 2)
    except FebenchError as error:
        from febench.cli.options import HINTS

        hint = HINTS.get(error.option or "", "")
        hint = f" ({hint})" if hint.startswith("--") else f"; {hint}" if hint else ""
        print(f"febench: {printable(f'{error}{hint}')}", file=sys.stderr)
        sys.exit(error.exit_code)
