"""The corrected t test and its Bayesian sibling, held against scipy and a published worked example."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from febench.stats import corrected_resampled_t, correlated_bayes_t

CELLS = st.lists(st.integers(-700, 700), min_size=2, max_size=60).map(lambda found: np.array(found) / 7)


def sample(n: int, mean: float, sd: float) -> np.ndarray:
    """Numbers of exactly that mean and sample sd."""
    raw = np.random.default_rng(0).normal(size=n)
    return mean + sd * (raw - raw.mean()) / raw.std(ddof=1)


def test_scikit_learns_worked_example() -> None:
    """Its statistical comparison of two SVCs, 10 times 10-fold on 100 images: what its page prints of mean and sd.

    Differences of mean 0.0100 and sd 0.0383: uncorrected t 2.611, corrected 0.750, one-sided p 0.227, probability of
    being better 0.773, of being equivalent within 0.01 0.432.
    """
    differences = sample(100, 0.01, 0.03829708431025352)
    plain, corrected = (corrected_resampled_t(differences, ratio) for ratio in (0, 10 / 90))
    assert (plain.t, corrected.t) == (pytest.approx(2.611, abs=5e-4), pytest.approx(0.750, abs=5e-4))
    assert corrected.p / 2 == pytest.approx(0.227, abs=5e-4) and corrected.df == 99
    assert correlated_bayes_t(differences, 10 / 90, 0).better == pytest.approx(0.773, abs=5e-4)
    assert correlated_bayes_t(differences, 10 / 90, 0.01).equivalent == pytest.approx(0.432, abs=5e-4)


@given(CELLS)
def test_without_correction_it_is_scipys_paired_t_test(differences: np.ndarray) -> None:
    if np.ptp(differences) == 0:
        return
    ours, scipys = corrected_resampled_t(differences, 0), stats.ttest_1samp(differences, 0)
    assert (ours.t, ours.p) == (pytest.approx(scipys.statistic), pytest.approx(scipys.pvalue))
    assert (ours.low, ours.high) == pytest.approx(tuple(scipys.confidence_interval()))


@given(CELLS, st.floats(0.01, 2), st.floats(0, 5))
def test_the_posterior_is_the_t_test_seen_otherwise(differences: np.ndarray, ratio: float, rope: float) -> None:
    test, posterior = corrected_resampled_t(differences, ratio), correlated_bayes_t(differences, ratio, rope)
    assert posterior.better + posterior.equivalent + posterior.worse == pytest.approx(1)
    other = correlated_bayes_t(-differences, ratio, rope)
    assert (posterior.better, posterior.worse) == (pytest.approx(other.worse), pytest.approx(other.better))
    if test.t is not None:
        none = correlated_bayes_t(differences, ratio, 0)
        assert 2 * min(none.better, none.worse) == pytest.approx(test.p)


@given(CELLS, st.floats(0.01, 2))
def test_the_correction_makes_a_difference_less_sure(differences: np.ndarray, ratio: float) -> None:
    plain, corrected = corrected_resampled_t(differences, 0), corrected_resampled_t(differences, ratio)
    assert corrected.p >= plain.p - 1e-12
    assert corrected.low <= plain.low and corrected.high >= plain.high


@pytest.mark.parametrize(("value", "p", "better", "equivalent"), [(0.0, 1, 0, 1), (0.5, 0, 0, 1), (3.0, 0, 1, 0)])
def test_differences_without_spread(value: float, p: float, better: float, equivalent: float) -> None:
    same = np.full(20, value)
    test, posterior = corrected_resampled_t(same, 0.125), correlated_bayes_t(same, 0.125, 1)
    assert (test.t, test.p, test.low, test.high) == (None, p, value, value)
    assert (posterior.better, posterior.equivalent) == (better, equivalent)


def test_one_difference_has_no_spread() -> None:
    with pytest.raises(ValueError, match="at least two"):
        corrected_resampled_t(np.array([1.0]), 0.125)
    with pytest.raises(ValueError, match="at least two"):
        correlated_bayes_t(np.array([1.0]), 0.125, 1)
