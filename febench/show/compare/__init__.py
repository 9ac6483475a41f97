"""Compare results: pair by pair on the same folds, and over data sets by ranks.

>>> from febench.show.compare import compare
>>> comparison = compare(results)  # of febench.load
>>> print(comparison.headline)
>>> for pair in comparison.pairs:
...     print(pair.verdict)
"""

from febench.show.compare.documents import compare_documents, comparison_document, papers_document
from febench.show.compare.pairs import Comparison, Pair, Rival, Standing, compare
from febench.show.compare.ranks import MIN_DATASETS, Ranking, RankPair, rank, ranking_document, rankings
from febench.show.compare.verdicts import ALPHA, Evidence, Outcome, span

__all__ = [
    "ALPHA",
    "MIN_DATASETS",
    "Comparison",
    "Evidence",
    "Outcome",
    "Pair",
    "RankPair",
    "Ranking",
    "Rival",
    "Standing",
    "compare",
    "compare_documents",
    "comparison_document",
    "papers_document",
    "rank",
    "ranking_document",
    "rankings",
    "span",
]
