"""Sensitivities by class and run, as Fig. 10 of the ResNet-50 paper shows their trend."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from febench.core.errors import printable
from febench.papers import DETAILED
from febench.papers import sensitivity as printed_sensitivity
from febench.results.results import Results, RowResults
from febench.show.figures._style import (
    COLOURS,
    caveats,
    counted,
    entitle,
    finish,
    grid_shape,
    new_figure,
    origin,
    panels,
    styled,
    with_runs,
    wrapped,
)

HALF = 0.36
"""Half of what the runs of a class take of the place between two classes."""


@styled
def sensitivity(results: Results, rows: Sequence[RowResults] | None = None) -> Figure:
    """Sensitivity of each class in each complete run: its trend over the runs, and its mean.

    Parameters
    ----------
    results : Results
        Results of one data set under one protocol.
    rows : sequence of RowResults or None
        The methods to show; all by default.

    Returns
    -------
    matplotlib.figure.Figure
        A panel a method; in it each class has its runs side by side, run 1 on the left.

    Raises
    ------
    UsageError
        If no run is complete.
    """
    rows = results.rows if rows is None else rows
    shown = with_runs(rows)
    down, across = grid_shape(len(shown), 1 if len(shown) < 4 else 2)
    figure, axes = new_figure(
        height=0.6 + 1.75 * down, width=7.0 if across == 1 else 10.5, rows=down, columns=across, sharey=True
    )
    for panel, row in zip(panels(axes, len(shown)), shown, strict=True):
        _panel(panel, row)
    entitle(figure, "Sensitivity of each class, run by run", origin(results))
    figure.supylabel("sensitivity, %", fontsize=9)
    finish(figure, [_HOW, *caveats(results, rows)])
    return figure


_HOW = "of each class, the runs stand from left to right in their order"


def _panel(axes: Axes, row: RowResults) -> None:
    by_run = np.stack(list(row.sensitivities.values()))
    classes = [printable(name) for name in row.manifest.classes]
    _trends(axes, by_run, COLOURS[0], "o", "a run")
    known = ~np.isnan(by_run).all(axis=0)
    means = [np.nanmean(by_run[:, place]) for place in np.flatnonzero(known)]
    axes.hlines(means, np.flatnonzero(known) - 0.44, np.flatnonzero(known) + 0.44, color="black", label="mean of runs")
    if row.method in DETAILED:
        _trends(axes, _printed(row), COLOURS[1], "D", "printed in the paper, run by run", filled=False)
    axes.set_xticks(range(len(classes)), classes, rotation=_turn(classes), fontsize=8)
    axes.tick_params(axis="x", length=0)
    axes.grid(axis="y")
    axes.grid(False, axis="x")
    axes.set_ylim(-2, 102)
    axes.set_yticks([0, 25, 50, 75, 100])
    axes.tick_params(axis="y", labelsize=8)
    axes.set_title(wrapped(counted(row), 60), fontsize=9)


def _trends(
    axes: Axes, by_run: NDArray[np.float64], colour: str, marker: str, label: str, *, filled: bool = True
) -> None:
    """A short line of the runs for each class; `by_run` has shape (runs, classes)."""
    offsets = np.linspace(-HALF, HALF, len(by_run) + 2)[1:-1]
    face, size, order = (colour, 3.5, 3) if filled else ("white", 3, 1)
    for place, values in enumerate(by_run.T):
        axes.plot(
            place + offsets, values, color=colour, linewidth=0.6, marker=marker, markersize=size, zorder=order,
            markerfacecolor=face, label=label if place == 0 else None,
        )  # fmt: skip


def _printed(row: RowResults) -> NDArray[np.float64]:
    """What the paper prints of each run, NaN for classes it does not have."""
    printed = printed_sensitivity(row.method)
    by_class = dict(zip(printed.columns, np.asarray(printed.runs, dtype=float).T, strict=True))
    unknown = np.full(len(printed.runs), np.nan)
    return np.stack([by_class.get(name, unknown) for name in row.manifest.classes], axis=1)


def _turn(classes: Sequence[str]) -> int:
    return 0 if sum(map(len, classes)) + len(classes) < 64 else 40
