"""The parts of a page: sections with headings, and blocks of HTML in them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from febench.core.errors import UsageError, printable
from febench.show.formats import to_html
from febench.show.report.drawing import Drawings
from febench.show.tables import Document, Table

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Part:
    """Blocks under a heading, which is empty if a section has only one part."""

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
        Usually one for each data set and protocol.
    """

    id: str
    title: str
    intro: str
    parts: tuple[Part, ...]


def fill(template: str, **values: Any) -> Markup:
    """Fill a template; values that are not markup are escaped."""
    return Markup(_templates().get_template(template).render(**values))


def table_block(table: Table) -> Markup:
    """Return a table as HTML, its text escaped."""
    return Markup(to_html(table))


def table_blocks(documents: Sequence[Document]) -> tuple[Markup, ...]:
    """Return all tables of some documents as HTML."""
    return tuple(table_block(table) for document in documents for table in document.tables)


def folded(title: str, blocks: Sequence[Markup]) -> Markup:
    """Return blocks under a title that opens and closes them."""
    return fill("folded.html", title=title, blocks=blocks)


def figure_block(drawings: Drawings, caption: str, draw: Callable[[], Figure]) -> Markup:
    """Return a figure with a caption, or a note on why it cannot be drawn."""
    try:
        svg = drawings.add(draw())
    except UsageError as error:
        return note(f"No figure: {error}.")
    return fill("figure.html", svg=Markup(svg), caption=caption)


def note(text: str) -> Markup:
    """Return a paragraph."""
    return fill("note.html", text=text)


@cache
def _templates() -> Environment:
    environment = Environment(
        loader=PackageLoader("febench.show.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_escape_control_characters,
    )
    environment.filters |= {"prose": _prose}
    return environment


def _prose(text: str) -> Markup:
    """Return text in which a number and its percent sign stay on one line."""
    return escape(printable(text)).replace(" %", Markup("&nbsp;%"))


def _escape_control_characters(value: Any) -> Any:
    """Return text with its control characters escaped; anything else, markup included, as it is."""
    return printable(value) if type(value) is str else value
