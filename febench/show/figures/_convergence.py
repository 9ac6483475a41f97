"""How trainings converge."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from febench.core.errors import printable
from febench.results.convergence import Curve
from febench.show.figures._style import COLOURS, LINES, MARKERS, entitle, finish, new_figure, styled


@styled
def convergence(found: Sequence[Curve], title: str) -> Figure:
    """Training error and validation accuracy against objective evaluations, a line a method.

    Parameters
    ----------
    found : sequence of Curve
        What `febench.results.convergence.curves` returns.
    title : str
        Data set and protocol.

    Returns
    -------
    matplotlib.figure.Figure
        Lines are means over cells; bands hold the middle 80 % of them; a mark is where a method ended.
    """
    figure, (error, accuracy) = new_figure(height=5.5, rows=2, sharex=True)
    for place, curve in enumerate(found):
        _course(error, curve, curve.error, place)
        _course(accuracy, curve, curve.accuracy, place)
    error.set_ylabel("training error (mean squared)")
    accuracy.set_ylabel("validation accuracy, %")
    accuracy.xaxis.set_major_formatter(lambda moment, _: f"{moment:,.0f}")
    accuracy.xaxis.set_minor_formatter(lambda moment, _: "")
    accuracy.set_xlabel("objective evaluations (of l-bfgs: of error and gradient)")
    entitle(figure, "Convergence", title)
    finish(figure, [_counts(found)], columns=3)
    return figure


def _counts(found: Sequence[Curve]) -> str:
    counts = ", ".join(f"{len(curve.error)} of {curve.label}" for curve in found)
    return f"lines: means over cells ({counts}); bands: the middle 80 % of them"


def _course(axes: Axes, curve: Curve, values: NDArray[np.float64], place: int) -> None:
    colour, marker = COLOURS[place % len(COLOURS)], MARKERS[place % len(MARKERS)]
    line = LINES[(place + place // len(COLOURS)) % len(LINES)]
    there = (curve.evaluations <= curve.spent) & ~np.isnan(values).any(axis=0)
    if not there.any():
        return
    moments, cells = curve.evaluations[there], values[:, there]
    low, high = np.quantile(cells, [0.1, 0.9], axis=0)
    axes.fill_between(moments, low, high, color=colour, alpha=0.15, linewidth=0)
    name = printable(curve.label)
    axes.plot(moments, cells.mean(axis=0), line, color=colour, marker=marker, markevery=[-1], label=name)
    axes.set_xscale("log")
