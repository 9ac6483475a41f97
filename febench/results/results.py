"""A results directory, read: its rows, what is left out, and what the audit found."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from febench.core.errors import UsageError
from febench.core.manifest import Manifest
from febench.results.cells import Cells
from febench.results.frames import to_frame
from febench.results.record import Record, row_key
from febench.results.rows import RowResults
from febench.results.store import Asked, ResultsDirectory
from febench.results.twins import TwinCount, Twins, scored_cells

if TYPE_CHECKING:
    import pandas as pd


CODES_AGAINST_NAMES = frozenset({"FEB020", "FEB021"})
"""Errors of the audit that say that the names of people are none: nothing is then claimed about people."""
DOUBTS_ABOUT_NAMES = frozenset({"FEB021", "FEB022", "FEB023"})
"""Warnings of the audit that the names may be none: what is claimed about people is shown with them."""


def is_error(finding: Mapping[str, Any]) -> bool:
    """Return whether a finding of the audit is an error."""
    return bool(finding["severity"] == "error")


def is_doubt_about_names(finding: Mapping[str, Any]) -> bool:
    """Return whether a finding is a warning that the names of people may not be of people."""
    return finding["severity"] == "warning" and finding["code"] in DOUBTS_ABOUT_NAMES


def _in_short(finding: Mapping[str, Any]) -> dict[str, Any]:
    return {part: finding[part] for part in ("code", "severity", "title", "count")}


@dataclass(frozen=True)
class Results:
    """A results directory, ready for tables.

    Attributes
    ----------
    manifest : Manifest
        The folds.
    rows : tuple of RowResults
        One for each method with its parameters, in the order in which they were first stored. Each is at the version
        that a run asked for last; where none wrote that down, at the version that was stored last.
    outdated : dict
        For a row's label, the versions that are stored and not shown, each with its number of cells.
    faults : tuple of dicts, or None
        Code, severity, title and count of what the audit found to mislead; None where there was no audit.
    doubts : tuple of dicts
        The same of warnings that the names of people may not be of people.
    environments : mapping
        What cells were computed with, by the id that their records name.
    set_aside : str or None
        A sentence on cells in the directory that are not of these folds.
    twins : Twins or None
        The identical and nearly identical images that the audit found; None where no audit tells them.
    asked : mapping
        The version of each row that a run asked for last, by `row_key`.
    """

    manifest: Manifest
    rows: tuple[RowResults, ...]
    outdated: dict[str, dict[str, int]]
    faults: tuple[dict[str, Any], ...] | None = None
    doubts: tuple[dict[str, Any], ...] = ()
    environments: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    set_aside: str | None = None
    twins: Twins | None = None
    asked: Mapping[str, Asked] = field(default_factory=dict)

    def __repr__(self) -> str:
        runs = ", ".join(f"{row.label} {len(row.runs)}/{self.manifest.n_runs}" for row in self.rows) or "none"
        return f"<Results of {self.manifest.title}, protocol {self.manifest.protocol}; complete runs: {runs}>"

    @classmethod
    def of(cls, store: ResultsDirectory, version: str | None = None, asked: Iterable[Asked] = ()) -> Results:
        """Return the results in a directory.

        Parameters
        ----------
        store : ResultsDirectory
            The directory.
        version : str or None
            Rows that have this version are shown at it; of a hash the first six letters suffice.
        asked : iterable of Asked
            Rows to show at other versions than the directory says.
        """
        findings = store.audit
        faults = None if findings is None else tuple(map(_in_short, filter(is_error, findings)))
        doubts = tuple(map(_in_short, filter(is_doubt_about_names, findings or ())))
        manifest = store.manifest
        if any(fault["code"] in CODES_AGAINST_NAMES for fault in faults or ()):
            manifest = replace(manifest, names_people=False)
        cells = Cells.of(store.records)
        shown = {**store.asked, **{row.key: row for row in asked}}
        if version is not None:
            shown |= _at_version(cells, version)
        results = cls.from_records(manifest, cells, shown)
        return replace(
            results,
            faults=faults,
            doubts=doubts,
            environments=store.environments,
            set_aside=store.set_aside,
            twins=store.twins,
        )

    @classmethod
    def from_records(
        cls, manifest: Manifest, records: Iterable[Record], asked: Mapping[str, Asked] | None = None
    ) -> Results:
        """Sort records into rows; each has the version asked for, or, where none is, the one that was stored last."""
        asked = asked or {}
        cells = Cells.of(records)
        order = np.argsort(cells.table["kind"], kind="stable")
        alike = np.split(order, np.flatnonzero(np.diff(cells.table["kind"][order])) + 1)
        by_row: dict[str, dict[str, list[NDArray[np.int64]]]] = {}
        for places in sorted(filter(len, alike), key=lambda one: int(one[0])):
            kind = cells.kinds[int(cells.table["kind"][places[0]])]
            by_row.setdefault(row_key(kind.method, kind.params), {}).setdefault(kind.version, []).append(places)
        rows: list[RowResults] = []
        outdated: dict[str, dict[str, int]] = {}
        for key, versions in by_row.items():
            by_version = {version: np.sort(np.concatenate(same)) for version, same in versions.items()}
            last = max(by_version, key=lambda version: int(by_version[version][-1]))
            shown = asked[key].version if key in asked else last
            label = RowResults(manifest, cells.take(by_version.get(shown, by_version[last]))).label
            if shown in by_version:
                rows.append(RowResults(manifest, cells.take(by_version[shown])))
            if others := {version: len(places) for version, places in by_version.items() if version != shown}:
                outdated[label] = others
        return cls(manifest, tuple(rows), outdated, asked=asked)

    @property
    def awaited(self) -> tuple[str, ...]:
        """The labels of rows that a run asked for and that have no cell yet."""
        stored = {row_key(row.method, row.records.last.params) for row in self.rows}
        return tuple(row.label for key, row in self.asked.items() if key not in stored)

    def shows(self, version: str) -> bool:
        """Return whether a row is shown at this version, or at one that begins so."""
        return any(_is_version(row.records.last.version, version) for row in self.rows)

    def only(self, asked: Iterable[Asked]) -> Results:
        """Return the results of some rows alone."""
        wanted = {row.key: row for row in asked}
        rows = tuple(row for row in self.rows if row_key(row.method, row.records.last.params) in wanted)
        labels = {*(row.label for row in rows), *(row.label for row in wanted.values())}
        outdated = {label: versions for label, versions in self.outdated.items() if label in labels}
        return replace(self, rows=rows, outdated=outdated, asked=wanted)

    @cached_property
    def twin_count(self) -> TwinCount | None:
        """Number of test images with a twin in training; None without an audit that lists twins."""
        return None if self.twins is None else TwinCount.of(self.twins, self.manifest)

    def without_twins(self) -> Results:
        """Return the results on the test images that have no identical or nearly identical image in training.

        Nothing is trained: stored predictions are scored without the others. An image counts in the folds in whose
        training part it has no twin. The new results name the number of images that are left out.

        Raises
        ------
        UsageError
            If no audit tells which images are twins, or all test images have one.
        """
        manifest = self.manifest
        if manifest.scored is not None:
            return self
        name = f"{manifest.title}, protocol {manifest.protocol}"
        if self.twins is None:
            raise UsageError(
                f"nobody knows which test images of {name} have a twin in training: there is no audit of these folds, "
                "or it is of an older febench, which did not list twins; the febench run that made these results adds "
                "it and computes no stored cell again"
            )
        scored = ~self.twins.in_training(manifest)
        if not scored.any():
            raise UsageError(f"all test images of {name} have a twin in training: nothing is left to score")
        reduced = replace(manifest, scored=scored)
        rows = tuple(RowResults(reduced, scored_cells(row.records, manifest, scored)) for row in self.rows)
        return replace(self, manifest=reduced, rows=rows)

    def row(self, label: str) -> RowResults | None:
        """The row of that label, or the only one of that method."""
        named = [row for row in self.rows if row.label == label] or [row for row in self.rows if row.method == label]
        return named[0] if len(named) == 1 else None

    def to_frame(self, of: str = "runs", metrics: Sequence[str] = ("oa", "uar")) -> pd.DataFrame:
        """A pandas data frame: a row a complete run, a stored cell or a tested image (`predictions`).

        `febench.results.frames.to_frame` describes their columns.

        Raises
        ------
        UsageError
            If `of` is none of these, or there is no such metric.
        """
        return to_frame(self.manifest, self.rows, of, metrics)


SHOWN_OF_HASH = 12
"""Letters of a version that are shown."""
MIN_HASH_LENGTH = 6
"""Letters of a version that stand for all of it, at least: fewer could be another method's whole version."""


