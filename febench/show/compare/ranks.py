"""Methods compared over several data sets by their ranks: what a critical-difference diagram draws, and its tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from febench.results.metrics import Metric
from febench.show.compare.pairs import Comparison
from febench.show.compare.verdicts import ALPHA
from febench.show.tables import Document, Table, Value
from febench.stats import (
    Friedman,
    average_ranks,
    critical_difference,
    friedman,
    holm,
    p_value,
    p_words,
    undivided,
    wilcoxon,
)

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
        Data sets on which the first has the better, the same, the worse mean.
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
    metric : Metric
        By what.
    scores : float array, shape (data sets, methods)
        Mean of the metric over complete runs.
    ranks : float array, shape (methods,)
        Average ranks, 1 the best.
    friedman : Friedman or None
        Whether the methods differ at all; None for two methods.
    critical_difference : float
        Nemenyi's, at `ALPHA`.
    groups : tuple of tuples of str
        Methods that Nemenyi's test does not tell apart: the bars of the diagram.
    pairs : tuple of RankPair
        All pairs.
    left_out : tuple of str
        Methods that lack a complete run on some data set.
    """

    protocol: str
    datasets: tuple[str, ...]
    methods: tuple[str, ...]
    synthetic: tuple[str, ...]
    metric: Metric
    scores: NDArray[np.float64]
    ranks: NDArray[np.float64]
    friedman: Friedman | None
    critical_difference: float
    groups: tuple[tuple[str, ...], ...]
    pairs: tuple[RankPair, ...]
    left_out: tuple[str, ...]

    @property
    def headline(self) -> str:
        """A sentence on the ranks."""
        if self.friedman and self.friedman.p > ALPHA:
            return f"the methods are not told apart over {len(self.datasets)} data sets: their ranks may be chance"
        real = [pair for pair in self.pairs if pair.p_holm <= ALPHA]
        beaten = [pair.second for pair in real if pair.first == self.methods[0]]
        said = f"better than {', '.join(beaten)}" if beaten else "though not better than any one of them for certain"
        return f"first over {len(self.datasets)} data sets: {self.methods[0]}, {said}"


