"""The cost table, and the table of convergence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from febench.results.caveats import caveats_of_data, caveats_of_rows, signs_of
from febench.results.convergence import Curve, curves
from febench.results.costs import Cost, Host, hosts
from febench.results.results import Results
from febench.results.rows import RowResults
from febench.show.tables.table import (
    Document,
    Median,
    Table,
    Value,
    head_data,
    key_of,
    lacks_data,
    noted,
    origin_of,
    titled,
)

COST_COLUMNS = (
    "Method", "Cells", "Device", "Threads", "training a fold, s", "prediction an image, ms", "features once, s",
    "parameters", "peak memory, MB",
)  # fmt: skip
COST_NOTES = (
    "wall-clock times, medians over cells, in brackets the quartiles; other cells may have run on the host meanwhile",
    "features: of the whole data set, computed once and shared by all cells; prediction does not include them",
    "peak memory: the largest of a worker process, libraries included; a GPU's own memory is not in it",
)
SELECTION_COLUMN = "selection in it, s"
SELECTION_NOTE = "selection: the part of training in which a method chose its parameters, medians over cells"
GPU_COLUMN = "peak GPU memory, MB"
GPU_NOTE = (
    "peak GPU memory: the most held on a GPU while training, of all trainings at once together, CUDA's libraries aside"
)
MOMENTS = (1_000, 5_000, 20_000)
"""Objective evaluations after which errors are shown."""
CONVERGENCE_NOTES = (
    "errors are mean squared errors of the best network found so far, means over cells",
    "an evaluation of l-bfgs is one of error and gradient: it is the line to beat",
)


def cost_table(results: Results, rows: Sequence[RowResults]) -> Document:
    """Times, size and memory of each method, a table for each host so that no times of different hosts mix."""
    every = hosts(results, rows) or [Host("", {}, ())]
    tables = []
    for host in every:
        here = {cost.row.label for cost in host.costs}
        shown = [row for row in rows if row.label in here]
        others = [f"{one.cells} in environment {one.environment or 'not known'}" for one in every if one is not host]
        elsewhere = [f"cells computed elsewhere have tables of their own and are not in this one: {', '.join(others)}"]
        absent = [row.label for row in rows if row.label not in here]
        selecting = any(cost.selection is not None for cost in host.costs)
        on_gpus = any(cost.peak_gpu_memory_mb is not None for cost in host.costs)
        tables.append(
            Table(
                title=titled("Cost of training and prediction on one host", results),
                columns=(*COST_COLUMNS, *[SELECTION_COLUMN] * selecting, *[GPU_COLUMN] * on_gpus),
                rows=tuple(
                    (
                        *_cost_row(cost),
                        *[None if cost.selection is None else Median(cost.selection)] * selecting,
                        *[_rounded(cost.peak_gpu_memory_mb)] * on_gpus,
                    )
                    for cost in host.costs
                ),
                notes=(
                    *COST_NOTES,
                    *[SELECTION_NOTE] * selecting,
                    *[GPU_NOTE] * on_gpus,
                    *elsewhere * bool(others),
                    *[f"no cell on this host: {', '.join(absent)}"] * bool(absent),
                    *_data_and_rows(results, shown),
                ),
                about=(_described(host), origin_of(results)),
                marks=signs_of(shown),
                key=key_of("cost", results, host.environment),
            )
        )
    data = {
        **head_data(results),
        "metric": "cost",
        "spread": "quartiles over cells",
        "complete": bool(rows) and all(row.complete for row in rows),
        "environments": {host.environment: dict(host.about) for host in every if host.costs},
        "rows": [_cost_data(host, cost) for host in every for cost in host.costs],
    }
    return Document(tuple(tables), data)


def _cost_row(cost: Cost) -> tuple[Value, ...]:
    low, median, high = np.percentile(cost.fit, (25, 50, 75)).tolist()
    parameters: int | str | None = cost.parameters[0] if cost.parameters else None
    if len(cost.parameters) > 1:
        parameters = f"{cost.parameters[0]:,}–{cost.parameters[-1]:,}"  # noqa: RUF001
    return (
        cost.row.label,
        f"{cost.cells}/{cost.row.manifest.n_runs * cost.row.manifest.n_folds}",
        cost.device,
        cost.threads,
        Median(median, low, high) if cost.cells > 1 else Median(median),
        Median(float(np.median(cost.predict))),
        None if cost.extract is None else Median(cost.extract),
        parameters,
        _rounded(cost.peak_memory_mb),
    )


def _rounded(number: float | None) -> int | None:
    return None if number is None else round(number)


def _cost_data(host: Host, cost: Cost) -> dict[str, Any]:
    low, median, high = np.percentile(cost.fit, (25, 50, 75)).tolist()
    return {
        "method": cost.row.label,
        "environment": host.environment,
        "host": host.about.get("host"),
        "device": cost.device,
        "threads": cost.threads,
        "cells": cost.cells,
        "fit_seconds": {"median": median, "lower_quartile": low, "upper_quartile": high},
        "selection_seconds": cost.selection,
        "predict_ms_per_image": float(np.median(cost.predict)),
        "extract_seconds": cost.extract,
        "parameters": list(cost.parameters),
        "peak_memory_mb": cost.peak_memory_mb,
        "peak_gpu_memory_mb": cost.peak_gpu_memory_mb,
        **lacks_data(cost.row),
    }


def _described(host: Host) -> str:
    about = host.about
    if not about:
        return f"host not known, environment {host.environment}" if host.environment else "host not known"
    parts = (
        about.get("processor"),
        f"{about.get('cores')} cores",
        about.get("platform"),
        f"Python {about.get('python')}",
    )
    return f"host {about.get('host')}: {', '.join(str(part) for part in parts if part)}; environment {host.environment}"


def convergence_table(results: Results, rows: Sequence[RowResults]) -> Document:
    """Return the convergence table: the error after so many objective evaluations, means over cells."""
    shown = curves(rows)
    traced = [row for row in rows if row.label in {curve.label for curve in shown}]
    moments = [moment for moment in MOMENTS if any(moment <= curve.spent for curve in shown)]
    table = Table(
        title=titled("Convergence: training error after so many objective evaluations", results),
        columns=("Method", "Cells", "Evaluations", *(f"{moment:,}" for moment in moments), "end", "validation OA, %"),
        rows=tuple(_course(curve, moments) for curve in shown),
        notes=(*CONVERGENCE_NOTES, *_data_and_rows(results, traced)),
        about=(origin_of(results),),
        marks=signs_of(traced),
        key=key_of("convergence", results),
    )
    return Document((table,), {**head_data(results), "rows": [_course_data(curve, moments) for curve in shown]})


def _course(curve: Curve, moments: Sequence[int]) -> tuple[Value, ...]:
    errors = [curve.at(moment)[0] if moment <= curve.spent else np.nan for moment in (*moments, curve.spent)]
    texts = [None if np.isnan(error) else f"{error:.4f}" for error in errors]
    return (curve.label, len(curve.error), curve.spent, *texts, _or_none(curve.at(curve.spent)[1]))


def _course_data(curve: Curve, moments: Sequence[int]) -> dict[str, Any]:
    return {
        "method": curve.label,
        "cells": len(curve.error),
        "evaluations": curve.spent,
        "error": {str(moment): _or_none(curve.at(moment)[0]) for moment in [*moments, curve.spent]},
        "validation_accuracy": _or_none(curve.at(curve.spent)[1]),
    }


def _or_none(value: float) -> float | None:
    return None if np.isnan(value) else value


def _data_and_rows(results: Results, rows: Sequence[RowResults]) -> list[str]:
    """Return the caveats of the images and of these rows; the caption has the findings of the audit."""
    caveats = [
        one for one in caveats_of_data(results) if one.word in ("synthetic", "foreign cells", "twins", "without twins")
    ]
    return [noted(caveat) for caveat in [*caveats, *caveats_of_rows(results, rows)]]
