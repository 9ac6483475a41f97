"""Values as people read them, and names as text that is safe on one line."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from febench.core.errors import printable
from febench.show.tables import Difference, Median, PlusMinus, Table, Value

NOTHING = "—"


def format_value(value: Value, decimals: int = 2) -> str:
    """A value as people read it.

    Two decimals as the papers print, `mean ± sd` with a dash for the sd of a single run and the interval over people in
    brackets, differences with their sign, measured quantities in three significant digits, a dash for nothing. Control
    characters are written as escapes.
    """
    if value is None or value == "":
        return NOTHING
    if isinstance(value, PlusMinus):
        spread = NOTHING if value.sd is None else f"{value.sd:.{decimals}f}"
        interval = "" if value.low is None else f" [{value.low:.{decimals}f}, {value.high:.{decimals}f}]"
        return f"{value.mean:.{decimals}f} ± {spread}{interval}"
    if isinstance(value, Median):
        median = significant(value.median)
        if value.low is None or value.high is None:
            return median
        return f"{median} ({significant(value.low)}–{significant(value.high)})"  # noqa: RUF001
    if isinstance(value, float):
        return f"{value:+.{decimals}f}" if isinstance(value, Difference) else f"{value:.{decimals}f}"
    return f"{value:,}" if isinstance(value, int) else printable(value)


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


def significant(value: float) -> str:
    """Three significant digits, never an exponent."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return np.format_float_positional(value, precision=3, fractional=False, trim="-") if value else "0"
