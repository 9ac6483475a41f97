from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, balanced_accuracy_score, f1_score, log_loss, recall_score, roc_auc_score
from sklearn.metrics import confusion_matrix as reference

from febench.core.errors import UsageError
from febench.results.metrics import (
    BINS,
    METRICS,
    Answers,
    confusion_matrix,
    mean_and_sd,
    metric_of,
    overall_accuracy,
    sensitivities,
)

pairs = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=1, max_size=50)


@given(pairs)
def test_as_scikit_learn_counts(found: list[tuple[int, int]]) -> None:
    labels, predictions = (np.asarray(column, dtype=np.int64) for column in zip(*found, strict=True))
    confusion = confusion_matrix(labels, predictions, 7)
    assert np.array_equal(confusion, reference(labels, predictions, labels=range(7)))
    assert overall_accuracy(confusion) == pytest.approx(100 * accuracy_score(labels, predictions))
    recalls = recall_score(labels, predictions, labels=range(7), average=None, zero_division=np.nan)
    assert np.allclose(sensitivities(confusion), 100 * recalls, equal_nan=True)


def test_the_papers_ideal_matrix() -> None:
    ideal = 100 * np.eye(7, dtype=np.int64)
    assert overall_accuracy(ideal) == 100
    assert sensitivities(ideal).tolist() == [100] * 7


def test_sd_has_n_minus_1_and_needs_two_runs() -> None:
    assert mean_and_sd(np.array([1.0, 3.0])) == (2.0, pytest.approx(2**0.5))
    assert mean_and_sd(np.array([1.0])) == (1.0, None)
    assert mean_and_sd(np.array([])) == (None, None)


def answers(n: int, classes: int, seed: int = 0, absent: tuple[int, ...] = (), beliefs: bool = True) -> Answers:
    """Answers that are right more often than not; no image is of the absent classes."""
    rng = np.random.default_rng(seed)
    labels = rng.choice([c for c in range(classes) if c not in absent], n).astype(np.int64)
    raw = rng.random((n, classes))
    raw[np.arange(n), labels] += rng.random(n)
    probabilities = raw / raw.sum(axis=1, keepdims=True)
    return Answers(labels, probabilities.argmax(axis=1).astype(np.int64), probabilities if beliefs else None, classes)


@pytest.mark.parametrize("absent", [(), (2,), (0, 4)])
def test_known_answers_of_scikit_learn_with_classes_absent_from_the_part(absent: tuple[int, ...]) -> None:
    """Classes that no image shows are left out of means over classes, as scikit-learn does when told so."""
    a = answers(211, 5, seed=3, absent=absent)
    there = sorted(set(a.labels.tolist()))
    y, p, beliefs = a.labels, a.predictions, a.probabilities
    assert beliefs is not None
    expected = {
        "oa": accuracy_score(y, p),
        "uar": recall_score(y, p, labels=there, average="macro"),
        "macro-f1": f1_score(y, p, labels=there, average="macro"),
        "weighted-f1": f1_score(y, p, labels=there, average="weighted"),
        "auc": np.mean([roc_auc_score(y == one, beliefs[:, one]) for one in there]),
        "log-loss": log_loss(y, beliefs, labels=range(5)) / 100,
    }
    if not absent:
        assert expected["uar"] == pytest.approx(balanced_accuracy_score(y, p))
        assert expected["auc"] == pytest.approx(roc_auc_score(y, beliefs, multi_class="ovr", average="macro"))
    for name, value in expected.items():
        assert metric_of(name).score(a) == pytest.approx(100 * value), name


def plug_in(a: Answers) -> tuple[float, list[tuple[int, float, float]]]:
    """The usual calibration error, and of each bin its images, gap and accuracy."""
    assert a.probabilities is not None
    confidence = a.probabilities[np.arange(len(a.labels)), a.predictions]
    hits = (a.labels == a.predictions).astype(float)
    bins = []
    for low in np.arange(BINS) / BINS:
        inside = (confidence > low + 1e-12) & (confidence <= low + 1 / BINS + 1e-12)
        if inside.any():
            bins.append((int(inside.sum()), hits[inside].mean() - confidence[inside].mean(), hits[inside].mean()))
    return 100 * sum(n * abs(gap) for n, gap, _ in bins) / len(hits), bins


