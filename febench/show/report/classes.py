"""The per-class view: which expressions each method recognises."""

from __future__ import annotations

from collections.abc import Sequence

from febench.show.report.drawing import Drawings
from febench.show.report.sections import Part, Section, figure_block, folded, table_block, table_blocks
from febench.show.report.sources import Source
from febench.show.tables import Table, make_table, notes
from febench.show.tables.marks import signs_of
from febench.show.tables.values import class_spreads

INTRO = "Sensitivity: of all test images of a class, the share that is recognised."


def classes_section(sources: Sequence[Source], drawings: Drawings) -> Section:
    """Mean sensitivities of all methods, their runs as a figure, and Table 1 folded."""
    return Section("classes", "Class by class", INTRO, tuple(_part(one, drawings) for one in sources))


def _part(source: Source, drawings: Drawings) -> Part:
    from febench.show.figures import sensitivity

    results = source.results
    caption = f"Sensitivity of each class in each run, {source.name}."
    return Part(
        source.name,
        (
            table_block(_table(source)),
            figure_block(drawings, caption, lambda: sensitivity(results)),
            folded("Sensitivity run by run (table 1)", table_blocks(make_table(1, [results]))),
        ),
    )


def _table(source: Source) -> Table:
    results = source.results
    return Table(
        title=notes.title("Sensitivity of each class, mean over runs, %", results),
        columns=("Method", *results.manifest.classes),
        rows=tuple((row.label, *class_spreads(row).values()) for row in results.rows),
        notes=(*notes.shared_notes(results), *notes.fault_notes(results), *notes.row_notes(results, results.rows)),
        about=notes.about_rows(results, results.rows),
        marks=signs_of(results.rows),
        key=notes.key("classes", results),
    )
