"""Draw sensitivities of classes (Fig. 10 of the ResNet-50 paper) and confusion matrices (its equations 7 to 9)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from febench.core.errors import printable
from febench.papers import DETAILED, note_on_papers
from febench.papers import sensitivity as printed_sensitivity
from febench.results.metrics import overall_accuracy
from febench.results.results import Results
from febench.results.rows import RowResults
from febench.show.figures.style import (
    COLOURS,
    caveats,
    counted,
    entitle,
    finish,
    grid_shape,
    marked,
    new_figure,
    origin,
    panels,
    shown_rows,
    styled,
    wrapped,
)
from febench.show.tables import shows_papers

HALF_WIDTH_OF_RUNS = 0.36
"""Of the runs of a class, where classes are 1 apart."""


@styled
def sensitivity(results: Results, rows: Sequence[RowResults] | None = None, *, paper: bool = False) -> Figure:
    """Draw the sensitivity of each class in each complete run: its trend over the runs, and its mean.

    Parameters
    ----------
    results : Results
        Results of one data set under one protocol.
    rows : sequence of RowResults or None
        The methods to show; all by default.
    paper : bool
        Whether to draw the papers' numbers beside other images or folds too.

    Returns
    -------
    matplotlib.figure.Figure
        A panel a method, the best overall accuracy first; in it each class has its runs side by side, run 1 on the
        left.

    Raises
    ------
    UsageError
        If no run is complete.
    """
    rows, shown = shown_rows(results, rows)
    beside_papers = shows_papers(results, paper)
    down, across = grid_shape(len(shown), 1 if len(shown) < 4 else 2)
    figure, axes = new_figure(
        height=0.6 + 1.75 * down, width=7.0 if across == 1 else 10.5, rows=down, columns=across, sharey=True
    )
    for panel, row in zip(panels(axes, len(shown)), shown, strict=True):
        _draw_sensitivities(panel, row, beside_papers)
    entitle(figure, "Sensitivity of each class, run by run", origin(results))
    figure.supylabel("sensitivity, %", fontsize=9)
    notes = ["the runs of each class stand from left to right in their order"]
    if beside_papers and any(row.method in DETAILED for row in shown):
        notes.append(note_on_papers(results.manifest))
    finish(figure, [*notes, *caveats(results, rows)])
    return figure


def _draw_sensitivities(axes: Axes, row: RowResults, beside_papers: bool) -> None:
    """Draw the runs and means of a row, and the papers' runs beside them."""
    by_run = np.stack(list(row.sensitivities.values()))
    classes = [printable(name) for name in row.manifest.classes]
    _draw_runs(axes, by_run, COLOURS[0], "o", "a run")
    known = np.flatnonzero(~np.isnan(by_run).all(axis=0))
    axes.hlines(np.nanmean(by_run[:, known], axis=0), known - 0.44, known + 0.44, color="black", label="mean of runs")
    if beside_papers and row.method in DETAILED:
        printed = printed_sensitivity(row.method)
        by_class = dict(zip(printed.columns, np.asarray(printed.runs, dtype=float).T, strict=True))
        unknown = np.full(len(printed.runs), np.nan)
        papers = np.stack([by_class.get(name, unknown) for name in row.manifest.classes], axis=1)
        _draw_runs(axes, papers, COLOURS[1], "D", "printed in the paper, run by run", filled=False)
    axes.set_xticks(
        range(len(classes)), classes, rotation=0 if sum(map(len, classes)) + len(classes) < 64 else 40, fontsize=8
    )
    axes.tick_params(axis="x", length=0)
    axes.grid(axis="y")
    axes.grid(False, axis="x")
    axes.set_ylim(-2, 102)
    axes.set_yticks([0, 25, 50, 75, 100])
    axes.tick_params(axis="y", labelsize=8)
    axes.set_title(wrapped(counted(row), 60), fontsize=9)


