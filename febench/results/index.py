"""An index of many stored cells, so that tables need not read every line; it can be made again at any time.

`cells.index` beside `cells.jsonl` is an Arrow file with what tables ask of every cell, its predictions among it, and
where its line is; behind it stands a checksum of all its bytes. It is bound to the folds and to the length, the time
and the last line of the cells. An index that is not sound, or not of these lines, is made again from the lines; where
it cannot be written, what was read serves this once. The lines stay the truth: `febench verify` and `febench run` read
each of them.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import mmap
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from febench.core.errors import MismatchError
from febench.core.files import reading, replacing
from febench.core.manifest import Manifest
from febench.results.cells import CELL, Cells, Kind, as_columns
from febench.results.record import MEND, Record
from febench.results.store import CELLS, ResultsDirectory, Store, stored_lines

if TYPE_CHECKING:
    import pyarrow as pa

INDEX = "cells.index"
FORMAT = 3
"""Raised when the index holds something else, so that those of other versions are made again."""
INDEXED_FROM = 8 << 20
"""Bytes of cells, some two thousand of them, below which reading the lines takes no time that anybody notices."""
BUFFER = 1 << 14
"""Bytes read at once where single lines are read from different places."""
_DIGEST = 32


def open_results(path: Path) -> ResultsDirectory:
    """A results directory to make tables of: read by the index of its lines where these are many.

    Raises
    ------
    UsageError
        If the directory holds no results.
    MismatchError
        As `Store`, of all that is read.
    """
    cells = path / CELLS
    if not cells.is_file() or cells.stat().st_size < INDEXED_FROM:
        return Store(path)
    return IndexedDirectory(path)


class IndexedDirectory(ResultsDirectory):
    """Results in a directory, whose lines are read where a record is asked for; raises as `open_results` does."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        origin = _Origin.of(path / CELLS, self.manifest)
        contents = _read_index(path / INDEX, origin)
        if contents is None:
            contents = _read_lines(path / CELLS, self.manifest)
            # what was appended meanwhile is in the next index
            if _Origin.of(path / CELLS, self.manifest) == origin:
                with contextlib.suppress(OSError):
                    _write_index(path / INDEX, origin, contents)
        self._cells, self.torn, self.foreign = contents.cells, contents.torn, contents.foreign

    @property
    def records(self) -> Cells:
        """Every cell in the order of first writing; of one written several times, the last record."""
        return self._cells


@dataclass(frozen=True)
class Lines:
    """The records of a file of cells: `at` is where a line begins, `length` how long it is."""

    path: Path

    def records(self, table: NDArray[Any]) -> Iterator[Record]:
        """Those of a table, one after another.

        Raises
        ------
        MismatchError
            If a line is not what was written, or has changed since it was indexed.
        """
        with reading(self.path, BUFFER) as file:  # the lines of a row are apart, those of others between
            for at, length, run, fold, ok in zip(*(table[name].tolist() for name in _PLACE), strict=True):
                file.seek(at)
                try:
                    record = Record.from_line(file.read(length))
                except ValueError as error:
                    raise MismatchError(f"{self.path}, the line at byte {at} {error}; {MEND}") from error
                if (record.run, record.fold, record.ok) != (run, fold, ok):
                    raise MismatchError(f"{self.path}, the line at byte {at} was changed while it was read; {MEND}")
                yield record


_PLACE = ("at", "length", "run", "fold", "ok")


@dataclass(frozen=True)
class _Origin:
    """The state of a store that an index is valid for: the folds, and the length, time and last line of the cells."""

    format: int
    manifest: str
    size: int
    time: int
    last: str

    @classmethod
    def of(cls, path: Path, manifest: Manifest) -> _Origin:
        with reading(path) as file:
            status = os.fstat(file.fileno())
            return cls(FORMAT, manifest.sha256, status.st_size, status.st_mtime_ns, _last_line(file, status.st_size))


@dataclass(frozen=True)
class _Contents:
    """Return the cells of the lines, the bytes of an incomplete last line, and the numbers of foreign lines."""

    cells: Cells
    torn: int
    foreign: tuple[int, ...]


