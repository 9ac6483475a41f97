"""Draw a metric of every run (Fig. 11 of the ResNet-50 paper) and of every person, the drop, and the ladder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from febench.core.errors import UsageError
from febench.papers import comparison, note_on_papers
from febench.results.floor import floor_of
from febench.results.metrics import METRICS, OA, Metric
from febench.results.people import person_scores
from febench.results.results import Results
from febench.results.rows import RowResults
from febench.show.figures.style import (
    COLOURS,
    MARKERS,
    axis_of,
    bar_name,
    caveats,
    counted,
    entitle,
    error_bars,
    finish,
    name_rows,
    new_figure,
    origin,
    shown_rows,
    styled,
    wrapped,
)
from febench.show.formats import format_value
from febench.show.tables import INTERVAL_OF_PEOPLE, MAJORITY, Difference, shows_papers

DOTS: dict[str, Any] = {"s": 22, "color": COLOURS[0], "edgecolors": "white", "linewidths": 0.5}
MARKER_SIZES = (9, 6.5, 5, 4, 3, 2)
"""Of the protocols in the drop, in points: the first is the largest, so that equal means are both seen."""


@styled
def accuracy(
    results: Results, rows: Sequence[RowResults] | None = None, metric: Metric = OA, *, paper: bool = False
) -> Figure:
    """Draw a metric of each method: every complete run, their mean, and its interval over people.

    On the data set and under the protocol that stand for the papers' own, the papers' numbers stand beside them.

    Parameters
    ----------
    results : Results
        Results of one data set under one protocol.
    rows : sequence of RowResults or None
        The methods to show; all by default.
    metric : Metric
        The metric to draw.
    paper : bool
        Whether to draw the papers' numbers beside other images or folds too.

    Returns
    -------
    matplotlib.figure.Figure
        A row a method, the best mean on top; in each row the runs stand in their order, run 1 on top.

    Raises
    ------
    UsageError
        If no run is complete.
    """
    rows, drawn = shown_rows(results, rows, metric)
    drawn += [row for row in rows if not row.runs]
    figure, axes = new_figure(height=1.1 + 0.42 * len(drawn))
    notes = [*_draw_runs(axes, drawn, metric)]
    printed = []
    if shows_papers(results, paper, metric):
        printed = [(index, comparison()[row.method]) for index, row in enumerate(drawn) if row.method in comparison()]
    if printed:
        notes.append(note_on_papers(results.manifest))
        axes.errorbar(
            [float(cited.mean) for _, cited in printed],
            [index for index, _ in printed],
            xerr=[float(cited.sd) for _, cited in printed],
            fmt="D",
            color=COLOURS[1],
            markerfacecolor="white",
            markersize=7,
            capsize=3,
            label="printed in the papers ± sd",
        )
    _draw_floor(axes, results, metric)
    if metric.unit == "%":
        axes.set_xlim(right=min(axes.get_xlim()[1], 100.5))
    name_rows(axes, [counted(row) for row in drawn])
    axes.set_xlabel(axis_of(metric))
    entitle(figure, metric.heading, origin(results))
    finish(figure, [*notes, *caveats(results, rows, metric)])
    return figure


def _draw_runs(axes: Axes, rows: Sequence[RowResults], metric: Metric) -> list[str]:
    """Draw the runs, means and intervals of rows; return the note on the intervals, if there are any."""
    dots, means, intervals = [], [], []
    for index, row in enumerate(rows):
        values = list(row.scores(metric).values())
        if not values:
            continue
        offsets = np.linspace(-0.26, 0.26, len(values) + 2)[1:-1]
        dots += [(value, index + offset) for value, offset in zip(values, offsets, strict=True)]
        means.append((float(np.mean(values)), index))
        if interval := row.summary(metric).interval:
            intervals.append((*interval, index))
    axes.scatter(*zip(*dots, strict=True), zorder=3, label="a run", **DOTS)
    x, indices = np.asarray(means).T
    axes.vlines(x, indices - 0.36, indices + 0.36, color="black", linewidth=2, label="mean of runs")
    if not intervals:
        return []
    low, high, indices = np.asarray(intervals).T
    axes.hlines(indices, low, high, color="0.75", linewidth=7, zorder=1, label="95 % interval over people")
    return [f"grey bars: {INTERVAL_OF_PEOPLE}"]


def _draw_floor(axes: Axes, results: Results, metric: Metric) -> None:
    """Draw chance and the majority's value, where they lie near what is drawn already."""
    low, high = axes.get_xlim()
    margin = 0.25 * (high - low)
    floor = floor_of(results.manifest, metric)
    if floor is None:
        return
    majority = floor.summary()[0] if floor.differs else None
    for value, name, line in ((floor.chance, "chance", ":"), (majority, MAJORITY, "--")):
        if value is not None and low - margin < value < high + margin:
            axes.axvline(value, color="0.3", linestyle=line, label=f"{name}, {value:.1f} {metric.unit}")