def _draw_runs(
    axes: Axes, by_run: NDArray[np.float64], colour: str, marker: str, label: str, *, filled: bool = True
) -> None:
    """Draw a short line through the runs of each class; `by_run` has shape (runs, classes)."""
    offsets = np.linspace(-HALF_WIDTH_OF_RUNS, HALF_WIDTH_OF_RUNS, len(by_run) + 2)[1:-1]
    face, size, order = (colour, 3.5, 3) if filled else ("white", 3, 1)
    for index, values in enumerate(by_run.T):
        axes.plot(
            index + offsets,
            values,
            color=colour,
            linewidth=0.6,
            marker=marker,
            markersize=size,
            zorder=order,
            markerfacecolor=face,
            label=label if index == 0 else None,
        )


MAX_CLASSES_WITH_COUNTS, MAX_CLASSES_WITH_PERCENTAGES = 9, 15
"""With more classes, an entry of a matrix has no room for a count and a percentage, or for a percentage."""


@styled
def confusion(results: Results, rows: Sequence[RowResults] | None = None) -> Figure:
    """Draw the confusion matrix of each method, summed over all complete runs and their folds.

    Parameters
    ----------
    results : Results
        Results of one data set under one protocol.
    rows : sequence of RowResults or None
        The methods to show; all by default.

    Returns
    -------
    matplotlib.figure.Figure
        A panel a method, the best overall accuracy first: counts, and percent of the true class, which is the shade.

    Raises
    ------
    UsageError
        If no run is complete.
    """
    rows, drawn = shown_rows(results, rows)
    size = 0.9 + 0.36 * max(4, len(results.manifest.classes))
    down, across = grid_shape(len(drawn), 3)
    figure, axes = new_figure(height=0.4 + size * down, width=max(5.0, size * across), rows=down, columns=across)
    for panel, row in zip(panels(axes, len(drawn)), drawn, strict=True):
        _draw_matrix(panel, row)
    entitle(figure, "Confusion matrices", origin(results))
    how_to_read = (
        "rows: true class; columns: recognised as; counts of test images, summed over r runs of g folds, and below "
        "them their percentage of the row"
    )
    finish(figure, [how_to_read, *caveats(results, rows)])
    return figure


def _draw_matrix(axes: Axes, row: RowResults) -> None:
    total = np.sum(list(row.confusions.values()), axis=0)
    sums = total.sum(axis=1, keepdims=True)
    percent = np.divide(100.0 * total, sums, out=np.zeros(total.shape), where=sums > 0)
    axes.imshow(percent, cmap="Blues", vmin=0, vmax=100)
    axes.grid(False)
    axes.spines[:].set_visible(False)
    runs, n_runs = len(row.confusions), row.manifest.n_runs
    head = f"H(r={runs}{'' if runs == n_runs else f' of {n_runs}'}, g={row.manifest.n_folds})"
    axes.set_title(f"{wrapped(marked(row, row.label))}\n{head}, OA {overall_accuracy(total):.2f} %", fontsize=9)
    names = [printable(name) for name in row.manifest.classes]
    axes.set_xticks(range(len(names)), names, rotation=45, ha="right", rotation_mode="anchor", fontsize=7)
    axes.set_yticks(range(len(names)), names, fontsize=7)
    axes.tick_params(length=0, pad=1)
    if len(total) > MAX_CLASSES_WITH_PERCENTAGES:
        return
    for (i, j), count in np.ndenumerate(total):
        colour = "white" if percent[i, j] > 65 else "0.15"
        share = f"{percent[i, j]:.1f}" if count else ""
        if len(total) <= MAX_CLASSES_WITH_COUNTS:
            axes.text(j, i - 0.02, str(count), ha="center", va="bottom", color=colour, fontsize=7)
            axes.text(j, i + 0.06, share, ha="center", va="top", color=colour, fontsize=5.5)
        else:
            axes.text(j, i, share, ha="center", va="center", color=colour, fontsize=6)
