"""Figures from the same data as the tables: one figure, one function of data, in one style."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from febench.convergence import Curve, curves
from febench.errors import UsageError
from febench.results import Results
from febench.tables import chosen, table_4

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SUFFIXES = (".png", ".svg", ".pdf")
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00")  # Okabe & Ito: told apart by everybody
MARKERS = ("o", "D", "s", "^", "v", "P")
LINES = ("-", "--", ":")
STYLE: dict[Any, Any] = {
    "figure.dpi": 150,
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.grid.axis": "x",
    "grid.color": "0.9",
    "axes.axisbelow": True,
    "svg.hashsalt": "febench",
    "text.parse_math": False,
}


def drop(data: Mapping[str, Any]) -> Figure:
    """The drop: overall accuracy of each method under each protocol, with chance.

    Parameters
    ----------
    data : mapping
        The data of table 4 (`febench.tables.table_4(results).data`, or `febench table 4 --format json`).

    Returns
    -------
    matplotlib.figure.Figure
        A row a method; a mark is the mean over complete runs, its bar the sample standard deviation.
    """
    rows, protocols = data["rows"], data["protocols"]
    figure, axes = _new_figure(height=1.6 + 0.45 * len(rows))
    for place, row in enumerate(rows):
        found = [row["protocols"][name] for name in protocols]
        means = [one["mean"] for one in found if one and one["mean"] is not None]
        axes.plot(means, [place] * len(means), color="0.6", linewidth=2, zorder=1)
    for name, colour, marker in zip(protocols, COLOURS, MARKERS, strict=False):
        _marks(axes, [row["protocols"][name] for row in rows], name, colour, marker)
    axes.axvline(data["chance"], color="0.3", linestyle=":", label=f"chance, {data['chance']:.1f} %")
    axes.set_yticks(range(len(rows)), [_name(row) for row in rows])
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_xlim(0, 100)
    axes.set_xlabel(_caption(data))
    axes.set_title(f"The drop on {data['dataset']}", loc="left")
    figure.legend(loc="outside lower center", ncols=4, frameon=False)
    return figure


def convergence(found: Sequence[Curve], title: str) -> Figure:
    """Training error and validation accuracy against objective evaluations, a line a method.

    Parameters
    ----------
    found : sequence of Curve
        What `febench.convergence.curves` returns.
    title : str
        Data set and protocol.

    Returns
    -------
    matplotlib.figure.Figure
        Lines are means over cells; bands hold the middle 80 % of them; a mark is where a method ended.
    """
    figure, (error, accuracy) = _new_figure(height=6.0, rows=2)
    for place, curve in enumerate(found):
        _course(error, curve, curve.error, place)
        _course(accuracy, curve, curve.accuracy, place)
    error.set_ylabel("training error (mean squared)")
    accuracy.set_ylabel("validation accuracy, %")
    accuracy.xaxis.set_major_formatter(lambda moment, _: f"{moment:,.0f}")
    accuracy.set_xlabel("objective evaluations (of l-bfgs: of error and gradient)")
    error.set_title(f"Convergence, {title}", loc="left")
    handles, labels = error.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3, frameon=False)
    return figure


def _course(axes: Axes, curve: Curve, values: NDArray[np.float64], place: int) -> None:
    colour, marker = COLOURS[place % len(COLOURS)], MARKERS[place % len(MARKERS)]
    line = LINES[place // len(COLOURS) % len(LINES)]
    there = (curve.evaluations <= curve.spent) & ~np.isnan(values).any(axis=0)
    if not there.any():
        return
    moments, cells = curve.evaluations[there], values[:, there]
    low, high = np.quantile(cells, [0.1, 0.9], axis=0)
    axes.fill_between(moments, low, high, color=colour, alpha=0.15, linewidth=0)
    axes.plot(moments, cells.mean(axis=0), line, color=colour, marker=marker, markevery=[-1], label=curve.label)
    axes.set_xscale("log")


def _convergence(results: Sequence[Results], method: str | None) -> Figure:
    if len(results) != 1:
        raise UsageError(f"the figure of convergence is of one results directory, not of {len(results)}")
    manifest = results[0].manifest
    found = curves(replace(results[0], rows=tuple(chosen(results[0], method))))
    if not found:
        raise UsageError("no method in these results left a trace of how it converged")
    return convergence(found, f"{manifest.dataset}, protocol {manifest.protocol}")


FIGURES: dict[str, Callable[[Sequence[Results], str | None], Figure]] = {
    "drop": lambda results, method: drop(table_4(results, method).data),
    "convergence": _convergence,
}


def make_figure(name: str, results: Sequence[Results], method: str | None = None) -> Figure:
    """A figure by its name, of all methods or of the rows of one.

    Raises
    ------
    UsageError
        If there is no such figure or method, or the results do not fit it.
    """
    if name not in FIGURES:
        raise UsageError(f"there is no figure {name!r}; there is {', '.join(FIGURES)}")
    return FIGURES[name](results, method)


def save_figure(figure: Figure, path: Path) -> None:
    """Write a figure; the file's name says in which form.

    Raises
    ------
    UsageError
        If the name ends in none of the forms there are, or its folder is missing.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise UsageError(f"a figure's file must end in {', '.join(SUFFIXES)}, not {path.name!r}")
    if not path.resolve().parent.is_dir():
        raise UsageError(f"there is no folder {path.parent} to write {path.name} to")
    from matplotlib import rc_context

    dates = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}  # left out: same results, same file
    with rc_context(STYLE):
        figure.savefig(path, bbox_inches="tight", metadata=dates.get(path.suffix.lower()))


def _new_figure(height: float, rows: int = 1) -> tuple[Figure, Any]:
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    with rc_context(STYLE):
        figure = Figure(figsize=(7.0, height), layout="constrained")
        return figure, figure.subplots(rows, sharex=True)


def _marks(axes: Axes, found: Sequence[Mapping[str, Any] | None], name: str, colour: str, marker: str) -> None:
    there = [(place, one) for place, one in enumerate(found) if one and one["mean"] is not None]
    axes.errorbar(
        [one["mean"] for _, one in there],
        [place for place, _ in there],
        xerr=[one["sd"] or 0.0 for _, one in there],
        fmt=marker, color=colour, capsize=3, markersize=7, label=f"protocol {name}",
    )  # fmt: skip


def _name(row: Mapping[str, Any]) -> str:
    """The method, and how many runs are behind each mark."""
    return f"{row['method']} (n = {', '.join(str(one['runs']) if one else '0' for one in row['protocols'].values())})"


def _caption(data: Mapping[str, Any]) -> str:
    return f"overall accuracy, % (mean ± {data['spread']}{'; synthetic faces' if data['synthetic'] else ''})"
