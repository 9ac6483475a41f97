"""Tables in HTML that a screen reader can read: a caption, headings with their scope, notes; any name stays text."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from febench.core.errors import printable
from febench.show.formats.values import cells, headings
from febench.show.tables import Median, PlusMinus, Table, Value

STYLE = """
:root { color-scheme: light dark }
body { font: 1rem/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 72rem; padding: 0 1rem }
figure { margin: 0 0 3rem; overflow-x: auto }
table { border-collapse: collapse; border-block: 2px solid }
caption { text-align: start; padding-block-end: .75rem; max-width: 60rem }
th, td { padding: .25rem .75rem; text-align: end; white-space: nowrap; font-variant-numeric: tabular-nums }
th:first-child { text-align: start }
thead th, tbody.body + tbody tr:first-child > * { border-block-end: 1px solid }
tbody.body + tbody tr:first-child > * { border-block: 1px solid transparent; border-block-start-color: currentcolor }
figcaption { font-size: .875rem; max-width: 60rem }
"""


def to_page(tables: Sequence[Table]) -> str:
    """A whole page of tables, to be opened from disk; nothing is loaded from elsewhere."""
    title = escape(printable(tables[0].title if tables else "febench"))
    head = f'<meta charset="utf-8">\n<title>{title}</title>\n<style>{STYLE}</style>'
    body = "\n".join(map(to_html, tables))
    return f'<!doctype html>\n<html lang="en">\n<head>\n{head}\n</head>\n<body>\n{body}\n</body>\n</html>'


def to_html(table: Table) -> str:
    """A table as a figure to put into a page; numbers also stand in `data-value`, for sorting."""
    caption = (
        f"<caption><strong>{_text(table.title)}.</strong> {_text(table.caption[len(table.title) + 1 :])}</caption>"
    )
    heads = "".join(f'<th scope="col">{_text(name)}</th>' for name in headings(table))
    rows = [_row(values, texts) for values, texts in zip(table.rows, cells(table), strict=True)]
    split = len(table.body)
    bodies = _body("body", rows[:split]) + _body("summary", rows[split:])
    notes = "".join(f"<li>{_text(note)}</li>" for note in table.notes)
    listed = f"\n<figcaption><ul>{notes}</ul></figcaption>" if notes else ""
    table_text = f"<table>\n{caption}\n<thead><tr>{heads}</tr></thead>\n{bodies}</table>"
    return f'<figure class="febench">\n{table_text}{listed}\n</figure>'


def _body(name: str, rows: Sequence[str]) -> str:
    return f'<tbody class="{name}">\n' + "".join(f"{row}\n" for row in rows) + "</tbody>\n" if rows else ""


def _row(values: Sequence[Value], texts: Sequence[str]) -> str:
    numbers = "".join(
        f"<td{_value(value)}>{_text(text)}</td>" for value, text in zip(values[1:], texts[1:], strict=True)
    )
    return f'<tr><th scope="row">{_text(texts[0])}</th>{numbers}</tr>'


def _value(value: Value) -> str:
    number = value.mean if isinstance(value, PlusMinus) else value.median if isinstance(value, Median) else value
    return f' data-value="{float(number)!r}"' if isinstance(number, (int, float)) else ""


def _text(text: str) -> str:
    return escape(printable(text))
