"""Summed confusion matrices H(r, g), equations 7 to 9 of the ResNet-50 paper."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from febench.core.errors import printable
from febench.results.metrics import overall_accuracy
from febench.results.results import Results, RowResults
from febench.show.figures._style import (
    caveats,
    entitle,
    finish,
    grid_shape,
    marked,
    new_figure,
    origin,
    panels,
    styled,
    with_runs,
    wrapped,
)

MOST_WITH_COUNTS, MOST_WITH_NUMBERS = 9, 15
"""Classes up to which a cell has room for a count and a percentage, or for a percentage."""


@styled
def confusion(results: Results, rows: Sequence[RowResults] | None = None) -> Figure:
    """The confusion matrix of each method, summed over all complete runs and their folds.

    Parameters
    ----------
    results : Results
        Results of one data set under one protocol.
    rows : sequence of RowResults or None
        The methods to show; all by default.

    Returns
    -------
    matplotlib.figure.Figure
        A panel a method: counts, and percent of the row's class; the shade is the percentage.

    Raises
    ------
    UsageError
        If no run is complete.
    """
    rows = results.rows if rows is None else rows
    whole = with_runs(rows)
    size = 0.9 + 0.36 * max(4, len(results.manifest.classes))
    down, across = grid_shape(len(whole), 3)
    figure, axes = new_figure(height=0.4 + size * down, width=max(5.0, size * across), rows=down, columns=across)
    for panel, row in zip(panels(axes, len(whole)), whole, strict=True):
        _matrix(panel, row)
    entitle(figure, "Confusion matrices", origin(results))
    finish(figure, [_HOW, *caveats(results, rows)])
    return figure


_HOW = (
    "rows: true class; columns: recognised as; counts of test images summed over r runs of g groups; % of the row below"
)


def _matrix(axes: Axes, row: RowResults) -> None:
    total = np.sum(list(row.confusions.values()), axis=0)
    sums = total.sum(axis=1, keepdims=True)
    percent = np.divide(100.0 * total, sums, out=np.zeros(total.shape), where=sums > 0)
    axes.imshow(percent, cmap="Blues", vmin=0, vmax=100)
    axes.grid(False)
    axes.spines[:].set_visible(False)
    axes.set_title(f"{wrapped(marked(row, row.label))}\n{_head(row)}, OA {overall_accuracy(total):.2f} %", fontsize=9)
    _name_classes(axes, row.manifest.classes)
    _numbers(axes, total, percent)


def _head(row: RowResults) -> str:
    runs, wanted = len(row.confusions), row.manifest.n_runs
    return f"H(r={runs}{'' if runs == wanted else f' of {wanted}'}, g={row.manifest.n_folds})"


def _name_classes(axes: Axes, classes: Sequence[str]) -> None:
    names = [printable(name) for name in classes]
    axes.set_xticks(range(len(names)), names, rotation=45, ha="right", rotation_mode="anchor", fontsize=7)
    axes.set_yticks(range(len(names)), names, fontsize=7)
    axes.tick_params(length=0, pad=1)


def _numbers(axes: Axes, total: NDArray[np.int64], percent: NDArray[np.float64]) -> None:
    if len(total) > MOST_WITH_NUMBERS:
        return
    for (i, j), count in np.ndenumerate(total):
        colour = "white" if percent[i, j] > 65 else "0.15"
        below = f"{percent[i, j]:.1f}" if count else ""
        if len(total) <= MOST_WITH_COUNTS:
            axes.text(j, i - 0.02, str(count), ha="center", va="bottom", color=colour, fontsize=7)
            axes.text(j, i + 0.06, below, ha="center", va="top", color=colour, fontsize=5.5)
        else:
            axes.text(j, i, below, ha="center", va="center", color=colour, fontsize=6)
