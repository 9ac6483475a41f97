"""The parameters of each row: those that are the same in all its cells, and how often each selected value was taken."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from febench.core.selectors import coerce, format_value, parse_selector
from febench.results.caveats import caveats_of_rows, signs_of
from febench.results.results import Results
from febench.results.rows import RowResults
from febench.show.tables.table import Document, Table, head_data, key_of, lacks_data, noted, origin_of, titled

NOTES = (
    "selected: chosen in each cell on its training images or validation fold; in brackets: the cells that chose so",
    "fixed: the same in every cell",
)


AT_EDGE = "FEB101"
"""Code of the finding that most cells selected a value at an edge of their grid."""


def settings_table(results: Results, rows: Sequence[RowResults]) -> Document:
    """Each parameter of each row on a line of its own."""
    data = [_row_data(row) for row in rows]
    notes = list(NOTES)
    for one in data:
        counts = {count for count in one["tried"] if count > 1}
        if counts:
            notes.append(f"{one['method']}: {' or '.join(map(str, sorted(counts)))} candidates compared in a cell")
        notes += [
            f"{one['method']}: not tried in {row['cells']} of {one['cells']} cells: {row['what']}"
            for row in one["not_tried"]
        ]
        notes += [f"{AT_EDGE}: {one['method']}: {_edge_sentence(edge)}" for edge in one["at_edge"]]
    notes += map(noted, caveats_of_rows(results, rows))
    table = Table(
        title=titled("Parameters of each method", results),
        columns=("Method", "Cells", "Parameter", "Value", "How"),
        rows=tuple(
            (one["method"], one["cells"], parameter["name"], _written(parameter), parameter["how"])
            for one in data
            for parameter in one["parameters"]
        ),
        notes=tuple(notes),
        about=(origin_of(results),),
        marks=signs_of(rows),
        key=key_of("settings", results),
    )
    return Document((table,), {**head_data(results), "rows": data})


def _row_data(row: RowResults) -> dict[str, Any]:
    infos = row.cells.choices
    params = row.records.last.params
    taken: dict[str, list[Any]] = {}
    for info in infos:
        selected = info.get("selected", {})
        if isinstance(info.get("chosen"), str):  # a method that tells all in one: features[parameter=value,...]
            features, others = parse_selector(info["chosen"])
            selected = {"features": features, **{name: coerce(text, None, name) for name, text in others.items()}}
        for name, value in selected.items():
            taken.setdefault(name, []).append(value)
    compared = any(info.get("tried", 0) != 1 for info in infos)
    parameters: list[dict[str, Any]] = []
    for name in dict.fromkeys([*params, *taken]):
        counted = Counter(taken.get(name, [params.get(name)] * len(infos)))
        free = name in taken and params.get(name) is None and compared
        values = [{"value": value, "cells": counted[value]} for value in sorted(counted, key=_place)]
        parameters.append({"name": name, "how": "selected" if free or len(counted) > 1 else "fixed", "values": values})
    untried = Counter(what for info in infos for what in info.get("not_tried", ()))
    return {
        "method": row.label,
        "cells": len(infos),
        "parameters": parameters,
        "tried": sorted({info["tried"] for info in infos if isinstance(info.get("tried"), int)}),
        "at_edge": _edges(infos),
        "not_tried": [{"what": what, "cells": count} for what, count in untried.items()],
        **lacks_data(row),
    }


def _edges(infos: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the grid ends that more than half of the cells selected, of the cells that tell the ends of the grid.

    An end is not stored, and so not judged, where the grid has fewer than three values, and where the parameter has no
    values of their own beyond it: one neighbour, no penalty, all of the variance.
    """
    judged: Counter[str] = Counter()
    at_end: Counter[tuple[str, str, float | None]] = Counter()
    for info in infos:
        for name, low, high in _told_ends(info):
            value = info["selected"].get(name)
            judged[name] += 1
            at_end[name, "smallest", low] += value == low
            at_end[name, "largest", high] += value == high
    return [
        {"code": AT_EDGE, "parameter": name, "end": end, "value": value, "cells": count, "of": judged[name]}
        for (name, end, value), count in at_end.items()
        if value is not None and 2 * count > judged[name]
    ]


def _told_ends(info: dict[str, Any]) -> Iterator[tuple[str, float | None, float | None]]:
    """Yield each parameter whose grid a cell tells the ends of, with its two ends; skip what has another form."""
    ends, selected = info.get("ends"), info.get("selected")
    if isinstance(ends, dict) and isinstance(selected, dict):
        for name, pair in ends.items():
            if isinstance(pair, list) and len(pair) == 2 and all(isinstance(end, float | int | None) for end in pair):
                yield name, *pair


def _edge_sentence(edge: dict[str, Any]) -> str:
    return (
        f"{edge['parameter']} is {_value(edge['value'])}, the {edge['end']} value compared, in {edge['cells']} of "
        f"{edge['of']} cells; a wider grid may have a better one"
    )


def _place(value: Any) -> tuple[bool, float, str]:
    number = isinstance(value, (int, float))
    return (not number, float(value) if number else 0.0, str(value))


def _written(parameter: dict[str, Any]) -> str:
    if parameter["how"] == "fixed":
        return "".join(_value(one["value"]) for one in parameter["values"])
    return ", ".join(f"{_value(one['value'])} ({one['cells']})" for one in parameter["values"])


def _value(value: Any) -> str:
    if value is None:
        return "none"
    return f"{value:g}" if isinstance(value, float) else format_value(value)
