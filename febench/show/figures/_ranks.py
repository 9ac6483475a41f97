"""Methods over several data sets: the critical-difference diagram of Demsar (2006, JMLR 7:1-30)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from febench.show.figures._style import entitle, finish, new_figure, styled, wrapped

if TYPE_CHECKING:
    from febench.show.compare import Ranking

BAR_STEP, NAME_STEP = 0.28, 0.42
"""Inches between two bars, and between two names."""


@styled
def critical_difference(ranking: Ranking) -> Figure:
    """Average ranks on a line, the best on the left; a bar joins methods that are not told apart.

    Parameters
    ----------
    ranking : febench.show.compare.Ranking
        What `febench.show.compare.rank` returns of five or more data sets.

    Returns
    -------
    matplotlib.figure.Figure
    """
    top = -0.3 - BAR_STEP * len(ranking.groups)
    depth = -top + NAME_STEP * -(-len(ranking.methods) // 2)
    figure, axes = new_figure(height=depth + 1.3)
    _ruler(axes, ranking, depth)
    _names(axes, ranking, top)
    _bars(axes, ranking)
    entitle(figure, f"Average ranks over {len(ranking.datasets)} data sets", f"protocol {ranking.protocol}")
    finish(figure, _notes(ranking))
    return figure


def _ruler(axes: Axes, ranking: Ranking, depth: float) -> None:
    """The scale of ranks on top, and the critical difference above it."""
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


def _names(axes: Axes, ranking: Ranking, top: float) -> None:
    """The better half on the left, best on top; the others on the right, worst on top."""
    n = len(ranking.methods)
    half = -(-n // 2)
    for place, (method, rank) in enumerate(zip(ranking.methods, ranking.ranks, strict=True)):
        left = place < half
        y = top - NAME_STEP * (place if left else n - 1 - place)
        edge = 1 - 0.02 * n if left else n + 0.02 * n
        axes.plot([rank, rank, edge], [0, y, y], color="0.4", linewidth=0.8, marker="o", markevery=[0], markersize=4)
        name = f"{wrapped(method, 28)}  {rank:.2f}" if left else f"{rank:.2f}  {wrapped(method, 28)}"
        axes.annotate(
            name, (edge, y), (-4 if left else 4, 0), textcoords="offset points", ha="right" if left else "left",
            va="center", fontsize=9,
        )  # fmt: skip


def _bars(axes: Axes, ranking: Ranking) -> None:
    rank_of = dict(zip(ranking.methods, ranking.ranks, strict=True))
    for place, group in enumerate(ranking.groups):
        ranks = [rank_of[name] for name in group]
        axes.hlines(-0.2 - BAR_STEP * place, min(ranks) - 0.03, max(ranks) + 0.03, color="black", linewidth=4)


def _notes(ranking: Ranking) -> list[str]:
    notes = [
        f"bars join methods that Nemenyi's test does not tell apart (level {ranking.alpha:g})",
        f"ranks of mean overall accuracy on {', '.join(ranking.datasets)}",
    ]
    if ranking.synthetic:
        notes.append(f"synthetic, drawn by code: {', '.join(ranking.synthetic)}")
    if ranking.friedman:
        notes.append(f"Friedman's test that any differ: p = {ranking.friedman.p:.3g}")
    if ranking.left_out:
        notes.append(f"left out, for lack of a complete run on some data set: {', '.join(ranking.left_out)}")
    return notes
