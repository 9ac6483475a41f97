"""How far a figure would go if other people had been photographed."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

CONFIDENCE = 0.95
RESAMPLES = 2000


def bootstrap_interval(
    tallies: NDArray[np.float64], value: Callable[[NDArray[np.float64]], NDArray[np.float64]]
) -> tuple[float, float] | None:
    """95 % percentile interval over clusters drawn with replacement (Efron & Tibshirani 1993, chapters 8 and 13).

    The images of a person are alike, so people are drawn, each with all their images, and not images. The samples are
    always the same ones.

    Parameters
    ----------
    tallies : float array, shape (clusters, ...)
        What is counted of each cluster; the counts of a sample are their sum.
    value : callable
        Makes the figure of each sample from summed counts, shape (samples, ...) to (samples,).

    Returns
    -------
    tuple of float, or None
        Lower and upper end; None for fewer than two clusters, or where the figure is not a number.
    """
    n = len(tallies)
    if n < 2:
        return None
    sums = (_times_drawn(n) @ tallies.reshape(n, -1)).reshape(RESAMPLES, *tallies.shape[1:])
    values = value(sums)
    values = values[np.isfinite(values)]
    if not len(values):
        return None
    low, high = np.quantile(values, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return float(low), float(high)


@lru_cache(maxsize=4)
def _times_drawn(n: int) -> NDArray[np.float64]:
    """How often each of n clusters is in each sample, shape (RESAMPLES, n); the same for every row of a table."""
    return np.random.default_rng(0).multinomial(n, np.full(n, 1 / n), size=RESAMPLES).astype(np.float64)
