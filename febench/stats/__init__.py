"""The tests that say whether a difference is real: pure functions of numbers, one idea a file.

`resampled` folds that share training images; `proportions` one split, image by image; `p_values` many comparisons at
once; `ranks` several data sets; `jackknife` values of people or folds whose mean is an estimate; `intervals` other
people, trained and tested.
"""

from febench.stats.intervals import PeopleInterval, people_interval
from febench.stats.jackknife import jackknife_values
from febench.stats.p_values import holm, p_value, p_words
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

__all__ = [
    "CorrectedT",
    "Friedman",
    "McNemar",
    "PeopleInterval",
    "Posterior",
    "average_ranks",
    "corrected_resampled_t",
    "correlated_bayes_t",
    "critical_difference",
    "friedman",
    "holm",
    "iman_davenport",
    "jackknife_values",
    "mcnemar",
    "mcnemar_in_every_run",
    "p_value",
    "p_words",
    "people_interval",
    "undivided",
    "wilcoxon",
]
