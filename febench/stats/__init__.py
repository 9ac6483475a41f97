"""The tests that say whether a difference is real: pure functions of numbers, one idea a file.

`resampled` folds that share training images; `proportions` one split, image by image; `multiple` many comparisons at
once; `ranks` several data sets.
"""

from febench.stats.multiple import holm
from febench.stats.proportions import McNemar, mcnemar, mcnemar_in_every_run
from febench.stats.ranks import (
    Friedman,
    average_ranks,
    critical_difference,
    friedman,
    iman_davenport,
    undivided,
    wilcoxon,
)
from febench.stats.resampled import CorrectedT, Posterior, corrected_resampled_t, correlated_bayes_t
from febench.stats.wording import p_value, p_words

__all__ = [
    "CorrectedT",
    "Friedman",
    "McNemar",
    "Posterior",
    "average_ranks",
    "corrected_resampled_t",
    "correlated_bayes_t",
    "critical_difference",
    "friedman",
    "holm",
    "iman_davenport",
    "mcnemar",
    "mcnemar_in_every_run",
    "p_value",
    "p_words",
    "undivided",
    "wilcoxon",
]
