"""Tables in HTML that a screen reader can read, and in LaTeX; any name stays text in both."""

from __future__ import annotations

import html
import math
import re
from collections.abc import Iterable, Sequence
from itertools import pairwise

from febench.core.errors import printable
from febench.show.formats.text import cells, headings
from febench.show.tables import Detail, Median, PlusMinus, Table

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


def to_page(tables: Sequence[Table], all_notes: bool = False) -> str:
    """Return a whole page of tables, to be opened from disk; nothing is loaded from elsewhere."""
    head = (
        f'<meta charset="utf-8">\n<title>{_text(tables[0].title if tables else "febench")}</title>\n'
        f"<style>{STYLE}</style>"
    )
    body = "\n".join(to_html(table, all_notes) for table in tables)
    return f'<!doctype html>\n<html lang="en">\n<head>\n{head}\n</head>\n<body>\n{body}\n</body>\n</html>'


def to_html(table: Table, all_notes: bool = False) -> str:
    """Return a table as a figure to put into a page: a caption, headings with their scope, notes.

    Numbers also stand in `data-value`, for sorting. Notes that are no caveats are folded, unless all are asked for.
    """
    rows = []
    for values, texts in zip(table.rows, cells(table), strict=True):
        row = f'<tr><th scope="row">{_text(texts[0])}</th>'
        for value, text in zip(values[1:], texts[1:], strict=True):
            number = (
                value.mean if isinstance(value, PlusMinus) else value.median if isinstance(value, Median) else value
            )
            sorted_by = f' data-value="{float(number)!r}"' if isinstance(number, (int, float)) else ""
            row += f"<td{sorted_by}>{_text(text)}</td>"
        rows.append(f"{row}</tr>\n")
    split = len(table.body)
    bodies = "".join(
        f'<tbody class="{name}">\n{"".join(some)}</tbody>\n'
        for name, some in (("body", rows[:split]), ("summary", rows[split:]))
        if some
    )
    about = table.caption[len(table.title) + 1 :]
    caption = f"<caption><strong>{_text(table.title)}.</strong> {_text(about)}</caption>"
    heads = "".join(f'<th scope="col">{_text(name)}</th>' for name in headings(table))
    shown = table.shown_notes(all_notes)
    notes = _listed(shown)
    if folded := [note for note in table.notes if isinstance(note, Detail) and note not in shown]:
        notes += f"<details><summary>More notes</summary>{_listed(folded)}</details>"
    listed = f"\n<figcaption>{notes}</figcaption>" if notes else ""
    table_text = f"<table>\n{caption}\n<thead><tr>{heads}</tr></thead>\n{bodies}</table>"
    return f'<figure class="febench">\n{table_text}{listed}\n</figure>'


def _listed(notes: Sequence[str]) -> str:
    items = "".join(f"<li>{_text(note)}</li>" for note in notes)
    return f"<ul>{items}</ul>" if items else ""


def _text(text: str) -> str:
    return html.escape(printable(text))


PREAMBLE = r"% in the preamble: \usepackage[T1]{fontenc} \usepackage{booktabs,graphicx}"
WIDEST = 7
"""Columns beside the first; a table with more is set in blocks, one under the other."""


def to_latex_file(tables: Sequence[Table], all_notes: bool = False) -> str:
    """Return tables one after the other, with a comment on the packages they need."""
    return "\n\n".join([PREAMBLE, *(to_latex(table, all_notes) for table in tables)])


def to_latex(table: Table, all_notes: bool = False) -> str:
    r"""Return a floating table with caption, label, rules and the notes below; wider than the line, it is scaled down.

    For `\usepackage[T1]{fontenc}` and the packages booktabs and graphicx. A caption stands without `Table 3.`, for
    LaTeX counts tables itself; columns beside the first are set in blocks about equally wide.
    """
    heads, texts = headings(table), cells(table)
    others = len(table.columns) - 1
    n_blocks = max(1, math.ceil(others / WIDEST))
    blocks = []
    for start, end in pairwise(1 + others * i // n_blocks for i in range(n_blocks + 1)):
        picked = [0, *range(start, end)]
        rows = [_line(row[i] for i in picked) for row in texts]
        body, summary = rows[: len(table.body)], rows[len(table.body) :]
        rule = [r"\midrule"] if body and summary else []
        blocks.append("\n".join([
            r"\resizebox{\ifdim\width>\linewidth \linewidth\else\width\fi}{!}{%",
            rf"\begin{{tabular}}{{l{'r' * (end - start)}}}",
            r"\toprule", _line(heads[i] for i in picked), r"\midrule", *body, *rule, *summary, r"\bottomrule",
            r"\end{tabular}}",
        ]))  # fmt: skip
    notes: list[str] = []
    if shown := table.shown_notes(all_notes):
        notes = [r"\par\medskip", r"\begin{minipage}{\linewidth}\footnotesize\raggedright"]
        notes += [*(rf"{escape_latex(note)}\par" for note in shown), r"\end{minipage}"]
    key = ("febench", *(table.key or (table.title,)))
    label = "-".join(re.sub(r"[^a-z0-9]+", "-", part.lower()).strip("-") or "x" for part in key)
    caption = re.sub(r"^Table \d\. ", "", table.caption)
    lines = [
        r"\begin{table}[htbp]",
        r"\centering",
        rf"\caption{{{escape_latex(caption)}}}",
        rf"\label{{tab:{label}}}",
        r"\par\smallskip",
        "\n\\par\\medskip\n".join(blocks),
        *notes,
        r"\end{table}",
    ]
    return "\n".join(lines)


def _line(texts: Iterable[str]) -> str:
    """A row of a table; the sign of a number is set as one."""
    return " & ".join(re.sub(r"^([+-])(?=\d)", r"$\1$", escape_latex(text)) for text in texts) + r" \\"


def escape_latex(text: str) -> str:
    """Text as LaTeX sets it letter by letter; letters that pdflatex does not have are told by their code point."""
    typed = ""
    for char in printable(text):
        known = char.isascii() or ("\u00c0" <= char <= "\u017f" and char not in _UNKNOWN)
        typed += _SPECIAL.get(char) or (char if known else f"{{[}}U+{ord(char):04X}{{]}}")
    return re.sub(r"([-,'])(?=\1)", r"\1{}", typed)


_UNKNOWN = "ĦħĸĿŀŉŦŧſ"
"""Letters of the Latin blocks that pdflatex does not have in its T1 fonts."""

_SPECIAL = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%", "_": r"\_",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "|": r"\textbar{}", '"': r"\char34{}", "`": r"\char96{}", "[": "{[}", "]": "{]}", "*": "{*}",
    "±": r"$\pm$", "—": r"\textemdash{}", "–": r"\textendash{}", "†": r"\dag{}", "‡": r"\ddag{}",  # noqa: RUF001
    "§": r"\S{}", "¶": r"\P{}", "‖": r"$\parallel$", "⋄": r"$\diamond$", "×": r"$\times$",  # noqa: RUF001
}  # fmt: skip
