"""Values as people read them, and names as text that is safe on one line."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from febench.core.errors import printable
from febench.show.tables.table import Difference, Median, PlusMinus, Table, Value

NOTHING = "—"


def format_value(value: Value) -> str:
    """A value as people read it.

    Two decimals as the papers print, `mean ± sd` with a dash for the sd of a single run, differences with their sign,
    measured quantities in three significant digits, a dash for nothing. Control characters are written as escapes.
    """
    if value is None or value == "":
        return NOTHING
    if isinstance(value, PlusMinus):
        return f"{value.mean:.2f} ± {NOTHING if value.sd is None else f'{value.sd:.2f}'}"
    if isinstance(value, Median):
        return _median(value)
    if isinstance(value, float):
        return f"{value:+.2f}" if isinstance(value, Difference) else f"{value:.2f}"
    return f"{value:,}" if isinstance(value, int) else printable(value)


def headings(table: Table) -> list[str]:
    """The columns' headings with their marks."""
    return [marked(name, table.marks) for name in table.columns]


def cells(table: Table) -> list[list[str]]:
    """The rows as text, the labels with their marks."""
    return [[marked(format_value(row[0]), table.marks, row[0]), *map(format_value, row[1:])] for row in table.rows]


def marked(text: str, marks: Mapping[str, str], label: Value = None) -> str:
    """A heading or label with the signs that belong to it."""
    signs = marks.get(text if label is None else str(label), "")
    return f"{printable(text)} {signs}" if signs else printable(text)


def significant(value: float) -> str:
    """Three significant digits, never an exponent."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return np.format_float_positional(value, precision=3, fractional=False, trim="-") if value else "0"


def _median(value: Median) -> str:
    if value.low is None or value.high is None:
        return significant(value.median)
    return f"{significant(value.median)} ({significant(value.low)}–{significant(value.high)})"  # noqa: RUF001
