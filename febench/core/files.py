"""Files that are whole or not there."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from febench.core.errors import UsageError


def check_output(path: Path, suffixes: tuple[str, ...], what: str) -> str:
    """The ending of a file to be written, in small letters.

    Raises
    ------
    UsageError
        If it is none of those there are, or its folder does not exist.
    """
    suffix = path.suffix.lower()
    if suffix not in suffixes:
        raise UsageError(f"{what} must end in {' or '.join(suffixes)}, not {path.name!r}", option="output")
    if path.is_dir() or not path.resolve().parent.is_dir():
        raise UsageError(f"cannot write {path}: it must be a file in a folder that exists", option="output")
    return suffix


@contextlib.contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """A file to write to; what is written becomes `path` at the end, or nothing does.

    Raises
    ------
    UsageError
        If it cannot be written.
    """
    partial = path.with_name(f"{path.name}.partial")
    try:
        with partial.open("wb") as file:
            yield file
        partial.replace(path)
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror}", option="output") from error
    finally:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
