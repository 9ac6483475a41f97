"""Which differences are real: results compared pair by pair on the same folds, and over data sets by ranks.

>>> from febench.show.compare import compare
>>> comparison = compare(results)  # of febench.results.results.Results
>>> print(comparison.headline)
>>> for pair in comparison.pairs:
...     print(pair.verdict)
"""

from febench.results.merge import pool
from febench.show.compare.across import Ranking, RankPair, rank
from febench.show.compare.documents import compare_documents
from febench.show.compare.pair_table import comparison_data, comparison_document
from febench.show.compare.pairs import Comparison, Pair, Standing, compare
from febench.show.compare.printed_table import papers_document
from febench.show.compare.rank_table import ranking_data, ranking_document
from febench.show.compare.verdicts import Evidence, Outcome

__all__ = [
    "Comparison",
    "Evidence",
    "Outcome",
    "Pair",
    "RankPair",
    "Ranking",
    "Standing",
    "compare",
    "compare_documents",
    "comparison_data",
    "comparison_document",
    "papers_document",
    "pool",
    "rank",
    "ranking_data",
    "ranking_document",
]
