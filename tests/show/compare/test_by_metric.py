"""Comparisons by other metrics than overall accuracy."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from febench.core.manifest import draw
from febench.results.metrics import METRICS, metric_of
from febench.results.results import Results
from febench.show.compare import compare, compare_documents
from febench.show.formats import render
from febench.stats import CorrectedT
from tests.made_results import made_dataset, made_results


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """One method far better than the other by any metric, and one without probabilities."""
    path = tmp_path_factory.mktemp("made")
    made_results(path, {"good": 0.95, "bad": 0.5})
    return Results.of(made_results(path, {"bare": 0.7}, probabilities=False))


@pytest.mark.parametrize("name", [name for name in METRICS if name != "ece"])
def test_the_better_one_is_better_by_any_metric_whichever_way_it_points(results: Results, name: str) -> None:
    metric = metric_of(name)
    comparison = compare(results, metric=metric)
    assert comparison.best == "good" and comparison.rope == metric.rope
    assert comparison.headline.startswith(f"{metric.best} mean {metric.title}: good, ")
    pair = next(pair for pair in comparison.pairs if {pair.first, pair.second} == {"good", "bad"})
    assert (pair.first, pair.outcome) == ("good", "better") and pair.difference is not None and pair.difference > 0
    assert isinstance(pair.evidence.test, CorrectedT) and pair.folds == 100
    assert ("bare" in comparison.left_out) is metric.of_probabilities


@pytest.mark.parametrize("name", METRICS)
def test_the_difference_is_that_of_the_tables(results: Results, name: str) -> None:
    metric = metric_of(name)
    means = {row.label: row.summary(metric).mean for row in results.rows}
    pair = next(p for p in compare(results, ["good", "bad"], metric=metric).pairs)
    assert pair.difference == pytest.approx(abs((means["good"] or 0.0) - (means["bad"] or 0.0)))


@pytest.mark.parametrize(
    ("name", "words"), [("uar", "test images of a run together"), ("auc", "different trained models are not ranked")]
)
def test_a_comparison_says_of_which_quantity_it_is(results: Results, name: str, words: str) -> None:
    text = render(compare_documents([results], metric=metric_of(name)), "text", all_notes=True)
    assert words in text and f"points of {metric_of(name).title}" in text


def test_a_class_absent_from_a_fold_is_left_out_of_that_folds_mean(tmp_path: Path) -> None:
    """With two images of a class, most folds of ten test none of it."""
    dataset = made_dataset(70)
    labels = np.where(np.arange(70) < 2, 6, np.arange(70) % 6).astype(np.int64)
    rare = dataclasses.replace(dataset, labels=labels)
    results = Results.of(made_results(tmp_path, {"good": 0.9, "bad": 0.5}, rare))
    values = results.rows[0].fold_values(metric_of("uar"))
    assert all(np.isfinite(one).all() for one in values.values())
    assert compare(results, metric=metric_of("uar")).pairs[0].folds == 100


def test_one_split_is_tested_by_accuracy_alone(tmp_path: Path) -> None:
    parts = tuple("train" if i % 2 else "test" for i in range(700))
    dataset = dataclasses.replace(made_dataset(), parts=parts)
    results = Results.of(made_results(tmp_path, {"good": 0.9, "bad": 0.5}, dataset, "official"))
    (pair,) = compare(results, metric=metric_of("uar")).pairs
    assert pair.outcome == "too few runs" and "tested by overall accuracy alone" in pair.verdict
    assert draw(dataset, "official").n_runs == 1


def test_rivals_are_seen_from_the_best(results: Results) -> None:
    comparison = compare(results)
    assert [rival.label for rival in comparison.rivals] == [one.label for one in comparison.standings[1:]]
    for rival in comparison.rivals:
        assert rival.ahead is not None and rival.ahead > 0 and rival.interval is not None
        assert rival.interval[0] < rival.ahead < rival.interval[1] and rival.outcome == "better"
