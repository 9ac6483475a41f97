"""Stored cells as the rows of tables: complete runs are scored, incomplete ones are named."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from febench.core.manifest import Manifest
from febench.papers import place
from febench.results.metrics import confusion_matrix, mean_and_sd, overall_accuracy, sensitivities
from febench.results.store import Record, Store

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class RowResults:
    """All stored cells of one method with its parameters, at one version.

    Attributes
    ----------
    manifest : Manifest
        The folds.
    records : tuple of Record
        Its cells.
    """

    manifest: Manifest
    records: tuple[Record, ...]

    @property
    def label(self) -> str:
        """What the row is called in tables."""
        return self.records[-1].label

    @property
    def method(self) -> str:
        """The method's name, without preset or parameters."""
        return self.records[-1].method

    @property
    def weights(self) -> str | None:
        """What weights training started from, where they were not random: the parameter `weights`, or the label's."""
        return next((text for text in map(_named_weights, _told_weights(self.records[-1])) if text), None)

    @cached_property
    def confusions(self) -> dict[int, NDArray[np.int64]]:
        """For each complete run, the confusion matrix summed over its test groups."""
        return {run: self._sum(run) for run in range(1, self.manifest.n_runs + 1) if not self.missing_folds(run)}

    @property
    def complete(self) -> bool:
        """Whether every run of the protocol is in."""
        return len(self.confusions) == self.manifest.n_runs

    @property
    def failed(self) -> list[Record]:
        """Cells that have no predictions."""
        return [record for record in self.records if not record.ok]

    @cached_property
    def accuracies(self) -> dict[int, float]:
        """Overall accuracy of each complete run, in percent."""
        return {run: overall_accuracy(confusion) for run, confusion in self.confusions.items()}

    @cached_property
    def sensitivities(self) -> dict[int, NDArray[np.float64]]:
        """Sensitivity of each class in each complete run, in percent."""
        return {run: sensitivities(confusion) for run, confusion in self.confusions.items()}

    @property
    def mean_and_sd(self) -> tuple[float | None, float | None]:
        """Mean and sample sd over complete runs of the overall accuracy."""
        return mean_and_sd(np.asarray(list(self.accuracies.values())))

    def missing_folds(self, run: int) -> list[int]:
        """Folds of a run without predictions."""
        return [fold for fold in range(1, self.manifest.n_folds + 1) if (run, fold) not in self._cells]

    @property
    def gaps(self) -> list[str]:
        """What is missing, in words; runs of which nothing was begun are not named one by one."""
        words = []
        for run in range(1, self.manifest.n_runs + 1):
            missing = self.missing_folds(run)
            if missing and any(record.run == run for record in self.records):
                in_folds = ", ".join(map(str, missing))
                words.append(f"run {run}: {self.manifest.n_folds - len(missing)}/{self.manifest.n_folds} folds, "
                             f"missing {in_folds}")  # fmt: skip
        return words

    @cached_property
    def _cells(self) -> dict[tuple[int, int], Record]:
        return {(record.run, record.fold): record for record in self.records if record.ok}

    def _sum(self, run: int) -> NDArray[np.int64]:
        total = np.zeros((len(self.manifest.classes),) * 2, dtype=np.int64)
        for fold in range(1, self.manifest.n_folds + 1):
            labels = self.manifest.labels[self.manifest.fold(run, fold).test]
            predictions = np.asarray(self._cells[run, fold].predictions, dtype=np.int64)
            total += confusion_matrix(labels, predictions, len(self.manifest.classes))
        return total


@dataclass(frozen=True)
class Results:
    """A results directory, ready for tables.

    Attributes
    ----------
    manifest : Manifest
        The folds.
    rows : tuple of RowResults
        One for each method with its parameters, at its newest version; in the order of the papers' comparison.
    outdated : dict
        For a row's label, how many cells of older versions are left out.
    faults : tuple of dicts, or None
        Code, severity, title and count of what the audit found to mislead; None where there was no audit.
    environments : mapping
        What cells were computed with, by the id that their records name.
    """

    manifest: Manifest
    rows: tuple[RowResults, ...]
    outdated: dict[str, int]
    faults: tuple[dict[str, Any], ...] | None = None
    environments: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @classmethod
    def of(cls, store: Store) -> Results:
        """The results of a store."""
        found = cls.from_records(store.manifest, store.records)
        return replace(found, faults=_faults(store), environments=store.environments)

    @classmethod
    def from_records(cls, manifest: Manifest, records: Iterable[Record]) -> Results:
        """Sort records into rows; of several versions of a method, the one written last counts."""
        by_row: dict[str, dict[str, list[Record]]] = {}
        for record in records:
            versions = by_row.setdefault(_row_key(record), {})
            same = versions.pop(record.version, [])
            same.append(record)
            versions[record.version] = same
        rows = [RowResults(manifest, tuple(list(versions.values())[-1])) for versions in by_row.values()]
        outdated = {
            row.label: sum(map(len, list(versions.values())[:-1]))
            for row, versions in zip(rows, by_row.values(), strict=True)
            if len(versions) > 1
        }
        return cls(manifest, tuple(sorted(rows, key=lambda row: place(row.method))), outdated)

    def row(self, label: str) -> RowResults | None:
        """The row of that label, or the only one of that method."""
        found = [row for row in self.rows if row.label == label] or [row for row in self.rows if row.method == label]
        return found[0] if len(found) == 1 else None

    def to_frame(self, of: str = "runs") -> pd.DataFrame:
        """A pandas data frame: a row a complete run, a stored cell or a tested image (`predictions`).

        `febench.results.frames.to_frame` describes their columns.

        Raises
        ------
        UsageError
            If `of` is none of these.
        """
        from febench.results.frames import to_frame

        return to_frame(self, of)


def _faults(store: Store) -> tuple[dict[str, Any], ...] | None:
    findings = store.audit
    if findings is None:
        return None
    told = ("code", "severity", "title", "count")
    return tuple({part: one[part] for part in told} for one in findings if one["severity"] == "error")


def _told_weights(record: Record) -> Iterator[Any]:
    """Wherever a record may say from which weights its training started."""
    yield record.params.get("weights")
    yield from (quoted.strip('"') for quoted in _WEIGHTS.findall(record.label))
    yield record.info.get("weights")
    if record.params.get("pretrained") is True or record.info.get("pretrained") is True:
        yield "not named"


def _named_weights(told: Any) -> str | None:
    """A name or a path; a number (how many weights a network has) and words for random weights are none."""
    return told if isinstance(told, str) and told.strip().lower() not in _RANDOM else None


_WEIGHTS = re.compile(r"\bweights=(\"[^\"]*\"|[^,\]]*)")
_RANDOM = ("", "none", "null", "random", "scratch")


def _row_key(record: Record) -> str:
    params: dict[str, Any] = record.params
    return repr((record.method, sorted(params.items(), key=lambda item: item[0])))
