"""Which test images each method recognised, cell by cell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from febench.core.manifest import Manifest
from febench.results.metrics import mean_and_sd
from febench.results.results import RowResults

Right = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Cells:
    """The test images of every cell, and how many images it trains on.

    Attributes
    ----------
    tests : tuple of tuples of int64 arrays
        Test images by run and fold.
    n_train : float array, shape (runs, folds)
        Training images; validation images are not trained on, and not counted.
    labels : int64 array
        The class of each image.
    by_person : bool
        Whether each fold tests one person, so that a run deals nothing at random.
    """

    tests: tuple[tuple[NDArray[np.int64], ...], ...]
    n_train: NDArray[np.float64]
    labels: NDArray[np.int64]
    by_person: bool

    @classmethod
    def of(cls, manifest: Manifest) -> Cells:
        """The cells of a manifest."""
        runs, folds = range(1, manifest.n_runs + 1), range(1, manifest.n_folds + 1)
        dealt = [[manifest.fold(run, fold) for fold in folds] for run in runs]
        tests = tuple(tuple(fold.test for fold in run) for run in dealt)
        n_train = np.array([[len(fold.train) for fold in run] for run in dealt], dtype=np.float64)
        people = manifest.content["subjects"]
        by_person = people is not None and all(len({people[i] for i in test}) == 1 for test in tests[0])
        return cls(tests, n_train, manifest.labels, by_person)

    @cached_property
    def n_test(self) -> NDArray[np.float64]:
        """Test images, shape (runs, folds)."""
        return np.array([[len(test) for test in run] for run in self.tests], dtype=np.float64)

    @property
    def test_to_train(self) -> float:
        """Test images over training images of a fold, on average."""
        return float(self.n_test.mean() / self.n_train.mean())

    @cached_property
    def group(self) -> NDArray[np.int64]:
        """Number of the test group of each cell, shape (runs, folds): the same for the same images."""
        known: dict[bytes, int] = {}
        numbers = [[known.setdefault(test.tobytes(), len(known)) for test in run] for run in self.tests]
        return np.array(numbers, dtype=np.int64)

    @cached_property
    def dealt_once(self) -> bool:
        """Whether every run tests the same groups, so that further runs bring no new images."""
        return all(set(run) == set(self.group[0]) for run in self.group.tolist())

    def one_group(self, runs: Sequence[int]) -> bool:
        """Whether some runs, counted from 1, test one group of images, as a publisher's own split has."""
        return len(np.unique(self.group[[run - 1 for run in runs]])) == 1


@dataclass(frozen=True, eq=False)
class Scored:
    """What one method recognised.

    Attributes
    ----------
    label : str
        What its row is called.
    right : dict
        For each complete run, counted from 1, a bool array a fold: which test images were recognised.
    cells : Cells
        Of the manifest.
    """

    label: str
    right: dict[int, list[Right]]
    cells: Cells

    @classmethod
    def of(cls, row: RowResults, cells: Cells) -> Scored:
        """Score the complete runs of a row."""
        predictions = {(record.run, record.fold): record.predictions for record in row.records if record.ok}
        whole = [run for run in range(1, row.manifest.n_runs + 1) if not row.missing_folds(run)]
        right = {
            run: [
                np.asarray(predictions[run, fold], dtype=np.int64) == cells.labels[test]
                for fold, test in enumerate(cells.tests[run - 1], start=1)
            ]
            for run in whole
        }
        return cls(row.label, right, cells)

    @cached_property
    def hits(self) -> dict[int, NDArray[np.float64]]:
        """For each complete run, how many images of each fold were recognised, shape (folds,)."""
        return {run: np.array([fold.sum() for fold in folds], dtype=np.float64) for run, folds in self.right.items()}

    @cached_property
    def accuracies(self) -> dict[int, float]:
        """Overall accuracy of each complete run, in percent."""
        return {run: 100.0 * float(hits.sum() / self.cells.n_test[run - 1].sum()) for run, hits in self.hits.items()}

    @cached_property
    def mean_and_sd(self) -> tuple[float | None, float | None]:
        """Mean and sample sd over complete runs of the overall accuracy."""
        return mean_and_sd(np.asarray(list(self.accuracies.values())))


def common_runs(first: Scored, second: Scored) -> list[int]:
    """The runs that are complete in both."""
    return [run for run in first.right if run in second.right]


def differences(first: Scored, second: Scored) -> NDArray[np.float64]:
    """Paired differences of overall accuracy, in points, one a test fold of the runs that both have whole.

    Every image counts alike where folds are not of one size: a fold's difference in recognised images is divided by the
    mean size of the run's test groups, so that the mean over folds is the difference of the tables. Where every run
    tests the same groups, a group's differences are averaged over runs: the same images again are no new evidence.

    Returns
    -------
    float array, shape (runs * folds,), or (folds,) where every run tests the same groups
    """
    runs = common_runs(first, second)
    at = [run - 1 for run in runs]
    cells = first.cells
    sizes = cells.n_test[at].mean(axis=1, keepdims=True)
    found = 100.0 * np.array([first.hits[run] - second.hits[run] for run in runs]) / sizes
    if not cells.dealt_once:
        return np.ravel(found)
    _, group = np.unique(cells.group[at].ravel(), return_inverse=True)
    means: NDArray[np.float64] = np.bincount(group.ravel(), weights=found.ravel()) / len(runs)
    return means
