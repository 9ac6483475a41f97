"""The drop: what is left when faces are new."""

from __future__ import annotations

from collections.abc import Sequence

from febench.show.report.drawing import Drawings
from febench.show.report.left import ASK
from febench.show.report.sections import Part, Section, figure_block, note, table_blocks
from febench.show.report.sources import Source, by_images
from febench.show.tables import table_4

INTRO = (
    "The same methods on faces they were trained on and on faces they never saw. Only the latter says what to expect "
    "of new people."
)


def drop_section(sources: Sequence[Source], drawings: Drawings) -> Section:
    """Table 4 and its figure for each data set with several protocols."""
    return Section("drop", "The drop on new faces", INTRO, tuple(_part(same, drawings) for same in by_images(sources)))


def _part(sources: Sequence[Source], drawings: Drawings) -> Part:
    from febench.show.figures import drop

    name = sources[0].results.manifest.dataset
    if len(sources) < 2:
        return Part(name, (note(_only(sources[0])),))
    document = table_4([source.results for source in sources])
    caption = f"Overall accuracy of each method under each protocol, {name}."
    return Part(name, (*table_blocks([document]), figure_block(drawings, caption, lambda: drop(document.data))))


def _only(source: Source) -> str:
    protocol = source.results.manifest.protocol
    known = f"Only protocol {protocol} is in this report, so there is no drop to show."
    if source.faces == "new":
        return f"{known} It tests new faces only."
    if source.faces == "seen":
        return f"{known} Every face in it was seen in training, at least in part: {ASK}."
    return f"{known} The data set does not tell its people apart."
