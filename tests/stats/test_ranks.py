"""Ranks over data sets, held against the worked example of Demsar (2006) and scipy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from febench.stats import (
    average_ranks,
    critical_difference,
    friedman,
    iman_davenport,
    undivided,
    wilcoxon,
)

# Table 6 of Demsar: AUC of C4.5, C4.5+m, C4.5+cf, C4.5+m+cf on 14 data sets. On voting, the last but one, it prints two
# equal figures and yet ranks them 2 and 3: they are told apart here.
DEMSAR = np.array([
    [0.763, 0.768, 0.771, 0.798], [0.599, 0.591, 0.590, 0.569], [0.954, 0.971, 0.968, 0.967],
    [0.628, 0.661, 0.654, 0.657], [0.882, 0.888, 0.886, 0.898], [0.936, 0.931, 0.916, 0.931],
    [0.661, 0.668, 0.609, 0.685], [0.583, 0.583, 0.563, 0.625], [0.775, 0.838, 0.866, 0.875],
    [1.000, 1.000, 1.000, 1.000], [0.940, 0.962, 0.965, 0.962], [0.619, 0.666, 0.614, 0.669],
    [0.972, 0.981, 0.9751, 0.975], [0.957, 0.978, 0.946, 0.970],
])  # fmt: skip
TIED = 1 - (3 * (2**3 - 2) + (4**3 - 4)) / (14 * (4**3 - 4))
"""What ties leave of the statistic's variance: three pairs and one set in which all four share a rank."""


def test_demsars_average_ranks() -> None:
    assert average_ranks(DEMSAR) == pytest.approx([3.143, 2.000, 2.893, 1.964], abs=5e-4)


def test_demsars_friedman_statistic_is_ours_before_ties_are_accounted_for() -> None:
    assert friedman(DEMSAR).chi2 * TIED == pytest.approx(9.28, abs=0.005)
    f, p = iman_davenport(9.28, 14, 4)
    assert f == pytest.approx(3.69, abs=0.005) and p is not None and p < 0.05
    assert friedman(DEMSAR).chi2 == pytest.approx(stats.friedmanchisquare(*DEMSAR.T).statistic)


def test_demsars_critical_differences() -> None:
    assert critical_difference(4, 14) == pytest.approx(1.25, abs=0.005)
    assert critical_difference(4, 14, 0.1) == pytest.approx(1.12, abs=0.01)
    assert critical_difference(2, 1) == pytest.approx(1.960, abs=5e-4)
    assert critical_difference(10, 55) == pytest.approx(3.164 * np.sqrt(1 / 3), abs=1e-3)


def test_demsars_groups() -> None:
    """At 0.1 C4.5 is told apart from both that tune m; C4.5+cf from none."""
    assert undivided(average_ranks(DEMSAR), 1.12) == [(3, 1, 2), (2, 0)]


def test_demsars_signed_rank_example() -> None:
    """C4.5 against C4.5+m: the smaller sum of ranks is 12, beyond the critical 21 of 14 data sets at 0.05."""
    differences = DEMSAR[:, 1] - DEMSAR[:, 0]
    assert stats.wilcoxon(differences, zero_method="zsplit").statistic == 12
    assert wilcoxon(differences) < 0.05


def test_signed_ranks_without_ties_are_exact() -> None:
    assert wilcoxon(np.array([1.0, 2, 3, 4, 5])) == pytest.approx(2 / 2**5)
    assert wilcoxon(np.array([-1.0, 2, 3, 4, 5])) == pytest.approx(4 / 2**5)
    assert wilcoxon(np.zeros(6)) == 1


def test_methods_that_are_always_alike_and_those_in_one_order() -> None:
    assert friedman(np.ones((6, 3))).p == 1
    same_order = friedman(np.tile([3.0, 2, 1], (6, 1)))
    assert same_order.chi2 == pytest.approx(12) and same_order.p < 0.01
    assert same_order.f is None and same_order.f_p is None


@given(st.lists(st.integers(10, 60), min_size=2, max_size=12), st.integers(1, 30))
def test_groups_hold_just_the_pairs_closer_than_the_difference(tenths: list[int], apart: int) -> None:
    ranks, difference = np.array(tenths, dtype=float), float(apart)
    groups = [set(group) for group in undivided(ranks, difference)]
    for i in range(len(ranks)):
        for j in range(i):
            assert any({i, j} <= group for group in groups) == (abs(ranks[i] - ranks[j]) < difference)
    assert not any(one < other for one in groups for other in groups)
