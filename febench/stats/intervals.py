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
    df : int
        Degrees of freedom.
    p : float
        Two-sided.
    """

    mean: float
    low: float
    high: float
    t: float | None
    df: int
    p: float


def people_interval(values: NDArray[np.float64]) -> PeopleInterval:
    """Return Student's t interval of the mean over people.

    Parameters
    ----------
    values : float array, shape (people,)
        One value a person, as `jackknife_values` makes them; at least two.

    Raises
    ------
    ValueError
        If there are fewer than two people.
    """
    n = len(values)
    if n < 2:
        raise ValueError(f"an interval over people takes at least two people, not {n}")
    from scipy.special import stdtr, stdtrit

    mean, error = float(values.mean()), float(np.sqrt(values.var(ddof=1) / n))
    if np.ptp(values) <= 1e-9 * np.abs(values).max():
        return PeopleInterval(mean, mean, mean, None, n - 1, float(abs(mean) < 1e-9))
    reach = float(stdtrit(n - 1, 0.975)) * error
    return PeopleInterval(
        mean, mean - reach, mean + reach, mean / error, n - 1, 2 * float(stdtr(n - 1, -abs(mean) / error))
    )
