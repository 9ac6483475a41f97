"""Forecast how long the cells of a plan will take: a short trial of every row that has no stored cell here."""

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

MAX_SAMPLE_IMAGES = 256
"""Training images of a trial, at most."""
IMAGES_PER_TRIAL_CHUNK = 32
EXTRACTION_TRIAL_S = 0.5
"""Seconds of extraction after which its pace is known."""
TRIAL_TIMEOUT_S = 60.0
"""Seconds that a trial may take."""


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

    limit = TRIAL_TIMEOUT_S

    def load(self) -> None:
        """Import the packages that the method needs; this does not count as work."""
        self.extraction.method.load()

    def run(self) -> Trial | Failure:
        """Return the times of the trial."""
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
            parts, start_time = [], time.perf_counter()
            for start in range(0, len(self.sample), IMAGES_PER_TRIAL_CHUNK):
                parts.append(np.asarray(estimator.extract(images[self.sample[start : start + IMAGES_PER_TRIAL_CHUNK]])))
                extract = time.perf_counter() - start_time
                if extract > EXTRACTION_TRIAL_S:
                    break
            X = np.concatenate(parts)
            extract *= len(images) / len(X)
        cell = estimator.forecast(X, self.y[: len(X)], self.n_train) if hasattr(estimator, "forecast") else None
        return Trial(features, extract, None if cell is None else float(cell))


def try_rows(
    executor: Executor, jobs: int, dataset: Dataset, plan: Plan, extractions: Mapping[str, ExtractTask]
) -> tuple[dict[str, Trial], list[str]]:
    """Time the rows that `extractions` names, each in all workers at once, as the run will keep them busy.

    Parameters
    ----------
    executor : Executor
        Its workers, `jobs` of them, compute the plan's cells on this machine.
    dataset : Dataset
        The images.
    plan : Plan
        The cells to compute.
    extractions : mapping
        The task that computes a row's features, by the row's label.

    Returns
    -------
    dict and list of str
        The trials by label, and a sentence on each trial that failed.
    """
    train = plan.cells[0].manifest.fold(1, 1).train
    sample = np.random.default_rng(0).permutation(train)[:MAX_SAMPLE_IMAGES]
    rows = [row for row in plan.rows if row.label in extractions for _ in range(jobs)]

    def task(row: Row) -> TrialTask:
        return TrialTask(extractions[row.label], sample, dataset.labels[sample], len(train))

    succeeded, failed = defaultdict(list), {}
    for row, result in executor.map(rows, task):
        if isinstance(result, Failure):
            failed[row.label] = f"{row.label} has no forecast: {result.error}"
        else:
            succeeded[row.label].append(result)
    trials = {}
    for label, every in succeeded.items():
        cells = [trial.cell for trial in every if trial.cell is not None]
        extract = statistics.fmean(trial.extract for trial in every)
        trials[label] = Trial(every[0].features, extract, statistics.fmean(cells) if cells else None)
    return trials, list(failed.values())
