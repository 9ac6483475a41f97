"""A metric of some runs: the figure of each run, and how far each fold and each person moves it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from febench.results.metrics import Answers, Floats, Metric
from febench.stats import jackknife_values

NO_VALUES: Floats = np.empty(0)


@dataclass(frozen=True)
class Measurement:
    """A metric of some runs.

    Attributes
    ----------
    by_run : float array, shape (runs,)
        The figure of each run.
    by_fold : float array, shape (runs, folds)
        A value of each fold; the mean over the folds of a run is the run's figure. NaN for a fold that has none.
    without_person : float array, shape (runs, people)
        The figure of each run if the images of a person are left out; its figure if the run does not test the person.
        Empty where people are not known.
    of_person : float array, shape (runs, people)
        The value of a person's images alone; NaN where the run does not test the person. Empty where people are not
        known, and for a metric that ranks the images of a fold.
    """

    by_run: Floats
    by_fold: Floats
    without_person: Floats
    of_person: Floats

    @classmethod
    def joined(cls, parts: Sequence[Measurement]) -> Measurement:
        """Join measurements of different runs."""
        return cls(*(np.concatenate(values) for values in zip(*(vars(part).values() for part in parts), strict=True)))


def measure(
    metric: Metric, answers: Answers, n_runs: int, n_folds: int, people: NDArray[np.int64] | None, n_people: int
) -> Measurement:
    """Measure some runs.

    Parameters
    ----------
    metric : Metric
        What is measured.
    answers : Answers
        The answers of all folds of the runs; `answers.models` is the number of the fold, counted on from run to run.
    n_runs, n_folds : int
        Number of runs, and of folds in each.
    people : int64 array, shape (n,), or None
        Number of the person whom each image shows, from 0; None where people are not known.
    n_people : int
        Number of people.
    """
    cells = answers.models
    assert cells is not None
    counts = metric.tally(answers, cells, n_runs * n_folds)
    by_fold = counts.reshape(n_runs, n_folds, *counts.shape[1:])
    by_run = metric.of_runs(by_fold)
    without = of_person = np.empty((n_runs, 0))
    if people is not None and metric.averaged_over_folds:
        without = _without_person_in_folds(metric, answers, by_fold, people, n_people)
    elif people is not None:
        run = cells // n_folds
        parts = metric.tally(answers, run * n_people + people, n_runs * n_people)
        parts = parts.reshape(n_runs, n_people, *counts.shape[1:])
        without = metric.value(by_fold.sum(axis=1)[:, None] - parts)
        of_person = metric.value(parts)
    return Measurement(by_run, _fold_values(metric, by_fold, by_run), without, of_person)


def _fold_values(metric: Metric, by_fold: Floats, by_run: Floats) -> Floats:
    """Return a value of each fold whose mean over a run's folds is the run's figure, shape (runs, folds)."""
    if metric.averaged_over_folds or by_fold.shape[1] == 1:
        return metric.value(by_fold)
    return jackknife_values(by_run, metric.value(by_fold.sum(axis=1, keepdims=True) - by_fold))


def _without_person_in_folds(
    metric: Metric, answers: Answers, by_fold: Floats, people: NDArray[np.int64], n_people: int
) -> Floats:
    """Return each run's mean over folds if a person's images are left out, shape (runs, people)."""
    assert answers.models is not None
    n_runs, n_folds = by_fold.shape[:2]
    tested, which = np.unique(answers.models * n_people + people, return_inverse=True)
    cell, person = np.divmod(tested, n_people)
    parts = metric.tally(answers, which.ravel(), len(tested))
    before, after = metric.value(by_fold), metric.value(by_fold.reshape(-1, *by_fold.shape[2:])[cell] - parts)

    def per_run(in_folds: Floats, changed: Floats) -> Floats:
        """Return sums over folds, shape (runs, people), with the changed values of the folds that test the person."""
        change = np.bincount(
            (cell // n_folds) * n_people + person, changed - in_folds.ravel()[cell], minlength=n_runs * n_people
        )
        sums: Floats = in_folds.sum(axis=1)[:, None] + change.reshape(n_runs, n_people)
        return sums

    total = per_run(np.nan_to_num(before), np.nan_to_num(after))
    n_told = per_run(np.isfinite(before).astype(np.float64), np.isfinite(after).astype(np.float64))
    means: Floats = np.divide(total, n_told, out=np.full(total.shape, np.nan), where=n_told > 0.5)
    return means
