"""Which differences are real, ours and the papers' own."""

from __future__ import annotations

from collections.abc import Sequence

from febench.show.compare import Ranking, comparison_document, papers_document, ranking_document
from febench.show.compare.across import MIN_DATASETS
from febench.show.report.drawing import Drawings
from febench.show.report.sections import Part, Section, figure_block, note, table_block, table_blocks
from febench.show.report.sources import Source

INTRO = (
    "Methods compared pair by pair on the same folds. An interval that holds zero, or a p above 0.05, means that the "
    "difference may be chance."
)
PAPERS = (
    "The papers' tables print a mean and a standard deviation over ten runs. This is the most that those figures can "
    "bear; the methods were not run here to find it."
)
RANKS = "Methods ranked on each data set; a bar joins those that are not told apart."


def significance_section(sources: Sequence[Source], drawings: Drawings) -> Section:
    """Verdicts of pairs with intervals."""
    return Section(
        "significance", "Which differences are real", INTRO, tuple(_part(one, sources, drawings) for one in sources)
    )


def ranks_section(rankings: Sequence[Ranking], drawings: Drawings) -> Section:
    """Ranks over five or more data sets."""
    return Section("ranks", "Over all data sets", RANKS, tuple(_ranks(one, drawings) for one in rankings))


def papers_section() -> Section:
    """Welch's t of the papers' printed means and sds."""
    return Section(
        "papers", "What the papers' own numbers can bear", PAPERS, (Part("", table_blocks([papers_document()])),)
    )


def _part(source: Source, sources: Sequence[Source], drawings: Drawings) -> Part:
    from febench.show.figures import differences

    comparison = source.comparison
    if not comparison.pairs:
        return Part(source.name, (note("Fewer than two methods have a complete run: there is nothing to test."),))
    document = comparison_document(comparison, n_datasets=_too_few(source, sources))
    caption = f"How far the highest mean is ahead of every other method, {source.name}."
    drawn = figure_block(drawings, caption, lambda: differences(comparison))
    return Part(source.name, (table_block(document.tables[0]), drawn))


def _too_few(source: Source, sources: Sequence[Source]) -> int:
    """How many data sets there are under a protocol, where they are several and yet too few to be ranked; else 0."""
    n = sum(one.results.manifest.protocol == source.results.manifest.protocol for one in sources)
    return n if 1 < n < MIN_DATASETS else 0


def _ranks(ranking: Ranking, drawings: Drawings) -> Part:
    from febench.show.figures import critical_difference

    caption = f"Critical-difference diagram over {len(ranking.datasets)} data sets, protocol {ranking.protocol}."
    drawn = figure_block(drawings, caption, lambda: critical_difference(ranking))
    return Part(f"Protocol {ranking.protocol}", (drawn, *table_blocks([ranking_document(ranking)])))
