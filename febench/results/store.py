"""A directory of results: what was asked, every cell that was computed, and nothing that is ever rewritten.

`manifest.json` holds the folds, `cells.jsonl` one self-checked line a cell, `environment.json` what they were computed
with; `audit.json` what the audit found, which can be found anew. One process writes at a time; any number may read
meanwhile.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, cast

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from febench.core.environment import environment, environment_id
from febench.core.errors import MismatchError, UsageError
from febench.core.manifest import Manifest, read

CELLS = "cells.jsonl"
MANIFEST = "manifest.json"
ENVIRONMENT = "environment.json"
AUDIT = "audit.json"
AUDIT_FORMAT = 1
"""Raised when the audit checks more or otherwise, so that stored findings are found anew."""

Probabilities = list[list[float]]


class _Unread:
    """A field that may be given as JSON text: it is read when it is first asked for."""

    def __set_name__(self, owner: type[Any], name: str) -> None:
        self._name = f"_{name}"

    def __get__(self, record: Any, owner: type[Any]) -> Probabilities | None:
        if record is None:
            return None
        value = record.__dict__[self._name]
        if isinstance(value, str):
            value = record.__dict__[self._name] = json.loads(value)
        return cast("Probabilities | None", value)

    def __set__(self, record: Any, value: Probabilities | str | None) -> None:
        record.__dict__[self._name] = value


@dataclass(frozen=True)
class Record:
    """One stored cell.

    Attributes
    ----------
    key : str
        Hash of all that the result depends on.
    method, params, version, label : str, dict, str, str
        The method, its complete parameters, its version, and what its row is called in tables.
    run, fold : int
        Counted from 1.
    seed : int
        Seed of the cell.
    status : str
        `ok`, or why there is no prediction: `failed` (raised), `timeout`, `crashed` (the process died), `invalid`
        (predictions that are none).
    predictions : list of int, or None
        Class indices of the fold's test images, in the manifest's order.
    probabilities : list of lists of float, or None
        A row an image, a column a class, to four significant digits (of cells of older versions four decimals); of a
        stored cell they are read when first asked for.
    seconds : dict
        Wall-clock seconds of `extract` (the whole data set, shared by all cells), `fit` and `predict`.
    peak_memory_mb : float or None
        Peak resident memory of the worker during the cell, where it can be measured.
    threads : int
        Threads the cell was given.
    environment : str
        Id in `environment.json`.
    info : dict
        What the method says of its training (`fit_info_`).
    error : str or None
        What went wrong, in a sentence.
    traceback : str or None
        Where a method raised, as Python prints it.
    """

    key: str
    method: str
    params: dict[str, Any]
    version: str
    label: str
    run: int
    fold: int
    seed: int
    status: str
    predictions: list[int] | None = None
    probabilities: _Unread = _Unread()
    seconds: dict[str, float] = field(default_factory=dict)
    peak_memory_mb: float | None = None
    threads: int = 1
    environment: str = ""
    info: dict[str, Any] = field(default_factory=dict)
    error: str | None = None
    traceback: str | None = None

    @property
    def ok(self) -> bool:
        """Whether the cell has predictions."""
        return self.status == "ok"

    def probability_array(self) -> NDArray[np.float64] | None:
        """The probabilities, shape (n, classes), None where there are none; what is read of text is not kept."""
        stored = self.__dict__["_probabilities"]
        stored = json.loads(stored) if isinstance(stored, str) else stored
        return None if stored is None else np.asarray(stored, dtype=np.float64)

    def to_line(self) -> str:
        """One line of JSON that ends with a check of itself."""
        body = json.dumps(asdict(self), separators=(",", ":"))
        return f'{body[:-1]},"check":"{_check(body)}"}}\n'

    @classmethod
    def from_line(cls, line: str) -> Record:
        """Read a line back.

        Raises
        ------
        ValueError
            If it is not whole or not what was written.
        """
        body, mark, check = line.rstrip("\n").rpartition(',"check":"')
        if not mark or check != _check(body + "}") + '"}':
            raise ValueError("the line does not match its checksum")
        return cls(**{key: value for key, value in _fields(body + "}").items() if key in _KNOWN})


_KNOWN = frozenset(part.name for part in fields(Record))
_NAME = '"probabilities":'
_LATER = "later"


def _fields(body: str) -> dict[str, Any]:
    """The fields of a checked line, the probabilities as text: they are most of it, and few readers want them."""
    start = body.find(f"{_NAME}[[") + len(_NAME)
    end = body.find(']],"', start) + 2
    if start > len(_NAME) and end > start:
        content: dict[str, Any] = json.loads(f'{body[:start]}"{_LATER}"{body[end:]}')
        if content.get("probabilities") == _LATER:
            return {**content, "probabilities": body[start:end]}
    whole: dict[str, Any] = json.loads(body)
    return whole


class Store:
    """Results in a directory.

    Parameters
    ----------
    path : Path
        The directory.

    Raises
    ------
    UsageError
        If the directory holds no results.
    MismatchError
        If the manifest or a stored line is damaged.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.manifest = read_manifest(path)
        self.torn, records = _read_cells(path / CELLS)
        self._by_key = {record.key: record for record in records}

    @classmethod
    def open(cls, path: Path, manifest: Manifest) -> Store:
        """The store in a directory; in a new one these folds are written first.

        Raises
        ------
        UsageError
            If the directory cannot be written, or holds other folds.
        """
        try:
            path.mkdir(parents=True, exist_ok=True)
            with _lock(path):
                if not (path / MANIFEST).exists():
                    _write_whole(path / MANIFEST, manifest.to_text())
        except OSError as error:
            raise UsageError(f"cannot write results to {path}: {error.strerror}", option="out") from error
        store = cls(path)
        if store.manifest.sha256 != manifest.sha256:
            raise UsageError(f"{path} holds results of other folds of {store.manifest.dataset}", option="out")
        return store

    @property
    def records(self) -> list[Record]:
        """Every cell, the last word of each, in the order they were first written."""
        return list(self._by_key.values())

    def get(self, key: str) -> Record | None:
        """The stored cell of that key."""
        return self._by_key.get(key)

    @property
    def audit(self) -> list[dict[str, Any]] | None:
        """The findings of the audit of these folds; None where there are none, or they are of other folds or format."""
        try:
            stored = json.loads((self.path / AUDIT).read_text(encoding="utf-8"))
            if (stored["format"], stored["manifest"]) != (AUDIT_FORMAT, self.manifest.sha256):
                return None
            findings: list[dict[str, Any]] = stored["findings"]
            for finding in findings:
                for part in ("code", "severity", "title", "count"):  # what is read of each
                    finding[part]
        except (OSError, ValueError, LookupError, TypeError):
            return None
        return findings

    @property
    def environments(self) -> dict[str, dict[str, Any]]:
        """What cells were computed with, by id; empty where nothing was noted."""
        path = self.path / ENVIRONMENT
        try:
            noted = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        except ValueError as error:
            raise MismatchError(
                f"{path} is no JSON ({error}): it was edited or damaged; restore it from a copy"
            ) from error
        return {name: one for name, one in noted.items() if isinstance(one, dict)} if isinstance(noted, dict) else {}

    def keep_audit(self, findings: list[dict[str, Any]]) -> None:
        """Write what the audit of these folds found; only while `writing`."""
        document = {"format": AUDIT_FORMAT, "manifest": self.manifest.sha256, "findings": findings}
        _write_whole(self.path / AUDIT, json.dumps(document, indent=1) + "\n")

    @contextlib.contextmanager
    def writing(self) -> Iterator[Writer]:
        """Hold the directory's lock, drop a torn last line, and append.

        Raises
        ------
        UsageError
            If another process is writing.
        """
        with _lock(self.path):
            self.torn, records = _read_cells(self.path / CELLS)
            self._by_key = {record.key: record for record in records}
            cells = self.path / CELLS
            if self.torn:
                os.truncate(cells, cells.stat().st_size - self.torn)
            known = self.environments
            if environment_id() not in known:
                known[environment_id()] = environment()
                _write_whole(self.path / ENVIRONMENT, json.dumps(known, indent=1) + "\n")
            with cells.open("a", encoding="utf-8") as file:
                yield Writer(file, self._by_key)


