"""Table 2: the overall accuracy of each run, a column a method."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from febench.papers import comparison
from febench.results.results import Results, RowResults
from febench.show.tables import notes
from febench.show.tables.marks import signs_of
from febench.show.tables.table import Document, Table, Value
from febench.show.tables.values import comparison_data, difference, printed_accuracy, spread


def table_2(results: Results, rows: Sequence[RowResults]) -> Document:
    """Overall accuracy of each run, a column a method."""
    runs = sorted({run for row in rows for run in row.accuracies})
    body: list[tuple[Value, ...]] = [(run, *(row.accuracies.get(run) for row in rows)) for run in runs]
    summaries = _summaries(rows)
    table = Table(
        title=notes.title("Table 2. Overall accuracy of each run, %", results),
        columns=("Run", *(row.label for row in rows)),
        rows=(*body, *summaries),
        notes=(*notes.notes_of(results, rows, comparison()), *notes.not_run_note(notes.not_run(results, rows))),
        about=notes.about_rows(results, rows),
        marks=signs_of(rows),
        summaries=len(summaries),
        key=notes.key("2", results),
    )
    return Document((table,), notes.rows_data(results, rows, "overall accuracy", _data))


def _summaries(rows: Sequence[RowResults]) -> list[tuple[Value, ...]]:
    ours = [spread(row) for row in rows]
    printed = [printed_accuracy(row.method) for row in rows]
    differences = [difference(a, b) for a, b in zip(ours, printed, strict=True)]
    return [("mean ± sd", *ours), ("paper", *printed), ("difference", *differences)]


def _data(row: RowResults) -> dict[str, Any]:
    by_run = [{"run": run, "overall_accuracy": value} for run, value in row.accuracies.items()]
    return {**comparison_data(row), "by_run": by_run}
