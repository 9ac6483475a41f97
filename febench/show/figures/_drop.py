"""The drop: what is left of each method's accuracy when faces are new."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from febench.show.figures._style import COLOURS, MARKERS, entitle, finish, name_rows, new_figure, styled

SIZES = (9, 6.5, 5, 4, 3, 2)
"""Of marks, the first lowest: where two means are the same both can be seen."""


@styled
def drop(data: Mapping[str, Any]) -> Figure:
    """The drop: overall accuracy of each method under each protocol, with chance.

    Parameters
    ----------
    data : mapping
        The data of table 4 (`febench.show.tables.table_4(results).data`, or `febench table 4 --format json`).

    Returns
    -------
    matplotlib.figure.Figure
        A row a method; a mark is the mean over complete runs, its bar the sample standard deviation.
    """
    rows, protocols = data["rows"], data["protocols"]
    figure, axes = new_figure(height=1.2 + 0.45 * len(rows))
    for place, row in enumerate(rows):
        found = [row["protocols"][name] for name in protocols]
        means = [one["mean"] for one in found if one and one["mean"] is not None]
        axes.plot(means, [place] * len(means), color="0.6", linewidth=2, zorder=1)
    for name, colour, marker, size in zip(protocols, COLOURS, MARKERS, SIZES, strict=False):
        _marks(axes, [row["protocols"][name] for row in rows], f"protocol {name}", (colour, marker, size))
    axes.axvline(data["chance"], color="0.3", linestyle=":", label=f"chance, {data['chance']:.1f} %")
    name_rows(axes, [_name(row) for row in rows])
    axes.set_xlim(0, 100)
    axes.set_xlabel(_caption(data))
    entitle(figure, "The drop", f"{data['dataset']}, protocols {' and '.join(protocols)}")
    finish(figure, _notes(data))
    return figure


def _marks(axes: Axes, found: Sequence[Mapping[str, Any] | None], label: str, how: tuple[str, str, float]) -> None:
    colour, marker, size = how
    there = [(place, one) for place, one in enumerate(found) if one and one["mean"] is not None]
    axes.errorbar(
        [one["mean"] for _, one in there],
        [place for place, _ in there],
        xerr=[one["sd"] or 0.0 for _, one in there],
        fmt=marker, color=colour, capsize=3, markersize=size, label=label,
    )  # fmt: skip


def _notes(data: Mapping[str, Any]) -> list[str]:
    """What the rows lack under each protocol, and what the audit found to mislead."""
    lacking: dict[str, list[str]] = {}
    for row in data["rows"]:
        for protocol, marks in row.get("marks", {}).items():
            for mark in marks:
                lacking.setdefault(f"{mark}, {protocol}", []).append(row["method"])
    faults = [(protocol, fault) for protocol, found in data.get("audit", {}).items() for fault in found or ()]
    return [
        "n: complete runs under each protocol",
        *(f"{mark}: {', '.join(methods)}" for mark, methods in lacking.items()),
        *(f"audit, {protocol}: {fault['code']} {fault['title']} ({fault['count']})" for protocol, fault in faults),
    ]


def _name(row: Mapping[str, Any]) -> str:
    """The method, and how many runs are behind each mark."""
    return f"{row['method']} (n = {', '.join(str(one['runs']) if one else '0' for one in row['protocols'].values())})"


def _caption(data: Mapping[str, Any]) -> str:
    return f"overall accuracy, % (mean ± {data['spread']}{'; synthetic faces' if data['synthetic'] else ''})"
