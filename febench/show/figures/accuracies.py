"""A metric of every run (Fig. 11 of the ResNet-50 paper), of every person, the drop on new faces, the ladder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from febench.core.errors import UsageError
from febench.papers import comparison, note_on_papers
from febench.results.floor import floor_of
from febench.results.metrics import OA, Metric
from febench.results.people import person_scores
from febench.results.results import Results
from febench.results.rows import RowResults
from febench.show.figures.style import (
    COLOURS,
    MARKERS,
    axis_of,
    caveats,
    counted,
    entitle,
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
SIZES = (9, 6.5, 5, 4, 3, 2)
"""Of marks of the drop, the first protocol's lowest: where two means are the same both can be seen."""


@styled
def accuracy(
    results: Results, rows: Sequence[RowResults] | None = None, metric: Metric = OA, *, paper: bool = False
) -> Figure:
    """Draw overall accuracy, or another metric, of each method: every complete run, and their mean.

    On the data set and under the protocol that stand for the papers' own, what the papers print stands beside them.

    Parameters
    ----------
    results : Results
        Results of one data set under one protocol.
    rows : sequence of RowResults or None
        The methods to show; all by default.
    metric : Metric
        What is drawn.
    paper : bool
        Whether what the papers print is drawn beside other images or folds too.

    Returns
    -------
    matplotlib.figure.Figure
        A row a method; in each row the runs stand in their order, run 1 on top.

    Raises
    ------
    UsageError
        If no run is complete.
    """
    rows, drawn = shown_rows(results, rows, metric)
    drawn = [row for row in rows if row in drawn or not row.runs]
    figure, axes = new_figure(height=1.1 + 0.42 * len(drawn))
    dots, means = [], []
    for place, row in enumerate(drawn):
        values = list(row.scores(metric).values())
        offsets = np.linspace(-0.26, 0.26, len(values) + 2)[1:-1]
        dots += [(value, place + offset) for value, offset in zip(values, offsets, strict=True)]
        means += [(float(np.mean(values)), place)] if values else []
    axes.scatter(*zip(*dots, strict=True), zorder=3, label="a run", **DOTS)
    at, places = np.asarray(means).T
    axes.vlines(at, places - 0.36, places + 0.36, color="black", linewidth=2, label="mean of runs")
    printed = []
    if shows_papers(results, paper, metric):
        printed = [(place, comparison()[row.method]) for place, row in enumerate(drawn) if row.method in comparison()]
    notes = []
    if printed:
        notes.append(note_on_papers(results.manifest))
        axes.errorbar(
            [float(one.mean) for _, one in printed],
            [place for place, _ in printed],
            xerr=[float(one.sd) for _, one in printed],
            fmt="D", color=COLOURS[1], markerfacecolor="white", markersize=7, capsize=3,
            label="printed in the papers ± sd",
        )  # fmt: skip
    low, high = axes.get_xlim()
    floor = floor_of(results.manifest, metric)
    majority = floor.summary()[0] if floor and floor.differs else None
    for value, what, line in ((floor and floor.chance, "chance", ":"), (majority, MAJORITY, "--")):
        if value is not None and low - 0.25 * (high - low) < value < high + 0.25 * (high - low):
            axes.axvline(value, color="0.3", linestyle=line, label=f"{what}, {value:.1f} {metric.unit}")
    if metric.unit == "%":
        axes.set_xlim(right=min(axes.get_xlim()[1], 100.5))
    name_rows(axes, [counted(row) for row in drawn])
    axes.set_xlabel(axis_of(metric))
    entitle(figure, metric.heading, origin(results))
    finish(figure, [*notes, *caveats(results, rows, metric)])
    return figure


