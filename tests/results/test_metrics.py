from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, recall_score
from sklearn.metrics import confusion_matrix as reference

from febench.results.metrics import confusion_matrix, mean_and_sd, overall_accuracy, sensitivities

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
