r"""Tables in LaTeX, for `\usepackage[T1]{fontenc}` and the packages booktabs and graphicx; any name stays text."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from itertools import pairwise

from febench.core.errors import printable
from febench.show.formats.values import cells, headings
from febench.show.tables import Table

PREAMBLE = r"% in the preamble: \usepackage[T1]{fontenc} \usepackage{booktabs,graphicx}"
WIDEST = 7
"""Columns beside the first; a table with more is set in blocks, one under the other."""


def to_latex_file(tables: Sequence[Table]) -> str:
    """Tables one after the other, with a word on the packages they need."""
    return "\n\n".join([PREAMBLE, *map(to_latex, tables)])


def to_latex(table: Table) -> str:
    """A floating table with caption, label, rules and the notes below; wider than the line, it is scaled down."""
    lines = [
        r"\begin{table}[htbp]",
        r"\centering",
        rf"\caption{{{escape(_unnumbered(table.caption))}}}",
        rf"\label{{tab:{_slug(table.key or (table.title,))}}}",
        r"\par\smallskip",
        "\n\\par\\medskip\n".join(_block(table, block) for block in _blocks(len(table.columns))),
        *_notes(table.notes),
        r"\end{table}",
    ]
    return "\n".join(lines)


def escape(text: str) -> str:
    """Text as LaTeX sets it letter by letter; letters that pdflatex does not have are told by their code point."""
    typed = "".join(_SPECIAL.get(char) or _letter(char) for char in printable(text))
    return re.sub(r"([-,'])(?=\1)", r"\1{}", typed)


def _blocks(n_columns: int) -> list[range]:
    """Columns beside the first in blocks about equally wide."""
    others = n_columns - 1
    n_blocks = max(1, math.ceil(others / WIDEST))
    bounds = [1 + others * i // n_blocks for i in range(n_blocks + 1)]
    return [range(start, end) for start, end in pairwise(bounds)]


def _block(table: Table, columns: range) -> str:
    """The first column and some others."""
    picked = [0, *columns]
    rows = [_line(row[i] for i in picked) for row in cells(table)]
    body, summary = rows[: len(table.body)], rows[len(table.body) :]
    rule = [r"\midrule"] if body and summary else []
    return "\n".join([
        r"\resizebox{\ifdim\width>\linewidth \linewidth\else\width\fi}{!}{%",
        rf"\begin{{tabular}}{{l{'r' * len(columns)}}}",
        r"\toprule", _line(headings(table)[i] for i in picked), r"\midrule", *body, *rule, *summary, r"\bottomrule",
        r"\end{tabular}}",
    ])  # fmt: skip


def _line(texts: Iterable[str]) -> str:
    return " & ".join(map(_cell, texts)) + r" \\"


def _cell(text: str) -> str:
    """Text of a cell; the sign of a number is set as one."""
    return re.sub(r"^([+-])(?=\d)", r"$\1$", escape(text))


def _unnumbered(caption: str) -> str:
    """A caption without `Table 3.`: LaTeX counts tables itself."""
    return re.sub(r"^Table \d\. ", "", caption)


def _notes(notes: Sequence[str]) -> list[str]:
    if not notes:
        return []
    lines = [rf"{escape(note)}\par" for note in notes]
    return [r"\par\medskip", r"\begin{minipage}{\linewidth}\footnotesize\raggedright", *lines, r"\end{minipage}"]


def _slug(parts: Iterable[str]) -> str:
    """A label of letters, digits and hyphens."""
    return "-".join(re.sub(r"[^a-z0-9]+", "-", part.lower()).strip("-") or "x" for part in ("febench", *parts))


def _letter(char: str) -> str:
    known = char.isascii() or ("\u00c0" <= char <= "\u017f" and char not in _UNKNOWN)
    return char if known else f"{{[}}U+{ord(char):04X}{{]}}"


_UNKNOWN = "ĦħĸĿŀŉŦŧſ"
"""Letters of the Latin blocks that pdflatex does not have in its T1 fonts."""

_SPECIAL = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%", "_": r"\_",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "|": r"\textbar{}", '"': r"\char34{}", "`": r"\char96{}", "[": "{[}", "]": "{]}", "*": "{*}",
    "±": r"$\pm$", "—": r"\textemdash{}", "–": r"\textendash{}", "†": r"\dag{}", "‡": r"\ddag{}",  # noqa: RUF001
    "§": r"\S{}", "¶": r"\P{}", "×": r"$\times$",  # noqa: RUF001
}  # fmt: skip
