"""Methods compared over several data sets by their ranks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from febench.show.compare.pairs import ALPHA, Comparison
from febench.stats import Friedman, average_ranks, critical_difference, friedman, holm, undivided, wilcoxon

MIN_DATASETS = 5
MIN_METHODS = 3


@dataclass(frozen=True)
class RankPair:
    """Two methods over all data sets.

    Attributes
    ----------
    first, second : str
        The methods; the first has the better average rank.
    wins, ties, losses : int
        Data sets on which the first has the higher, the same, the lower mean.
    p, p_holm : float
        Of Wilcoxon's signed-rank test, and adjusted by Holm over all pairs.
    """

    first: str
    second: str
    wins: int
    ties: int
    losses: int
    p: float
    p_holm: float


@dataclass(frozen=True)
class Ranking:
    """Methods ranked over data sets: what a critical-difference diagram draws.

    Attributes
    ----------
    protocol : str
        The one protocol of all results.
    datasets, methods : tuple of str
        What was ranked; methods best average rank first.
    synthetic : tuple of str
        Those of the data sets that were drawn by code.
    scores : float array, shape (data sets, methods)
        Mean overall accuracy over complete runs, in percent.
    ranks : float array, shape (methods,)
        Average ranks, 1 the best.
    friedman : Friedman or None
        Whether the methods differ at all; None for two methods.
    critical_difference : float
        Nemenyi's, at `alpha`.
    groups : tuple of tuples of str
        Methods that Nemenyi's test does not tell apart: the bars of the diagram.
    pairs : tuple of RankPair
        All pairs.
    left_out : tuple of str
        Methods that lack a complete run on some data set.
    alpha : float
        Level.
    """

    protocol: str
    datasets: tuple[str, ...]
    methods: tuple[str, ...]
    synthetic: tuple[str, ...]
    scores: NDArray[np.float64]
    ranks: NDArray[np.float64]
    friedman: Friedman | None
    critical_difference: float
    groups: tuple[tuple[str, ...], ...]
    pairs: tuple[RankPair, ...]
    left_out: tuple[str, ...]
    alpha: float

    @property
    def headline(self) -> str:
        """What the ranks say, in a sentence."""
        if self.friedman and self.friedman.p > self.alpha:
            return f"the methods are not told apart over {len(self.datasets)} data sets: their ranks may be chance"
        real = [pair for pair in self.pairs if pair.p_holm <= self.alpha]
        beaten = [pair.second for pair in real if pair.first == self.methods[0]]
        said = f"better than {', '.join(beaten)}" if beaten else "though not better than any one of them for certain"
        return f"first over {len(self.datasets)} data sets: {self.methods[0]}, {said}"


def rank(comparisons: Sequence[Comparison], alpha: float = ALPHA) -> Ranking | None:
    """Rank the methods that have a complete run on every data set.

    Parameters
    ----------
    comparisons : sequence of Comparison
        One a data set, all under one protocol.
    alpha : float
        Level of the tests.

    Returns
    -------
    Ranking or None
        None where there are fewer than five data sets, or fewer than two methods on all of them.
    """
    means = [{one.label: one.mean for one in comparison.standings} for comparison in comparisons]
    seen = dict.fromkeys(label for found in means for label in found)
    labels = [label for label in seen if all(label in found for found in means)]
    if len(comparisons) < MIN_DATASETS or len(labels) < 2:
        return None
    scores = np.array([[found[label] for label in labels] for found in means])
    order = np.argsort(average_ranks(scores), kind="stable")
    methods, scores = tuple(labels[i] for i in order), scores[:, order]
    ranks, distance = average_ranks(scores), critical_difference(len(methods), len(scores), alpha)
    return Ranking(
        comparisons[0].results.manifest.protocol,
        tuple(one.results.manifest.dataset for one in comparisons),
        methods,
        tuple(one.results.manifest.dataset for one in comparisons if one.results.manifest.synthetic),
        scores,
        ranks,
        friedman(scores) if len(methods) >= MIN_METHODS else None,
        distance,
        tuple(tuple(methods[i] for i in group) for group in undivided(ranks, distance)),
        _pairs(methods, scores),
        tuple(label for label in seen if label not in labels),
        alpha,
    )


def _pairs(methods: Sequence[str], scores: NDArray[np.float64]) -> tuple[RankPair, ...]:
    two = list(combinations(range(len(methods)), 2))
    found = [scores[:, i] - scores[:, j] for i, j in two]
    p = [wilcoxon(one) for one in found]
    return tuple(
        RankPair(methods[i], methods[j], *_counts(one), single, float(adjusted))
        for (i, j), one, single, adjusted in zip(two, found, p, holm(p), strict=True)
    )


def _counts(found: NDArray[np.float64]) -> tuple[int, int, int]:
    return int((found > 0).sum()), int((found == 0).sum()), int((found < 0).sum())
