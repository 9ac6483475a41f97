"""The command line: thin verbs over the functions that a notebook calls too."""

from __future__ import annotations

import io
import os
import sys

# Nothing is imported from the current folder because it is the current one, unless febench itself lies there
_home = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))  # noqa: PTH100, PTH120
_asked = os.environ.get("PYTHONPATH", "").split(os.pathsep)
if os.getcwd() not in (_home, *_asked):  # noqa: PTH109
    sys.path[:] = [place for place in sys.path if os.path.abspath(place) != os.getcwd()]  # noqa: PTH100, PTH109

from febench.core.errors import INTERRUPTED, FebenchError, printable  # noqa: E402

__all__ = ["main"]


def main() -> None:
    """Run a command; a problem of the user's, or of the machine's files, is one sentence on stderr and an exit code."""
    code: int | str | None = 0
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a letter that the terminal's encoding lacks is shown as its escape
            stream.reconfigure(errors="backslashreplace")
    try:
        from febench.cli.app import app  # here, so that Ctrl-C is a word from the first moment on

        app()
    except KeyboardInterrupt:
        code = _tell("interrupted before anything was begun", INTERRUPTED)
    except SystemExit as end:
        code = end.code
    except FebenchError as error:
        from febench.cli.options import HINTS

        hint = HINTS.get(error.option or "", "")
        hint = f" ({hint})" if hint.startswith("--") else f"; {hint}" if hint else ""
        code = _tell(f"{error}{hint}", error.exit_code)
    except BrokenPipeError:  # who read the output has seen enough
        code = 1
    except OSError as error:
        code = _tell(_of_files(error), 1)
    try:
        sys.stdout.flush()
    except OSError as error:
        if not isinstance(error, BrokenPipeError):
            code = _tell(_of_files(error), 1)
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is left must not fail again
    sys.exit(code)


def _tell(text: str, code: int) -> int:
    print(f"febench: {printable(text)}", file=sys.stderr)
    return code


def _of_files(error: OSError) -> str:
    """Return a sentence on an error of a file or folder, or, if it names none, of the output."""
    why = error.strerror or str(error)
    if error.filename is None:
        return f"the output cannot be written: {why}; nothing in a results directory is lost; send the output elsewhere"
    return f"{error.filename}: {why}; what was stored before is whole, and the same command goes on with it"
