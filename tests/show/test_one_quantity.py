"""Tables, intervals, tests, figures and exports of a metric are of one quantity."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from febench.core.manifest import Manifest, draw
from febench.results.metrics import METRICS, Answers, Metric, metric_of
from febench.results.record import Record
from febench.results.results import Results
from febench.results.rows import RowResults
from febench.show import figures
from febench.show.compare import compare
from febench.show.formats import render
from febench.show.tables import make_table
from tests.conftest import make_dataset

PROTOCOLS = (
    "paper[runs=1]",
    "paper[runs=3]",
    "paper[runs=2,groups=5]",
    "subject[runs=2,groups=4]",
    "loso",
    "official[runs=2]",
)
QUICK = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def made(seed: int, protocol: str, n_people: int = 6, n_classes: int = 3, rows: int = 3, blind: int = 0) -> Results:
    """Results of methods of different skill on people with different numbers of images; the last rows are blind.

    A blind row has no probabilities.
    """
    rng = np.random.default_rng(seed)
    images = rng.integers(2, 9, n_people)
    people = [f"p{i}" for i, n in enumerate(images) for _ in range(n)]
    labels = rng.integers(0, n_classes, len(people))
    labels[:n_classes] = np.arange(n_classes)
    dataset = make_dataset(labels.tolist(), people)
    if protocol.startswith("official"):
        dataset = replace(dataset, parts=tuple(("test", "train")[i % 3 > 0] for i in range(len(people))))
    manifest = draw(dataset, protocol)
    records = [
        record
        for row in range(rows)
        for record in cells(manifest, f"m{row}", rng, skill=rng.uniform(0, 2), probabilities=row < rows - blind)
    ]
    return Results.from_records(manifest, records)


def cells(
    manifest: Manifest, name: str, rng: np.random.Generator, skill: float, *, probabilities: bool = True
) -> list[Record]:
    """All cells of a method whose probabilities of the true class are raised by its skill; some are equal."""
    made = []
    for run in range(1, manifest.n_runs + 1):
        for fold in range(1, manifest.n_folds + 1):
            labels = manifest.labels[manifest.test(run, fold)]
            raw = rng.integers(1, 6, (len(labels), len(manifest.classes))).astype(np.float64)
            raw[np.arange(len(labels)), labels] += skill * rng.random(len(labels)) * 5
            told = raw / raw.sum(axis=1, keepdims=True)
            key, seed = manifest.cell_key(name, {}, "1", run, fold), manifest.cell_seed(name, run, fold)
            said = told.tolist() if probabilities else None
            made.append(Record(key, name, {}, "1", name, run, fold, seed, "ok", told.argmax(axis=1).tolist(), said))
    return made


def images_of(row: RowResults, run: int, fold: int) -> Answers:
    return row.answers([run], [fold], probabilities=True)


def figure_of_a_run(row: RowResults, metric: Metric, run: int, keep: Any = None) -> float:
    """The run's figure from its answers, fold by fold, by the definition; `keep` chooses test images."""
    folds = range(1, row.manifest.n_folds + 1)
    parts = []
    for fold in folds:
        one, kept = images_of(row, run, fold), slice(None)
        if keep is not None:
            kept = keep[row.manifest.test(run, fold)]
        assert one.probabilities is not None
        parts.append((one.labels[kept], one.predictions[kept], one.probabilities[kept]))
    n = len(row.manifest.classes)
    if metric.name == "auc":
        areas = []
        for labels, _, told in parts:
            there = [c for c in range(n) if 0 < (labels == c).sum() < len(labels)]
            if there:
                areas.append(np.mean([roc_auc_score(labels == c, told[:, c]) for c in there]))
        return 100 * float(np.mean(areas)) if areas else float("nan")
    labels, predictions, told = (np.concatenate(column) for column in zip(*parts, strict=True))
    return metric.score(Answers(labels, predictions, told, n))


@QUICK
@given(st.integers(0, 10**6), st.sampled_from(PROTOCOLS), st.sampled_from(sorted(METRICS)))
def test_a_mean_is_of_the_runs_figures_and_lies_inside_its_interval(seed: int, protocol: str, name: str) -> None:
    results, metric = made(seed, protocol, blind=1), metric_of(name)
    for row in results.rows:
        summary = row.summary(metric)
        if not row.scores(metric):
            assert summary.mean is None and summary.interval is None and row.person_values(metric) is None
            continue
        if row.label != "m2":
            figures = [figure_of_a_run(row, metric, run) for run in row.runs]
            assert summary.mean == pytest.approx(np.mean(figures), abs=1e-9)
        people = row.person_values(metric)
        if people is not None:
            assert people.values.mean() == pytest.approx(summary.mean, abs=1e-9)
            assert summary.interval is not None and summary.mean is not None
            low, high = summary.interval
            assert low <= summary.mean + 1e-9 and summary.mean - 1e-9 <= high
            assert low >= min(summary.mean, metric.bounds[0]) - 1e-9 and high <= metric.bounds[1] + 1e-9


