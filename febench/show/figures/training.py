"""What accuracy costs, and how trainings converge."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox
from numpy.typing import NDArray

from febench.core.errors import UsageError, printable
from febench.results.convergence import Curve
from febench.results.costs import Cost, Host, hosts
from febench.results.metrics import OA, Metric
from febench.results.results import Results
from febench.results.rows import RowResults
from febench.show.figures.style import (
    COLOURS,
    LINES,
    MARKERS,
    axis_of,
    caveats,
    counted,
    entitle,
    finish,
    new_figure,
    origin,
    shown_rows,
    styled,
    wrapped,
)

DEVICES = {"cpu": ("o", COLOURS[0]), "cuda": ("s", COLOURS[1])}
LEAST = 1e-4
"""Seconds: the last digit of stored times."""
AROUND = 9.0
"""Pixels about a mark that no name may stand on."""


@styled
def cost(results: Results, rows: Sequence[RowResults] | None = None, metric: Metric = OA) -> Figure:
    """Overall accuracy, or another metric, of each method against the time it trains, of one environment on one host.

    Parameters
    ----------
    results : Results
        Results of one data set under one protocol.
    rows : sequence of RowResults or None
        The methods to show; all by default.
    metric : Metric
        What is held against the time.

    Returns
    -------
    matplotlib.figure.Figure
        A mark a method: median seconds of a fold (its bar: the middle half of the cells) and mean accuracy over
        complete runs (its bar: the sample sd). Of several hosts only the one with most cells is shown.

    Raises
    ------
    UsageError
        If no method has both a complete run and times.
    """
    rows, whole = shown_rows(results, rows, metric)
    every = hosts(results, whole)
    if not every:
        raise UsageError("there is nothing to draw: no method has both a complete run and times")
    host = every[0]
    figure, axes = new_figure(height=3.8 + 0.12 * len(host.costs))
    for device in dict.fromkeys(found.device for found in host.costs):
        _marks(axes, [found for found in host.costs if found.device == device], device, metric)
    times = np.concatenate([_times(found) for found in host.costs])
    axes.set_xscale("log")  # of whole powers of ten
    axes.set_xlim(10 ** np.floor(np.log10(times.min()) - 0.05), 10 ** np.ceil(np.log10(times.max()) + 0.05))
    axes.xaxis.set_major_formatter(lambda seconds, _: f"{seconds:g}")
    axes.xaxis.set_minor_formatter(lambda seconds, _: "")
    axes.margins(y=0.1)
    axes.grid(axis="y")
    axes.set_xlabel("training of a fold, seconds")
    axes.set_ylabel(axis_of(metric))
    entitle(figure, f"{'Accuracy' if metric is OA else metric.heading} against training time", origin(results))
    finish(figure, [*_notes(every, metric), *caveats(results, rows, metric)])
    _label(axes, host, metric)
    return figure


def _times(found: Cost) -> NDArray[np.float64]:
    """Quartiles of the seconds of a fold; what the clock found too short to tell is drawn as the least it can tell."""
    return np.maximum(np.percentile(found.fit, (25, 50, 75)), LEAST)


def _marks(axes: Axes, costs: Sequence[Cost], device: str, metric: Metric) -> None:
    marker, colour = DEVICES.get(device, ("D", COLOURS[2]))
    low, median, high = np.stack([_times(found) for found in costs], axis=1)
    summaries = [found.row.summary(metric) for found in costs]
    means, sds = [one.mean or 0.0 for one in summaries], [one.sd or 0.0 for one in summaries]
    axes.errorbar(
        median, means, xerr=[median - low, high - median], yerr=sds,
        fmt=marker, color=colour, ecolor="0.75", elinewidth=1, markersize=7, label=f"on {device}",
    )  # fmt: skip


def _notes(every: Sequence[Host], metric: Metric) -> list[str]:
    about = every[0].about
    name = f"{about.get('processor')}, {about.get('cores')} cores" if about else "not noted"
    notes = [f"host: {name} (environment {every[0].environment or 'not noted'}); a fold's features are not in its time"]
    notes.append("times are wall-clock; other cells may have run on the host meanwhile")
    what = "accuracies" if metric is OA else metric.title
    notes.append(f"bars: the middle half of the cells' times, and the sample sd of the runs' {what}")
    if len(every) > 1:
        left = sum(host.cells for host in every[1:])
        notes.append(f"{left} cells of {len(every) - 1} other environments are left out: times of hosts do not mix")
    shown = {found.row.label for found in every[0].costs}
    absent = [found.row.label for host in every[1:] for found in host.costs if found.row.label not in shown]
    return notes + [f"not on this host: {', '.join(dict.fromkeys(absent))}"] * bool(absent)


def _label(axes: Axes, host: Host, metric: Metric) -> None:
    """Name each mark where its name meets no other name and no mark."""
    axes.figure.draw_without_rendering()  # type: ignore[union-attr]
    points = [(float(_times(found)[1]), float(found.row.summary(metric).mean or 0.0)) for found in host.costs]
    taken = []
    for x, y in map(axes.transData.transform, points):
        taken.append(Bbox.from_extents(x - AROUND, y - AROUND, x + AROUND, y + AROUND))
    threads = {found.threads for found in host.costs}
    for point, found in sorted(zip(points, host.costs, strict=True), key=lambda one: one[0]):
        more = f", {found.threads} threads" if len(threads) > 1 else ""
        taken.append(_place(axes, f"{wrapped(counted(found.row), 28)}{more}", point, taken))


def _place(axes: Axes, name: str, point: tuple[float, float], taken: Sequence[Bbox]) -> Bbox:
    """Write a name at the nearest free place about a point; returns the place it takes, in pixels."""
    for dx, dy in _offsets():
        text = axes.annotate(
            name, point, (dx, dy), textcoords="offset points", fontsize=7.5, va="center",
            ha="left" if dx > 0 else "right" if dx < 0 else "center",
            arrowprops={"arrowstyle": "-", "color": "0.6", "linewidth": 0.6} if dx * dx + dy * dy > 300 else None,
            bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.7, "pad": 0.4},
        )  # fmt: skip
        text.get_window_extent()  # moves the text to its place
        box = Text.get_window_extent(text)  # of the words alone, without the line to the mark
        if axes.bbox.contains(*box.min) and axes.bbox.contains(*box.max) and not box.count_overlaps(taken):
            return box
        text.remove()
    axes.annotate(name, point, (8, 0), textcoords="offset points", fontsize=7.5, va="center")
    return box


def _offsets() -> Iterator[tuple[float, float]]:
    """Places about a point, the nearest first, in points."""
    for radius in (9, 13, 20, 30, 42, 56, 72, 90):
        for angle in (0, 180, 90, 270, 30, 150, 330, 210, 60, 120, 300, 240):
            yield round(radius * np.cos(np.radians(angle)), 3), round(radius * np.sin(np.radians(angle)), 3)


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
    counts = ", ".join(f"{len(curve.error)} of {curve.label}" for curve in found)
    finish(figure, [f"lines: means over cells ({counts}); bands: the middle 80 % of them"], columns=3)
    return figure


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
