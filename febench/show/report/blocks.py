"""What a page is made of: sections with headings, and blocks of HTML in them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from febench.core.errors import UsageError, printable
from febench.show.formats import format_value, to_html
from febench.show.report.drawing import Drawings
from febench.show.tables import Document, Table

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Part:
    """Blocks under a heading; an empty heading where a section has but one part."""

    heading: str
    blocks: tuple[Markup, ...]


@dataclass(frozen=True)
class Section:
    """A section of the page.

    Attributes
    ----------
    id : str
        Its anchor.
    title : str
        Its heading.
    intro : str
        What it shows, in a sentence or two.
    parts : tuple of Part
        One a data set and protocol, as a rule.
    """

    id: str
    title: str
    intro: str
    parts: tuple[Part, ...]


def fill(template: str, **values: Any) -> Markup:
    """A template with its values; every value that is not markup already is text, whatever it holds."""
    return Markup(_templates().get_template(template).render(**values))


def table_block(table: Table) -> Markup:
    """A table; its names are escaped where it is written."""
    return Markup(to_html(table))


def table_blocks(documents: Sequence[Document]) -> tuple[Markup, ...]:
    """All tables of some documents."""
    return tuple(table_block(table) for document in documents for table in document.tables)


def folded(title: str, blocks: Sequence[Markup]) -> Markup:
    """Blocks that are there for who opens them."""
    return fill("folded.html", title=title, blocks=blocks)


def figure_block(drawings: Drawings, caption: str, draw: Callable[[], Figure]) -> Markup:
    """A figure with a caption; where there is nothing to draw, why."""
    try:
        svg = drawings.add(draw())
    except UsageError as error:
        return note(f"No figure: {error}.")
    return fill("figure.html", svg=Markup(svg), caption=caption)


def note(text: str) -> Markup:
    """A paragraph."""
    return fill("note.html", text=text)


@cache
def _templates() -> Environment:
    found = Environment(
        loader=PackageLoader("febench.show.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
    )
    found.filters |= {"value": format_value, "prose": _prose}
    return found


def _prose(text: str) -> Markup:
    """Text in which a number and its percent sign stay together."""
    return escape(printable(text)).replace(" %", Markup("&nbsp;%"))


def _shown(value: Any) -> Any:
    """Text without control characters; markup as it is."""
    return printable(value) if type(value) is str else value
