"""The whole page: one file that asks nobody for anything."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from markupsafe import Markup

from febench.show.compare import Ranking
from febench.show.report.classes import classes_section
from febench.show.report.comparison import comparison_section
from febench.show.report.confusion import confusion_section
from febench.show.report.cost import cost_section
from febench.show.report.drawing import Drawings
from febench.show.report.drop import drop_section
from febench.show.report.findings import findings_section
from febench.show.report.making import making_section
from febench.show.report.mistakes import mistakes_section
from febench.show.report.sections import Section, fill
from febench.show.report.significance import papers_section, ranks_section, significance_section
from febench.show.report.sources import Source
from febench.show.report.verdict import judge, rankings
from febench.show.report.words import listed


@dataclass(frozen=True)
class Options:
    """What may be asked of a report.

    Attributes
    ----------
    show_images : bool
        Whether images of people may be shown.
    data_dir : Path or None
        Where data sets live.
    """

    show_images: bool = False
    data_dir: Path | None = None


def page(sources: Sequence[Source], options: Options) -> str:
    """The report as HTML; the same results give the same bytes."""
    from febench import __version__

    drawings, style, script = Drawings(), _own("style.css"), _own("script.js")
    ranked = rankings(sources)
    sections = _sections(sources, ranked, drawings, options)
    return fill(
        "page.html",
        title=f"febench report: {listed(list(dict.fromkeys(one.results.manifest.dataset for one in sources)))}",
        policy=_policy(style, script),
        style=style,
        script=script,
        letters=Markup(drawings.shared),
        judgements=judge(sources),
        rankings=ranked,
        sections=sections,
        version=__version__,
    )


def _sections(
    sources: Sequence[Source], ranked: Sequence[Ranking], drawings: Drawings, options: Options
) -> list[Section]:
    return [
        comparison_section(sources, drawings),
        drop_section(sources, drawings),
        significance_section(sources, drawings),
        *([ranks_section(ranked, drawings)] if ranked else []),
        papers_section(),
        classes_section(sources, drawings),
        confusion_section(sources),
        cost_section(sources, drawings),
        mistakes_section(sources, options.show_images, options.data_dir),
        findings_section(sources),
        making_section(sources),
    ]


def _own(name: str) -> Markup:
    """A file of this package, to stand in the page as it is."""
    return Markup((files("febench.show.report") / name).read_text(encoding="utf-8"))


def _policy(style: str, script: str) -> str:
    """Nothing is loaded from anywhere; only this style and this script apply, and pictures within the page."""
    return "; ".join(
        [
            "default-src 'none'",
            f"style-src '{_hash(style)}'",
            f"script-src '{_hash(script)}'",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
        ]
    )


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
