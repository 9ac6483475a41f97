"""Two trained methods on one set of test images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class McNemar:
    """An exact McNemar test.

    Attributes
    ----------
    only_first, only_second : int
        Images that only the first, only the second method recognises.
    mean : float
        Difference of the overall accuracies, in points.
    low, high : float
        Its 95 % confidence interval.
    p : float
        Two-sided.
    """

    only_first: int
    only_second: int
    mean: float
    low: float
    high: float
    p: float


def mcnemar(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> McNemar:
    """The exact test of McNemar (1947, Psychometrika 12:153-157): images that one alone recognises, as coin throws.

    The interval is that of Agresti & Min (2005, Statistics in Medicine 24:729-740): Wald's, with half an image added to
    each of the four cells, so that two methods that never differ are not thought equal for certain.

    Parameters
    ----------
    first, second : bool arrays, shape (n,)
        Whether each method recognised each image.

    Returns
    -------
    McNemar

    Raises
    ------
    ValueError
        If they are not of the same images.
    """
    if first.shape != second.shape or not len(first):
        raise ValueError(f"one answer an image of each method is needed, not {first.shape} and {second.shape}")
    from scipy.stats import binomtest, norm

    b, c, n = int((first & ~second).sum()), int((second & ~first).sum()), len(first)
    p = float(binomtest(b, b + c).pvalue) if b + c else 1.0
    centre, both = (b - c) / (n + 2), (b + c + 1) / (n + 2)
    reach = float(norm.ppf(0.975) * np.sqrt((both - centre**2) / (n + 2)))
    return McNemar(b, c, 100 * (b - c) / n, 100 * (centre - reach), 100 * (centre + reach), p)


def mcnemar_in_every_run(tests: Sequence[McNemar]) -> McNemar:
    """Several runs on the same test images as one test, which finds a difference only where every run does.

    Runs on the same images are no new evidence about images: p is the largest of the runs, 1 where they disagree in who
    is better; the interval spans all of theirs; the mean difference is the mean over runs, the images are added up.
    """
    signs = {one.only_first > one.only_second for one in tests}
    return McNemar(
        sum(one.only_first for one in tests),
        sum(one.only_second for one in tests),
        sum(one.mean for one in tests) / len(tests),
        min(one.low for one in tests),
        max(one.high for one in tests),
        max(one.p for one in tests) if len(signs) == 1 else 1.0,
    )