def test_calibration_by_hand() -> None:
    """All answers of a bin are right or wrong together: nothing to correct, (|2 - 1.8| + |2 - 1.2|) / 4."""
    beliefs = np.array([[0.9, 0.1], [0.1, 0.9], [0.6, 0.4], [0.4, 0.6]])
    a = Answers(np.array([0, 1, 0, 1]), np.array([0, 1, 0, 1]), beliefs, 2)
    assert metric_of("ece").score(a) == pytest.approx(100 * (0.2 + 0.8) / 4)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_calibration_error_is_less_its_bias_as_its_authors_simulate_it(seed: int) -> None:
    """Kumar, Liang & Ma: twice the plug-in, less its mean where accuracies of bins are drawn from their normals."""
    a = answers(120, 4, seed)
    usual, bins = plug_in(a)
    z = np.random.default_rng(1).normal(size=200_000)
    drawn = sum(n * np.abs(gap + z * np.sqrt(right * (1 - right) / n)).mean() for n, gap, right in bins)
    assert metric_of("ece").score(a) == pytest.approx(2 * usual - 100 * drawn / 120, abs=0.05)


@pytest.mark.parametrize("n", [70, 700])
def test_of_a_calibrated_method_the_calibration_error_is_nearer_to_0(n: int) -> None:
    rng, found = np.random.default_rng(n), []
    for _ in range(200):
        confidence = rng.uniform(0.5, 1, n)
        labels = (rng.random(n) > confidence).astype(np.int64)
        a = Answers(labels, np.zeros(n, dtype=np.int64), np.stack([confidence, 1 - confidence], axis=1), 2)
        found.append((plug_in(a)[0], metric_of("ece").score(a)))
    usual, corrected = np.mean(found, axis=0)
    assert abs(corrected) < 0.7 * usual


def test_a_stored_zero_does_not_cost_the_world() -> None:
    a = Answers(np.array([0]), np.array([1]), np.array([[0.0, 1.0]]), 2)
    assert metric_of("log-loss").score(a) == pytest.approx(-np.log(5e-5))


@pytest.mark.parametrize("name", METRICS)
def test_counts_less_those_of_a_group_are_the_counts_of_the_others(name: str) -> None:
    metric, whole = metric_of(name), answers(97, 4, seed=1)
    assert whole.probabilities is not None
    groups = np.random.default_rng(0).integers(0, 3, 97)
    counts = metric.tally(whole, groups, 3)
    assert counts.shape == (3, *metric.counts(whole).shape)
    others = [
        Answers(whole.labels[kept], whole.predictions[kept], whole.probabilities[kept], 4)
        for kept in (groups != group for group in range(3))
    ]
    left = metric.counts(whole) - counts
    assert np.allclose(left, [metric.counts(one) for one in others])
    assert metric.value(left).tolist() == pytest.approx([metric.score(one) for one in others])


@pytest.mark.parametrize("name", METRICS)
def test_what_cannot_be_told_is_not_a_number(name: str) -> None:
    nothing = np.empty(0, dtype=np.int64)
    assert np.isnan(metric_of(name).score(Answers(nothing, nothing, np.empty((0, 3)), 3)))
    if metric_of(name).of_probabilities:
        assert np.isnan(metric_of(name).score(answers(9, 3, beliefs=False)))


def test_unknown_metrics_are_refused_with_those_there_are() -> None:
    with pytest.raises(UsageError, match="there is no metric 'acc'; there is oa, uar, macro-f1"):
        metric_of("acc")


@pytest.mark.parametrize(
    ("name", "metric"), [("accuracy", "oa"), ("Balanced_Accuracy", "uar"), ("UAR", "uar"), ("log_loss", "log-loss")]
)
def test_metrics_have_the_names_of_the_field_too(name: str, metric: str) -> None:
    assert metric_of(name) is METRICS[metric]
