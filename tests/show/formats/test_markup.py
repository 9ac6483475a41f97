"""Names that hold markup stay text in every format."""

from __future__ import annotations

import csv
import io
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from febench.results.results import Results
from febench.show.formats import render, to_html
from febench.show.formats.markup import escape_latex
from febench.show.formats.text import format_value, significant
from febench.show.tables import Difference, Document, Median, PlusMinus, Table, make_table
from tests.made_results import made_dataset, made_results

NASTY = "50%_&#$~^\\{}<b>"
TRICKS = [NASTY, "[x]", "*", "--", "''`\"|", "a\nb\x1b[31m", "ąłß", "漢字 ☺", "\\end{table}", "</caption><script>", ""]


def table_of(names: list[str]) -> Table:
    rows = tuple((name, *[PlusMinus(50.0, None)] * len(names)) for name in names)
    return Table(names[0], ("Method", *names), rows, tuple(names), about=(names[0],), summaries=1, key=(names[0],))


@pytest.fixture
def nasty(tmp_path: Path) -> list[Document]:
    """Every table of results whose data set, method and classes have such names."""
    data = made_dataset(name=NASTY, classes=tuple(f"{NASTY}{i}" for i in range(7)), synthetic=True)
    both = [
        Results.of(
            made_results(tmp_path / p, {"m": 0.5}, data, protocol=p, runs=[1, 2], label=NASTY, info={"a": NASTY})
        )
        for p in ("paper", "subject")
    ]
    return [document for number in (1, 2, 3, 4, "cost") for document in make_table(number, both)]


class Reader(HTMLParser):
    """The tags and the text of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.add(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


def test_html_holds_only_its_own_tags(nasty: list[Document]) -> None:
    page = Reader(render(nasty, "html"))
    assert NASTY in page.text and "script" not in page.tags and "b" not in page.tags
    tricks = Reader(to_html(table_of(TRICKS)))
    assert "</caption><script>" in tricks.text and "漢字 ☺" in tricks.text and "\x1b" not in tricks.text
    assert tricks.tags <= {
        "figure",
        "table",
        "caption",
        "strong",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "figcaption",
        "ul",
        "li",
    }


def test_html_has_scopes_a_caption_and_values_to_sort_by() -> None:
    text = to_html(Table("T", ("Method", "a"), (("m", PlusMinus(1.5, 0.5)), ("paper", None)), (), summaries=1))
    assert '<th scope="col">a</th>' in text and '<th scope="row">m</th><td data-value="1.5">1.50 ± 0.50</td>' in text
    assert '<tbody class="summary">\n<tr><th scope="row">paper</th><td>—</td>' in text
    assert "<caption><strong>T.</strong>" in text


def test_markdown_holds_no_markup_of_others(nasty: list[Document]) -> None:
    text = render(nasty, "md")
    assert "<b>" not in text
    rows = [
        line for line in render([Document((table_of(["a|b", "c"]),), {})], "md").splitlines() if line.startswith("|")
    ]
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {4}


def test_csv_is_read_back_and_no_field_is_a_formula() -> None:
    names = ["=1+1", "@x", "+a", "-1", "a,b"]
    text = render([Document((table_of(names),), {})], "csv")
    header, *rows = csv.reader(line for line in io.StringIO(text) if not line.startswith("# "))
    assert [row[0] for row in rows] == ["'=1+1", "'@x", "'+a", "-1", "a,b"]
    assert not any(name.startswith(("=", "@", "+")) for name in header)


def test_values_as_people_read_them() -> None:
    values = [
        PlusMinus(95.394, 1.405),
        PlusMinus(90, None),
        Difference(-0.5),
        Difference(2),
        3.14159,
        12345,
        None,
        "a\x07",
    ]
    shown = ["95.39 ± 1.41", "90.00 ± —", "-0.50", "+2.00", "3.14", "12,345", "—", r"a\x07"]
    assert [format_value(value) for value in values] == shown
    assert format_value(Median(0.46721, 0.4411, 0.52)) == "0.467 (0.441–0.52)"  # noqa: RUF001
    assert [significant(v) for v in (0.0, 0.0000123456, 1234.5, 99.95, 2.0)] == ["0", "0.0000123", "1,234", "100", "2"]


@given(st.text(max_size=30))
def test_no_character_is_a_command_in_latex(text: str) -> None:
    typed = escape_latex(text)
    commands = set(re.findall(r"\\([a-z]+|.)", typed))
    own = {"textbackslash", "textasciitilde", "textasciicircum", "textless", "textgreater", "textbar", "char", "pm"}
    assert commands <= own | {"textemdash", "textendash", "dag", "ddag", "S", "P", "times", *"{}$&#%_"}
    assert typed.isprintable() or not typed


def compiled(folder: Path, latex: str) -> str:
    """What pdflatex sets, as text where pdftotext is there."""
    head = "\\documentclass{article}\n\\usepackage[T1]{fontenc}\n\\usepackage{booktabs,graphicx}\n\\begin{document}\n"
    (folder / "all.tex").write_text(f"{head}{latex}\n\\end{{document}}\n", encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "all.tex"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, errors="replace", timeout=300)
    assert done.returncode == 0, done.stdout[-2000:]
    assert "Overfull \\hbox" not in done.stdout, done.stdout
    if not shutil.which("pdftotext"):
        return ""
    return subprocess.run(["pdftotext", "all.pdf", "-"], cwd=folder, capture_output=True, text=True, check=True).stdout


@pytest.mark.skipif(not shutil.which("pdflatex"), reason="needs pdflatex (Debian: texlive-latex-recommended)")
def test_pdflatex_sets_every_table_and_names_stay_text(nasty: list[Document], tmp_path: Path) -> None:
    text = compiled(tmp_path, render(nasty, "latex"))
    assert not text or "Comparison of methods by overall accuracy" in text
    assert not text or "50%_&#$" in text


@pytest.mark.skipif(not shutil.which("pdflatex"), reason="needs pdflatex (Debian: texlive-latex-recommended)")
def test_pdflatex_sets_any_character(tmp_path: Path) -> None:
    ascii_and_latin = "".join(map(chr, (*range(1, 0x180), 0x2014, 0x2020, 0x2021)))
    names = [*TRICKS, *(ascii_and_latin[i : i + 8] for i in range(0, len(ascii_and_latin), 8))]
    rows = tuple((name, 1.0) for name in names)
    compiled(tmp_path, render([Document((Table("t", ("Method", "x"), rows, tuple(names)),), {})], "latex"))
