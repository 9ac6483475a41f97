"""Overall accuracies, as Fig. 11 of the ResNet-50 paper compares them, with every run shown."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from febench.papers import comparison
from febench.results.results import Results, RowResults
from febench.show.figures._style import (
    COLOURS,
    caveats,
    counted,
    entitle,
    finish,
    name_rows,
    new_figure,
    origin,
    styled,
    with_runs,
)


@styled
def accuracy(results: Results, rows: Sequence[RowResults] | None = None) -> Figure:
    """Overall accuracy of each method: every complete run, their mean, and what the papers print.

    Parameters
    ----------
    results : Results
        Results of one data set under one protocol.
    rows : sequence of RowResults or None
        The methods to show; all by default.

    Returns
    -------
    matplotlib.figure.Figure
        A row a method; in each row the runs stand in their order, run 1 on top.

    Raises
    ------
    UsageError
        If no run is complete.
    """
    rows = results.rows if rows is None else rows
    with_runs(rows)
    figure, axes = new_figure(height=1.1 + 0.42 * len(rows))
    _runs(axes, rows)
    _means(axes, rows)
    _printed(axes, rows)
    _chance(axes, 100.0 / len(results.manifest.classes))
    name_rows(axes, [counted(row) for row in rows])
    axes.set_xlabel("overall accuracy, %")
    entitle(figure, "Overall accuracy", origin(results))
    finish(figure, [*_printed_note(rows), *caveats(results, rows)])
    return figure


def _runs(axes: Axes, rows: Sequence[RowResults]) -> None:
    points = [
        (value, place + offset)
        for place, row in enumerate(rows)
        for value, offset in zip(
            row.accuracies.values(), np.linspace(-0.26, 0.26, len(row.accuracies) + 2)[1:-1], strict=True
        )
    ]
    axes.scatter(
        [x for x, _ in points],
        [y for _, y in points],
        s=22,
        color=COLOURS[0],
        edgecolors="white",
        linewidths=0.5,
        zorder=3,
        label="a run",
    )


def _means(axes: Axes, rows: Sequence[RowResults]) -> None:
    means = [(place, float(np.mean(list(row.accuracies.values())))) for place, row in enumerate(rows) if row.accuracies]
    places = np.asarray([place for place, _ in means], dtype=float)
    axes.vlines(
        [mean for _, mean in means], places - 0.36, places + 0.36, color="black", linewidth=2, label="mean of runs"
    )


def _printed(axes: Axes, rows: Sequence[RowResults]) -> None:
    found = [(place, comparison()[row.method]) for place, row in enumerate(rows) if row.method in comparison()]
    if not found:
        return
    axes.errorbar(
        [float(printed.mean) for _, printed in found],
        [place for place, _ in found],
        xerr=[float(printed.sd) for _, printed in found],
        fmt="D", color=COLOURS[1], markerfacecolor="white", markersize=7, capsize=3, label="printed in the papers ± sd",
    )  # fmt: skip


def _printed_note(rows: Sequence[RowResults]) -> list[str]:
    if not any(row.method in comparison() for row in rows):
        return []
    return ["the papers' values are of their own 700 photographs, which are not public, and of random folds"]


def _chance(axes: Axes, chance: float) -> None:
    """A line where guessing stands, if that is anywhere near."""
    low, high = axes.get_xlim()
    if chance > low - 0.25 * (high - low):
        axes.axvline(chance, color="0.3", linestyle=":", label=f"chance, {chance:.1f} %")
    axes.set_xlim(right=min(axes.get_xlim()[1], 100.5))
