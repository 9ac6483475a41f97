"""Table 3: methods compared, ours and the papers' and the difference."""

from __future__ import annotations

from collections.abc import Sequence

from febench.papers import comparison
from febench.results.results import Results, RowResults
from febench.show.tables import notes
from febench.show.tables.marks import signs_of
from febench.show.tables.table import Document, Table, Value
from febench.show.tables.values import comparison_data, difference, printed_accuracy, spread


def table_3(results: Results, rows: Sequence[RowResults]) -> Document:
    """Comparison of methods: ours, the papers', and the difference; what was not run here stands last."""
    absent = notes.not_run(results, rows)
    body = [_row(row) for row in rows] + [_absent(method, results) for method in absent]
    table = Table(
        title=notes.title("Table 3. Comparison of methods by overall accuracy, %", results),
        columns=("Method", "Runs", "febench", "paper", "difference"),
        rows=tuple(body),
        notes=(*notes.notes_of(results, rows, comparison()), *notes.not_run_note(absent)),
        about=notes.about_rows(results, rows),
        marks=signs_of(rows),
        key=notes.key("3", results),
    )
    return Document((table,), notes.rows_data(results, rows, "overall accuracy", comparison_data))


def _row(row: RowResults) -> tuple[Value, ...]:
    ours, printed = spread(row), printed_accuracy(row.method)
    return (row.label, f"{len(row.accuracies)}/{row.manifest.n_runs}", ours, printed, difference(ours, printed))


def _absent(method: str, results: Results) -> tuple[Value, ...]:
    return (method, f"0/{results.manifest.n_runs}", None, printed_accuracy(method), None)
