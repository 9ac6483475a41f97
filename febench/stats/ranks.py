"""Several methods over several data sets, by their ranks, as Demsar (2006, JMLR 7:1-30) advises."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Scores = NDArray[np.float64]


@dataclass(frozen=True)
class Friedman:
    """A Friedman test.

    Attributes
    ----------
    chi2, p : float
        The statistic, corrected for ties, and its p value.
    f, f_p : float or None
        The less timid F of Iman & Davenport and its p value; None where all data sets rank the methods alike.
    """

    chi2: float
    p: float
    f: float | None
    f_p: float | None


def average_ranks(scores: Scores) -> Scores:
    """Mean rank of each method, 1 the best; ties share their ranks.

    Parameters
    ----------
    scores : float array, shape (data sets, methods)
        Higher is better.

    Returns
    -------
    float array, shape (methods,)
    """
    from scipy.stats import rankdata

    ranks: Scores = rankdata(-scores, axis=1).mean(axis=0)
    return ranks


def friedman(scores: Scores) -> Friedman:
    """Test whether the methods differ at all: Friedman's test (1937, J. Am. Stat. Assoc. 32:675-701).

    Parameters
    ----------
    scores : float array, shape (data sets, methods)
        At least three methods.

    Returns
    -------
    Friedman
    """
    if (np.ptp(scores, axis=1) == 0).all():
        return Friedman(0.0, 1.0, 0.0, 1.0)
    from scipy.stats import friedmanchisquare

    chi2, p = map(float, friedmanchisquare(*scores.T))
    return Friedman(chi2, p, *iman_davenport(chi2, *scores.shape))


def iman_davenport(chi2: float, n_datasets: int, n_methods: int) -> tuple[float, float] | tuple[None, None]:
    """The F of Iman & Davenport (1980, Commun. Stat. A 9:571-595) and its p value, from Friedman's statistic."""
    from scipy.stats import f

    rest = n_datasets * (n_methods - 1) - chi2
    if rest <= 1e-9 * n_datasets:
        return None, None
    value = (n_datasets - 1) * chi2 / rest
    return value, float(f.sf(value, n_methods - 1, (n_methods - 1) * (n_datasets - 1)))


def wilcoxon(differences: NDArray[np.float64]) -> float:
    """Two-sided p of the signed-rank test of Wilcoxon (1945, Biometrics Bulletin 1:80-83).

    Parameters
    ----------
    differences : float array, shape (data sets,)
        Differences of two methods' scores; the ranks of zeros are split between the signs.

    Returns
    -------
    float
    """
    if not differences.any():
        return 1.0
    from scipy.stats import wilcoxon as signed_ranks

    return float(signed_ranks(differences, zero_method="zsplit").pvalue)


def critical_difference(n_methods: int, n_datasets: int, alpha: float = 0.05) -> float:
    """The least difference of average ranks that is one, by Nemenyi's test.

    Parameters
    ----------
    n_methods, n_datasets : int
        How many were ranked, and on how many data sets.
    alpha : float
        Level, over all pairs of methods together.

    Returns
    -------
    float
    """
    from scipy.stats import studentized_range

    q = float(studentized_range.ppf(1 - alpha, n_methods, np.inf)) / np.sqrt(2)
    return float(q * np.sqrt(n_methods * (n_methods + 1) / (6 * n_datasets)))


def undivided(ranks: Scores, difference: float) -> list[tuple[int, ...]]:
    """The bars of a critical-difference diagram: the largest groups of methods whose ranks lie close together.

    Parameters
    ----------
    ranks : float array, shape (methods,)
        Average ranks.
    difference : float
        The critical difference; ranks closer than that are not told apart.

    Returns
    -------
    list of tuples of int
        Indices of two or more methods, best first; no group lies within another.
    """
    order = np.argsort(ranks, kind="stable")
    ends = [int(np.searchsorted(ranks[order], ranks[i] + difference)) for i in order]
    widest = [0, *ends]
    starts = [start for start, (before, end) in enumerate(pairwise(widest)) if end > before and end - start > 1]
    return [tuple(int(i) for i in order[start : ends[start]]) for start in starts]
