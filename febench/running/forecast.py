"""How long the cells of a plan will take on this machine: a second's trial of every method that nothing is known of."""

from __future__ import annotations

import statistics
import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from febench.core.cache import is_kept
from febench.core.dataset import Dataset
from febench.running.executors.base import Executor, Failure
from febench.running.plan import Plan, Row, Trial
from febench.running.tasks import ExtractTask, guarded

SAMPLE = 256  # training images that a trial is made with, at most
CHUNK = 32
ENOUGH = 0.5  # seconds of extraction, after which its pace is known
LIMIT = 60.0  # seconds that a trial may take


@dataclass(frozen=True)
class TrialTask:
    """Time the extraction of features and, by a method's `forecast`, a cell.

    Attributes
    ----------
    extraction : ExtractTask
        The method, and the images of the whole data set.
    sample : ndarray
        Indices of some training images of a fold.
    y : ndarray
        Their classes.
    n_train : int
        Training images of that fold.
    """

    extraction: ExtractTask
    sample: NDArray[np.int64]
    y: NDArray[np.int64]
    n_train: int

    limit = LIMIT

    def load(self) -> None:
        """Import what the method needs: no part of the work."""
        self.extraction.method.load()

    def run(self) -> Trial | Failure:
        """What was timed."""
        return guarded(self._trial)

    def _trial(self) -> Trial:
        estimator = self.extraction.method.build(seed=0)
        images = np.load(self.extraction.images, mmap_mode="r")
        features, extract = None, 0.0
        if not hasattr(estimator, "extract"):
            X = images[self.sample]
        elif is_kept(features := self.extraction.path_of(estimator)):
            X = np.load(features, mmap_mode="r")[self.sample]
        else:
            parts, begun = [], time.perf_counter()
            for start in range(0, len(self.sample), CHUNK):
                parts.append(np.asarray(estimator.extract(images[self.sample[start : start + CHUNK]])))
                extract = time.perf_counter() - begun
                if extract > ENOUGH:
                    break
            X = np.concatenate(parts)
            extract *= len(images) / len(X)
        cell = estimator.forecast(X, self.y[: len(X)], self.n_train) if hasattr(estimator, "forecast") else None
        return Trial(features, extract, None if cell is None else float(cell))


def try_rows(
    executor: Executor, jobs: int, dataset: Dataset, plan: Plan, extractions: Mapping[str, ExtractTask]
) -> tuple[dict[str, Trial], list[str]]:
    """Time the rows that `extractions` names, each by all workers at once, as they will be busy in the run.

    Parameters
    ----------
    executor : Executor
        Its workers, `jobs` of them, compute the plan's cells on this machine.
    dataset : Dataset
        The images.
    plan : Plan
        What is to be computed.
    extractions : mapping
        For a row's label, the work of computing its features.

    Returns
    -------
    dict and list of str
        What was timed, by label, and a word about each trial that failed.
    """
    train = plan.cells[0].manifest.fold(1, 1).train
    sample = np.random.default_rng(0).permutation(train)[:SAMPLE]
    rows = [row for row in plan.rows if row.label in extractions for _ in range(jobs)]

    def task(row: Row) -> TrialTask:
        return TrialTask(extractions[row.label], sample, dataset.labels[sample], len(train))

    made, failed = defaultdict(list), {}
    for row, result in executor.map(rows, task):
        if isinstance(result, Failure):
            failed[row.label] = f"{row.label} has no forecast: {result.error}"
        else:
            made[row.label].append(result)
    trials = {}
    for label, every in made.items():
        cells = [trial.cell for trial in every if trial.cell is not None]
        extract = statistics.fmean(trial.extract for trial in every)
        trials[label] = Trial(every[0].features, extract, statistics.fmean(cells) if cells else None)
    return trials, list(failed.values())
