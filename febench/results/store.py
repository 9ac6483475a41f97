"""A directory of results: what was asked, every cell that was computed, and nothing that is ever rewritten.

`manifest.json` holds the folds, `cells.jsonl` one self-checked line a cell, `environment.json` what they were computed
with; `audit.json` what the audit found, which can be found anew; `asked.json` which version of each row a run asked for
last, which is the one that is shown. One process writes at a time; any number may read
meanwhile.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, TypedDict

import msgspec
from filelock import FileLock, Timeout

from febench.core.environment import environment, environment_id, id_of
from febench.core.errors import FebenchError, MismatchError, StorageError, UnreadableFoldsError, UsageError
from febench.core.files import (
    content_of,
    folders_below,
    identity,
    make_folder,
    parsed,
    reading,
    replacing,
    sealed,
    sync_folder,
    unsealed,
    writing_to,
)
from febench.core.manifest import Manifest, read
from febench.results.record import MEND, Record, row_key
from febench.results.twins import Groups, Twins

CELLS = "cells.jsonl"
MANIFEST = "manifest.json"
ENVIRONMENT = "environment.json"
AUDIT = "audit.json"
ASKED = "asked.json"
AUDIT_FORMAT = 3
"""Raised when the audit has a new check or changes one, so that the next run audits again."""
READ_AUDIT_FORMATS = (1, 2, 3)
"""Formats whose findings are read."""
AUDIT_FORMATS_WITH_TWINS = (2, 3)
"""Formats that list the twins."""


class _Finding(TypedDict):
    """The fields of a stored finding that are read."""

    code: str
    severity: str
    title: str
    count: int


class _Environment(TypedDict, total=False):
    """The fields of a stored environment that are read."""

    python: str
    platform: str
    processor: str
    cores: int | None
    host: str
    packages: dict[str, str]


class Asked(msgspec.Struct, frozen=True):
    """The version of a row that a run asked for last.

    Attributes
    ----------
    method, params, version, label : str, dict, str, str
        As of a `Record`.
    time : float
        Since when it is asked for, and no other version, in seconds since 1970.
    """

    method: str
    params: dict[str, Any]
    version: str
    label: str
    time: float

    @classmethod
    def now(cls, method: str, params: Mapping[str, Any], version: str, label: str) -> Asked:
        """Return a row that is asked for at this moment, with its parameters as they are read back."""
        return cls(method, json.loads(json.dumps(params)), version, label, time.time())

    @property
    def key(self) -> str:
        """The key of its row."""
        return row_key(self.method, self.params)


class ResultsDirectory(ABC):
    """The content of a results directory.

    Attributes
    ----------
    path : Path
        The directory.
    manifest : Manifest
        Its folds.
    torn : int
        Bytes at the end of the cells that are a line torn by a crash.
    foreign : tuple of int
        Lines of cells of other folds, seeds or data sets: they are set aside.
    """

    torn: int
    foreign: tuple[int, ...]

    def __init__(self, path: Path) -> None:
        self.path = path
        self.manifest = read_manifest(path)

    @property
    @abstractmethod
    def records(self) -> Sequence[Record]:
        """Every cell in the order of first writing; of one written several times, the last record."""

    @property
    def set_aside(self) -> str | None:
        """A sentence on cells of other folds in the directory; None if there are none."""
        if not self.foreign:
            return None
        count = f"{len(self.foreign)} cells" if len(self.foreign) > 1 else "1 cell"
        return (
            f"{count} in {self.path / CELLS} (first line {self.foreign[0]}) do not belong to these "
            "folds: they are of other folds, of another data set or seed, or were changed. They are ignored; "
            "restore the file from a copy, or delete these lines"
        )

    @property
    def audit(self) -> list[dict[str, Any]] | None:
        """The findings of the audit of these folds; None where there are none, or damaged or outdated ones."""
        stored = self._stored_audit
        if stored is None:
            return None
        findings: list[dict[str, Any]] = stored["findings"]
        return findings

    @property
    def audit_is_current(self) -> bool:
        """Whether these folds were audited with all checks of this febench."""
        stored = self._stored_audit
        return stored is not None and stored["format"] == AUDIT_FORMAT

    @property
    def asked(self) -> dict[str, Asked]:
        """The version of each row that a run asked for last, by `row_key`; see `read_asked`."""
        return read_asked(self.path, self.manifest)

    @property
    def twins(self) -> Twins | None:
        """The identical and nearly identical images that the audit found; None without an audit that tells them."""
        stored = self._stored_audit
        return Twins(stored["twins"]) if stored and stored["format"] in AUDIT_FORMATS_WITH_TWINS else None

    @property
    def _stored_audit(self) -> dict[str, Any] | None:
        """The stored audit of these folds; None where there is none, or a damaged or outdated one."""
        try:
            stored, _ = read_audit(self.path)
            if stored["format"] not in READ_AUDIT_FORMATS or stored["manifest"] != self.manifest.sha256:
                return None
            msgspec.convert(stored["findings"], list[_Finding])
            if stored["format"] in AUDIT_FORMATS_WITH_TWINS:
                groups = msgspec.convert(stored["twins"], dict[str, list[list[int]]])
                images = [image for same in groups.values() for group in same for image in group]
                if images and not 0 <= min(images) <= max(images) < len(self.manifest.labels):
                    return None
        except (OSError, ValueError, LookupError, TypeError):
            return None
        return stored

    @property
    def environments(self) -> dict[str, dict[str, Any]]:
        """The environments of cells, by id; see `read_environments`."""
        return read_environments(self.path)


class Store(ResultsDirectory):
    """Results in a directory, every line of which is read and checked, and the way to write more.

    Parameters
    ----------
    path : Path
        The directory.

    Raises
    ------
    UsageError
        If the directory holds no results.
    MismatchError
        If the manifest or a stored line is damaged, or a cell has not one class for each image of its fold.

    Attributes
    ----------
    redrawn : bool
        Whether the folds were lost and are written anew.
    """

    redrawn = False

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._read()

    def _read(self) -> None:
        self._state = self._state_on_disk()
        self.torn, records, self.foreign = _read_cells(self.path / CELLS, self.manifest)
        self._by_key = {record.key: record for record in records}

    def _state_on_disk(self) -> tuple[int, ...] | None:
        cells = self.path / CELLS
        return identity(cells) if cells.exists() else None

    @classmethod
    def open(cls, path: Path, manifest: Manifest) -> Store:
        """The store in a directory; in a new one, or one that lost its folds, these are written first.

        Raises
        ------
        UsageError
            If the directory cannot be written, or holds other folds.
        MismatchError
            If it is damaged, or its folds are lost and its cells are not of these.
        """
        with writing_to(path, "results", "out"):
            make_folder(path)
            with lock(path):
                redrawn = is_store(path)
                try:
                    read(path / MANIFEST)
                    redrawn = False
                except UnreadableFoldsError:
                    _, own, foreign = _read_cells(path / CELLS, manifest)
                    if foreign and not own:
                        raise MismatchError(
                            f"{path / MANIFEST} is lost, and the folds drawn now are not those of the {len(foreign)} "
                            "cells there: name the data set, protocol and seed that they were computed with; nothing "
                            "was written"
                        ) from None
                    _write_whole(path / MANIFEST, manifest.to_text())
        store = cls(path)
        if store.manifest.sha256 != manifest.sha256:
            raise UsageError(f"{path} holds results of other folds of {store.manifest.dataset}", option="out")
        store.redrawn = redrawn
        return store

    @property
    def records(self) -> list[Record]:
        """Every cell in the order of first writing; of one written several times, the last record."""
        return list(self._by_key.values())

    def get(self, key: str) -> Record | None:
        """The stored cell of that key."""
        return self._by_key.get(key)

    def keep_audit(self, findings: list[dict[str, Any]], twins: Mapping[str, Groups] | None = None) -> None:
        """Write what the audit of these folds found, and the groups of twins by kind; only while `writing`."""
        document = {
            "format": AUDIT_FORMAT, "manifest": self.manifest.sha256, "findings": findings, "twins": dict(twins or {}),
        }  # fmt: skip
        with writing_to(self.path, "results", "out"), replacing(self.path / AUDIT) as file:
            file.write(sealed(document))

    def ask(self, rows: Iterable[Asked]) -> None:
        """Write down rows that a run asks for, beside those that others asked for; only while `writing`.

        A run that asks for what is shown already changes nothing.
        """
        known = self.asked
        new = [row for row in rows if row.key not in known or known[row.key].version != row.version]
        if new:
            with writing_to(self.path, "results", "out"):
                write_asked(self.path, self.manifest, [*known.values(), *new])

    @contextlib.contextmanager
    def writing(self) -> Iterator[Writer]:
        """Hold the directory's lock, drop a torn last line, and append.

        Raises
        ------
        UsageError
            If another process is writing, or the directory cannot be written.
        """
        with lock(self.path):
            cells = self.path / CELLS
            if self._state_on_disk() != self._state:  # another process wrote before this one had the lock
                self._read()
            with writing_to(self.path, "results", "out"):
                if self.torn:
                    os.truncate(cells, cells.stat().st_size - self.torn)
                known = self.environments
                if environment_id() not in known:
                    known[environment_id()] = environment()
                    write_environments(self.path, known)
                file = cells.open("ab", buffering=0)
                sync_folder(self.path)
            with file:
                yield Writer(cells, file, self._by_key, known)

    def read_again(self) -> Store:
        """The directory as it is now, held against what was read and written here.

        Raises
        ------
        FebenchError
            If it cannot be read any more, or a cell is not there as it was.
        """
        try:
            now = Store(self.path)
        except (UsageError, MismatchError) as error:
            raise FebenchError(f"the results were changed while cells were computed: {error}") from error
        kept = {record.key: record.status for record in now.records}
        lost = [record for record in self.records if kept.get(record.key) != record.status]
        if lost:
            raise FebenchError(
                f"{len(lost)} of {len(self.records)} cells that were stored in {self.path} are not there any more: "
                "its files were removed or replaced meanwhile; the same command computes them again"
            )
        return now


@dataclass
class Writer:
    """Appends cells; they are on the disk when `append` returns."""

    _path: Path
    _file: Any
    _by_key: dict[str, Record]
    _environments: dict[str, dict[str, Any]]

    def note(self, environment: dict[str, Any]) -> None:
        """Note what cells to come were computed with, unless it is noted."""
        name = id_of(environment)
        if name not in self._environments:
            with writing_to(self._path.parent, "results", "out"):
                write_environments(self._path.parent, {**self._environments, name: environment})
            self._environments[name] = environment

    def append(self, *records: Record) -> None:
        """Write some cells, as one commit: a disk takes as long for one as for a hundred.

        Raises
        ------
        FebenchError
            If they cannot be written, or the file that is written to is not the directory's any more.
        """
        lines = [record.to_line().encode() for record in records]
        with writing_to(self._path.parent, "results", "out"):
            left = memoryview(b"".join(lines))
            while left:  # a disk that is nearly full takes a part
                left = left[self._file.write(left) :]
            os.fsync(self._file.fileno())
        if not self._path.exists() or not os.path.samestat(self._path.stat(), os.fstat(self._file.fileno())):
            raise FebenchError(
                f"{self._path} was removed or replaced while cells were written to it: what is computed now would be "
                "lost; the same command goes on with what is there"
            )
        # as they are read back: numbers in lists are several times as large as their text
        self._by_key.update((record.key, Record.from_line(line)) for record, line in zip(records, lines, strict=True))


def read_manifest(path: Path) -> Manifest:
    """The folds of a results directory.

    Raises
    ------
    UsageError
        If the directory holds no results.
    MismatchError
        If the file is lost or damaged, or was edited.
    """
    if not is_store(path):
        raise UsageError(f"{path} holds no results of febench (no {MANIFEST})", option="results")
    return read(path / MANIFEST)


def read_environments(path: Path) -> dict[str, dict[str, Any]]:
    """Return the environments of the cells of a results directory, by id; empty where none was stored.

    Raises
    ------
    MismatchError
        If one is not what its id is the hash of.
    """
    file = path / ENVIRONMENT
    mend = "it was edited or damaged; restore it from a copy, or delete it to have no word of what was used"
    try:
        noted: dict[str, dict[str, Any]] = parsed(content_of(file)) if file.exists() else {}
        msgspec.convert(noted, dict[str, _Environment])
    except ValueError as error:
        raise MismatchError(f"{file} cannot be read ({error}): {mend}") from error
    if any(id_of(one) != name for name, one in noted.items()):
        raise MismatchError(f"{file} does not match its hashes: {mend}")
    return noted


def write_environments(path: Path, environments: dict[str, dict[str, Any]]) -> None:
    """Write what the cells of a results directory were computed with."""
    _write_whole(path / ENVIRONMENT, json.dumps(environments, indent=1) + "\n")


def read_audit(path: Path) -> tuple[dict[str, Any], bool]:
    """The stored audit of a results directory, and whether it has a checksum, as those of old have not.

    Raises
    ------
    FileNotFoundError
        If there is none.
    ValueError
        If it is not what was written.
    """
    text = content_of(path / AUDIT)
    document = parsed(text)
    if isinstance(document, dict) and document.keys() == {"format", "manifest", "findings"}:
        return document, False
    return unsealed(text), True


def read_asked(path: Path, manifest: Manifest) -> dict[str, Asked]:
    """Return the version of each row that a run asked for last, by `row_key`.

    It is empty where no run wrote it down, as in directories of older versions of febench, or it is of other folds.

    Raises
    ------
    MismatchError
        If the file is damaged.
    """
    file = path / ASKED
    if not file.exists():
        return {}
    try:
        document = unsealed(content_of(file))
        rows = msgspec.convert(document["rows"], list[Asked])
        of_these_folds = document["manifest"] == manifest.sha256
    except (ValueError, LookupError) as error:
        raise MismatchError(
            f"{file} cannot be read ({error}): it was edited or damaged; restore it from a copy, or delete it to "
            "see the version of each method that was stored last"
        ) from error
    return {row.key: row for row in rows} if of_these_folds else {}


def write_asked(path: Path, manifest: Manifest, rows: Iterable[Asked]) -> None:
    """Write which version of each row is shown; of a row that is given several times, the one asked for last."""
    latest: dict[str, Asked] = {}
    for row in rows:
        if row.key not in latest or row.time >= latest[row.key].time:
            latest[row.key] = row
    document = {"manifest": manifest.sha256, "rows": [msgspec.to_builtins(row) for row in latest.values()]}
    with replacing(path / ASKED) as file:
        file.write(sealed(document))


def is_store(path: Path) -> bool:
    """Return whether a directory holds results; its manifest may be missing."""
    return (path / MANIFEST).is_file() or (path / CELLS).is_file()


def find_directories(directories: Iterable[Path]) -> list[Path]:
    """The directories named; for one that holds no results itself, all results directories below it, by name."""
    paths = []
    for directory in directories:
        inside = [directory] if is_store(directory) else list(filter(is_store, folders_below(directory)))
        paths += inside or [directory]
    return paths


@contextlib.contextmanager
def lock(path: Path) -> Iterator[None]:
    """Keep others from writing to a results directory.

    Raises
    ------
    UsageError
        If another process is writing.
    """
    try:
        with FileLock(path / ".lock", timeout=0):
            yield
    except Timeout as error:
        raise StorageError(f"another febench run is writing to {path}; wait for it", option="out") from error


def _read_cells(path: Path, manifest: Manifest) -> tuple[int, list[Record], tuple[int, ...]]:
    """Return the bytes of an incomplete last line, the cells of these folds, and the numbers of foreign lines."""
    torn, records, foreign = 0, [], []
    for line in stored_lines(path, manifest):
        if line.record is not None:
            records.append(line.record)
        elif line.whole:
            foreign.append(line.number)
        else:
            torn = len(line.text)
    return torn, records, tuple(foreign)


class StoredLine(NamedTuple):
    """A line of stored cells: its number, its text, and its record, None of one that is torn or not of these folds."""

    number: int
    text: bytes
    record: Record | None

    @property
    def whole(self) -> bool:
        """Whether it is complete; only the last line can be cut by a crash."""
        return self.text.endswith(b"\n")


def stored_lines(path: Path, manifest: Manifest) -> Iterator[StoredLine]:
    """The lines of a file of cells, one after another; none where there is no file.

    Raises
    ------
    MismatchError
        If one is damaged, or has not one class for each image of its fold.
    """
    if not path.exists():
        return
    with reading(path) as file:
        for number, text in enumerate(file, start=1):
            record = None
            if text.endswith(b"\n"):
                try:
                    record = Record.from_line(text)
                except ValueError as error:
                    raise MismatchError(f"{path} line {number} {error}; {MEND}") from error
                if not _is_of(manifest, record):
                    record = None
                elif flaw := _flaw(manifest, record):
                    raise MismatchError(f"{path} line {number} ({record.cell}) is no result: {flaw}; {MEND}")
            yield StoredLine(number, text, record)


def _is_of(manifest: Manifest, record: Record) -> bool:
    """Return whether the key and the seed of a cell are those of these folds."""
    if record.seed != manifest.cell_seed(record.method, record.run, record.fold):
        return False
    return record.key == manifest.cell_key(record.method, record.params, record.version, record.run, record.fold)


def _flaw(manifest: Manifest, record: Record) -> str | None:
    """Return why a cell's predictions cannot be of its fold; None if they can."""
    if not (1 <= record.run <= manifest.n_runs and 1 <= record.fold <= manifest.n_folds):
        return f"there are {manifest.n_runs} runs of {manifest.n_folds} folds"
    if not record.ok:
        return None
    given, images = record.predictions, manifest.n_test(record.run, record.fold)
    if given is None or len(given) != images:
        return f"it has {'no' if given is None else len(given)} predictions for {images} images"
    n_classes = len(manifest.content["classes"])
    if not set(given).issubset(range(n_classes)):
        return f"it has predictions that are no class index from 0 to {n_classes - 1}"
    stored = record.__dict__["_probabilities"]
    text = bytes(stored) if isinstance(stored, msgspec.Raw) else b"null"
    if text != b"null" and (text.count(b"["), text.count(b",")) != (images + 1, images * n_classes - 1):
        return f"it has not {n_classes} probabilities for each of {images} images"
    return None


def _write_whole(path: Path, text: str) -> None:
    with replacing(path) as file:
        file.write(text.encode())
