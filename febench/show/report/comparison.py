"""Methods compared: ours, the papers', and the difference; every run below."""

from __future__ import annotations

from collections.abc import Sequence

from febench.papers import comparison as printed
from febench.show.report.drawing import Drawings
from febench.show.report.sections import Part, Section, figure_block, folded, note, table_blocks
from febench.show.report.sources import Source
from febench.show.tables import make_table

INTRO = "Overall accuracy over complete runs, beside what the papers print for their own photographs."


def comparison_section(sources: Sequence[Source], drawings: Drawings) -> Section:
    """Table 3 and a dot for each run, and Table 2 folded."""
    return Section("comparison", "Comparison of methods", INTRO, tuple(_part(one, drawings) for one in sources))


def _part(source: Source, drawings: Drawings) -> Part:
    from febench.show.figures import accuracy

    results = source.results
    unknown = not any(row.method in printed() for row in results.rows)
    blocks = [
        *([note("The papers print nothing of the methods here: there is nothing to hold them against.")] * unknown),
        *table_blocks(make_table(3, [results])),
        figure_block(drawings, f"Every run of every method as a dot, {source.name}.", lambda: accuracy(results)),
        folded("Overall accuracy run by run (table 2)", table_blocks(make_table(2, [results]))),
    ]
    return Part(source.name, tuple(blocks))
