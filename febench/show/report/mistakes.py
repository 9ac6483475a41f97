"""The section of the images most methods get wrong."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from febench.show.report.hardest import hardest
from febench.show.report.pictures import UnshownError, pictures
from febench.show.report.sections import Part, Section, fill, note
from febench.show.report.sources import Source

INTRO = (
    "Images that more than half of the methods mostly get wrong, the worst first: hard faces or doubtful labels. "
    "Every stored prediction counts."
)


def mistakes_section(sources: Sequence[Source], show_images: bool, data_dir: Path | None) -> Section:
    """The hardest images of each source, as pictures where they may be shown."""
    parts = tuple(_part(source, show_images, data_dir) for source in sources)
    return Section("mistakes", "Images most methods get wrong", INTRO, parts)


def _part(source: Source, show_images: bool, data_dir: Path | None) -> Part:
    found = hardest(source.results)
    if not found:
        return Part(source.name, (note("There is no image that most methods get wrong."),))
    manifest = source.results.manifest
    try:
        uris, why = pictures(manifest, [one.index for one in found], show_images, data_dir), ""
    except UnshownError as unshown:
        uris, why = [""] * len(found), str(unshown)
    block = fill("mistakes.html", images=list(zip(found, uris, strict=True)))
    return Part(source.name, (note(f"{why}.") if why else note("Pictures are reduced in size and colours."), block))
