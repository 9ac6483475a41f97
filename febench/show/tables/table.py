"""What a table is before it is text: values with their meaning, headings, a caption and notes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class PlusMinus:
    """A mean and its sample standard deviation over runs, in percent; sd is None for a single run."""

    mean: float
    sd: float | None


@dataclass(frozen=True)
class Median:
    """A measured quantity: the median of its cells and, where told, the quartiles around it."""

    median: float
    low: float | None = None
    high: float | None = None


class Difference(float):
    """A difference in points, shown with its sign."""


Value = str | int | float | PlusMinus | Median | None


@dataclass(frozen=True)
class Table:
    """A table of values, not yet of text.

    Attributes
    ----------
    title : str
        Says what, in which unit, of which data set, under which protocol.
    columns : tuple of str
        Headings.
    rows : tuple of tuples
        Values in the order of the columns.
    notes : tuple of str
        What a reader must know to read it right.
    about : tuple of str
        What ± means and n; from which folds and which febench the values come, and what the audit says.
    marks : mapping
        For a method's label, the signs that stand behind it wherever it heads a row or a column; notes explain them.
    summaries : int
        How many of the last rows sum up those above them.
    key : tuple of str
        What tells it from other tables: its number, the data set, the protocol.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]
    notes: tuple[str, ...]
    about: tuple[str, ...] = ()
    marks: Mapping[str, str] = field(default_factory=dict)
    summaries: int = 0
    key: tuple[str, ...] = ()

    @property
    def caption(self) -> str:
        """The title and what the values are, as sentences."""
        return " ".join(map(_sentence, (self.title, *self.about)))

    @property
    def body(self) -> tuple[tuple[Value, ...], ...]:
        """The rows without those that sum up."""
        return self.rows[: len(self.rows) - self.summaries]

    @property
    def summary(self) -> tuple[tuple[Value, ...], ...]:
        """The rows that sum up those above them."""
        return self.rows[len(self.rows) - self.summaries :]


@dataclass(frozen=True)
class Document:
    """What one `febench table` command shows: tables for people, and the same as data for programs."""

    tables: tuple[Table, ...]
    data: dict[str, Any]


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."
