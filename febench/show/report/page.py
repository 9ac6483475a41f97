"""Write the whole page: one file that loads nothing from anywhere."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

from markupsafe import Markup

from febench.core import __version__
from febench.show.compare import rankings
from febench.show.report.blocks import fill
from febench.show.report.drawing import Drawings
from febench.show.report.lead import listed
from febench.show.report.mistakes import mistakes_section
from febench.show.report.sections import (
    audit_section,
    classes_section,
    comparison_section,
    confusion_section,
    cost_section,
    drop_section,
    ladder_section,
    making_section,
    papers_section,
    people_section,
    ranks_section,
    significance_section,
)
from febench.show.report.studies import Study
from febench.show.report.verdict import judge


def page(studies: Sequence[Study], *, show_images: bool = False, data_dir: Path | None = None) -> str:
    """Return the report as HTML; the same results give the same bytes.

    Parameters
    ----------
    studies : sequence of Study
        What `gather` returns.
    show_images : bool
        Whether images of people may be shown.
    data_dir : Path or None
        Where data sets live.
    """
    drawings, style, script = Drawings(), _package_file("style.css"), _package_file("script.js")
    ranked = rankings([study.comparison for study in studies])
    sections = [
        comparison_section(studies, drawings),
        drop_section(studies, drawings),
        significance_section(studies, drawings),
        *([ranks_section(ranked, drawings)] if ranked else []),
        papers_section(),
        classes_section(studies, drawings),
        people_section(studies, drawings),
        confusion_section(studies),
        *ladder_section(studies, drawings),
        cost_section(studies, drawings),
        mistakes_section(studies, show_images, data_dir),
        audit_section(studies),
        making_section(studies),
    ]
    # nothing is loaded; only this style and this script are allowed, and images within the page
    policy = [
        "default-src 'none'",
        f"style-src '{_hash(style)}'",
        f"script-src '{_hash(script)}'",
        "img-src data:",
        "base-uri 'none'",
        "form-action 'none'",
    ]
    return fill(
        "page.html",
        title=f"febench report: {listed(list(dict.fromkeys(study.results.manifest.title for study in studies)))}",
        policy="; ".join(policy),
        style=style,
        script=script,
        letters=Markup(drawings.shared),
        judgements=judge(studies),
        rankings=ranked,
        sections=sections,
        version=__version__,
    )


def _package_file(name: str) -> Markup:
    """Return a file of this package, unescaped."""
    return Markup((files("febench.show.report") / name).read_text(encoding="utf-8"))


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
