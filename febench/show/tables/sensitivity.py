"""Table 1: the sensitivity of each class in each run, a table a method."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from febench.papers import DETAILED
from febench.results.results import Results, RowResults
from febench.show.tables import notes
from febench.show.tables.marks import signs_of
from febench.show.tables.table import Document, Table, Value
from febench.show.tables.values import class_spreads, difference, printed_sensitivities


def table_1(results: Results, rows: Sequence[RowResults]) -> Document:
    """Sensitivity of each class in each run, a table a method."""
    tables = tuple(_table(results, row) for row in rows) or (_empty(results),)
    return Document(tables, notes.rows_data(results, rows, "sensitivity", _data))


def _table(results: Results, row: RowResults) -> Table:
    summaries = _summaries(row)
    signs = signs_of([row]).get(row.label, "")
    named = f"{row.label} {signs}" if signs else row.label
    return Table(
        title=notes.title(f"Table 1. Sensitivity of each class, {named}, %", results),
        columns=("Run", *row.manifest.classes),
        rows=(*_runs(row), *summaries),
        notes=notes.notes_of(results, [row], DETAILED),
        about=notes.about_rows(results, [row]),
        summaries=len(summaries),
        key=notes.key("1", results, row.label),
    )


def _empty(results: Results) -> Table:
    title = notes.title("Table 1. Sensitivity of each class, %", results)
    return Table(title, ("Run", *results.manifest.classes), (), notes.notes_of(results, (), ()))


def _runs(row: RowResults) -> list[tuple[Value, ...]]:
    return [(run, *named) for run, named in ((r, map(_or_none, v)) for r, v in row.sensitivities.items())]


def _summaries(row: RowResults) -> list[tuple[Value, ...]]:
    ours, printed = class_spreads(row), printed_sensitivities(row)
    found: list[tuple[Value, ...]] = [("mean ± sd", *ours.values())]
    if printed:
        found.append(("paper", *(printed.get(name) for name in ours)))
        found.append(("difference", *(difference(mine, printed.get(name)) for name, mine in ours.items())))
    return found


def _data(row: RowResults) -> dict[str, Any]:
    def named(values: Iterable[float]) -> dict[str, float | None]:
        return dict(zip(row.manifest.classes, map(_or_none, values), strict=True))

    spreads, printed = class_spreads(row), printed_sensitivities(row)
    return {
        "runs": len(row.sensitivities),
        "by_run": [{"run": run, "sensitivity": named(values)} for run, values in row.sensitivities.items()],
        "mean": {name: spread.mean if spread else None for name, spread in spreads.items()},
        "sd": {name: spread.sd if spread else None for name, spread in spreads.items()},
        "published": {name: vars(spread) for name, spread in printed.items()} or None,
        "difference": {name: difference(spread, printed.get(name)) for name, spread in spreads.items()},
    }


def _or_none(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