def _read_lines(path: Path, manifest: Manifest) -> _Contents:
    """Every line read and checked; of a cell that is there twice the last line counts, in the place of the first."""
    places: dict[bytes, int] = {}
    last: list[int] = []
    torn, foreign, read = 0, [], 0

    def own() -> Iterator[tuple[Record, int, int]]:
        nonlocal torn, read
        at = 0
        for line in stored_lines(path, manifest):
            if line.record is not None:
                place = places.setdefault(bytes.fromhex(line.record.key), len(last))
                last[place : place + 1] = [read]
                read += 1
                yield line.record, at, len(line.text)
            elif line.whole:
                foreign.append(line.number)
            else:
                torn = len(line.text)
            at += len(line.text)

    cells = as_columns(own(), Lines(path))
    return _Contents(cells.take(np.array(last, dtype=np.int64)), torn, tuple(foreign))


def _last_line(file: BinaryIO, size: int) -> str:
    """A hash of the last line."""
    tail, at = b"", size
    while at and b"\n" not in tail[:-1]:
        step = min(at, 1 << 16)
        at -= step
        file.seek(at)
        tail = file.read(step) + tail
    return hashlib.sha256(tail[tail.rfind(b"\n", 0, -1) + 1 :]).hexdigest()


def _write_index(path: Path, origin: _Origin, contents: _Contents) -> None:
    import pyarrow as pa

    cells, table = contents.cells, contents.cells.table
    predictions = [
        cells.answers[start : start + count] for start, count in zip(table["start"], table["count"], strict=True)
    ]
    edges = np.concatenate([[0], np.cumsum(table["count"])])
    columns = {name: pa.array(table[name].astype(kind)) for name, kind in _COLUMNS.items()}
    columns["predictions"] = pa.LargeListArray.from_arrays(
        pa.array(edges), np.concatenate([cells.answers[:0], *predictions])
    )
    metadata = {**vars(origin), "torn": contents.torn, "foreign": contents.foreign}
    metadata |= {"kinds": cells.kinds, "words": cells.words}
    batch = pa.record_batch(columns).replace_schema_metadata({_METADATA: json.dumps(metadata)})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, batch.schema) as writer:
        writer.write_batch(batch)
    content = memoryview(sink.getvalue())
    with replacing(path) as file:
        file.write(content)
        file.write(_digest(content))


def _read_index(path: Path, origin: _Origin) -> _Contents | None:
    """Return the content of an index; None if it is missing, damaged, or of other lines."""
    import pyarrow as pa

    try:
        with reading(path) as file:
            mapped = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
        content, digest = mapped[:-_DIGEST], mapped[-_DIGEST:]
        if digest != _digest(content):
            return None
        batch = pa.ipc.open_file(pa.py_buffer(content)).get_batch(0)
        metadata = json.loads(batch.schema.metadata[_METADATA])
        if any(metadata[name] != value for name, value in vars(origin).items()):
            return None
    except (OSError, ValueError, LookupError, TypeError):
        return None
    table = np.empty(len(batch), dtype=CELL)
    for name, kind in _COLUMNS.items():
        table[name] = _mapped(batch.column(name), kind)
    edges, answers = batch.column("predictions").offsets, batch.column("predictions").values
    table["start"], table["count"] = (
        _mapped(edges, np.dtype(np.int64))[:-1],
        np.diff(_mapped(edges, np.dtype(np.int64))),
    )
    kinds, words = tuple(Kind(*kind) for kind in metadata["kinds"]), tuple(metadata["words"])
    cells = Cells(table, _mapped(answers, np.dtype(str(answers.type))), kinds, words, Lines(path.with_name(CELLS)))
    return _Contents(cells, metadata["torn"], tuple(metadata["foreign"]))


_COLUMNS = {
    name: np.dtype(np.uint8) if kind == np.bool_ else kind
    for name, (kind, *_) in (CELL.fields or {}).items()
    if name not in ("start", "count")
}
"""The columns that are in the file as they are in memory; truth as a byte, so that it can be mapped."""
_METADATA = b"febench"


def _mapped(column: pa.Array, kind: np.dtype[Any]) -> NDArray[Any]:
    """A column as it lies in the file; pyarrow's own way imports pandas, which takes longer than all the rest."""
    return np.frombuffer(column.buffers()[1], kind, len(column)) if len(column) else np.empty(0, kind)


def _digest(content: memoryview) -> bytes:
    return hashlib.blake2b(content, digest_size=_DIGEST).digest()
