"""Turn matplotlib figures into `<svg>` elements that a page with a strict content policy shows.

Matplotlib writes `style` attributes, which such a policy refuses, and the same ids in each figure. Here styles become
presentation attributes, ids get a prefix for each figure or are removed, and the shapes of letters, which all figures
share, are written once for the whole page.
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
    """The figures of one page, and the shapes of letters that they share."""

    letters: dict[str, ElementTree.Element] = field(default_factory=dict)
    _count: int = 0

    def add(self, figure: Figure) -> str:
        """Return a figure as `<svg>`, which is hidden from screen readers: its caption must say what it shows."""
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
        """The letters of all figures, as an invisible `<svg>`."""
        root = ElementTree.Element(f"{{{SVG}}}svg", {"width": "0", "height": "0", "aria-hidden": "true"})
        ElementTree.SubElement(root, f"{{{SVG}}}defs").extend(self.letters[name] for name in sorted(self.letters))
        return _text(root) if self.letters else ""

    def _take_letters(self, root: ElementTree.Element) -> None:
        for parent in root.iter(f"{{{SVG}}}defs"):
            for shape in [child for child in parent if _LETTER.match(child.get("id", ""))]:
                shape.set("d", " ".join(shape.get("d", "").split()))
                shape.tail = None
                self.letters.setdefault(shape.get("id", ""), shape)
                parent.remove(shape)


def _drop(root: ElementTree.Element, tags: set[str]) -> None:
    for parent in root.iter():
        for child in [child for child in parent if child.tag in tags]:
            parent.remove(child)


def _tidy(root: ElementTree.Element, prefix: str, shared: set[str]) -> None:
    """Turn styles into attributes, prefix references, and remove white space and digits too small to be seen."""
    for element in root.iter():
        element.text = element.tail = None
        _style_to_attributes(element)
    referenced = {name for element in root.iter() for name in _references(element)}
    for element in root.iter():
        _rename(element, referenced, prefix, shared)
        _shorten(element)
    for side in ("width", "height"):
        root.set(side, _POINTS.sub(lambda points: f"{float(points[1]) * 96 / 72:.0f}", root.get(side, "")))  # pixels
    _prune(root)


_DIGITS = {"d": 2, "x": 2, "y": 2, "width": 2, "height": 2, "transform": 4}


def _shorten(element: ElementTree.Element) -> None:
    for name in element.attrib.keys() & _DIGITS.keys():
        element.set(name, " ".join(_LONG.sub(partial(_rounded, _DIGITS[name]), element.attrib[name]).split()))


def _rounded(digits: int, number: re.Match[str]) -> str:
    return f"{float(number[0]):.{digits}f}".rstrip("0").rstrip(".")


def _style_to_attributes(element: ElementTree.Element) -> None:
    for rule in filter(None, map(str.strip, element.attrib.pop("style", "").split(";"))):
        name, _, value = rule.partition(":")
        element.set(name.strip(), value.strip())


def _references(element: ElementTree.Element) -> set[str]:
    quoted = {value[5:-1] for value in element.attrib.values() if value.startswith("url(#")}
    return quoted | {element.get(_HREF, "")[1:]}


def _rename(element: ElementTree.Element, referenced: set[str], prefix: str, shared: set[str]) -> None:
    """Prefix an element's id and its references, and remove an id that nothing refers to."""
    for name, value in list(element.attrib.items()):
        if name == "id" and value not in referenced:
            del element.attrib[name]
        elif name == "id":
            element.set(name, prefix + value)
        elif value.startswith("url(#"):
            element.set(name, f"url(#{prefix}{value[5:]}")
        elif name == _HREF:
            del element.attrib[name]
            element.set("href", f"#{prefix}{value[1:]}" if value.startswith("#") and value not in shared else value)


def _prune(root: ElementTree.Element) -> None:
    """Remove empty groups and definitions."""
    for parent in root.iter():
        for child in [child for child in parent if _is_empty(child)]:
            parent.remove(child)


def _is_empty(element: ElementTree.Element) -> bool:
    return element.tag in (f"{{{SVG}}}g", f"{{{SVG}}}defs") and all(map(_is_empty, element))


def _text(root: ElementTree.Element) -> str:
    """Return an element as text without namespaces, as HTML needs it."""
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    return ElementTree.tostring(root, encoding="unicode")
