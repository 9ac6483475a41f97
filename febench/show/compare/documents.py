"""What `febench compare` shows: a document for each set of folds, and one for each protocol with five data sets."""

from __future__ import annotations

from collections.abc import Sequence

from febench.core.errors import UsageError
from febench.results.merge import pool
from febench.results.results import Results
from febench.show.compare.across import MIN_DATASETS, rank
from febench.show.compare.pair_table import PAIRS, comparison_document
from febench.show.compare.pairs import Comparison, compare
from febench.show.compare.rank_table import ranking_document
from febench.show.tables import Document


def compare_documents(
    results: Sequence[Results], methods: Sequence[str] = (), rope: float = 1.0, pairs: str | None = None
) -> list[Document]:
    """Compare the methods of some results directories, and rank them where there are enough data sets.

    Parameters
    ----------
    results : sequence of Results
        Of any data sets and protocols; those of the same folds are taken together.
    methods : sequence of str
        Names or labels; all methods if none is named.
    rope : float
        Half the region of practical equivalence, in points of overall accuracy.
    pairs : str or None
        `all`, or `best`: those with the highest mean and those of neighbours. By default all of up to six methods, else
        `best`. The data always hold all.

    Returns
    -------
    list of Document

    Raises
    ------
    UsageError
        If results of one data set and protocol are not of the same folds, or there is nothing to compare.
    MismatchError
        If two directories hold other predictions of the same cell.
    """
    if pairs is not None and pairs not in PAIRS:
        raise UsageError(f"there are no pairs {pairs!r}; choose {' or '.join(PAIRS)}")
    by_protocol = _by_protocol([compare(one, methods, rope) for one in pool(results)])
    if not any(one.pairs for same in by_protocol for one in same):
        raise UsageError("nothing to compare: it takes two methods with a complete run each; febench status says more")
    rankings = [ranking for same in by_protocol if (ranking := rank(same))]
    return [
        *(comparison_document(one, pairs, _too_few(same)) for same in by_protocol for one in same),
        *map(ranking_document, rankings),
    ]


def _by_protocol(comparisons: Sequence[Comparison]) -> list[list[Comparison]]:
    found: dict[str, list[Comparison]] = {}
    for one in comparisons:
        found.setdefault(one.results.manifest.protocol, []).append(one)
    return list(found.values())


def _too_few(same: Sequence[Comparison]) -> int:
    """How many data sets there are, where they are several and yet too few to be ranked; else 0."""
    return len(same) if 1 < len(same) < MIN_DATASETS else 0
