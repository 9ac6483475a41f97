"""The drop of each method from one protocol to another, its interval and its test."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from febench.core.manifest import Manifest, draw
from febench.results.design import training_people
from febench.results.drops import drops_of
from febench.results.metrics import METRICS, OA, metric_of
from febench.results.record import Record
from febench.results.results import Results
from febench.results.rows import RowResults
from febench.stats import holm
from tests.made_results import made_cell, made_dataset, made_results

PEOPLE = made_dataset(280)


def rows(protocol: str, **levels: float) -> Sequence[RowResults]:
    """Rows with about such accuracies on 8 people."""
    manifest = draw(PEOPLE, protocol)
    return Results.from_records(manifest, cells(manifest, levels)).rows


def cells(manifest: Manifest, levels: dict[str, float]) -> list[Record]:
    return [
        made_cell(manifest, name, level, run, fold)
        for name, level in levels.items()
        for run in range(1, manifest.n_runs + 1)
        for fold in range(1, manifest.n_folds + 1)
    ]


def test_the_test_is_paired_by_person_and_adjusted_over_all_drops() -> None:
    seen = rows("paper[runs=2]", a=0.9, b=0.8, c=0.7)
    new = rows("subject[runs=2,groups=4]", a=0.5, b=0.78, c=0.6)
    drops = drops_of(seen, new)
    assert list(drops) == ["a", "b", "c"]
    tests = {label: drop.interval for label, drop in drops.items()}
    for before, after in zip(seen, new, strict=True):
        drop, test = drops[before.label], tests[before.label]
        values = before.person_values(), after.person_values()
        assert test is not None and values[0] is not None and values[1] is not None
        differences = values[1].values - values[0].values
        assert drop.value == pytest.approx((after.summary().mean or 0) - (before.summary().mean or 0))
        assert test.mean == pytest.approx(drop.value) and test.low < drop.value < test.high
        # on so many people the sign of t is that of scipy's test of the same pairs
        assert test.t is not None and np.sign(test.t) == np.sign(stats.ttest_1samp(differences, 0).statistic)
    assert [drop.p_holm for drop in drops.values()] == pytest.approx(
        holm([test.p for test in tests.values() if test is not None]).tolist()
    )
    assert drops["a"].p_holm is not None and drops["a"].p_holm < 0.05


@settings(max_examples=10, deadline=None)
@given(
    st.sampled_from(sorted(METRICS)),
    st.floats(0.2, 0.95),
    st.floats(0.2, 0.95),
    st.sampled_from(["loso", "subject[runs=2,groups=4]"]),
)
def test_a_drop_lies_inside_its_interval_and_p_agrees_with_it(name: str, before: float, after: float, new: str) -> None:
    drop = drops_of(rows("paper[runs=1]", a=before), rows(new, a=after), metric_of(name))["a"]
    test = drop.interval
    assert test is not None and test.mean == pytest.approx(drop.value, abs=1e-9)
    assert test.low <= drop.value <= test.high
    assert (test.p < 0.05) == (not test.low <= 0 <= test.high) and drop.p_holm == pytest.approx(test.p)


def test_without_people_there_is_a_drop_and_no_interval() -> None:
    unknown = dataclasses.replace(PEOPLE, subjects=None)
    manifests = [draw(unknown, "paper[runs=1]"), draw(unknown, "paper[runs=2]")]
    under = [Results.from_records(one, cells(one, {"a": 0.8})).rows for one in manifests]
    drop = drops_of(*under)["a"]
    assert (drop.interval, drop.p_holm, drop.lacking) == (None, None, "people not known")


def test_protocols_that_test_other_people_are_not_paired() -> None:
    parts = tuple("train" if i < 140 else "test" for i in range(280))
    manifest = draw(dataclasses.replace(PEOPLE, parts=parts), "official")
    official = Results.from_records(manifest, cells(manifest, {"a": 0.8})).rows
    drop = drops_of(official, rows("loso", a=0.7))["a"]
    assert drop.interval is None and drop.lacking == "other people tested"


def test_a_row_of_one_protocol_has_no_drop(tmp_path: Path) -> None:
    seen = Results.of(made_results(tmp_path / "paper", {"a": 0.9, "b": 0.8}, PEOPLE, "paper", runs=[1])).rows
    assert list(drops_of(seen, rows("loso", b=0.7, c=0.5), OA)) == ["b"]


def test_training_people_are_counted_in_the_folds() -> None:
    assert training_people(draw(PEOPLE, "paper")) == 8
    assert training_people(draw(PEOPLE, "loso")) in (6, 7)
    assert training_people(draw(PEOPLE, "subject[groups=4]")) == 4


@pytest.mark.parametrize("name", METRICS)
def test_a_method_that_answers_alike_under_both_protocols_has_no_drop(name: str) -> None:
    """As one that was trained elsewhere does: differences of rounding are not tested."""
    rng = np.random.default_rng(0)
    raw = rng.random((280, 7)) + np.eye(7)[PEOPLE.labels]
    told = raw / raw.sum(axis=1, keepdims=True)

    def fixed(protocol: str) -> Sequence[RowResults]:
        manifest = draw(PEOPLE, protocol)
        records = []
        for cell in cells(manifest, {"a": 1.0}):
            test = manifest.test(cell.run, cell.fold)
            said = told[test].argmax(axis=1).tolist()
            records.append(dataclasses.replace(cell, predictions=said, probabilities=told[test].tolist()))
        return Results.from_records(manifest, records).rows

    drop = drops_of(fixed("paper"), fixed("paper[runs=3]"), metric_of(name))["a"]
    if name != "auc":  # other folds rank other images against each other
        assert drop.interval is not None and drop.p_holm == 1.0 and drop.value == pytest.approx(0, abs=1e-9)
