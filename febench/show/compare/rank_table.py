"""A ranking over data sets as tables, and as data for a critical-difference diagram."""

from __future__ import annotations

from typing import Any

from febench.show.compare.across import Ranking, RankPair
from febench.show.tables import Document, Table, Value
from febench.stats import p_value, p_words


def ranking_document(ranking: Ranking) -> Document:
    """Average ranks with Nemenyi's groups, and the pairs by Wilcoxon's test."""
    return Document((_rank_table(ranking), _pair_table(ranking)), ranking_data(ranking))


def ranking_data(ranking: Ranking) -> dict[str, Any]:
    """A ranking as data: all that a critical-difference diagram draws."""
    scores = [dict(zip(ranking.datasets, one.tolist(), strict=True)) for one in ranking.scores.T]
    return {
        "protocol": ranking.protocol,
        "datasets": list(ranking.datasets),
        "synthetic": list(ranking.synthetic),
        "metric": "average rank",
        "alpha": ranking.alpha,
        "headline": ranking.headline,
        "friedman": vars(ranking.friedman) if ranking.friedman else None,
        "critical_difference": ranking.critical_difference,
        "methods": [
            {"method": method, "rank": float(value), "overall_accuracy": found}
            for method, value, found in zip(ranking.methods, ranking.ranks, scores, strict=True)
        ],
        "groups": [list(group) for group in ranking.groups],
        "left_out": list(ranking.left_out),
        "pairs": [vars(pair) for pair in ranking.pairs],
    }


def _rank_table(ranking: Ranking) -> Table:
    return Table(
        title=f"Ranks over {len(ranking.datasets)} data sets (protocol {ranking.protocol})",
        columns=("Method", "average rank", "not told apart: group"),
        rows=tuple(
            (method, float(value), _groups_of(ranking, method))
            for method, value in zip(ranking.methods, ranking.ranks, strict=True)
        ),
        notes=tuple(_rank_notes(ranking)),
        about=(ranking.headline,),
        key=("ranks", ranking.protocol),
    )


def _groups_of(ranking: Ranking, method: str) -> str | None:
    return ", ".join(str(i) for i, group in enumerate(ranking.groups, start=1) if method in group) or None


def _pair_table(ranking: Ranking) -> Table:
    return Table(
        title=f"Which differences are real over {len(ranking.datasets)} data sets (protocol {ranking.protocol})",
        columns=("Verdict", "wins", "ties", "losses", "p (Holm)"),
        rows=tuple(_pair_row(pair, ranking.alpha) for pair in ranking.pairs),
        notes=tuple(_pair_notes(ranking)),
        key=("rank pairs", ranking.protocol),
    )


def _pair_row(pair: RankPair, alpha: float) -> tuple[Value, ...]:
    better = f"{pair.first} is better than {pair.second}"
    verdict = better if pair.p_holm <= alpha else f"undecided whether {better}"
    return verdict, pair.wins, pair.ties, pair.losses, p_value(pair.p_holm)


def _rank_notes(ranking: Ranking) -> list[str]:
    said = [f"data sets: {', '.join(ranking.datasets)}; rank 1 is best, ties share theirs"]
    if ranking.friedman:
        f, p = ranking.friedman.f, ranking.friedman.f_p
        more = "" if f is None or p is None else f"; Iman & Davenport's F = {f:.2f}, {p_words(p)}"
        said.append(f"Friedman's chi-squared = {ranking.friedman.chi2:.2f}, {p_words(ranking.friedman.p)}{more}")
    said.append(
        f"groups: methods whose ranks are closer than {ranking.critical_difference:.2f}, "
        f"Nemenyi's critical difference at {ranking.alpha:g}"
    )
    if ranking.synthetic:
        said.append(f"synthetic, drawn by code: {', '.join(ranking.synthetic)}")
    return [*said, *(f"{label} lacks a complete run on some data set: not ranked" for label in ranking.left_out)]


def _pair_notes(ranking: Ranking) -> list[str]:
    n, least = len(ranking.datasets), 2.0 ** (1 - len(ranking.datasets))
    said = [
        f"Wilcoxon's signed-rank test of mean overall accuracies; p is adjusted by Holm over {len(ranking.pairs)} pairs"
    ]
    if least * len(ranking.pairs) > ranking.alpha:
        said.append(f"{n} data sets are few: this test gives no p below {least:.3g}, before Holm")
    return said
