"""Draw accuracy against training time, and how trainings converge."""

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
    bar_name,
    caveats,
    counted,
    entitle,
    error_bars,
    finish,
    new_figure,
    origin,
    shown_rows,
    styled,
    wrapped,
)

DEVICES = {"cpu": ("o", COLOURS[0]), "cuda": ("s", COLOURS[1])}
CLOCK_RESOLUTION_S = 1e-4
"""The last digit of stored times."""
MARK_RADIUS_PX = 9.0
"""About a mark, where no name may stand."""


@styled
def cost(results: Results, rows: Sequence[RowResults] | None = None, metric: Metric = OA) -> Figure:
    """Draw overall accuracy, or another metric, of each method against its training time on one host.

    Parameters
    ----------
    results : Results
        Results of one data set under one protocol.
    rows : sequence of RowResults or None
        The methods to show; all by default.
    metric : Metric
        The metric to draw against the time.

    Returns
    -------
    matplotlib.figure.Figure
        A mark a method: median seconds of a fold (its bar: the middle half of the cells) and mean accuracy over
        complete runs (its bar: the 95 % interval over people where people are known, else the sample sd). Of several
        hosts only the one with most cells is shown.

    Raises
    ------
    UsageError
        If no method has both a complete run and times.
    """
    rows, drawn = shown_rows(results, rows, metric)
    all_hosts = hosts(results, drawn)
    if not all_hosts:
        raise UsageError("there is nothing to draw: no method has both a complete run and times")
    host = all_hosts[0]
    over_people = any(cost.row.summary(metric).interval for cost in host.costs)
    figure, axes = new_figure(height=3.8 + 0.12 * len(host.costs))
    for device in dict.fromkeys(cost.device for cost in host.costs):
        _draw_marks(axes, [cost for cost in host.costs if cost.device == device], device, metric, over_people)
    times = np.concatenate([_quartiles(cost) for cost in host.costs])
    axes.set_xscale("log")  # of whole powers of ten
    axes.set_xlim(10 ** np.floor(np.log10(times.min()) - 0.05), 10 ** np.ceil(np.log10(times.max()) + 0.05))
    axes.xaxis.set_major_formatter(lambda seconds, _: f"{seconds:g}")
    axes.xaxis.set_minor_formatter(lambda seconds, _: "")
    axes.margins(y=0.1)
    axes.grid(axis="y")
    axes.set_xlabel("training of a fold, seconds")
    axes.set_ylabel(axis_of(metric))
    entitle(figure, f"{'Accuracy' if metric is OA else metric.heading} against training time", origin(results))
    finish(figure, [*_cost_notes(all_hosts, metric, over_people), *caveats(results, rows, metric)])
    _label_marks(axes, host, metric)
    return figure


def _quartiles(cost: Cost) -> NDArray[np.float64]:
    """Return the quartiles of a fold's training seconds, at least `CLOCK_RESOLUTION_S`: the axis is logarithmic."""
    return np.maximum(np.percentile(cost.fit, (25, 50, 75)), CLOCK_RESOLUTION_S)


def _draw_marks(axes: Axes, costs: Sequence[Cost], device: str, metric: Metric, over_people: bool) -> None:
    marker, colour = DEVICES.get(device, ("D", COLOURS[2]))
    low, median, high = np.stack([_quartiles(cost) for cost in costs], axis=1)
    summaries = [cost.row.summary(metric) for cost in costs]
    means = [summary.mean or 0.0 for summary in summaries]
    spreads = [(mean, summary.sd, summary.interval) for mean, summary in zip(means, summaries, strict=True)]
    axes.errorbar(
        median,
        means,
        xerr=[median - low, high - median],
        yerr=error_bars(spreads, over_people),
        fmt=marker,
        color=colour,
        ecolor="0.75",
        elinewidth=1,
        markersize=7,
        label=f"on {device}",
    )


def _cost_notes(all_hosts: Sequence[Host], metric: Metric, over_people: bool) -> list[str]:
    host, others = all_hosts[0], all_hosts[1:]
    name = f"{host.about.get('processor')}, {host.about.get('cores')} cores" if host.about else "not recorded"
    values = "accuracies" if metric is OA else metric.title
    vertical = f"the {bar_name(over_people)}" if over_people else f"the sample sd of the runs' {values}"
    notes = [
        f"host: {name} (environment {host.environment or 'not recorded'}); times do not include a fold's features",
        "times are wall-clock; other cells may have run on the host at the same time",
        f"bars: the middle half of the cells' times, and {vertical}",
    ]
    if others:
        cells = sum(other.cells for other in others)
        notes.append(f"{cells} cells of {len(others)} other environments are left out: times of hosts do not mix")
    shown = {cost.row.label for cost in host.costs}
    absent = [cost.row.label for other in others for cost in other.costs if cost.row.label not in shown]
    return notes + [f"not on this host: {', '.join(dict.fromkeys(absent))}"] * bool(absent)


