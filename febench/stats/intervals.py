"""The 95 % interval of a mean over people: of the figure that a method has on other people, trained and tested."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

CONFIDENCE = 0.95
TRAINING_WEIGHT = 0.3
"""Variance that a training person adds to the mean, as a share of what a tested person adds. Chosen by coverage on
fresh draws of the built-in faces; docs/statistics.md has the table."""


@dataclass(frozen=True)
class PeopleInterval:
    """An interval of a mean over people, and the test of the hypothesis that this mean is 0.

    Attributes
    ----------
    mean : float
        The mean of the values.
    low, high : float
        The ends of its 95 % interval, in the unit of the values.
    t : float or None
        The mean divided by its standard error; None if the standard error is 0.
    df : float
        Degrees of freedom.
    p : float
        Two-sided p value. It is below .05 exactly if 0 lies outside the interval.
    standard_error : float
        The standard error of the mean, in the unit of the values.
    """

    mean: float
    low: float
    high: float
    t: float | None
    df: float
    p: float
    standard_error: float


def people_interval(values: NDArray[np.float64], *, training_people: float) -> PeopleInterval:
    """Return the 95 % t interval of the mean that other people of this kind would give, trained and tested.

    The plain standard error s / sqrt(J) counts the chance by which these J people are tested. Other people would also
    be trained on, so the variance has a second term, as in the corrected resampled t test of Nadeau & Bengio (2003,
    Machine Learning 52:239-281), with people in place of images: s^2 (1/J + w / n_train). Their weight w is 1; here it
    is `TRAINING_WEIGHT`, which was chosen by coverage.

    Parameters
    ----------
    values : float array, shape (J,)
        A value for each tested person, averaged over runs; or for each person the difference of two such values.
    training_people : float
        Different people in the training part of a fold, on average over folds; `math.inf` if the method was not
        trained on people of this data set, which gives the plain t interval.

    Returns
    -------
    PeopleInterval

    Raises
    ------
    ValueError
        If there are fewer than two people, a value is not finite, or `training_people` is not positive.
    """
    n = len(values)
    if n < 2:
        raise ValueError(f"an interval over people needs at least two people, not {n}")
    if not np.isfinite(values).all():
        raise ValueError("an interval over people needs a finite value for each person")
    if not training_people > 0:
        raise ValueError(f"the number of people in training must be positive, not {training_people}")
    df = n - 1
    if np.ptp(values) == 0:
        mean = float(values[0])
        return PeopleInterval(mean, mean, mean, None, df, 1.0 if mean == 0 else 0.0, 0.0)
    from scipy.special import stdtr, stdtrit

    mean = float(np.mean(values))
    error = float(np.sqrt(np.var(values, ddof=1) * (1 / n + TRAINING_WEIGHT / training_people)))
    reach = float(stdtrit(df, (1 + CONFIDENCE) / 2)) * error
    return PeopleInterval(
        mean, mean - reach, mean + reach, mean / error, df, 2 * float(stdtr(df, -abs(mean / error))), error
    )