@dataclass
class Writer:
    """Appends cells; each is on the disk when `append` returns."""

    _file: Any
    _by_key: dict[str, Record]

    def append(self, record: Record) -> None:
        """Write one cell."""
        self._file.write(record.to_line())
        self._file.flush()
        os.fsync(self._file.fileno())
        self._by_key[record.key] = record


def read_manifest(path: Path) -> Manifest:
    """The folds of a results directory.

    Raises
    ------
    UsageError
        If the directory holds no results.
    MismatchError
        If the file is damaged or was edited.
    """
    if not (path / MANIFEST).is_file():
        raise UsageError(f"{path} holds no results of febench (no {MANIFEST})", option="results")
    return read(path / MANIFEST)


def find_directories(directories: Iterable[Path]) -> list[Path]:
    """Some results directories, but for a folder of them all that it holds, however deep, by name."""
    paths = []
    for directory in directories:
        inside = sorted(path.parent for path in directory.rglob(MANIFEST))
        paths += [directory] if (directory / MANIFEST).exists() or not inside else inside
    return paths


@contextlib.contextmanager
def _lock(path: Path) -> Iterator[None]:
    try:
        with FileLock(path / ".lock", timeout=0):
            yield
    except Timeout as error:
        raise UsageError(f"another febench run is writing to {path}; wait for it", option="out") from error


def _read_cells(path: Path) -> tuple[int, list[Record]]:
    """The stored cells, and how many bytes at the end are a line torn by a crash."""
    if not path.exists():
        return 0, []
    *lines, rest = path.read_bytes().split(b"\n")
    records = []
    for number, line in enumerate(lines, start=1):
        try:
            records.append(Record.from_line(line.decode("utf-8")))
        except (ValueError, TypeError) as error:
            raise MismatchError(
                f"{path} line {number} does not match its checksum: it was edited or damaged; "
                "restore it from a copy, or delete the line to have its cell computed again"
            ) from error
    return len(rest), records


def _write_whole(path: Path, text: str) -> None:
    """Write a file so that it is never seen half-written."""
    partial = path.with_suffix(".tmp")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)


def _check(body: str) -> str:
    return hashlib.sha256(body.encode()).hexdigest()[:16]
