"""A matplotlib figure as an `<svg>` element that a page with a strict content policy shows.

Matplotlib writes `style` attributes, which such a policy refuses, and ids that repeat from figure to figure. Here
styles become presentation attributes, ids get the figure's own prefix or go, and the shapes of letters, the same in
all figures, are kept once for the whole page.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING
from xml.etree import ElementTree

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SVG = "http://www.w3.org/2000/svg"
_HREF = "{http://www.w3.org/1999/xlink}href"
_LETTER = re.compile(r"^[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*-[0-9a-f]+$")
_LONG = re.compile(r"-?\d+\.\d{3,}")
_POINTS = re.compile(r"^([\d.]+)pt$")


@dataclass
class Drawings:
    """Figures of one page, and the letters that they share."""

    letters: dict[str, ElementTree.Element] = field(default_factory=dict)
    _count: int = 0

    def add(self, figure: Figure) -> str:
        """The figure as `<svg>`; it is hidden from screen readers, a caption must say what it shows."""
        from febench.show.figures import figure_svg

        self._count += 1
        root = ElementTree.fromstring(figure_svg(figure))
        _drop(root, {f"{{{SVG}}}metadata", f"{{{SVG}}}style"})
        self._take_letters(root)
        _tidy(root, f"f{self._count}-", {f"#{name}" for name in self.letters})
        root.attrib |= {"aria-hidden": "true", "stroke-linejoin": "round", "stroke-linecap": "butt"}
        return _text(root)

    @property
    def shared(self) -> str:
        """The letters of all figures, as an `<svg>` that shows nothing."""
        root = ElementTree.Element(f"{{{SVG}}}svg", {"width": "0", "height": "0", "aria-hidden": "true"})
        ElementTree.SubElement(root, f"{{{SVG}}}defs").extend(self.letters[name] for name in sorted(self.letters))
        return _text(root) if self.letters else ""

    def _take_letters(self, root: ElementTree.Element) -> None:
        for parent in root.iter(f"{{{SVG}}}defs"):
            for shape in [one for one in parent if _LETTER.match(one.get("id", ""))]:
                shape.set("d", " ".join(shape.get("d", "").split()))
                shape.tail = None
                self.letters.setdefault(shape.get("id", ""), shape)
                parent.remove(shape)


def _drop(root: ElementTree.Element, tags: set[str]) -> None:
    for parent in root.iter():
        for child in [one for one in parent if one.tag in tags]:
            parent.remove(child)


def _tidy(root: ElementTree.Element, prefix: str, shared: set[str]) -> None:
    """Styles as attributes, references by prefix, no more digits than are seen, no blank space."""
    for one in root.iter():
        one.text = one.tail = None
        _style_to_attributes(one)
    wanted = {name for one in root.iter() for name in _references(one)}
    for one in root.iter():
        _rename(one, wanted, prefix, shared)
        _shorten(one)
    for side in ("width", "height"):
        root.set(side, _POINTS.sub(lambda points: f"{float(points[1]) * 96 / 72:.0f}", root.get(side, "")))  # pixels
    _prune(root)


_DIGITS = {"d": 2, "x": 2, "y": 2, "width": 2, "height": 2, "transform": 4}


def _shorten(one: ElementTree.Element) -> None:
    for name in one.attrib.keys() & _DIGITS.keys():
        one.set(name, " ".join(_LONG.sub(partial(_rounded, _DIGITS[name]), one.attrib[name]).split()))


def _rounded(digits: int, number: re.Match[str]) -> str:
    return f"{float(number[0]):.{digits}f}".rstrip("0").rstrip(".")


def _style_to_attributes(one: ElementTree.Element) -> None:
    for rule in filter(None, map(str.strip, one.attrib.pop("style", "").split(";"))):
        name, _, value = rule.partition(":")
        one.set(name.strip(), value.strip())


def _references(one: ElementTree.Element) -> set[str]:
    quoted = {value[5:-1] for value in one.attrib.values() if value.startswith("url(#")}
    return quoted | {one.get(_HREF, "")[1:]}


def _rename(one: ElementTree.Element, wanted: set[str], prefix: str, shared: set[str]) -> None:
    for name, value in list(one.attrib.items()):
        if name == "id" and value not in wanted:
            del one.attrib[name]
        elif name == "id":
            one.set(name, prefix + value)
        elif value.startswith("url(#"):
            one.set(name, f"url(#{prefix}{value[5:]}")
        elif name == _HREF:
            del one.attrib[name]
            one.set("href", f"#{prefix}{value[1:]}" if value.startswith("#") and value not in shared else value)


def _prune(root: ElementTree.Element) -> None:
    """Take away groups and definitions that hold nothing."""
    for parent in root.iter():
        for child in [one for one in parent if _empty(one)]:
            parent.remove(child)


def _empty(one: ElementTree.Element) -> bool:
    return one.tag in (f"{{{SVG}}}g", f"{{{SVG}}}defs") and all(map(_empty, one))


def _text(root: ElementTree.Element) -> str:
    """The element as HTML takes it: without namespaces."""
    for one in root.iter():
        one.tag = one.tag.rpartition("}")[2]
    return ElementTree.tostring(root, encoding="unicode")
