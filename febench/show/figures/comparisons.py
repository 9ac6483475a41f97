"""Draw which differences are real: the best method against the others, and ranks over several data sets."""

from __future__ import annotations

from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from febench.core.errors import UsageError
from febench.show.compare import ALPHA, Comparison, Ranking
from febench.show.figures.style import (
    COLOURS,
    caveats,
    entitle,
    finish,
    name_rows,
    new_figure,
    origin,
    styled,
    wrapped,
)
from febench.show.tables import chosen

MARKS: dict[str, dict[str, Any]] = {
    "better": {"marker": "o", "color": COLOURS[0], "markerfacecolor": COLOURS[0]},
    "worse": {"marker": "v", "color": COLOURS[1], "markerfacecolor": COLOURS[1]},
    "equivalent": {"marker": "s", "color": COLOURS[2], "markerfacecolor": "white"},
    "undecided": {"marker": "D", "color": "0.35", "markerfacecolor": "white"},
    "too few runs": {"marker": "x", "color": "0.35"},
}


@styled
def differences(comparison: Comparison) -> Figure:
    """Draw how far the method with the best mean is ahead of each other method, with intervals and verdicts.

    Parameters
    ----------
    comparison : febench.show.compare.Comparison
        What `febench.show.compare.compare(results)` returns.

    Returns
    -------
    matplotlib.figure.Figure
        A row a method, the nearest rival on top; the marker is the verdict, the band the region of practical
        equivalence. Without a test there is no interval.

    Raises
    ------
    UsageError
        If fewer than two methods have a complete run.
    """
    metric, decimals = comparison.metric, comparison.metric.decimals
    rivals = [(rival, rival.ahead) for rival in comparison.rivals if rival.ahead is not None]
    if not rivals:
        raise UsageError("there is no difference to draw: fewer than two methods have a complete run in common")
    figure, axes = new_figure(height=1.1 + 0.42 * len(rivals))
    axes.axvline(0, color="0.3", linewidth=0.8)
    if rope := comparison.rope:
        axes.axvspan(-rope, rope, color="0.85", linewidth=0, label=f"region of practical equivalence, ±{rope:g}")
    for index, (rival, ahead) in enumerate(rivals):
        value = f"{ahead:+.{decimals}f}"
        if rival.interval:
            axes.hlines(index, *rival.interval, color=MARKS[rival.outcome]["color"], linewidth=2)
            value += "  [{:+.{d}f}, {:+.{d}f}]".format(*rival.interval, d=decimals)
        axes.plot([ahead], [index], linestyle="none", markersize=7, **MARKS[rival.outcome])
        axes.annotate(value, (1.01, index), xycoords=axes.get_yaxis_transform(), va="center", fontsize=7.5)
    for outcome in MARKS:
        if any(rival.outcome == outcome for rival, _ in rivals):
            axes.plot([], [], linestyle="none", markersize=7, label=outcome, **MARKS[outcome])
    name_rows(axes, [f"{rival.label} (n = {rival.pair.runs})" for rival, _ in rivals])
    axes.set_xlabel(wrapped(f"how far {comparison.best} is ahead of the other, {metric.difference_title}", 60))
    entitle(figure, f"Is {comparison.best} better?", origin(comparison.results))
    tested = sum(pair.p_holm is not None for pair in comparison.pairs)
    several = f", adjusted by Holm over {tested} pairs" if tested > 1 else ""
    without_common_run = [rival.label for rival in comparison.rivals if rival.ahead is None]
    known = {standing.label for standing in comparison.standings} | set(comparison.left_out)
    rows = [row for row in chosen(comparison.results) if row.label in known]
    notes = [
        "lines: the 95 % interval of each difference alone; n: runs that are complete in both",
        f"marks: outcomes of the tests of all pairs together (level {ALPHA:g}{several})",
        *(f"{comparison.best} and {label} have no complete run in common" for label in without_common_run),
        *caveats(comparison.results, rows, metric),
    ]
    finish(figure, notes, columns=4)
    return figure


