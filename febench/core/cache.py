"""Arrays that are costly to make and depend only on their key, kept on disk and read as memory maps."""

from __future__ import annotations

import contextlib
import errno
import getpass
import hashlib
import json
import os
import re
import shutil
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from mmap import mmap
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from filelock import FileLock
from numpy.lib.format import dtype_to_descr, write_array_header_2_0
from numpy.typing import NDArray
from platformdirs import user_cache_path

from febench.core.errors import DataError
from febench.core.files import content_of, identity, make_folder, replacing, sealed, unsealed, writing_to

_OURS = re.compile(r"[0-9a-f]{12,}")


def cache_dir() -> Path:
    """Return the folder of caches: `FEBENCH_CACHE`, else the user's cache folder. It can be deleted at any time.

    Where the user's folder cannot be written, as with a read-only home, caches go to a folder for temporary files: a
    line on stderr says so, and `FEBENCH_CACHE` is set, so that worker processes use the same folder.
    """
    chosen = os.environ.get("FEBENCH_CACHE")
    if chosen:
        return Path(chosen)
    usual = user_cache_path("febench")
    parent = next(folder for folder in (usual, *usual.parents) if folder.exists())
    if parent.is_dir() and os.access(parent, os.W_OK):
        return usual
    temporary = Path(tempfile.gettempdir(), f"febench-cache-{getpass.getuser()}")
    os.environ["FEBENCH_CACHE"] = str(temporary)
    print(f"febench: {usual} cannot be written; caches go to {temporary}, or to FEBENCH_CACHE", file=sys.stderr)
    return temporary


def cached_array(kind: str, key: object, chunks: Iterator[NDArray[Any]], length: int) -> Path:
    """Path of a `.npy` file that holds the chunks one after the other, made unless it is there and as it was written.

    What is there is read once by a process and held against its hash before anybody maps it; those that are given the
    path need not do so again. An array that is damaged, cut off, exchanged or without its note is made again, and
    `tell` says so.

    Parameters
    ----------
    kind : str
        Folder of the cache.
    key : JSON-able
        Everything the array depends on.
    chunks : iterator of arrays
        Parts along the first axis; not touched if the array is there and whole.
    length : int
        Length of the whole first axis.

    Raises
    ------
    ValueError
        If the chunks differ in shape or type, or do not add up to the length.
    DataError
        If the disk has too little room; nothing is written then.
    UsageError
        If the cache cannot be written.
    """
    path = array_path(kind, key)
    with writing_to(cache_dir(), "the cache", "cache"):
        make_folder(path.parent)
        with FileLock(path.with_suffix(".lock")):
            flaw = _flaw(path)
            if flaw and path.exists():
                tell(f"{path} {flaw}: it is made again")
            if flaw:
                _make(path, chunks, length)
    return path


def received_file(digest: str, fetch: Callable[[], NDArray[np.uint8]]) -> Path:
    """Path of a file with content sent from another machine, fetched unless it is there and undamaged.

    Parameters
    ----------
    digest : str
        BLAKE2b of the content, hexadecimal.
    fetch : callable
        Gives the content, bytes as an array.

    Raises
    ------
    UsageError
        If the cache cannot be written.
    """
    path = cache_dir() / "received" / f"{digest}.npy"
    with writing_to(cache_dir(), "the cache", "cache"):
        make_folder(path.parent)
        with FileLock(path.with_suffix(".lock")):
            known = path.exists() and (_checked.get(path) == identity(path) or _digest(path) == digest)
            if not known:
                with replacing(path) as file:
                    file.write(fetch().data)
            _checked[path] = identity(path)
    return path


def is_kept(path: Path) -> bool:
    """Return whether the cache has that array, by name and size; only `cached_array` checks the content."""
    return _flaw(path, content=False) is None


def seconds_of(path: Path) -> float:
    """The seconds in which the chunks of a cached array were made."""
    return float(unsealed(_note_of(path).read_bytes())["seconds"])


@contextlib.contextmanager
def telling(say: Callable[[str], None]) -> Iterator[None]:
    """Have `say` called with every text that `tell` is given, such as that a damaged array is made again."""
    before = _say.set(say)
    try:
        yield
    finally:
        _say.reset(before)


def tell(text: str) -> None:
    """Say it to whoever listens by `telling`, else as a warning."""
    _say.get()(text)


def _warn(text: str) -> None:
    warnings.warn(text, stacklevel=4)