@QUICK
@given(st.integers(0, 10**6), st.sampled_from(PROTOCOLS), st.sampled_from(sorted(METRICS)))
def test_person_values_are_those_of_leaving_each_person_out(seed: int, protocol: str, name: str) -> None:
    row, metric = made(seed, protocol, rows=1).rows[0], metric_of(name)
    people = row.person_values(metric)
    if people is None:
        return
    subjects = np.array(row.manifest.subjects)
    without = np.array(
        [np.mean([figure_of_a_run(row, metric, run, subjects != name) for run in row.runs]) for name in people.names]
    )
    expected = row.summary(metric).mean + (len(without) - 1) * (without.mean() - without)
    assert people.values == pytest.approx(expected, abs=1e-7)


@QUICK
@given(st.integers(0, 10**6), st.sampled_from(PROTOCOLS), st.sampled_from(sorted(METRICS)))
def test_the_mean_of_a_runs_fold_values_is_its_figure(seed: int, protocol: str, name: str) -> None:
    row, metric = made(seed, protocol, rows=1).rows[0], metric_of(name)
    for run, values in row.fold_values(metric).items():
        assert np.nanmean(values) == pytest.approx(row.scores(metric)[run], abs=1e-9)
        told = np.isfinite(values)
        assert told.all() or metric.averaged_over_folds


@QUICK
@given(st.integers(0, 10**6), st.sampled_from(PROTOCOLS), st.sampled_from(sorted(METRICS)))
def test_every_difference_is_that_of_the_tables(seed: int, protocol: str, name: str) -> None:
    results, metric = made(seed, protocol, rows=4, blind=1), metric_of(name)
    table = make_table(3, [results], metric=name)[0].data["rows"]
    means = {row["method"]: row["mean"] for row in table if row["mean"] is not None}
    comparison = compare(results, metric=metric)
    assert {one.label: one.mean for one in comparison.standings} == means
    better = 1.0 if metric.higher_is_better else -1.0
    for pair in comparison.pairs:
        assert pair.difference is not None and pair.difference >= 0
        assert pair.difference == pytest.approx(better * (means[pair.first] - means[pair.second]), abs=1e-9)
        if pair.evidence.test is not None:
            assert pair.evidence.test.mean == pytest.approx(pair.difference, abs=1e-9)
            assert (
                pair.evidence.test.low <= pair.difference + 1e-9 and pair.difference - 1e-9 <= pair.evidence.test.high
            )
    assert all(better * (a.mean - b.mean) >= 0 for a, b in pairwise(comparison.standings))


@pytest.mark.parametrize("name", METRICS)
@pytest.mark.parametrize("protocol", ["paper[runs=3]", "loso"])
def test_tables_figures_and_exports_show_the_same_numbers(name: str, protocol: str) -> None:
    results, metric = made(5, protocol), metric_of(name)
    data = json.loads(render(make_table(3, [results], metric=name), "json"))
    (by_run,) = make_table(2, [results], metric=name)
    frame = results.to_frame("runs", [name])
    column = "overall_accuracy" if name == "oa" else name
    drawn = figures.accuracy(results, metric=metric).axes[0]
    marks = {round(float(line[0, 0]), 9) for line in drawn.collections[1].get_segments()}
    for row, own in zip(data["rows"], by_run.data["rows"], strict=True):
        exported = frame[frame.label == row["method"]][column]
        assert row["mean"] == pytest.approx(exported.mean(), abs=1e-9)
        assert [one[metric.key] for one in own["by_run"]] == pytest.approx(exported.tolist())
        assert (row["mean"], row["interval_by_person"]) == (own["mean"], own["interval_by_person"])
        assert round(row["mean"], 9) in marks


def test_the_area_is_scikit_learns_in_each_fold_and_models_are_not_ranked_together() -> None:
    """Two folds rank their own images rightly, at other levels: together they would not."""
    labels = np.array([0, 1, 0, 1])
    told = np.array([0.1, 0.3, 0.6, 0.8])
    answers = Answers(labels, labels, np.stack([1 - told, told], axis=1), 2, np.array([0, 0, 1, 1]))
    counts = METRICS["auc"].tally(answers, np.array([0, 0, 1, 1]), 2)
    assert METRICS["auc"].of_runs(counts[None]).tolist() == [100.0]
    pooled = Answers(labels, labels, answers.probabilities, 2)
    assert (
        METRICS["auc"].score(pooled) == pytest.approx(100 * roc_auc_score(labels, told))
        and roc_auc_score(labels, told) < 1
    )


def test_what_folds_cannot_tell_is_left_out_of_the_area_and_named() -> None:
    people = [f"p{i}" for i in (0, 0, 0, 1, 1, 1, 2, 2)]
    manifest = draw(make_dataset([0, 1, 2, 0, 1, 1, 2, 2], people), "loso")
    results = Results.from_records(manifest, cells(manifest, "m", np.random.default_rng(0), skill=1))
    text = render(make_table(3, [results], metric="auc"), "text")
    assert "left out, for they test a single class: 1 of 3 folds" in text
    assert re.search(r"left out of the means of folds that test no image of them: \w+ \(1 of 3\)", text)
    values = results.rows[0].fold_values(METRICS["auc"])[1]
    assert sorted(np.isnan(values).tolist()) == [False, False, True]
