"""The command line: thin verbs over the functions that a notebook calls too."""

from __future__ import annotations

import sys

from febench.cli.app import app
from febench.core.errors import FebenchError, printable

__all__ = ["app", "main"]


def main() -> None:
    """Run a command; a problem of the user's is one sentence on stderr and an exit code."""
    try:
        app()
    except FebenchError as error:
        from febench.cli.options import HINTS

        hint = HINTS.get(error.option or "", "")
        hint = f" ({hint})" if hint.startswith("--") else f"; {hint}" if hint else ""
        print(f"febench: {printable(f'{error}{hint}')}", file=sys.stderr)
        sys.exit(error.exit_code)
