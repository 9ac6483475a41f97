"""The cost table: what training and predicting took, a table a host."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from febench.results.costs import Cost, Host, hosts
from febench.results.results import Results, RowResults
from febench.show.tables import notes
from febench.show.tables.marks import signs_of
from febench.show.tables.table import Document, Median, Table, Value

COLUMNS = (
    "Method", "Cells", "Device", "Threads", "training a fold, s", "prediction an image, ms", "features once, s",
    "parameters", "peak memory, MB",
)  # fmt: skip
_NOTES = (
    "wall-clock times, medians over cells, in brackets the quartiles; other cells may have run on the host meanwhile",
    "features: of the whole data set, computed once and shared by all cells; prediction does not include them",
    "peak memory: the largest of a worker process, libraries included; a GPU's own memory is not in it",
)


def cost_table(results: Results, rows: Sequence[RowResults]) -> Document:
    """Times, size and memory of each method, a table for each host so that no times of different hosts mix."""
    found = hosts(results, rows) or [Host("", {}, ())]
    tables = tuple(_table(results, rows, host, found) for host in found)
    return Document(tables, _data(results, rows, found))


def _table(results: Results, rows: Sequence[RowResults], host: Host, every: Sequence[Host]) -> Table:
    here = [row for row in rows if row.label in {cost.row.label for cost in host.costs}]
    return Table(
        title=notes.title("Cost of training and prediction on one host", results),
        columns=COLUMNS,
        rows=tuple(map(_row, host.costs)),
        notes=(*_NOTES, *_elsewhere(rows, host, every), *notes.shared_notes(results), *notes.row_notes(results, here)),
        about=(_described(host), notes.origin(results)),
        marks=signs_of(here),
        key=notes.key("cost", results, host.environment),
    )


def _row(cost: Cost) -> tuple[Value, ...]:
    extract = None if cost.extract is None else Median(cost.extract)
    memory = None if cost.peak_memory_mb is None else round(cost.peak_memory_mb)
    expected = cost.row.manifest.n_runs * cost.row.manifest.n_folds
    cells = f"{cost.cells}/{expected}"
    return (
        cost.row.label, cells, cost.device, cost.threads, _quartiles(cost), Median(float(np.median(cost.predict))),
        extract, _parameters(cost), memory,
    )  # fmt: skip


def _quartiles(cost: Cost) -> Median:
    """Of a single cell there are none."""
    low, median, high = np.percentile(cost.fit, (25, 50, 75)).tolist()
    return Median(median, low, high) if cost.cells > 1 else Median(median)


def _parameters(cost: Cost) -> int | str | None:
    if len(cost.parameters) > 1:
        return f"{cost.parameters[0]:,}–{cost.parameters[-1]:,}"  # noqa: RUF001
    return cost.parameters[0] if cost.parameters else None


def _described(host: Host) -> str:
    if not host.about:
        return f"host not known, environment {host.environment}" if host.environment else "host not known"
    about = host.about
    parts = (
        about.get("processor"),
        f"{about.get('cores')} cores",
        about.get("platform"),
        f"Python {about.get('python')}",
    )
    return f"host {about.get('host')}: {', '.join(str(part) for part in parts if part)}; environment {host.environment}"


def _elsewhere(rows: Sequence[RowResults], host: Host, every: Sequence[Host]) -> list[str]:
    """What this table leaves out because it was computed elsewhere, or not at all."""
    others = [
        f"{other.cells} in environment {other.environment or 'not known'}" for other in every if other is not host
    ]
    absent = [row.label for row in rows if row.label not in {cost.row.label for cost in host.costs}]
    found = [f"cells computed elsewhere have tables of their own and are not in this one: {', '.join(others)}"]
    return found * bool(others) + [f"no cell on this host: {', '.join(absent)}"] * bool(absent)


def _data(results: Results, rows: Sequence[RowResults], found: Sequence[Host]) -> dict[str, Any]:
    return {
        **notes.head_data(results),
        "metric": "cost",
        "spread": "quartiles over cells",
        "complete": bool(rows) and all(row.complete for row in rows),
        "environments": {host.environment: dict(host.about) for host in found if host.costs},
        "rows": [_row_data(host, cost) for host in found for cost in host.costs],
    }


def _row_data(host: Host, cost: Cost) -> dict[str, Any]:
    low, median, high = np.percentile(cost.fit, (25, 50, 75)).tolist()
    return {
        "method": cost.row.label,
        "environment": host.environment,
        "host": host.about.get("host"),
        "device": cost.device,
        "threads": cost.threads,
        "cells": cost.cells,
        "fit_seconds": {"median": median, "lower_quartile": low, "upper_quartile": high},
        "predict_ms_per_image": float(np.median(cost.predict)),
        "extract_seconds": cost.extract,
        "parameters": list(cost.parameters),
        "peak_memory_mb": cost.peak_memory_mb,
        **notes.lacks_data(cost.row),
    }
