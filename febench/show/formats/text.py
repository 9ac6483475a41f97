"""Values as people read them, and tables for a terminal, in Markdown and as comma-separated values."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from tabulate import tabulate

from febench.core.errors import printable, spreadsheet_text
from febench.results.caveats import words_of_signs
from febench.show.tables import Difference, Median, PlusMinus, Table, Value

NOTHING = "—"


def format_value(value: Value, decimals: int = 2) -> str:
    """A value as people read it.

    Two decimals as the papers print, `mean ± sd` with a dash for the sd of a single run and the interval over people in
    brackets, differences with their sign and their interval, measured quantities in three significant digits, a dash
    for nothing. Control characters are written as escapes.
    """
    if value is None or value == "":
        return NOTHING
    if isinstance(value, PlusMinus):
        spread = NOTHING if value.sd is None else f"{value.sd:.{decimals}f}"
        interval = "" if value.low is None else f" [{value.low:.{decimals}f}, {value.high:.{decimals}f}]"
        return f"{value.mean:.{decimals}f} ± {spread}{interval}"
    if isinstance(value, Difference):
        interval = "" if value.low is None else f" [{value.low:+.{decimals}f}, {value.high:+.{decimals}f}]"
        return f"{value:+.{decimals}f}{interval}"
    if isinstance(value, Median):
        median = significant(value.median)
        if value.low is None or value.high is None:
            return median
        return f"{median} ({significant(value.low)}–{significant(value.high)})"  # noqa: RUF001
    if isinstance(value, float):
        return f"{value:.{decimals}f}"
    return f"{value:,}" if isinstance(value, int) else printable(value)


def significant(value: float) -> str:
    """Three significant digits, never an exponent."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return np.format_float_positional(value, precision=3, fractional=False, trim="-") if value else "0"


def headings(table: Table) -> list[str]:
    """The columns' headings with their marks."""
    return [marked(name, table.marks) for name in table.columns]


def cells(table: Table) -> list[list[str]]:
    """The rows as text, the labels with their marks."""
    return [
        [marked(format_value(row[0]), table.marks, row[0]), *(format_value(one, table.decimals) for one in row[1:])]
        for row in table.rows
    ]


def marked(text: str, marks: Mapping[str, str], label: Value = None) -> str:
    """A heading or label with the signs that belong to it."""
    signs = marks.get(text if label is None else str(label), "")
    return f"{printable(text)} {signs}" if signs else printable(text)


def to_text(table: Table, all_notes: bool = False) -> str:
    """Return a table as plain text: title, grid, notes."""
    grid = _grid(headings(table), cells(table), "simple")
    notes = (f"  * {printable(note)}" for note in note_lines(table, all_notes))
    return "\n".join([printable(table.title), "", grid, *notes])


def note_lines(table: Table, all_notes: bool) -> list[str]:
    """Return the lines below a table: what its values are, then what a reader must know."""
    about = table.about_line(all_notes)
    return [*[about] * bool(about), *table.shown_notes(all_notes)]


def to_markdown(table: Table, all_notes: bool = False) -> str:
    """Return a table in GitHub's Markdown; names with markup stay text."""
    grid = _grid(list(map(_escaped, headings(table))), [list(map(_escaped, row)) for row in cells(table)], "github")
    notes = "\n".join(f"- {_escaped(printable(note))}" for note in note_lines(table, all_notes))
    return f"**{_escaped(printable(table.title))}**\n\n{grid}\n\n{notes}"


def _grid(heads: list[str], rows: list[list[str]], how: str) -> str:
    align = ["left", *["right"] * (len(heads) - 1)] if rows else None
    return str(
        tabulate(
            rows, headers=heads, tablefmt=how, colalign=align, disable_numparse=True, preserve_whitespace=True
        )
    )  # fmt: skip


def _escaped(text: str) -> str:
    """Every character that Markdown, or HTML within it, takes as markup."""
    entities = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\\`*_~|\[\]$#!])", r"\\\1", entities)


PARTS: dict[type[Any], tuple[str, ...]] = {
    PlusMinus: ("mean", "sd"),
    Median: ("median", "lower quartile", "upper quartile"),
    Difference: ("",),
}
INTERVAL = ("lower end by person", "upper end by person")
"""Further parts of a column in which a mean or a difference has an interval over people."""


def to_csv(table: Table) -> str:
    """Return a table as CSV: caption and all notes in lines that begin with #, then plain numbers.

    A mean and its sd have a column each, nothing is an empty field; the last column has what marks a row. For
    `pandas.read_csv(file, comment="#")`.
    """
    parts = [_parts([row[i] for row in table.rows]) for i in range(len(table.columns))]
    heads = [f"{name} {part}".strip() for name, own in zip(table.columns, parts, strict=True) for part in own]
    out = io.StringIO()
    out.writelines(f"# {printable(text)}\n" for text in (table.caption, *table.notes))
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([*map(spreadsheet_text, heads), "marks"])
    for row in table.rows:
        fields: list[Any] = []
        for value, own in zip(row, parts, strict=True):
            if isinstance(value, (PlusMinus, Median, Difference)):
                plain_value = [float(value)] if isinstance(value, Difference) else []
                fields += ["" if part is None else part for part in [*plain_value, *vars(value).values()][: len(own)]]
            else:
                plain = "" if value is None else spreadsheet_text(value) if isinstance(value, str) else value
                fields += [plain, *[""] * (len(own) - 1)]
        writer.writerow([*fields, "; ".join(words_of_signs(table.marks.get(str(row[0]), "")))])
    return out.getvalue()


def _parts(values: Sequence[Value]) -> tuple[str, ...]:
    """The parts that the values of a column are written in; a plain value has one without a name."""
    kind = next((kind for kind in PARTS if any(isinstance(value, kind) for value in values)), None)
    if kind is None:
        return ("",)
    by_person = any(isinstance(value, (PlusMinus, Difference)) and value.low is not None for value in values)
    return (*PARTS[kind], *INTERVAL) if by_person else PARTS[kind]
