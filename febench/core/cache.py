"""Arrays that are costly to make and depend only on their key, kept on disk and read as memory maps."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator
from itertools import chain
from mmap import mmap
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock
from numpy.lib.format import dtype_to_descr, write_array_header_2_0
from numpy.typing import NDArray
from platformdirs import user_cache_path

from febench.core.errors import DataError

_OURS = re.compile(r"[0-9a-f]{12,}")


def cache_dir() -> Path:
    """Where caches live: `FEBENCH_CACHE`, else the user's cache folder. It can be deleted at any time."""
    chosen = os.environ.get("FEBENCH_CACHE")
    return Path(chosen) if chosen else user_cache_path("febench")


def cached_array(kind: str, key: object, chunks: Iterator[NDArray[Any]], length: int) -> Path:
    """Path of a `.npy` file that holds the chunks one after the other, made unless it is there.

    Parameters
    ----------
    kind : str
        Folder of the cache.
    key : JSON-able
        Everything the array depends on.
    chunks : iterator of arrays
        Parts along the first axis; not touched if the array is there.
    length : int
        Length of the whole first axis.

    Raises
    ------
    ValueError
        If the chunks differ in shape or type, or do not add up to the length.
    DataError
        If the disk has too little room; nothing is written then.
    """
    path = array_path(kind, key)
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(path.with_suffix(".lock")):
        if not path.exists():
            partial = path.with_suffix(f".{os.getpid()}.tmp")
            try:
                _write(partial, chunks, length)
                partial.replace(path)
            finally:
                partial.unlink(missing_ok=True)
    return path


def array_path(kind: str, key: object) -> Path:
    """Where `cached_array` keeps the array of that key, whether or not it is there."""
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


def _write(path: Path, chunks: Iterator[NDArray[Any]], length: int) -> None:
    """Write piece by piece; not through a memory map, for a full disk would then kill the process."""
    first = np.asarray(next(chunks))
    needed, free = length * (first.nbytes // max(1, len(first))), shutil.disk_usage(path.parent).free
    if needed > free:
        raise DataError(
            f"the {path.parent.name} need {needed / 1e6:,.0f} MB in the cache {cache_dir()}, where "
            f"{free / 1e6:,.0f} MB are free: make room, or name another folder by the variable FEBENCH_CACHE"
        )
    done = 0
    with path.open("wb") as file:
        header = {"descr": dtype_to_descr(first.dtype), "fortran_order": False, "shape": (length, *first.shape[1:])}
        write_array_header_2_0(file, header)
        for chunk in map(np.asarray, chain([first], chunks)):
            if chunk.dtype != first.dtype or chunk.shape[1:] != first.shape[1:] or done + len(chunk) > length:
                raise ValueError(f"got {chunk.dtype} {chunk.shape} after {first.dtype} {first.shape}, {length} in all")
            file.write(np.ascontiguousarray(chunk).data)
            done += len(chunk)
    if done != length:
        raise ValueError(f"got {done} rows instead of {length}")
