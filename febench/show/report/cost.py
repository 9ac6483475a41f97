"""What training and predicting take."""

from __future__ import annotations

from collections.abc import Sequence

from febench.show.report.drawing import Drawings
from febench.show.report.sections import Part, Section, figure_block, table_blocks
from febench.show.report.sources import Source
from febench.show.tables import make_table

INTRO = "Times are compared within one host only; other work may have shared it."


def cost_section(sources: Sequence[Source], drawings: Drawings) -> Section:
    """The cost table, and accuracy against training time."""
    return Section("cost", "Cost", INTRO, tuple(_part(one, drawings) for one in sources))


def _part(source: Source, drawings: Drawings) -> Part:
    from febench.show.figures import cost

    caption = f"Overall accuracy against the time that a fold trains, {source.name}."
    drawn = figure_block(drawings, caption, lambda: cost(source.results))
    return Part(source.name, (*table_blocks(make_table("cost", [source.results])), drawn))
