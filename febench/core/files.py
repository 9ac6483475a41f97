"""Files that are whole or not there, also after a power cut."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import stat
from collections.abc import Iterator, Mapping
from io import BufferedReader, FileIO
from pathlib import Path
from typing import Any, BinaryIO

from febench.core.errors import StorageError, UsageError


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


def reading(path: Path, buffer: int = 1 << 20) -> BufferedReader:
    """A file, open to be read, so many bytes at once.

    Raises
    ------
    OSError
        If it cannot be read, or is none: to read a named pipe or a device may never end.
    """
    if not stat.S_ISREG(path.stat().st_mode):
        raise OSError(errno.EINVAL, "it is not a file", str(path))
    return BufferedReader(FileIO(path), buffer)


def content_of(path: Path) -> bytes:
    """Return the content of a file; raises as `reading` does."""
    with reading(path) as file:
        return file.read()


def parsed(text: bytes | str) -> Any:
    """JSON as Python's objects.

    Raises
    ------
    ValueError
        If it is none, or nested too deep.
    """
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deep") from None


def as_json(document: object) -> bytes:
    """Python's objects as JSON in UTF-8; half a surrogate pair, which UTF-8 does not have, becomes a question mark."""
    return json.dumps(document, ensure_ascii=False).encode(errors="replace")


def folders_below(path: Path) -> Iterator[Path]:
    """A folder and those below it, however deep, by name; not where links lead."""
    waiting = [path]
    while waiting:
        yield (folder := waiting.pop())
        with contextlib.suppress(OSError), os.scandir(folder) as entries:
            inside = sorted(entry.name for entry in entries if entry.is_dir(follow_symlinks=False))
            waiting += [folder / name for name in reversed(inside)]


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A file to write to; at the end it becomes `path`, whole and on the disk, or nothing does.

    Whatever febench replaces, it replaces by this: a power cut leaves the old file or the new one, never an empty one.
    """
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    try:
        with partial.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
        sync_folder(path.parent)
    finally:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)


def sealed(document: Mapping[str, Any]) -> bytes:
    """A document as JSON with a `checksum` of all else that it holds."""
    return (json.dumps({**document, "checksum": _checksum(document)}, indent=1) + "\n").encode()


def unsealed(text: bytes) -> dict[str, Any]:
    """Read what `sealed` wrote, without its checksum.

    Raises
    ------
    ValueError
        If it is not what was written.
    """
    document = parsed(text)
    if not isinstance(document, dict) or document.pop("checksum", None) != _checksum(document):
        raise ValueError("it does not match its checksum")
    return document


def _checksum(document: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()[:16]


def sync_folder(path: Path) -> None:
    """Bring to the disk what files a folder has, where a system lets folders be opened."""
    if os.name == "nt":
        return
    folder = os.open(path, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def make_folder(path: Path) -> None:
    """Make a folder and those above it, unless they are there, on the disk."""
    new = [folder for folder in (path, *path.parents) if not folder.exists()]
    path.mkdir(parents=True, exist_ok=True)
    for folder in reversed(new):
        sync_folder(folder.parent)


@contextlib.contextmanager
def writing_to(place: Path, what: str, option: str) -> Iterator[None]:
    """Turn errors of writing into one sentence; what was written before is complete, because `replacing` wrote it.

    Raises
    ------
    StorageError
        If the system refuses to write, such as on a full disk.
    UsageError
        If a file is where a folder should be.
    """
    try:
        yield
    except OSError as error:
        in_the_way = isinstance(error, FileExistsError | NotADirectoryError)
        why = "there is a file where a folder should be" if in_the_way else error.strerror or str(error)
        text = f"cannot write {what} to {place}: {why}; nothing that was finished before is lost"
        raise (UsageError if in_the_way else StorageError)(text, option=option) from error


def identity(path: Path) -> tuple[int, ...]:
    """Return the state of a file, which changes when it is written or replaced: device, inode, size and time."""
    about = path.stat()
    return about.st_dev, about.st_ino, about.st_size, about.st_mtime_ns


@contextlib.contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """A file that a user asked for, as `replacing` writes it.

    Raises
    ------
    UsageError
        If it cannot be written.
    """
    try:
        with replacing(path) as file:
            yield file
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror}", option="output") from error
