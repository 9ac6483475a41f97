"""Tables as comma-separated values: plain numbers, and what a reader must know in columns of their own."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from typing import Any

from febench.core.errors import printable
from febench.results.caveats import words_of_signs
from febench.show.tables import Median, PlusMinus, Table, Value

SAID = ("marks", "caption", "notes")
"""The last columns: what is the matter with the row, and what the table says of itself, the same in every row."""

PARTS: dict[type[Any], tuple[str, ...]] = {
    PlusMinus: ("mean", "sd"),
    Median: ("median", "lower quartile", "upper quartile"),
}
INTERVAL = ("lower end by person", "upper end by person")
"""Further parts of a column in which a mean has an interval over people."""


def to_csv(table: Table) -> str:
    """A table as CSV; a mean and its sd have a column each, nothing is an empty field; without rows, one says why."""
    parts = [_parts([row[i] for row in table.rows]) for i in range(len(table.columns))]
    heads = [f"{name} {part}".strip() for name, own in zip(table.columns, parts, strict=True) for part in own]
    said = (printable(table.caption), printable(" | ".join(table.notes)))
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([*map(_harmless, heads), *SAID])
    for row in table.rows or ((None,) * len(table.columns),):
        fields = [field for value, own in zip(row, parts, strict=True) for field in _fields(value, len(own))]
        writer.writerow([*fields, "; ".join(words_of_signs(table.marks.get(str(row[0]), ""))), *said])
    return out.getvalue()


def _parts(values: Sequence[Value]) -> tuple[str, ...]:
    """The parts that the values of a column are written in; a plain value has one without a name."""
    kind = next((kind for kind in PARTS if any(isinstance(value, kind) for value in values)), None)
    if kind is None:
        return ("",)
    by_person = any(isinstance(value, PlusMinus) and value.low is not None for value in values)
    return (*PARTS[kind], *INTERVAL) if by_person else PARTS[kind]


def _fields(value: Value, n: int) -> list[Any]:
    """A value in so many fields."""
    if isinstance(value, (PlusMinus, Median)):
        return ["" if part is None else part for part in list(vars(value).values())[:n]]
    plain = "" if value is None else _harmless(value) if isinstance(value, str) else value
    return [plain, *[""] * (n - 1)]


def _harmless(text: str) -> str:
    """Text that a spreadsheet does not take as a formula."""
    return f"'{printable(text)}" if re.match(r"[=@]|[+-](?![\d.])", text) else printable(text)
