"""Two methods over the folds of repeated cross-validation, whose training images overlap.

A plain paired t test takes the cells as independent and finds differences that are none. Both functions here widen the
spread by the same correction, 1/J + n_test/n_train instead of 1/J for J cells.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

ROUNDING = 1e-9
"""Differences that differ by less than this share of the largest are the same: they come from sums in other orders."""


@dataclass(frozen=True)
class CorrectedT:
    """A corrected resampled t test.

    Attributes
    ----------
    mean : float
        Mean difference.
    low, high : float
        Its 95 % confidence interval.
    t : float or None
        The statistic; None where all differences are one and the same, so that there is no spread to hold it against.
    df : int
        Degrees of freedom, J - 1.
    p : float
        Two-sided.
    """

    mean: float
    low: float
    high: float
    t: float | None
    df: int
    p: float


@dataclass(frozen=True)
class Posterior:
    """Posterior probabilities of a true difference: better, equivalent, worse; they add up to 1.

    Attributes
    ----------
    better, equivalent, worse : float
        That the first is better by more than the region of practical equivalence, that the difference lies within it,
        and that the first is worse by more.
    """

    better: float
    equivalent: float
    worse: float


def corrected_resampled_t(differences: NDArray[np.float64], test_to_train: float) -> CorrectedT:
    """The corrected resampled t test of Nadeau & Bengio (2003, Machine Learning 52:239-281).

    Parameters
    ----------
    differences : float array, shape (J,)
        Paired differences, one a test fold, over all runs; at least two.
    test_to_train : float
        Test images over training images of a fold; 0 gives the plain paired t test.

    Returns
    -------
    CorrectedT

    Raises
    ------
    ValueError
        If there are fewer than two differences.
    """
    mean, scale, df = _location(differences, test_to_train)
    if scale == 0:
        return CorrectedT(mean, mean, mean, None, df, 1.0 if mean == 0 else 0.0)
    from scipy.special import stdtr, stdtrit

    t, reach = mean / scale, float(stdtrit(df, 0.975)) * scale
    return CorrectedT(mean, mean - reach, mean + reach, t, df, 2 * float(stdtr(df, -abs(t))))


def correlated_bayes_t(differences: NDArray[np.float64], test_to_train: float, rope: float) -> Posterior:
    """The Bayesian correlated t test of Corani & Benavoli (2015, Machine Learning 100:285-304).

    The posterior of the mean difference is a Student t with J - 1 degrees of freedom about the mean, of scale
    sqrt((1/J + rho/(1 - rho)) s^2). Their rho, the correlation of two cells, is n_test/(n_train + n_test), so that
    rho/(1 - rho) is the n_test/n_train of Nadeau & Bengio.

    Parameters
    ----------
    differences : float array, shape (J,)
        Paired differences, one a test fold, over all runs; at least two.
    test_to_train : float
        Test images over training images of a fold.
    rope : float
        Half the width of the region of practical equivalence, in the unit of the differences.

    Returns
    -------
    Posterior

    Raises
    ------
    ValueError
        If there are fewer than two differences.
    """
    mean, scale, df = _location(differences, test_to_train)
    if scale == 0:
        return Posterior(float(mean > rope), float(abs(mean) <= rope), float(mean < -rope))
    from scipy.special import stdtr

    better, worse = float(stdtr(df, (mean - rope) / scale)), float(stdtr(df, (-rope - mean) / scale))
    return Posterior(better, max(0.0, 1 - better - worse), worse)


def _location(differences: NDArray[np.float64], test_to_train: float) -> tuple[float, float, int]:
    """Mean, corrected standard error and degrees of freedom."""
    n = len(differences)
    if n < 2:
        raise ValueError(f"a spread takes at least two differences, not {n}")
    if np.ptp(differences) <= ROUNDING * np.abs(differences).max():
        return float(np.mean(differences)), 0.0, n - 1
    scale = float(np.sqrt(np.var(differences, ddof=1) * (1 / n + test_to_train)))
    return float(np.mean(differences)), scale, n - 1