_say: ContextVar[Callable[[str], None]] = ContextVar("say", default=_warn)
_checked: dict[Path, tuple[int, ...]] = {}
"""Files that this process has checked, with their state at that time."""


def array_path(kind: str, key: object) -> Path:
    """Return the path of the array of that key in the cache, whether it exists or not."""
    return cache_dir() / kind / f"{hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()}.npy"


def cached_files() -> dict[str, list[Path]]:
    """The files of each kind in the cache, by the folders' names: those that are named by a hash, as febench does."""
    folders = sorted(path for path in cache_dir().glob("*") if path.is_dir())
    by_kind = {path.name: [file for file in sorted(path.iterdir()) if _OURS.match(file.name)] for path in folders}
    return {kind: files for kind, files in by_kind.items() if files}


def file_of(array: NDArray[Any]) -> Path | None:
    """The `.npy` file an array is the whole memory map of, or None."""
    if not isinstance(array, np.memmap) or not isinstance(array.base, mmap) or array.filename is None:
        return None
    path = Path(array.filename)
    return path if path.suffix == ".npy" else None


def in_chunks(array: NDArray[Any], rows: int = 1024) -> Iterator[NDArray[Any]]:
    """An array piece by piece; of a memory-mapped file no more than a piece is in memory at a time."""
    path = file_of(array)
    for start in range(0, len(array), rows):
        whole = array if path is None else np.load(path, mmap_mode="r")
        yield whole[start : start + rows]


def _note_of(path: Path) -> Path:
    """The description of a cached array: its key, size and hash, and the seconds it took."""
    return path.with_suffix(".json")


def _flaw(path: Path, content: bool = True) -> str | None:
    """Return why an array in the cache is not the one of its key, as a clause; None if it is."""
    try:
        same_file = identity(path)
        if _checked.get(path) == same_file and _note_of(path).exists():
            return None
        note = unsealed(content_of(_note_of(path)))
        if note["key"] != path.stem:
            return "stands under the name of another"
        if note["bytes"] != path.stat().st_size:
            return "is cut off or of another size than was written"
        if content:
            if _digest(path) != note["blake2b"]:
                return "is damaged"
            _checked[path] = same_file
    except FileNotFoundError:
        return "has no note of its content beside it"
    except (OSError, ValueError, LookupError) as error:
        return f"or the note beside it cannot be read ({error})"
    return None


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, hashlib.blake2b).hexdigest()


class _Hashed:
    """A file that is hashed while it is written."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.digest = hashlib.blake2b()
        self.size = 0

    def write(self, data: bytes | memoryview) -> None:
        self._file.write(data)
        self.digest.update(data)
        self.size += memoryview(data).nbytes


def _make(path: Path, chunks: Iterator[NDArray[Any]], length: int) -> None:
    """Write piece by piece; not through a memory map, for a full disk would then kill the process."""
    begun = time.perf_counter()
    first = np.asarray(next(chunks))
    seconds, done = time.perf_counter() - begun, 0
    needed, free = length * (first.nbytes // max(1, len(first))), shutil.disk_usage(path.parent).free
    if needed > free:
        raise DataError(
            f"the {path.parent.name} need {needed / 1e6:,.0f} MB in the cache {cache_dir()}, where "
            f"{free / 1e6:,.0f} MB are free: make room, or name another folder by the variable FEBENCH_CACHE"
        ) from OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    with replacing(path) as partial:
        file = _Hashed(partial)
        header = {"descr": dtype_to_descr(first.dtype), "fortran_order": False, "shape": (length, *first.shape[1:])}
        write_array_header_2_0(file, header)
        chunk: NDArray[Any] | None = first
        while chunk is not None:
            if chunk.dtype != first.dtype or chunk.shape[1:] != first.shape[1:] or done + len(chunk) > length:
                raise ValueError(f"got {chunk.dtype} {chunk.shape} after {first.dtype} {first.shape}, {length} in all")
            file.write(np.ascontiguousarray(chunk).data)
            done += len(chunk)
            begun = time.perf_counter()
            given = next(chunks, None)
            chunk = None if given is None else np.asarray(given)
            seconds += time.perf_counter() - begun
        if done != length:
            raise ValueError(f"got {done} rows instead of {length}")
    note = {
        "key": path.stem,
        "bytes": file.size,
        "blake2b": file.digest.hexdigest(),
        "seconds": round(seconds, 4),
    }
    with replacing(_note_of(path)) as beside:
        beside.write(sealed(note))
