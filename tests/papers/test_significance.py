"""What the papers' own figures can bear, in `febench verify` and as a function."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from febench import papers as published
from febench.papers.check import weigh_papers
from febench.papers.significance import CAVEAT, printed_pairs

PAIRS = {(pair.first, pair.second): pair for pair in printed_pairs()}


def test_welchs_t_of_the_best_against_the_next() -> None:
    """By hand: 0.59 / sqrt((1.41^2 + 1.43^2) / 10), 1.60 / sqrt((1.41^2 + 1.24^2) / 10)."""
    next_best, third = PAIRS["resnet50", "resnet18"], PAIRS["resnet50", "bbo"]
    assert next_best.t == pytest.approx(0.59 / np.sqrt((1.41**2 + 1.43**2) / 10)) == pytest.approx(0.929, abs=1e-3)
    assert third.t == pytest.approx(1.60 / np.sqrt((1.41**2 + 1.24**2) / 10)) == pytest.approx(2.695, abs=1e-3)
    assert not next_best.significant and next_best.p == pytest.approx(0.365, abs=1e-3)
    assert third.significant and third.p_holm == pytest.approx(3 * third.p)


def test_it_is_scipys_welch_on_the_printed_runs() -> None:
    """On the runs that both papers print, rounding of mean and sd aside."""
    runs = [[float(run[0]) for run in published.overall_accuracy(name).runs] for name in ("resnet50", "resnet18")]
    scipys = stats.ttest_ind(*runs, equal_var=False)
    ours = PAIRS["resnet50", "resnet18"]
    assert (ours.t, ours.p, ours.df) == pytest.approx((scipys.statistic, scipys.pvalue, scipys.df), rel=0.02)
    assert (ours.low, ours.high) == pytest.approx(tuple(scipys.confidence_interval()), abs=0.02)


def test_every_pair_of_the_table_and_no_other() -> None:
    assert len(PAIRS) == 10 and {name for pair in PAIRS for name in pair} == set(published.tabulated())
    assert all(pair.difference > 0 and pair.low < pair.difference < pair.high for pair in PAIRS.values())
    assert [two for two, pair in PAIRS.items() if not pair.significant] == [
        ("resnet50", "resnet18"),
        ("resnet18", "bbo"),
    ]


def test_verify_tells_it_beside_its_checks() -> None:
    told = weigh_papers()
    assert [finding.ok for finding in told] == [None] * 11
    line = next(str(finding) for finding in told if "resnet50 against resnet18" in finding.what)
    assert line.startswith("note     Table 3, resnet50 against resnet18: +0.59 points")
    assert "Welch's t = 0.93" in line and line.endswith("not significant")
    assert CAVEAT in str(told[-1])
