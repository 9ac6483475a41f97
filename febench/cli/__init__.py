"""The command line: thin verbs over the functions that a notebook calls too."""

from __future__ import annotations

import os
import sys

# Nothing is imported from the current folder because it is the current one, unless febench itself lies there
_home = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))  # noqa: PTH100, PTH120
if _home != os.getcwd():  # noqa: PTH109
    sys.path[:] = [place for place in sys.path if os.path.abspath(place) != os.getcwd()]  # noqa: PTH100, PTH109

from febench.cli.app import app  # noqa: E402
from febench.core.errors import FebenchError, printable  # noqa: E402

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