def _is_version(version: str, wanted: str) -> bool:
    """Return whether a version is the wanted one, or begins with it."""
    return version == wanted or (len(wanted) >= MIN_HASH_LENGTH and version.startswith(wanted))


def _at_version(cells: Cells, wanted: str) -> dict[str, Asked]:
    """Return the rows that have a version, at it, by `row_key`.

    Raises
    ------
    UsageError
        If a row has several that begin so.
    """
    rows: dict[str, Asked] = {}
    for number in np.unique(cells.table["kind"]).tolist():
        kind = cells.kinds[number]
        if not _is_version(kind.version, wanted):
            continue
        row = Asked(kind.method, kind.params, kind.version, kind.label, math.inf)
        other = rows.setdefault(row.key, row)
        if other.version != kind.version:
            raise UsageError(f"{kind.label} has several versions that begin with {wanted}: write more letters of it")
    return rows


def check_version(results: Sequence[Results], wanted: str | None) -> None:
    """Refuse a version that none of some results shows.

    Raises
    ------
    UsageError
        If there is none; it names those that are stored.
    """
    if wanted is None or any(one.shows(wanted) for one in results):
        return
    stored = [
        f"{label} {version[:SHOWN_OF_HASH]}"
        for one in results
        for label, version in [
            *((row.label, row.records.last.version) for row in one.rows),
            *((label, version) for label, versions in one.outdated.items() for version in versions),
        ]
    ]
    there = ", ".join(dict.fromkeys(stored)) or "no cell"
    raise UsageError(f"there is no version {wanted} in these results; there is {there}")