@styled
def people(results: Results, rows: Sequence[RowResults] | None = None, metric: Metric = OA) -> Figure:
    """Draw how well each person is recognised: a dot a person, the median, and the worst tenth.

    Parameters
    ----------
    results : Results
        Results of one data set under one protocol.
    rows : sequence of RowResults or None
        The methods to show; all by default.
    metric : Metric
        The metric of each person's images.

    Returns
    -------
    matplotlib.figure.Figure
        A row a method, the best mean on top; a person's value is the mean over complete runs.

    Raises
    ------
    UsageError
        If no run is complete, people are not known, or the metric ranks the images of different people.
    """
    rows, drawn = shown_rows(results, rows, metric)
    scored = [(row, scores) for row in drawn if (scores := person_scores(row, metric))]
    if not scored:
        raise UsageError(f"there is nothing to draw: there is no {metric.title} of each person in these results")
    figure, axes = new_figure(height=1.1 + 0.42 * len(scored))
    for index, (_, scores) in enumerate(scored):
        y = index + np.random.default_rng(0).uniform(-0.22, 0.22, len(scores.values))
        worst = scores.in_worst_tenth
        axes.scatter(scores.values, y, label="a person", **DOTS)
        axes.scatter(scores.values[worst], y[worst], label="of the worst tenth", **{**DOTS, "color": COLOURS[1]})
        axes.vlines(scores.median, index - 0.36, index + 0.36, color="black", linewidth=2, label="median of people")
    name_rows(axes, [counted(row) for row, _ in scored])
    axes.set_xlabel(axis_of(metric))
    if metric.unit == "%":
        axes.set_xlim(-2, 102)
    entitle(figure, f"Person by person, {len(scored[0][1].names)} people", origin(results))
    finish(figure, ["each person: mean over complete runs", *caveats(results, rows, metric)])
    return figure


