"""Tables for a terminal, and in Markdown."""

from __future__ import annotations

import re

from tabulate import tabulate

from febench.core.errors import printable
from febench.show.formats.values import cells, headings
from febench.show.tables import Table


def to_text(table: Table) -> str:
    """A table as plain text: title, grid, notes."""
    grid = _grid(headings(table), cells(table), "simple")
    return "\n".join([printable(table.title), "", grid, *(f"  * {printable(note)}" for note in _said(table))])


def to_markdown(table: Table) -> str:
    """A table in GitHub's Markdown; names with markup stay text."""
    grid = _grid(list(map(_escaped, headings(table))), [list(map(_escaped, row)) for row in cells(table)], "github")
    notes = "\n".join(f"- {_escaped(printable(note))}" for note in _said(table))
    return f"**{_escaped(printable(table.title))}**\n\n{grid}\n\n{notes}"


def _said(table: Table) -> list[str]:
    return [*table.about, *table.notes]


def _grid(heads: list[str], rows: list[list[str]], how: str) -> str:
    align = ["left", *["right"] * (len(heads) - 1)]
    return str(
        tabulate(
            rows, headers=heads, tablefmt=how, colalign=align if rows else None, disable_numparse=True,
            preserve_whitespace=True,
        )
    )  # fmt: skip


def _escaped(text: str) -> str:
    """Every character that Markdown, or HTML within it, takes as markup."""
    entities = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\\`*_~|\[\]$#!])", r"\\\1", entities)
