"""Summed confusion matrices H(r, g) as tables: read by eye, by screen reader and on paper."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from febench.results.metrics import overall_accuracy
from febench.results.results import RowResults
from febench.show.report.sections import Part, Section, fill, note
from febench.show.report.sources import Source

INTRO = (
    "Test images summed over complete runs and their folds. Rows: true class; columns: recognised as; below each count "
    "the percentage of its row. The stronger the colour, the larger that percentage."
)
SHADES = 10


@dataclass(frozen=True)
class Entry:
    """A count, its percentage of the row (None in an empty row), and its shade from 0 to `SHADES`."""

    count: int
    percent: float | None
    shade: int
    right: bool


@dataclass(frozen=True)
class Matrix:
    """The confusion matrix of a method."""

    label: str
    about: str
    classes: tuple[str, ...]
    rows: tuple[tuple[Entry, ...], ...]


def confusion_section(sources: Sequence[Source]) -> Section:
    """A matrix a method."""
    return Section("confusion", "Confusion matrices", INTRO, tuple(map(_part, sources)))


def _part(source: Source) -> Part:
    rows = [row for row in source.results.rows if row.accuracies]
    if not rows:
        return Part(source.name, (note("No method has a complete run."),))
    return Part(source.name, (fill("confusion.html", matrices=list(map(matrix, rows))),))


def matrix(row: RowResults) -> Matrix:
    """The matrix of a method with a complete run."""
    total = np.sum(list(row.confusions.values()), axis=0)
    runs, wanted = len(row.confusions), row.manifest.n_runs
    of = "" if runs == wanted else f" of {wanted}"
    about = f"H(r={runs}{of}, g={row.manifest.n_folds}), overall accuracy {overall_accuracy(total):.2f} %"
    entries = tuple(_entries(counts.tolist(), place) for place, counts in enumerate(total))
    return Matrix(row.label, about, row.manifest.classes, entries)


def _entries(counts: Sequence[int], place: int) -> tuple[Entry, ...]:
    total = sum(counts)
    shares = [count / total if total else None for count in counts]
    return tuple(
        Entry(count, None if share is None else 100 * share, round(SHADES * (share or 0.0)), column == place)
        for column, (count, share) in enumerate(zip(counts, shares, strict=True))
    )