@styled
def people(results: Results, rows: Sequence[RowResults] | None = None, metric: Metric = OA) -> Figure:
    """How well each person is recognised: a dot a person, the median, and the worst tenth.

    Parameters
    ----------
    results : Results
        Results of one data set under one protocol.
    rows : sequence of RowResults or None
        The methods to show; all by default.
    metric : Metric
        What is told of each person.

    Returns
    -------
    matplotlib.figure.Figure
        A row a method; a person's value is the mean over complete runs.

    Raises
    ------
    UsageError
        If no run is complete, people are not known, or the metric ranks the images of different people.
    """
    rows, drawn = shown_rows(results, rows, metric)
    scored = [(row, scores) for row in drawn if (scores := person_scores(row, metric))]
    if not scored:
        raise UsageError(f"there is nothing to draw: {metric.title} cannot be told person by person here")
    figure, axes = new_figure(height=1.1 + 0.42 * len(scored))
    for place, (_, scores) in enumerate(scored):
        spread = place + np.random.default_rng(0).uniform(-0.22, 0.22, len(scores.values))
        worst = scores.in_worst_tenth
        axes.scatter(scores.values, spread, label="a person", **DOTS)
        axes.scatter(scores.values[worst], spread[worst], label="of the worst tenth", **{**DOTS, "color": COLOURS[1]})
        axes.vlines(scores.median, place - 0.36, place + 0.36, color="black", linewidth=2, label="median of people")
    name_rows(axes, [counted(row) for row, _ in scored])
    axes.set_xlabel(axis_of(metric))
    if metric.unit == "%":
        axes.set_xlim(-2, 102)
    entitle(figure, f"Person by person, {len(scored[0][1].names)} people", origin(results))
    finish(figure, ["each person: mean over complete runs", *caveats(results, rows, metric)])
    return figure


