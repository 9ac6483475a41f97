"""Intervals over people: their coverage in a small simulation, known answers, and properties."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from febench.stats.intervals import TRAINING_WEIGHT, people_interval

DRAWS, PEOPLE, CLASSES, SHOTS, FEATURES = 600, 10, 4, 5, 3
VALUES = st.lists(st.integers(0, 700), min_size=2, max_size=40).map(lambda values: np.array(values) / 7)
TRAINING_PEOPLE = st.floats(1, 100)


def simulated_accuracies() -> NDArray[np.float64]:
    """Accuracy in % of each person, shape (draws, people), of a nearest-centroid classifier that leaves one person out.

    An expression is a point; each person has an offset from all points, and another from each.
    """
    rng = np.random.default_rng(29)
    points = rng.normal(size=(CLASSES, 1, FEATURES))
    person = rng.normal(size=(DRAWS, PEOPLE, 1, 1, FEATURES)) * 0.3
    habit = rng.normal(size=(DRAWS, PEOPLE, CLASSES, 1, FEATURES)) * 0.7
    images = points + person + habit + rng.normal(size=(DRAWS, PEOPLE, CLASSES, SHOTS, FEATURES)) * 0.4
    of_person = images.mean(axis=3)
    centroids = (of_person.sum(axis=1, keepdims=True) - of_person) / (PEOPLE - 1)
    distances = np.square(images[:, :, :, :, None] - centroids[:, :, None, None]).sum(axis=-1)
    correct = distances.argmin(axis=-1) == np.arange(CLASSES)[:, None]
    return np.asarray(100 * correct.mean(axis=(2, 3)))


def bootstrap_covers(people: NDArray[np.float64], truth: float) -> bool:
    """Say whether the percentile bootstrap over people holds the truth: the rule that `people_interval` replaced."""
    n = len(people)
    samples = np.random.default_rng(0).multinomial(n, np.full(n, 1 / n), size=1000) @ people / n
    low, high = np.quantile(samples, [0.025, 0.975])
    return bool(low <= truth <= high)


def test_intervals_cover_the_mean_of_other_people_trained_and_tested() -> None:
    """95 % are wanted; the bootstrap over tested people, and the plain t interval, have less."""
    accuracies = simulated_accuracies()
    truth = float(accuracies.mean())

    def coverage(training_people: float) -> float:
        intervals = [people_interval(people, training_people=training_people) for people in accuracies]
        return float(np.mean([interval.low <= truth <= interval.high for interval in intervals]))

    assert np.mean([bootstrap_covers(people, truth) for people in accuracies]) < 0.91
    assert coverage(math.inf) < coverage(PEOPLE - 1)
    assert 0.93 <= coverage(PEOPLE - 1) <= 0.97


def test_people_the_method_was_not_trained_on_give_the_plain_t_interval() -> None:
    values = np.array([62.0, 71.0, 80.0, 55.0, 90.0])
    interval, reference = people_interval(values, training_people=math.inf), stats.ttest_1samp(values, 0)
    assert (interval.t, interval.p) == (pytest.approx(reference.statistic), pytest.approx(reference.pvalue))
    assert (interval.low, interval.high) == pytest.approx(tuple(reference.confidence_interval()))
    assert interval.df == 4


def test_the_standard_error_has_a_term_for_the_people_in_training() -> None:
    values = np.array([0.0, 10.0])
    interval = people_interval(values, training_people=8)
    assert interval.standard_error == pytest.approx(math.sqrt(50 * (1 / 2 + TRAINING_WEIGHT / 8)))
    assert interval.high - 5 == pytest.approx(12.706205 * interval.standard_error)


@pytest.mark.parametrize(("value", "p"), [(0.0, 1.0), (3.0, 0.0)])
def test_equal_values_leave_no_spread(value: float, p: float) -> None:
    interval = people_interval(np.full(5, value), training_people=4)
    assert (interval.low, interval.mean, interval.high) == (value, value, value)
    assert (interval.t, interval.p, interval.standard_error) == (None, p, 0.0)


@given(VALUES, TRAINING_PEOPLE)
def test_the_mean_lies_inside_and_in_the_middle(values: NDArray[np.float64], training_people: float) -> None:
    interval = people_interval(values, training_people=training_people)
    assert interval.mean == pytest.approx(values.mean())
    assert interval.low <= interval.mean <= interval.high
    assert interval.high - interval.mean == pytest.approx(interval.mean - interval.low)


@given(VALUES, TRAINING_PEOPLE, st.floats(0.01, 100), st.floats(-100, 100))
def test_another_unit_changes_the_interval_alike(
    values: NDArray[np.float64], training_people: float, scale: float, shift: float
) -> None:
    interval = people_interval(values, training_people=training_people)
    other = people_interval(scale * values + shift, training_people=training_people)
    ends = (interval.low, interval.high)
    assert (other.low, other.high) == pytest.approx([scale * end + shift for end in ends], rel=1e-6, abs=1e-6)
    mirrored = people_interval(-values, training_people=training_people)
    assert (-mirrored.high, -mirrored.low) == pytest.approx(ends)
    assert mirrored.p == pytest.approx(interval.p)


@given(VALUES, TRAINING_PEOPLE, st.floats(0, 100))
def test_p_is_below_5_percent_exactly_if_0_lies_outside(
    values: NDArray[np.float64], training_people: float, shift: float
) -> None:
    interval = people_interval(values - shift, training_people=training_people)
    if min(abs(interval.low), abs(interval.high)) > 1e-9:
        assert (interval.p < 0.05) == (interval.low > 0 or interval.high < 0)


@given(VALUES, TRAINING_PEOPLE)
def test_more_people_in_training_narrow_the_interval(values: NDArray[np.float64], training_people: float) -> None:
    few = people_interval(values, training_people=training_people)
    many = people_interval(values, training_people=2 * training_people)
    assert few.standard_error >= many.standard_error
    assert few.p >= many.p


@pytest.mark.parametrize(
    ("values", "training_people", "message"),
    [
        ([1.0], 5.0, "at least two people, not 1"),
        ([1.0, math.nan], 5.0, "a finite value for each person"),
        ([1.0, 2.0], 0.0, "must be positive, not 0.0"),
        ([1.0, 2.0], math.nan, "must be positive, not nan"),
    ],
)
def test_unusable_input_is_refused(values: list[float], training_people: float, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        people_interval(np.array(values), training_people=training_people)