def rank(comparisons: Sequence[Comparison]) -> Ranking | None:
    """Rank the methods that have a complete run on every data set.

    Parameters
    ----------
    comparisons : sequence of Comparison
        One a data set, all under one protocol.

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
    metric = comparisons[0].metric
    scores = np.array([[found[label] for label in labels] for found in means])
    gains = scores if metric.higher_is_better else -scores
    order = np.argsort(average_ranks(gains), kind="stable")
    methods, scores, gains = tuple(labels[i] for i in order), scores[:, order], gains[:, order]
    ranks, distance = average_ranks(gains), critical_difference(len(methods), len(gains), ALPHA)
    two = list(combinations(range(len(methods)), 2))
    ahead = [gains[:, i] - gains[:, j] for i, j in two]
    p = [wilcoxon(one) for one in ahead]
    pairs = tuple(
        RankPair(
            methods[i], methods[j], int((one > 0).sum()), int((one == 0).sum()), int((one < 0).sum()), single,
            float(adjusted),
        )
        for (i, j), one, single, adjusted in zip(two, ahead, p, holm(p), strict=True)
    )  # fmt: skip
    manifests = [one.results.manifest for one in comparisons]
    return Ranking(
        protocol=manifests[0].protocol,
        datasets=tuple(one.dataset for one in manifests),
        methods=methods,
        synthetic=tuple(one.dataset for one in manifests if one.synthetic),
        metric=metric,
        scores=scores,
        ranks=ranks,
        friedman=friedman(gains) if len(methods) >= MIN_METHODS else None,
        critical_difference=distance,
        groups=tuple(tuple(methods[i] for i in group) for group in undivided(ranks, distance)),
        pairs=pairs,
        left_out=tuple(label for label in seen if label not in labels),
    )


def rankings(comparisons: Sequence[Comparison]) -> list[Ranking]:
    """Over data sets, for each protocol with enough of them."""
    by_protocol: dict[str, list[Comparison]] = {}
    for one in comparisons:
        by_protocol.setdefault(one.results.manifest.protocol, []).append(one)
    return [ranking for same in by_protocol.values() if (ranking := rank(same))]


def ranking_document(ranking: Ranking) -> Document:
    """Average ranks with Nemenyi's groups, and the pairs by Wilcoxon's test."""
    metric, n = ranking.metric, len(ranking.datasets)
    by_method = [dict(zip(ranking.datasets, one.tolist(), strict=True)) for one in ranking.scores.T]
    data: dict[str, Any] = {
        "protocol": ranking.protocol,
        "datasets": list(ranking.datasets),
        "synthetic": list(ranking.synthetic),
        "metric": "average rank",
        "alpha": ALPHA,
        "headline": ranking.headline,
        "friedman": vars(ranking.friedman) if ranking.friedman else None,
        "critical_difference": ranking.critical_difference,
        "methods": [
            {"method": method, "rank": float(value), metric.key: values}
            for method, value, values in zip(ranking.methods, ranking.ranks, by_method, strict=True)
        ],
        "groups": [list(group) for group in ranking.groups],
        "left_out": list(ranking.left_out),
        "pairs": [vars(pair) for pair in ranking.pairs],
    }
    ranks = Table(
        title=f"Ranks over {n} data sets (protocol {ranking.protocol})",
        columns=("Method", "average rank", "not told apart: group"),
        rows=tuple(
            (
                one["method"], one["rank"],
                ", ".join(str(i) for i, group in enumerate(data["groups"], start=1) if one["method"] in group) or None,
            )
            for one in data["methods"]
        ),
        notes=tuple(_rank_notes(ranking)),
        about=(ranking.headline,),
        key=("ranks", ranking.protocol),
    )  # fmt: skip
    said = [
        f"Wilcoxon's signed-rank test of means of {metric.title}; p is adjusted by Holm over {len(ranking.pairs)} pairs"
    ]
    least = 2.0 ** (1 - n)
    if least * len(ranking.pairs) > ALPHA:
        said.append(f"{n} data sets are few: this test gives no p below {least:.3g}, before Holm")
    pairs = Table(
        title=f"Which differences are real over {n} data sets (protocol {ranking.protocol})",
        columns=("Verdict", "wins", "ties", "losses", "p (Holm)"),
        rows=tuple(_pair_row(pair) for pair in ranking.pairs),
        notes=tuple(said),
        key=("rank pairs", ranking.protocol),
    )
    return Document((ranks, pairs), data)


def _pair_row(pair: RankPair) -> tuple[Value, ...]:
    better = f"{pair.first} is better than {pair.second}"
    verdict = better if pair.p_holm <= ALPHA else f"undecided whether {better}"
    return verdict, pair.wins, pair.ties, pair.losses, p_value(pair.p_holm)


def _rank_notes(ranking: Ranking) -> list[str]:
    said = [f"data sets: {', '.join(ranking.datasets)}; rank 1 is best, ties share theirs"]
    if ranking.friedman:
        f, p = ranking.friedman.f, ranking.friedman.f_p
        more = "" if f is None or p is None else f"; Iman & Davenport's F = {f:.2f}, {p_words(p)}"
        said.append(f"Friedman's chi-squared = {ranking.friedman.chi2:.2f}, {p_words(ranking.friedman.p)}{more}")
    said.append(
        f"groups: methods whose ranks are closer than {ranking.critical_difference:.2f}, "
        f"Nemenyi's critical difference at {ALPHA:g}"
    )
    if ranking.synthetic:
        said.append(f"synthetic, drawn by code: {', '.join(ranking.synthetic)}")
    return [*said, *(f"{label} lacks a complete run on some data set: not ranked" for label in ranking.left_out)]