def _label_marks(axes: Axes, host: Host, metric: Metric) -> None:
    """Name each mark where its name overlaps no other name and no mark."""
    axes.figure.draw_without_rendering()  # type: ignore[union-attr]
    points = [(float(_quartiles(cost)[1]), float(cost.row.summary(metric).mean or 0.0)) for cost in host.costs]
    r, taken = MARK_RADIUS_PX, list[Bbox]()
    for x, y in map(axes.transData.transform, points):
        taken.append(Bbox.from_extents(x - r, y - r, x + r, y + r))
    several_threads = len({cost.threads for cost in host.costs}) > 1
    for point, cost in sorted(zip(points, host.costs, strict=True), key=lambda pair: pair[0]):
        threads = f", {cost.threads} threads" if several_threads else ""
        taken.append(_write_near(axes, f"{wrapped(counted(cost.row), 28)}{threads}", point, taken))


def _write_near(axes: Axes, name: str, point: tuple[float, float], taken: Sequence[Bbox]) -> Bbox:
    """Write a name at the nearest free position about a point; return the box that it takes, in pixels."""
    for dx, dy in _offsets():
        text = axes.annotate(
            name,
            point,
            (dx, dy),
            textcoords="offset points",
            fontsize=7.5,
            va="center",
            ha="left" if dx > 0 else "right" if dx < 0 else "center",
            arrowprops={"arrowstyle": "-", "color": "0.6", "linewidth": 0.6} if dx * dx + dy * dy > 300 else None,
            bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.7, "pad": 0.4},
        )
        text.get_window_extent()  # moves the text to its position
        box = Text.get_window_extent(text)  # of the text alone, without the line to the mark
        if axes.bbox.contains(*box.min) and axes.bbox.contains(*box.max) and not box.count_overlaps(taken):
            return box
        text.remove()
    axes.annotate(name, point, (8, 0), textcoords="offset points", fontsize=7.5, va="center")
    return box


def _offsets() -> Iterator[tuple[float, float]]:
    """Yield offsets from a point, the nearest first, in points."""
    for radius in (9, 13, 20, 30, 42, 56, 72, 90):
        for angle in (0, 180, 90, 270, 30, 150, 330, 210, 60, 120, 300, 240):
            yield round(radius * np.cos(np.radians(angle)), 3), round(radius * np.sin(np.radians(angle)), 3)


@styled
def convergence(curves: Sequence[Curve], title: str) -> Figure:
    """Draw training error and validation accuracy against objective evaluations, a line a method.

    Parameters
    ----------
    curves : sequence of Curve
        What `febench.results.convergence.curves` returns.
    title : str
        Data set and protocol.

    Returns
    -------
    matplotlib.figure.Figure
        Lines are means over cells; bands hold the middle 80 % of them; a mark is where a method ended.
    """
    figure, (error, accuracy) = new_figure(height=5.5, rows=2, sharex=True)
    for index, curve in enumerate(curves):
        _draw_curve(error, curve, curve.error, index)
        _draw_curve(accuracy, curve, curve.accuracy, index)
    error.set_ylabel("training error (mean squared)")
    accuracy.set_ylabel("validation accuracy, %")
    accuracy.xaxis.set_major_formatter(lambda evaluations, _: f"{evaluations:,.0f}")
    accuracy.xaxis.set_minor_formatter(lambda evaluations, _: "")
    accuracy.set_xlabel("evaluations of the objective (of l-bfgs: of error and gradient)")
    entitle(figure, "Convergence", title)
    counts = ", ".join(f"{len(curve.error)} of {curve.label}" for curve in curves)
    finish(figure, [f"lines: means over cells ({counts}); bands: the middle 80 % of them"], columns=3)
    return figure


def _draw_curve(axes: Axes, curve: Curve, values: NDArray[np.float64], index: int) -> None:
    """Draw the mean over cells and the middle 80 % of them, as far as every cell has a value."""
    colour, marker = COLOURS[index % len(COLOURS)], MARKERS[index % len(MARKERS)]
    line = LINES[(index + index // len(COLOURS)) % len(LINES)]
    known = (curve.evaluations <= curve.spent) & ~np.isnan(values).any(axis=0)
    if not known.any():
        return
    evaluations, cells = curve.evaluations[known], values[:, known]
    low, high = np.quantile(cells, [0.1, 0.9], axis=0)
    axes.fill_between(evaluations, low, high, color=colour, alpha=0.15, linewidth=0)
    name = printable(curve.label)
    axes.plot(evaluations, cells.mean(axis=0), line, color=colour, marker=marker, markevery=[-1], label=name)
    axes.set_xscale("log")
