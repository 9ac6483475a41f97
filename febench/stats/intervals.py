"""How far a mean over people would go with other people of this kind, trained and tested."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class PeopleInterval:
    """A mean over people with its 95 % interval and the test that it is 0.

    Attributes
    ----------
    mean, low, high : float
        The mean and its interval.
    t : float or None
        The statistic; None where all values are the same.
    df : float
        Degrees of freedom.
    p : float
        Two-sided.
    standard_error : float
        Of the mean.
    """

    mean: float
    low: float
    high: float
    t: float | None
    df: float
    p: float
    standard_error: float


def people_interval(values: NDArray[np.float64], *, training_people: float) -> PeopleInterval:
    """Return the interval of a mean over people.

    Parameters
    ----------
    values : float array, shape (people,)
        One value a person, as `jackknife_values` makes them; at least two.
    training_people : float
        Number of people in the training part of a fold; infinite if the methods were trained on nobody.

    Raises
    ------
    ValueError
        If there are fewer than two people.
    """
    n = len(values)
    if n < 2:
        raise ValueError(f"an interval over people takes at least two people, not {n}")
    from scipy.special import stdtr, stdtrit

    mean, df = float(values.mean()), n - 1
    if np.ptp(values) <= 1e-9 * np.abs(values).max():
        return PeopleInterval(mean, mean, mean, None, df, float(abs(mean) < 1e-9), 0.0)
    error = float(np.sqrt(values.var(ddof=1) * (1 / n + 1 / training_people)))
    reach = float(stdtrit(df, 0.975)) * error
    p = 2 * float(stdtr(df, -abs(mean) / error))
    return PeopleInterval(mean, mean - reach, mean + reach, mean / error, df, p, error)
