"""How far each training had come after so many objective evaluations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from febench.results.convergence import Curve, curves
from febench.results.results import Results, RowResults
from febench.show.tables import notes
from febench.show.tables.marks import signs_of
from febench.show.tables.table import Document, Table, Value

MOMENTS = (1_000, 5_000, 20_000)
_NOTES = (
    "errors are mean squared errors of the best network found so far, means over cells",
    "an evaluation of l-bfgs is one of error and gradient: it is the line to beat",
)


def convergence_table(results: Results, rows: Sequence[RowResults]) -> Document:
    """How far each training had come after so many objective evaluations, means over its cells."""
    found = [curve for curve in curves(results) if curve.label in {row.label for row in rows}]
    traced = [row for row in rows if row.label in {curve.label for curve in found}]
    moments = [moment for moment in MOMENTS if any(moment <= curve.spent for curve in found)]
    table = Table(
        title=notes.title("Convergence: training error after so many objective evaluations", results),
        columns=("Method", "Cells", "Evaluations", *(f"{moment:,}" for moment in moments), "end", "validation OA, %"),
        rows=tuple(_course(curve, moments) for curve in found),
        notes=(*_NOTES, *notes.shared_notes(results), *notes.row_notes(results, traced)),
        about=(notes.origin(results),),
        marks=signs_of(traced),
        key=notes.key("convergence", results),
    )
    return Document((table,), {**notes.head_data(results), "rows": [_data(curve, moments) for curve in found]})


def _course(curve: Curve, moments: Sequence[int]) -> tuple[Value, ...]:
    error, accuracy = curve.at(curve.spent)
    errors = [curve.at(moment)[0] if moment <= curve.spent else np.nan for moment in moments]
    shown = [None if np.isnan(value) else f"{value:.4f}" for value in (*errors, error)]
    return (curve.label, len(curve.error), curve.spent, *shown, _or_none(accuracy))


def _data(curve: Curve, moments: Sequence[int]) -> dict[str, Any]:
    return {
        "method": curve.label,
        "cells": len(curve.error),
        "evaluations": curve.spent,
        "error": {str(moment): _or_none(curve.at(moment)[0]) for moment in [*moments, curve.spent]},
        "validation_accuracy": _or_none(curve.at(curve.spent)[1]),
    }


def _or_none(value: float) -> float | None:
    return None if np.isnan(value) else value