@styled
def drop(data: Mapping[str, Any]) -> Figure:
    """Draw the drop: a metric of each method under each protocol, with chance and, where it differs, the majority.

    Parameters
    ----------
    data : mapping
        The data of table 4 (`febench.tables.table_4(results).data`, or `febench table 4 --format json`).

    Returns
    -------
    matplotlib.figure.Figure
        A row a method, the best under the last protocol on top; a mark is the mean over complete runs, its bar the
        95 % interval over people where people are known, else the sample standard deviation. At the right stands the
        drop with its interval over people, where people are known.
    """
    protocols = data["protocols"]
    rows = _best_first(data["rows"], protocols, data["metric"])
    means = {
        name: [
            (index, row["protocols"][name])
            for index, row in enumerate(rows)
            if row["protocols"][name] and row["protocols"][name]["mean"] is not None
        ]
        for name in protocols
    }
    over_people = any(_interval(mean) for under in means.values() for _, mean in under)
    figure, axes = new_figure(height=1.2 + 0.45 * len(rows))
    for index in range(len(rows)):
        ends = [mean["mean"] for under in means.values() for at, mean in under if at == index]
        axes.plot(ends, [index] * len(ends), color="0.6", linewidth=2, zorder=1)
    colours = dict(zip(protocols, cycle(COLOURS), strict=False))
    for number, (name, colour) in enumerate(colours.items()):
        under = [mean for _, mean in means[name]]
        axes.errorbar(
            [mean["mean"] for mean in under],
            [index for index, _ in means[name]],
            xerr=error_bars([(mean["mean"], mean["sd"], _interval(mean)) for mean in under], over_people),
            fmt=MARKERS[(number + number // len(COLOURS)) % len(MARKERS)],
            color=colour,
            capsize=3,
            markersize=MARKER_SIZES[min(number, len(MARKER_SIZES) - 1)],
            label=f"protocol {name}",
        )
    for index, row in enumerate(rows):
        if (interval := row.get("drop_interval")) and row["drop"] is not None:
            value = format_value(Difference(row["drop"], **interval), data.get("decimals", 2))
            axes.annotate(value, (1.01, index), xycoords=axes.get_yaxis_transform(), va="center", fontsize=7.5)
    if data["chance"] is not None:
        axes.axvline(data["chance"], color="0.3", linestyle=":", label=f"chance, {data['chance']:.1f} {data['unit']}")
    for protocol, majority in data.get("majority", {}).items():
        if majority and f"{majority['mean']:.1f}" != f"{data['chance']:.1f}":
            label = f"{MAJORITY}, {protocol}, {majority['mean']:.1f} {data['unit']}"
            axes.axvline(majority["mean"], color=colours[protocol], linestyle="--", label=label)
    counts = [", ".join(str(mean["runs"]) if mean else "0" for mean in row["protocols"].values()) for row in rows]
    name_rows(axes, [f"{row['method']} (n = {count})" for row, count in zip(rows, counts, strict=True)])
    if data["unit"] == "%":
        axes.set_xlim(0, 100)
    axes.set_xlabel(f"{data['metric']}, {data['unit']}{' (synthetic faces)' if data['synthetic'] else ''}")
    entitle(figure, f"The {data.get('change', 'drop')}", f"{data['dataset']}, protocols {' and '.join(protocols)}")
    finish(figure, _drop_notes(data, rows, bar_name(over_people)))
    return figure


def _best_first(rows: Sequence[Any], protocols: Sequence[str], metric: str) -> list[Any]:
    """Sort rows of table 4 by their mean under the last protocol, and put those without one last."""
    ascending = any(known.title == metric and not known.higher_is_better for known in METRICS.values())

    def key(row: Any) -> tuple[bool, float]:
        summary = row["protocols"][protocols[-1]]
        mean = summary["mean"] if summary else None
        return mean is None, (mean or 0.0) if ascending else -(mean or 0.0)

    return sorted(rows, key=key)


def _drop_notes(data: Mapping[str, Any], rows: Sequence[Any], bars: str) -> list[str]:
    """Return what must be read with the drop: bars, counts, rows that are not whole, audit errors and twins."""
    change = f"the {data.get('change', 'drop')}"
    with_interval = any(row.get("drop_interval") for row in rows)
    if with_interval and bars == INTERVAL_OF_PEOPLE:
        notes = [f"bars, and at the right the brackets of {change}: {bars}", "n: complete runs under each protocol"]
    else:
        notes = [f"bars: {bars}; n: complete runs under each protocol"]
        notes += [f"at the right: {change} with its {INTERVAL_OF_PEOPLE}"] * with_interval
    notes += _notes_on_marks({row["method"]: _marks_of(row) for row in rows})
    for protocol, faults in data.get("audit", {}).items():
        notes += [f"audit, {protocol}: {fault['code']} {fault['title']} ({fault['count']})" for fault in faults or ()]
    for protocol, facts in data.get("twins", {}).items():
        notes += [f"{protocol}: {note}" for note in _notes_on_twins(facts)]
    return notes


def _marks_of(row: Mapping[str, Any]) -> list[str]:
    """Return the marks of a row of table 4; those that it does not have under every protocol name theirs."""
    by_protocol = row.get("marks", {})
    marks = {
        mark if all(mark in others for others in by_protocol.values()) else f"{mark}, {protocol}": None
        for protocol, own in by_protocol.items()
        for mark in own
    }
    return list(marks)


def _interval(facts: Mapping[str, Any]) -> tuple[float, float] | None:
    """Return the interval over people in the data of a mean; None without one."""
    interval = facts.get("interval_by_person")
    return (interval["low"], interval["high"]) if interval else None


def _notes_on_marks(marks: Mapping[str, Sequence[str]]) -> list[str]:
    """Return notes on the marks of rows by their labels: first those that every row has, then rows with the same marks.

    So a row is named once, however many marks it has.
    """
    common = [mark for mark in next(iter(marks.values()), ()) if all(mark in own for own in marks.values())]
    notes = [f"{'; '.join(common)}: every row"] if common and len(marks) > 1 else []
    groups: dict[str, list[str]] = {}
    for label, own in marks.items():
        more = [mark for mark in own if not notes or mark not in common]
        if more:
            groups.setdefault("; ".join(more), []).append(label)
    return notes + [f"{words}: {', '.join(labels)}" for words, labels in groups.items()]


@styled
def ladder(data: Mapping[str, Any]) -> Figure:
    """Draw where searches lose accuracy: a metric of each rung, a line a method.

    Parameters
    ----------
    data : mapping
        The data of the ladder (`febench table ladder --format json`).

    Returns
    -------
    matplotlib.figure.Figure
        Rungs from left to right; a mark is the mean over complete runs, its bar the 95 % interval over people where
        people are known, else the sample standard deviation. Rungs that were not run have no mark, and the line goes
        on behind them. Other readings of a paper are not drawn.

    Raises
    ------
    UsageError
        If no rung has a complete run.
    """
    rungs_drawn = [row for row in data["rows"] if row["reading"] is None]
    rungs = list(dict.fromkeys(row["rung"] for row in rungs_drawn))
    methods: dict[str, list[Mapping[str, Any]]] = {}
    for row in rungs_drawn:
        methods.setdefault(row["method"].partition("[")[0], []).append(row)
    if not any(row["runs"] for row in rungs_drawn):
        raise UsageError("there is nothing to draw: no run of a rung is complete; febench status says what is missing")
    over_people = any(row["mean"] is not None and _interval(row) for row in rungs_drawn)
    figure, axes = new_figure(height=3.8)
    for index, (method, rows) in enumerate(methods.items()):
        complete = [row for row in rows if row["mean"] is not None]
        axes.errorbar(
            [rungs.index(row["rung"]) + 0.06 * (index - 1) for row in complete],
            [row["mean"] for row in complete],
            yerr=error_bars([(row["mean"], row["sd"], _interval(row)) for row in complete], over_people),
            fmt=MARKERS[index] + "-",
            color=COLOURS[index],
            capsize=3,
            label=method,
        )
    axes.set_xticks(range(len(rungs)), [wrapped(rung, 16) for rung in rungs])
    axes.set_xlim(-0.4, len(rungs) - 0.6)
    axes.grid(axis="y")
    if data["unit"] == "%":
        axes.set_ylim(0, 100)
    axes.set_ylabel(f"{data['metric']}, {data['unit']}")
    entitle(figure, "The ladder: where searches lose accuracy", f"{data['dataset']}, protocol {data['protocol']}")
    finish(figure, _ladder_notes(data, methods, bar_name(over_people)))
    return figure


def _ladder_notes(data: Mapping[str, Any], methods: Mapping[str, Sequence[Any]], bars: str) -> list[str]:
    """Return what must be read with the ladder: bars, counts, rungs that are not whole, audit errors and twins."""
    rows = [row for rungs in methods.values() for row in rungs]
    counts = {method: [row["runs"] for row in rungs] for method, rungs in methods.items()}
    numbers = {number for runs in counts.values() for number in runs}
    if len(numbers) == 1:
        runs = f"every rung has n = {numbers.pop()} complete runs".replace("= 1 complete runs", "= 1 complete run")
    else:
        each = "; ".join(f"{method}: {', '.join(map(str, runs))}" for method, runs in counts.items())
        runs = f"complete runs of the rungs, from left to right: {each}"
    notes = [f"bars: {bars}; {runs}"]
    notes += _notes_on_marks({row["method"]: row.get("marks", ()) for row in rows})
    notes += ["synthetic faces: they show how methods behave, not people"] * bool(data["synthetic"])
    notes += [f"audit: {fault['code']} {fault['title']} ({fault['count']})" for fault in data["audit"] or ()]
    return notes + _notes_on_twins(data.get("twins"))


def _notes_on_twins(facts: Mapping[str, Any] | None) -> list[str]:
    """Return a note on the test images that have a twin in training; none where no twin is known."""
    if not facts or not facts["images"]:
        return []
    left_out = ": they are left out" if facts["left_out"] else ""
    return [f"at least {facts['images']:,} of {facts['tested']:,} test images have a twin in training{left_out}"]
