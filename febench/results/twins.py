"""Test images with a twin: an identical or nearly identical image in the training part of the fold that tests them.

The audit finds twins, for it has the images, and stores them with its findings. Here stored predictions are scored with
them or without them. A further kind of twin is a further key of `Twins.groups`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from febench.core.manifest import Manifest
from febench.results.cells import Cells, Source
from febench.results.record import Record

TWIN_SHARE_OF_ERROR = 0.05
"""Share of the test images with a nearly identical training image from which on the audit calls it an error."""

Groups = Sequence[Sequence[int]]
"""Groups of images by their indices in the data set; the images of a group are twins of each other."""


@dataclass(frozen=True, eq=False)
class Twins:
    """Images that are the same or nearly the same, as the audit stores them.

    Attributes
    ----------
    groups : mapping
        For each kind of twin (`identical`, `nearly identical`), the groups of images.
    """

    groups: Mapping[str, Groups]

    def in_training(self, manifest: Manifest) -> NDArray[np.bool_]:
        """Return which test images have a twin in training, in the order of `manifest.all_tests`, shape (n,)."""
        images, edges = manifest.all_tests
        has_twin = np.zeros(len(images), dtype=np.bool_)
        for groups in self.groups.values():
            group = numbers_of(groups, len(manifest.labels))
            for run, trained_on in enumerate(manifest.counted("train", group)):
                for fold in range(manifest.n_folds):
                    tested = slice(*edges[run, fold : fold + 2])
                    own = group[images[tested]]
                    has_twin[tested] |= (own > 0) & (trained_on[fold, own] > 0)
        return has_twin


@dataclass(frozen=True)
class TwinCount:
    """The number of test images of all folds and runs that have a twin in training.

    Attributes
    ----------
    images : int
        Test images with a twin.
    tested : int
        All test images.
    """

    images: int
    tested: int

    @classmethod
    def of(cls, twins: Twins, manifest: Manifest) -> TwinCount:
        """Return the count under some folds."""
        has_twin = twins.in_training(manifest)
        return cls(int(has_twin.sum()), len(has_twin))

    @property
    def share(self) -> float:
        """The first by the second."""
        return self.images / self.tested if self.tested else 0.0

    def __str__(self) -> str:
        return f"{self.images:,} of {self.tested:,} test images ({100 * self.share:.1f} %)"


def numbers_of(groups: Groups, n_images: int) -> NDArray[np.int64]:
    """Return the number of each image's group, from 1; 0 where it is in none."""
    numbers = np.zeros(n_images, dtype=np.int64)
    for number, images in enumerate(groups, start=1):
        numbers[np.asarray(images, dtype=np.int64)] = number
    return numbers


def scored_cells(cells: Cells, manifest: Manifest, scored: NDArray[np.bool_]) -> Cells:
    """Return cells with the answers to some test images alone.

    Parameters
    ----------
    cells : Cells
        Of the whole test parts.
    manifest : Manifest
        Their folds.
    scored : bool array, shape (n,)
        Which test images count, in the order of `manifest.all_tests`.
    """
    table = cells.table.copy()
    count, first = table["count"], manifest.all_tests[1][table["run"] - 1, table["fold"] - 1]
    cell = np.repeat(np.arange(len(table)), count)
    kept = scored[first[cell] + np.arange(len(cell)) - (np.cumsum(count) - count)[cell]]
    answers = cells.predictions(np.arange(len(table)))[kept].astype(cells.answers.dtype)
    table["count"] = np.bincount(cell[kept], minlength=len(table))
    table["start"] = np.cumsum(table["count"]) - table["count"]
    return replace(cells, table=table, answers=answers, source=ScoredRecords(cells.source, manifest, scored))


@dataclass(frozen=True, eq=False)
class ScoredRecords:
    """Records with the answers to some test images alone; attributes as the parameters of `scored_cells`."""

    source: Source
    manifest: Manifest
    scored: NDArray[np.bool_]

    def records(self, table: NDArray[Any]) -> Iterator[Record]:
        """Return those of a table, one after another."""
        for record in self.source.records(table):
            edges = self.manifest.all_tests[1][record.run - 1]
            kept = np.flatnonzero(self.scored[edges[record.fold - 1] : edges[record.fold]]).tolist()
            if record.predictions is None:
                yield record
                continue
            every = record.probability_array()
            yield replace(
                record,
                predictions=[record.predictions[index] for index in kept],
                probabilities=None if every is None else every[kept].tolist(),
            )