BAR_STEP_IN, NAME_STEP_IN = 0.28, 0.42
"""Inches between two bars, and between two names."""


@styled
def critical_difference(ranking: Ranking) -> Figure:
    """Draw average ranks on a line, the best on the left; a bar joins methods that do not differ significantly.

    Parameters
    ----------
    ranking : febench.show.compare.Ranking
        What `febench.show.compare.rank` returns of five or more data sets.

    Returns
    -------
    matplotlib.figure.Figure
    """
    top = -0.3 - BAR_STEP_IN * len(ranking.groups)
    depth = -top + NAME_STEP_IN * -(-len(ranking.methods) // 2)
    figure, axes = new_figure(height=depth + 1.3)
    _draw_ruler(axes, ranking, depth)
    _draw_names(axes, ranking, top)
    rank_of = dict(zip(ranking.methods, ranking.ranks, strict=True))
    for index, group in enumerate(ranking.groups):
        ranks = [rank_of[name] for name in group]
        axes.hlines(-0.2 - BAR_STEP_IN * index, min(ranks) - 0.03, max(ranks) + 0.03, color="black", linewidth=4)
    entitle(figure, f"Average ranks over {len(ranking.datasets)} data sets", f"protocol {ranking.protocol}")
    finish(figure, _rank_notes(ranking))
    return figure


def _draw_ruler(axes: Axes, ranking: Ranking, depth: float) -> None:
    """Draw the scale of ranks on top, and the critical difference above it."""
    n = len(ranking.methods)
    axes.set_xlim(1 - 0.02 * n, n + 0.02 * n)
    axes.set_ylim(-depth, 0.9)
    axes.spines[:].set_visible(False)
    axes.grid(False)
    axes.set_yticks([])
    axes.set_xticks([])
    axes.hlines(0, 1, n, color="black", linewidth=1)
    for rank in range(1, n + 1):
        axes.vlines(rank, 0, 0.08, color="black", linewidth=1)
        axes.text(rank, 0.12, str(rank), ha="center", va="bottom", fontsize=9)
    end = 1 + ranking.critical_difference
    axes.hlines(0.62, 1, min(end, n), color="black", linewidth=2)
    axes.text(
        min(end, n) + 0.02 * n, 0.62, f"critical difference {ranking.critical_difference:.2f}", va="center", fontsize=8
    )


def _draw_names(axes: Axes, ranking: Ranking, top: float) -> None:
    """Name the better half on the left, the best on top, and the others on the right, the worst on top."""
    n = len(ranking.methods)
    half = -(-n // 2)
    for index, (method, rank) in enumerate(zip(ranking.methods, ranking.ranks, strict=True)):
        left = index < half
        y = top - NAME_STEP_IN * (index if left else n - 1 - index)
        edge = 1 - 0.02 * n if left else n + 0.02 * n
        axes.plot([rank, rank, edge], [0, y, y], color="0.4", linewidth=0.8, marker="o", markevery=[0], markersize=4)
        name = f"{wrapped(method, 28)}  {rank:.2f}" if left else f"{rank:.2f}  {wrapped(method, 28)}"
        axes.annotate(
            name,
            (edge, y),
            (-4 if left else 4, 0),
            textcoords="offset points",
            ha="right" if left else "left",
            va="center",
            fontsize=9,
        )


def _rank_notes(ranking: Ranking) -> list[str]:
    notes = [
        f"bars join methods that do not differ significantly by Nemenyi's test (level {ALPHA:g})",
        f"ranks of mean {ranking.metric.title} on {', '.join(ranking.datasets)}",
    ]
    if ranking.synthetic:
        notes.append(f"synthetic, drawn by code: {', '.join(ranking.synthetic)}")
    if ranking.friedman:
        notes.append(f"Friedman's test that any differ: p = {ranking.friedman.p:.3g}")
    if ranking.left_out:
        notes.append(f"left out, without a complete run on some data set: {', '.join(ranking.left_out)}")
    return notes
