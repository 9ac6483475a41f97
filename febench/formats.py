"""Tables as text, Markdown, CSV, LaTeX, HTML or JSON."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Sequence
from typing import Any

from tabulate import tabulate

from febench.errors import UsageError
from febench.tables import Document, PlusMinus, Table, Value

NOTHING = "-"


def render(documents: Sequence[Document], how: str) -> str:
    """Write documents as `text`, `md`, `csv`, `latex`, `html` or `json`.

    Raises
    ------
    UsageError
        If there is no such format.
    """
    if how == "json":
        return to_json([document.data for document in documents])
    writers: dict[str, Callable[[Table], str]] = {
        "text": _text,
        "md": _markdown,
        "csv": _csv,
        "latex": _latex,
        "html": _html,
    }
    if how not in writers:
        raise UsageError(f"there is no format {how!r}; choose {', '.join(writers)} or json")
    tables = [table for document in documents for table in document.tables]
    return "\n\n".join(writers[how](table).rstrip("\n") for table in tables)


def to_json(documents: Sequence[dict[str, Any]]) -> str:
    """Documents as JSON: one alone as itself, several as a list."""
    return json.dumps(documents[0] if len(documents) == 1 else documents, indent=1)


def format_value(value: Value) -> str:
    """A value as people read it: two decimals as the papers print, `mean ± sd`, a dash for nothing."""
    if value is None:
        return NOTHING
    if isinstance(value, PlusMinus):
        return f"{value.mean:.2f} ± {value.sd:.2f}" if value.sd is not None else f"{value.mean:.2f}"
    return f"{value:.2f}" if isinstance(value, float) else str(value)


def _grid(table: Table, how: str) -> str:
    rows = [[_signed(heading, value) for heading, value in zip(table.columns, row, strict=True)] for row in table.rows]
    align = ["left", *["right"] * (len(table.columns) - 1)]
    return str(
        tabulate(rows, headers=table.columns, tablefmt=how, colalign=align if rows else None, disable_numparse=True)
    )


def _signed(heading: str, value: Value) -> str:
    return f"{value:+.2f}" if isinstance(value, float) and heading in ("difference", "drop") else format_value(value)


def _text(table: Table) -> str:
    return "\n".join([table.title, "", _grid(table, "simple"), *(f"  * {note}" for note in table.notes)])


def _markdown(table: Table) -> str:
    notes = "\n".join(f"- {note}" for note in table.notes)
    return f"**{table.title}**\n\n{_grid(table, 'github')}\n\n{notes}"


def _latex(table: Table) -> str:
    return _grid(table, "latex_booktabs").replace("±", r"$\pm$")


def _html(table: Table) -> str:
    return _grid(table, "html")


def _csv(table: Table) -> str:
    spread = [any(isinstance(row[i], PlusMinus) for row in table.rows) for i in range(len(table.columns))]
    header = [part for name, two in zip(table.columns, spread, strict=True) for part in _headings(name, two)]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(header)
    for row in table.rows:
        writer.writerow([part for value, two in zip(row, spread, strict=True) for part in _fields(value, two)])
    return out.getvalue()


def _headings(name: str, two: bool) -> list[str]:
    return [f"{name} mean", f"{name} sd"] if two else [name]


def _fields(value: Value, two: bool) -> list[Any]:
    if isinstance(value, PlusMinus):
        return [value.mean, "" if value.sd is None else value.sd]
    plain = "" if value is None else value
    return [plain, ""] if two else [plain]
