"""Results of several directories: those of the same folds are one, those of other folds are refused.

`pool` joins what was read, to be compared; `merge` joins directories on the disk, line by line.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from febench.core.errors import MismatchError, UsageError
from febench.core.files import content_of, make_folder, replacing, writing_to
from febench.core.manifest import Manifest
from febench.results.cells import Cells, concatenated
from febench.results.results import Results
from febench.results.store import (
    AUDIT,
    CELLS,
    MANIFEST,
    is_store,
    lock,
    read_asked,
    read_environments,
    read_manifest,
    stored_lines,
    write_asked,
    write_environments,
)


def pool(results: Sequence[Results]) -> list[Results]:
    """Join results of the same manifest, such as of methods computed on two machines.

    Parameters
    ----------
    results : sequence of Results
        Of any data sets and protocols.

    Returns
    -------
    list of Results
        One a manifest, in the order given.

    Raises
    ------
    UsageError
        If two are of one data set and protocol but not of the same folds: their differences are not paired.
    MismatchError
        If two hold other predictions of the same cell.
    """
    by_folds: dict[str, list[Results]] = {}
    for one in results:
        by_folds.setdefault(one.manifest.sha256, []).append(one)
    seen: dict[tuple[str, str], Manifest] = {}
    for manifest in (same[0].manifest for same in by_folds.values()):
        other = seen.setdefault((manifest.title, manifest.protocol), manifest)
        if other is not manifest:
            raise UsageError(
                f"two directories hold results of {manifest.title} under protocol {manifest.protocol} on different "
                f"folds (manifests {other.sha256[:12]} and {manifest.sha256[:12]}): methods are compared on the same "
                "folds only; compare each directory on its own"
            )
    return [same[0] if len(same) == 1 else _joined(same) for same in by_folds.values()]


def _joined(same: Sequence[Results]) -> Results:
    """Results of the same folds as one."""
    cells = concatenated([row.records for one in same for row in one.rows])
    asked = {row.key: row for row in sorted((r for one in same for r in one.asked.values()), key=lambda row: row.time)}
    joined = Results.from_records(same[0].manifest, cells.take(_one_of_each(cells, same[0].manifest)), asked)
    outdated: dict[str, dict[str, int]] = {}
    for label, versions in (item for one in (joined, *same) for item in one.outdated.items()):
        total = outdated.setdefault(label, {})
        for version, count in versions.items():
            total[version] = total.get(version, 0) + count
    faults = next((one.faults for one in same if one.faults is not None), None)
    doubts = next((one.doubts for one in same if one.faults is not None), ())
    twins = next((one.twins for one in same if one.twins is not None), None)
    environments = {name: what for one in same for name, what in one.environments.items()}
    aside = "; ".join(one.set_aside for one in same if one.set_aside) or None
    return replace(
        joined, outdated=outdated, faults=faults, doubts=doubts, environments=environments, set_aside=aside, twins=twins
    )


def _one_of_each(cells: Cells, manifest: Manifest) -> NDArray[np.int64]:
    """The places of cells, each cell once: the first that has predictions, or of none that has some the last.

    Raises
    ------
    MismatchError
        If one is there with different predictions.
    """
    table = cells.table
    keys = [manifest.cell_key(kind.method, kind.params, kind.version, 1, 1) for kind in cells.kinds]
    _, row = np.unique(keys, return_inverse=True)  # of one key there may be several labels
    identity = (row[table["kind"]] * manifest.n_runs + table["run"] - 1) * manifest.n_folds + table["fold"] - 1
    _, first, number = np.unique(identity, return_index=True, return_inverse=True)
    chosen, ok = np.empty(len(first), dtype=np.int64), np.flatnonzero(table["ok"])
    chosen[number] = np.arange(len(table))
    chosen[number[ok[::-1]]] = ok[::-1]
    again = ok[chosen[number[ok]] != ok]
    differs = cells.predictions(again) != cells.predictions(chosen[number[again]])
    if differs.any():
        place = int(np.repeat(again, table["count"][again])[differs][0])
        raise MismatchError(f"two directories hold different predictions of {cells[place].cell}", option="against")
    return chosen[np.argsort(first)]


@dataclass(frozen=True)
class Merged:
    """The result of a merge: cells in the directory, how many of them failed, and how many are new."""

    cells: int
    failed: int
    added: int


@dataclass(frozen=True)
class _Chosen:
    """The position of a cell's last line, the cell's name, and a hash of its predictions, if it has any."""

    directory: Path
    number: int
    cell: str
    predictions: bytes | None

    @property
    def place(self) -> tuple[Path, int]:
        """Directory and number of the line."""
        return self.directory, self.number


def merge(directories: Sequence[Path], out: Path) -> Merged:
    """Join results of the same folds, such as of shards, in one directory: their lines, as they are.

    Of a cell that several directories hold, the line counts that has predictions, else the first. Lines are read one
    after another, and what is written is there whole or not at all. Of a row that directories hold at several versions,
    the one is shown that a run asked for last. What `out` holds already stays; a second merge of
    the same changes nothing.

    Parameters
    ----------
    directories : sequence of Path
        Results directories.
    out : Path
        A results directory, or where one shall be.

    Raises
    ------
    UsageError
        If a directory holds no results, or those of other folds, or `out` cannot be written.
    MismatchError
        If two directories have different predictions of one cell, or a line is damaged or of other folds.
    """
    manifests = {path: read_manifest(path) for path in ([out] if is_store(out) else []) + list(directories)}
    first, manifest = next(iter(manifests.items()))
    for path, other in manifests.items():
        if other.sha256 != manifest.sha256:
            raise UsageError(
                f"{path} ({_of(other)}) has not the folds of {first} ({_of(manifest)}): only results of the same folds "
                "can become one directory"
            )
    with writing_to(out, "results", "out"):
        make_folder(out)
        with lock(out):
            chosen = _choose(manifests, manifest)
            new = [line for line in chosen.values() if line.directory != out]
            environments = {name: what for path in manifests for name, what in read_environments(path).items()}
            if not is_store(out):
                with replacing(out / MANIFEST) as file:
                    file.write(manifest.to_text().encode())
            if new:
                write_environments(out, environments)
                with replacing(out / CELLS) as file:
                    for path in manifests:
                        for line in stored_lines(path / CELLS, manifest):
                            if line.record and chosen[line.record.key].place == (path, line.number):
                                file.write(line.text)
            asked = [row for path in manifests for row in read_asked(path, manifest).values()]
            if asked:
                write_asked(out, manifest, asked)
            audits = [path / AUDIT for path in manifests if (path / AUDIT).is_file()]
            if audits and not (out / AUDIT).exists():
                with replacing(out / AUDIT) as file:
                    file.write(content_of(audits[0]))
    return Merged(len(chosen), sum(one.predictions is None for one in chosen.values()), len(new))


def _of(manifest: Manifest) -> str:
    return f"{manifest.title}, protocol {manifest.protocol}, seed {manifest.seed}, folds {manifest.sha256[:12]}"


def _choose(directories: Iterable[Path], manifest: Manifest) -> dict[str, _Chosen]:
    """For the key of each cell, the line that counts of all directories."""
    chosen: dict[str, _Chosen] = {}
    for path in directories:
        for key, line in _last_lines(path, manifest).items():
            known = chosen.get(key)
            if known is None or (known.predictions is None and line.predictions is not None):
                chosen[key] = line
            elif line.predictions is not None and line.predictions != known.predictions:
                raise MismatchError(
                    f"{known.directory} and {path} have different predictions of {line.cell}: one was computed with "
                    "other code, libraries or hardware; febench verify DIR --against DIR counts such cells"
                )
    return chosen


def _last_lines(path: Path, manifest: Manifest) -> dict[str, _Chosen]:
    """For the key of each cell of a directory, its last line."""
    last: dict[str, _Chosen] = {}
    for line in stored_lines(path / CELLS, manifest):
        if line.record is None:
            if line.whole:
                raise MismatchError(
                    f"{path / CELLS} line {line.number} does not belong to its folds: it is of other folds, "
                    "another data set or seed, or was altered; delete the line, or restore the file from a copy"
                )
            continue
        record = line.record
        predictions = hashlib.sha256(json.dumps(record.predictions).encode()).digest() if record.ok else None
        last[record.key] = _Chosen(path, line.number, record.cell, predictions)
    return last
