"""Tables as comma-separated values: plain numbers, and what a reader must know in columns of their own."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from typing import Any

from febench.core.errors import printable
from febench.show.tables.marks import words_of_signs
from febench.show.tables.table import Median, PlusMinus, Table, Value

SAID = ("marks", "caption", "notes")
"""The last columns: what is the matter with the row, and what the table says of itself, the same in every row."""

_PARTS: dict[type[Any], tuple[str, ...]] = {
    PlusMinus: ("mean", "sd"),
    Median: ("median", "lower quartile", "upper quartile"),
}


def to_csv(table: Table) -> str:
    """A table as CSV; a mean and its sd have a column each, nothing is an empty field; without rows, one says why."""
    kinds = [_kind([row[i] for row in table.rows]) for i in range(len(table.columns))]
    heads = [part for name, kind in zip(table.columns, kinds, strict=True) for part in _headings(name, kind)]
    said = (printable(table.caption), printable(" | ".join(table.notes)))
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([*map(_harmless, heads), *SAID])
    for row in table.rows or ((None,) * len(table.columns),):
        fields = [part for value, kind in zip(row, kinds, strict=True) for part in _fields(value, kind)]
        writer.writerow([*fields, "; ".join(words_of_signs(table.marks.get(str(row[0]), ""))), *said])
    return out.getvalue()


def _kind(values: Sequence[Value]) -> type[Any] | None:
    """Which composed value a column holds, if any."""
    return next((kind for kind in _PARTS if any(isinstance(value, kind) for value in values)), None)


def _headings(name: str, kind: type[Any] | None) -> list[str]:
    return [f"{name} {part}" for part in _PARTS[kind]] if kind else [name]


def _fields(value: Value, kind: type[Any] | None) -> list[Any]:
    if isinstance(value, (PlusMinus, Median)):
        return ["" if part is None else part for part in vars(value).values()]
    plain = "" if value is None else _harmless(value) if isinstance(value, str) else value
    return [plain, *[""] * (len(_PARTS[kind]) - 1 if kind else 0)]


def _harmless(text: str) -> str:
    """Text that a spreadsheet does not take as a formula."""
    return f"'{printable(text)}" if re.match(r"[=@]|[+-](?![\d.])", text) else printable(text)
