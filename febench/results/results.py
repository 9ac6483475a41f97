"""A results directory, read: its rows, what is left out, and what the audit found."""

from __future__ import annotations

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
from febench.results.store import ResultsDirectory
from febench.results.twins import TwinCount, Twins, scored_cells

if TYPE_CHECKING:
    import pandas as pd


CODES_AGAINST_NAMES = frozenset({"FEB020", "FEB021"})
"""Errors of the audit that say that the names of people are none: nothing is then claimed about people."""


@dataclass(frozen=True)
class Results:
    """A results directory, ready for tables.

    Attributes
    ----------
    manifest : Manifest
        The folds.
    rows : tuple of RowResults
        One for each method with its parameters, at its newest version; in the order in which they were first stored.
    outdated : dict
        For a row's label, how many cells of older versions are left out.
    faults : tuple of dicts, or None
        Code, severity, title and count of what the audit found to mislead; None where there was no audit.
    environments : mapping
        What cells were computed with, by the id that their records name.
    set_aside : str or None
        What is to be said of cells that lie in the directory and are not of these folds.
    twins : Twins or None
        The identical and nearly identical images that the audit found; None where no audit tells them.
    """

    manifest: Manifest
    rows: tuple[RowResults, ...]
    outdated: dict[str, int]
    faults: tuple[dict[str, Any], ...] | None = None
    environments: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    set_aside: str | None = None
    twins: Twins | None = None

    def __repr__(self) -> str:
        runs = ", ".join(f"{row.label} {len(row.runs)}/{self.manifest.n_runs}" for row in self.rows) or "none"
        return f"<Results of {self.manifest.dataset}, protocol {self.manifest.protocol}; complete runs: {runs}>"

    @classmethod
    def of(cls, store: ResultsDirectory) -> Results:
        """The results in a directory."""
        told = ("code", "severity", "title", "count")
        findings = store.audit
        errors = [one for one in findings or () if one["severity"] == "error"]
        faults = None if findings is None else tuple({part: one[part] for part in told} for one in errors)
        manifest = store.manifest
        if any(fault["code"] in CODES_AGAINST_NAMES for fault in faults or ()):
            manifest = replace(manifest, names_people=False)
        results = cls.from_records(manifest, store.records)
        return replace(
            results, faults=faults, environments=store.environments, set_aside=store.set_aside, twins=store.twins
        )

    @classmethod
    def from_records(cls, manifest: Manifest, records: Iterable[Record]) -> Results:
        """Sort records into rows; of several versions of a method, the one written last counts."""
        cells = Cells.of(records)
        order = np.argsort(cells.table["kind"], kind="stable")
        alike = np.split(order, np.flatnonzero(np.diff(cells.table["kind"][order])) + 1)
        by_row: dict[str, dict[str, list[NDArray[np.int64]]]] = {}
        for places in sorted(filter(len, alike), key=lambda one: int(one[0])):
            kind = cells.kinds[int(cells.table["kind"][places[0]])]
            by_row.setdefault(row_key(kind.method, kind.params), {}).setdefault(kind.version, []).append(places)
        rows, outdated = [], {}
        for versions in by_row.values():
            by_version = [np.sort(np.concatenate(same)) for same in versions.values()]
            newest = max(by_version, key=lambda one: int(one[-1]))
            rows.append(RowResults(manifest, cells.take(newest)))
            if len(by_version) > 1:
                outdated[rows[-1].label] = sum(map(len, by_version)) - len(newest)
        return cls(manifest, tuple(rows), outdated)

    @cached_property
    def twin_count(self) -> TwinCount | None:
        """How many of all test images have a twin in training; None where no audit tells it."""
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
        name = f"{manifest.dataset}, protocol {manifest.protocol}"
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
