"""`febench export`: every prediction in one file."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from febench.cli.listing import find_directories
from febench.core.errors import printable
from febench.results.exporting import export


def write_export(directories: Sequence[Path], output: Path) -> None:
    """Write the predictions of some results directories to a file, and say on stderr what is not in it."""
    done = export(find_directories(directories), output)
    if done.failed:
        print(f"{done.failed} failed cells have no predictions and are left out", file=sys.stderr)
    if done.outdated:
        print(f"{done.outdated} cells of older versions of a method are left out", file=sys.stderr)
    print(printable(f"wrote {output}: {done.predictions:,} predictions"))