@styled
def drop(data: Mapping[str, Any]) -> Figure:
    """The drop: a metric of each method under each protocol, with chance, and the most frequent class where it differs.

    Parameters
    ----------
    data : mapping
        The data of table 4 (`febench.tables.table_4(results).data`, or `febench table 4 --format json`).

    Returns
    -------
    matplotlib.figure.Figure
        A row a method; a mark is the mean over complete runs, its bar the sample standard deviation. At the right
        stands the drop with its interval over people, where people are known.
    """
    rows, protocols = data["rows"], data["protocols"]
    figure, axes = new_figure(height=1.2 + 0.45 * len(rows))
    for place, row in enumerate(rows):
        means = [one["mean"] for one in row["protocols"].values() if one and one["mean"] is not None]
        axes.plot(means, [place] * len(means), color="0.6", linewidth=2, zorder=1)
    colours = dict(zip(protocols, cycle(COLOURS), strict=False))
    for number, (name, colour) in enumerate(colours.items()):
        marker = MARKERS[(number + number // len(COLOURS)) % len(MARKERS)]
        under = [(place, row["protocols"][name]) for place, row in enumerate(rows)]
        there = [(place, one) for place, one in under if one and one["mean"] is not None]
        axes.errorbar(
            [one["mean"] for _, one in there],
            [place for place, _ in there],
            xerr=[one["sd"] or 0.0 for _, one in there],
            fmt=marker, color=colour, capsize=3, markersize=SIZES[min(number, len(SIZES) - 1)],
            label=f"protocol {name}",
        )  # fmt: skip
    for place, row in enumerate(rows):
        if (interval := row.get("drop_interval")) and row["drop"] is not None:
            value = format_value(Difference(row["drop"], **interval), data.get("decimals", 2))
            axes.annotate(value, (1.01, place), xycoords=axes.get_yaxis_transform(), va="center", fontsize=7.5)
    if data["chance"] is not None:
        axes.axvline(data["chance"], color="0.3", linestyle=":", label=f"chance, {data['chance']:.1f} {data['unit']}")
    for protocol, majority in data.get("majority", {}).items():
        if majority and f"{majority['mean']:.1f}" != f"{data['chance']:.1f}":
            said = f"{MAJORITY}, {protocol}, {majority['mean']:.1f} {data['unit']}"
            axes.axvline(majority["mean"], color=colours[protocol], linestyle="--", label=said)
    counts = [", ".join(str(one["runs"]) if one else "0" for one in row["protocols"].values()) for row in rows]
    name_rows(axes, [f"{row['method']} (n = {count})" for row, count in zip(rows, counts, strict=True)])
    if data["unit"] == "%":
        axes.set_xlim(0, 100)
    synthetic = "; synthetic faces" if data["synthetic"] else ""
    axes.set_xlabel(f"{data['metric']}, {data['unit']} (mean ± {data['spread']}{synthetic})")
    entitle(figure, f"The {data.get('change', 'drop')}", f"{data['dataset']}, protocols {' and '.join(protocols)}")
    lacking: dict[str, list[str]] = {}
    for row in rows:
        for protocol, marks in row.get("marks", {}).items():
            for mark in marks:
                lacking.setdefault(f"{mark}, {protocol}", []).append(row["method"])
    faults = [(protocol, fault) for protocol, found in data.get("audit", {}).items() for fault in found or ()]
    notes = [
        "n: complete runs under each protocol",
        *[f"at the right: the {data.get('change', 'drop')} with its {INTERVAL_OF_PEOPLE}"]
        * any(row.get("drop_interval") for row in rows),
        *(f"{mark}: {', '.join(methods)}" for mark, methods in lacking.items()),
        *(f"audit, {protocol}: {fault['code']} {fault['title']} ({fault['count']})" for protocol, fault in faults),
        *(f"{protocol}: {words}" for protocol, one in data.get("twins", {}).items() if (words := _of_twins(one))),
    ]
    finish(figure, notes)
    return figure


@styled
def ladder(data: Mapping[str, Any]) -> Figure:
    """Where searches lose accuracy: a metric of each rung, a line a method.

    Parameters
    ----------
    data : mapping
        The data of the ladder (`febench table ladder --format json`).

    Returns
    -------
    matplotlib.figure.Figure
        Rungs from left to right; a mark is the mean over complete runs, its bar the sample standard deviation. Rungs
        that were not run have no mark, and the line goes on behind them. Other readings of a paper are not drawn.

    Raises
    ------
    UsageError
        If no rung has a complete run.
    """
    drawn = [row for row in data["rows"] if row["reading"] is None]
    rungs = list(dict.fromkeys(row["rung"] for row in drawn))
    methods: dict[str, list[Mapping[str, Any]]] = {}
    for row in drawn:
        methods.setdefault(row["method"].partition("[")[0], []).append(row)
    if not any(row["runs"] for row in drawn):
        raise UsageError("there is nothing to draw: no run of a rung is complete; febench status says what is missing")
    figure, axes = new_figure(height=3.8)
    for place, (method, rows) in enumerate(methods.items()):
        there = [row for row in rows if row["mean"] is not None]
        axes.errorbar(
            [rungs.index(row["rung"]) + 0.06 * (place - 1) for row in there],
            [row["mean"] for row in there],
            yerr=[row["sd"] or 0.0 for row in there],
            fmt=MARKERS[place] + "-", color=COLOURS[place], capsize=3, label=method,
        )  # fmt: skip
    axes.set_xticks(range(len(rungs)), [wrapped(rung, 16) for rung in rungs])
    axes.set_xlim(-0.4, len(rungs) - 0.6)
    axes.grid(axis="y")
    if data["unit"] == "%":
        axes.set_ylim(0, 100)
    axes.set_ylabel(f"{data['metric']}, {data['unit']}")
    entitle(figure, "The ladder: where searches lose accuracy", f"{data['dataset']}, protocol {data['protocol']}")
    notes = [f"{method}: n = {', '.join(str(row['runs']) for row in rows)}" for method, rows in methods.items()]
    notes = [f"complete runs of the rungs, from left to right: {'; '.join(notes)}"]
    lacking = [(mark, row["method"]) for row in drawn for mark in row.get("marks", ())]
    for mark in dict.fromkeys(mark for mark, _ in lacking):
        notes.append(f"{mark}: {', '.join(label for one, label in lacking if one == mark)}")
    notes += ["synthetic faces: they show how methods behave, not people"] * bool(data["synthetic"])
    notes += [f"audit: {fault['code']} {fault['title']} ({fault['count']})" for fault in data["audit"] or ()]
    notes += [words] if (words := _of_twins(data.get("twins"))) else []
    finish(figure, notes)
    return figure


def _of_twins(facts: dict[str, Any] | None) -> str:
    """Return how many test images have a twin in training, in words; empty where none has, or it is not known."""
    if not facts or not facts["images"]:
        return ""
    left_out = ": they are left out" if facts["left_out"] else ""
    return f"{facts['images']:,} of {facts['tested']:,} test images have a twin in training{left_out}"
