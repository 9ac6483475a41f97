"""Methods compared pair by pair: the right test on the right cells, and words that claim no more than it."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from febench.core.errors import UsageError
from febench.core.manifest import draw
from febench.results.metrics import OA
from febench.results.results import Results
from febench.show.compare import compare
from febench.show.compare.pairs import Folds, Scored, differences
from febench.stats import CorrectedT, McNemar, holm
from tests.show.compare.made import about, cells, made, of_protocol, people

PAPER = of_protocol()
SUBJECT = of_protocol("subject")


def only_pair(results: Results, **how: float):  # type: ignore[no-untyped-def]
    comparison = compare(results, **how)
    assert len(comparison.pairs) == 1
    return comparison.pairs[0]


def test_a_clear_winner() -> None:
    pair = only_pair(made(PAPER, good=about(5, 1), bad=about(15, 1, seed=1)))
    assert (pair.first, pair.second, pair.outcome, pair.runs, pair.folds) == ("good", "bad", "better", 10, 100)
    assert pair.verdict == "more than 99 % sure that good is better than bad by more than a point"
    assert pair.difference == pytest.approx(100 * 10 / 70, abs=0.5) and pair.p_holm < 0.001


def test_no_difference_that_could_be_told() -> None:
    pair = only_pair(made(PAPER, one=about(15, 5), two=about(15.5, 5, seed=1)))
    assert pair.outcome == "undecided" and pair.p_holm > 0.05
    assert pair.evidence.test.low < 0 < pair.evidence.test.high
    assert pair.verdict.startswith(f"undecided whether {pair.first} is better than {pair.second}: ")
    assert "sure" not in pair.verdict


def test_equivalent_within_a_point() -> None:
    pair = only_pair(made(PAPER, one=lambda r, f: 7, two=lambda r, f: 7 + (f == r % 10)))
    assert pair.outcome == "equivalent" and pair.evidence.posterior.equivalent > 0.95
    assert pair.verdict.endswith("sure that one and two are within a point of each other")
    assert only_pair(made(PAPER, one=lambda r, f: 7, two=lambda r, f: 7), rope=2).verdict == (
        "more than 99 % sure that one and two are within 2 points of each other"
    )


def test_too_few_runs_to_say() -> None:
    single = only_pair(made(PAPER, runs=[1], good=about(5), bad=about(15)))
    assert (single.outcome, single.evidence.test, single.p_holm, single.runs) == ("too few runs", None, None, 1)
    assert single.verdict == (
        "too few runs to say which of good and bad is better: 1 run is whole in both, 2 are needed"
    )  # fmt: skip
    few = only_pair(made(of_protocol("paper[runs=3,groups=3]"), good=about(5), bad=about(15)))
    assert few.verdict.endswith("9 test folds are whole in both, 10 are needed")


def test_better_by_less_than_certainly_a_point() -> None:
    pair = only_pair(made(PAPER, one=lambda r, f: 7, two=about(8.1, 0.9)))
    assert pair.outcome == "better" and 0.5 < pair.evidence.posterior.better < 0.95
    assert (
        pair.verdict.startswith("one is better than two (p")
        and " % sure that it is by more than a point" in pair.verdict
    )
    assert pair.verdict.split("only ")[1].startswith(f"{int(100 * pair.evidence.posterior.better)} % sure")


def test_a_difference_that_many_pairs_make_likely_is_not_called_real() -> None:
    methods = {f"m{i:02d}": about(12, 3, seed=i) for i in range(14)}
    alone = only_pair(made(PAPER, one=about(10, 3, seed=77), two=about(14.2, 3, seed=78)))
    pair = next(
        pair
        for pair in compare(made(PAPER, one=about(10, 3, seed=77), two=about(14.2, 3, seed=78), **methods)).pairs
        if {pair.first, pair.second} == {"one", "two"}
    )
    assert alone.outcome == "better" and pair.outcome == "undecided"
    assert "taken alone" in pair.verdict and "not significant among 120 pairs" in pair.verdict


def test_it_is_the_corrected_t_test_over_the_folds() -> None:
    results = made(SUBJECT, one=about(12, 4), two=about(17, 4, seed=1))
    pair = only_pair(results)
    oa = {
        row.label: np.array([np.mean(np.array(r.predictions) == SUBJECT.labels[SUBJECT.fold(r.run, r.fold).test])
                             for r in row.records])
        for row in results.rows
    }  # fmt: skip
    found = 100 * (oa["one"] - oa["two"])
    scale = stats.sem(found) * np.sqrt(1 + 100 * 70 / 560)
    assert compare(results).test_to_train == 70 / 560
    assert pair.evidence.test.t == pytest.approx(found.mean() / scale)
    assert pair.evidence.test.p == pytest.approx(2 * stats.t.sf(found.mean() / scale, 99))
    assert pair.evidence.posterior.better == pytest.approx(stats.t.sf((1 - found.mean()) / scale, 99))


def test_only_runs_whole_in_both_count() -> None:
    one, two = cells(PAPER, "one", about(5)), cells(PAPER, "two", about(15), runs=[2, 3, 4])
    pair = only_pair(Results.from_records(PAPER, one + two[:-1]))
    assert (pair.runs, pair.folds) == (2, 20)
    comparison = compare(Results.from_records(PAPER, one + two[:5]))
    assert comparison.pairs == () and comparison.left_out == ("two",)
    apart = cells(PAPER, "one", about(5), runs=[1, 5]), cells(PAPER, "two", about(5), runs=[2, 3])
    pair = only_pair(Results.from_records(PAPER, [*apart[0], *apart[1]]))
    assert (pair.difference, pair.outcome) == (None, "too few runs")
    assert pair.verdict.endswith("no run is whole in both")


def test_who_is_first_is_said_by_the_runs_that_both_have() -> None:
    """One looks best by its own runs, and is worse where both were run."""
    one = cells(PAPER, "one", lambda run, fold: 0 if run <= 6 else 30)
    two = cells(PAPER, "two", about(20, 1), runs=[7, 8, 9, 10])
    comparison = compare(Results.from_records(PAPER, one + two))
    assert comparison.best == "one" and comparison.pairs[0].first == "two"
    assert comparison.pairs[0].outcome == "better"
    assert comparison.headline.endswith("worse than two over the runs that both have whole")


def test_the_mean_difference_is_that_of_the_tables_whatever_the_folds_sizes() -> None:
    manifest = of_protocol("paper", n=9, images=7)
    results = made(manifest, one=lambda r, f: f % 3, two=lambda r, f: (r + f) % 4)
    sizes = {len(manifest.fold(1, fold).test) for fold in range(1, 11)}
    assert len(sizes) > 1
    by_table = {row.label: row.summary().mean for row in results.rows}
    standings = {one.label: one.mean for one in compare(results).standings}
    assert standings == pytest.approx(by_table)
    pair = only_pair(results)
    assert pair.difference == pytest.approx(by_table[pair.first] - by_table[pair.second])


def test_a_run_of_leave_one_subject_out_is_enough_and_more_are_no_new_people() -> None:
    one, three = of_protocol("loso"), of_protocol("loso[runs=3]")
    found = [only_pair(made(manifest, good=about(2, 1), bad=about(12, 1, 1))) for manifest in (one, three)]
    assert [(pair.runs, pair.folds, pair.outcome) for pair in found] == [(1, 20, "better"), (3, 20, "better")]


def test_people_that_are_tested_in_every_run_are_averaged() -> None:
    manifest = of_protocol("loso[runs=2]")
    folds = Folds.of(manifest)
    rows = made(manifest, a=lambda r, f: r, b=lambda r, f: 4).rows
    a, b = (Scored(row, OA, folds) for row in rows)
    assert differences(a, b) == pytest.approx(np.full(20, 100 * (4 - 1.5) / 35))


def test_one_split_is_compared_image_by_image() -> None:
    parts = tuple("train" if i % 2 else "test" for i in range(700))
    manifest = draw(dataclasses.replace(people(), parts=parts), "official[runs=2]")
    pair = only_pair(made(manifest, good=lambda r, f: 20, bad=lambda r, f: 60))
    assert isinstance(pair.evidence.test, McNemar) and pair.evidence.posterior is None
    assert (pair.outcome, pair.evidence.test.only_first, pair.evidence.test.only_second) == ("better", 80, 0)
    assert pair.verdict.startswith("good is better than bad on these test images (p < 0.001), by +")
    again = only_pair(made(manifest, good=lambda r, f: 20 if r == 1 else 60, bad=lambda r, f: 60 if r == 1 else 20))
    assert again.outcome == "undecided" and again.p_holm == 1
    same = only_pair(made(manifest, runs=[1], good=lambda r, f: 20, bad=lambda r, f: 20))
    assert same.verdict == "good and bad are within a point of each other on these test images"


def test_holm_is_over_all_pairs_and_methods_can_be_named() -> None:
    results = made(PAPER, a=about(10, 3), b=about(11, 3, seed=1), c=about(12, 3, seed=2), d=about(30, 3, seed=3))
    everything, two = compare(results), compare(results, ["a", "c"])
    p = sorted(pair.evidence.test.p for pair in everything.pairs if isinstance(pair.evidence.test, CorrectedT))
    assert len(p) == 6 and min(pair.p_holm for pair in everything.pairs) == pytest.approx(6 * p[0])
    assert len(two.pairs) == 1 and two.pairs[0].p_holm == pytest.approx(two.pairs[0].evidence.test.p)
    assert [one.label for one in everything.standings][-1] == "d"
    assert len(everything.leading) == 5 and everything.leading[0].first == everything.best
    with pytest.raises(UsageError, match="there is no 'nobody'"):
        compare(results, ["nobody"])


@pytest.mark.parametrize("rope", [-1, float("nan"), float("inf"), 100])
def test_a_region_that_is_none(rope: float) -> None:
    with pytest.raises(UsageError, match="region of practical equivalence"):
        compare(made(PAPER, a=about(1), b=about(2)), rope=rope)


def test_the_headline_names_every_rival_once() -> None:
    good, near, far = about(5, 2), about(5.3, 2, seed=1), about(20, 2, seed=2)
    comparison = compare(made(PAPER, good=good, near=near, far=far))
    best, other = ("good", "near") if comparison.best == "good" else ("near", "good")
    assert comparison.headline.startswith(f"highest mean overall accuracy: {best}, ")
    assert f"better than far; undecided against {other}" in comparison.headline
    assert compare(made(PAPER, a=good, b=far, c=far)).headline.endswith("better than each of the other 2")


@given(st.integers(0, 10**6), st.floats(0, 12), st.floats(0.5, 6), st.sampled_from([0, 0.5, 1, 3]))
def test_never_more_than_the_numbers(seed: int, apart: float, spread: float, rope: float) -> None:
    """Whatever the cells: what a verdict claims, the adjusted p and the posterior bear."""
    methods = {"a": about(10, spread, seed), "b": about(10 + apart, spread, seed + 1), "c": about(12, spread, seed + 2)}
    for pair in compare(made(PAPER, runs=[1, 2], **methods), rope=rope).pairs:
        posterior = pair.evidence.posterior
        assert pair.difference >= 0
        if pair.outcome == "better":
            assert pair.p_holm <= 0.05 and posterior.equivalent < 0.95
        if pair.outcome == "equivalent":
            assert posterior.equivalent >= 0.95
        if pair.verdict.startswith(("9", "more than 99")) and pair.outcome == "better":
            assert posterior.better >= 0.95
        if pair.outcome == "undecided":
            assert pair.p_holm > 0.05 and posterior.equivalent < 0.95
        assert "100 % sure" not in pair.verdict


def test_one_row_against_each_other_adjusts_over_its_own_pairs() -> None:
    results = made(PAPER, a=about(5, 1), b=about(8, 1, seed=1), c=about(12, 1, seed=2), mine=about(9, 1, seed=3))
    every, own = compare(results), compare(results, against="mine")
    assert len(every.pairs) == 6 and len(own.pairs) == 3 and own.against == "mine"
    assert all("mine" in (pair.first, pair.second) for pair in own.pairs)
    p = [pair.evidence.test.p for pair in own.pairs if pair.evidence.test]
    assert [pair.p_holm for pair in own.pairs] == pytest.approx(holm(p).tolist())
    among_all = {frozenset((pair.first, pair.second)): pair.p_holm for pair in every.pairs}
    assert any(pair.p_holm < among_all[frozenset((pair.first, pair.second))] for pair in own.pairs)  # type: ignore[operator]
    assert {pair.first for pair in compare(results, ["a"], against="mine").pairs} <= {"a", "mine"}
    with pytest.raises(UsageError, match="there is no 'yours'"):
        compare(results, against="yours")
