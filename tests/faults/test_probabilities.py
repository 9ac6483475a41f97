"""Probabilities that are none are refused; those of other answers are marked and left out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from febench.core.method import FoldOutcome, Method
from febench.results.caveats import caveats_of
from febench.results.metrics import METRICS, OA
from febench.results.results import Results
from febench.running.executors.base import Failure
from febench.running.tasks import CellResult, CellTask, PackedMethod, _of_fold
from tests.made_results import made_dataset, made_results

GOOD = [0.5, 0.3, 0.2]


class Believes:
    """Always says class 0, with the same probabilities."""

    classes_ = np.arange(3)
    row: Any = GOOD

    def fit(self, X: NDArray[Any], y: NDArray[Any]) -> Believes:
        return self

    def predict(self, X: NDArray[Any]) -> NDArray[np.int64]:
        return np.zeros(len(X), dtype=np.int64)

    def predict_proba(self, X: NDArray[Any]) -> NDArray[np.float64]:
        return np.tile(np.asarray(self.row, dtype=np.float64), (len(X), 1))


def result_of(row: list[float], tmp_path: Path, packed: bool) -> CellResult | Failure:
    from febench.core.protocol import Fold

    np.save(tmp_path / "images.npy", np.zeros((6, 2, 2), dtype=np.uint8))
    train, test, labels = np.arange(3), np.arange(3, 6), np.arange(3)
    method = PackedMethod.of(Method("b", type("B", (Believes,), {"row": row}), version="1"), {}, "cpu")
    fold = Fold(train, train[:0], test)
    task = CellTask(method, tmp_path / "images.npy", fold, labels, labels[:0], ("a", "b", "c"), 0)
    if not packed:
        return task.run()
    return _of_fold(FoldOutcome(np.zeros(3, np.int64), np.tile(row, (3, 1)), np.arange(3), {}), task, None)


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(
    ("row", "words"),
    [
        ([1.2, -0.1, -0.1], "a negative probability, -0.1"),
        ([0.5, 0.3, 0.1], "whose sum is 0.9, not 1"),
        ([0.5, 0.3, 0.2011], "whose sum is 1.001, not 1"),
        ([2.0, 1.0, 1.0], "whose sum is 4, not 1"),
    ],
)
def test_what_is_no_probability_makes_a_cell_invalid(
    tmp_path: Path, row: list[float], words: str, packed: bool
) -> None:
    failure = result_of(row, tmp_path, packed)
    assert isinstance(failure, Failure) and failure.status == "invalid" and words in failure.error


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(
    ("row", "count"),
    [(GOOD, 0), ([0.5, 0.3, 0.2005], 0), ([0.4, 0.4, 0.2], 0), ([0.3, 0.5, 0.2], 3), ([0.39999, 0.40001, 0.2], 3)],
)
def test_those_that_contradict_the_prediction_are_kept_and_counted(
    tmp_path: Path, row: list[float], count: int, packed: bool
) -> None:
    result = result_of(row, tmp_path, packed)
    assert isinstance(result, CellResult) and result.contradictions == count
    assert result.probabilities == [[round(p, 4) for p in row]] * 3


def test_a_row_that_contradicts_itself_has_no_metric_of_probabilities_and_says_so(tmp_path: Path) -> None:
    made_results(tmp_path, {"sound": 0.8}, made_dataset(140), runs=[1])
    results = Results.of(made_results(tmp_path, {"odd": 0.8}, made_dataset(140), runs=[1], contradictions=2))
    sound, odd = results.rows
    for name in ("log-loss", "auc", "ece"):
        assert sound.scores(METRICS[name]) and not odd.scores(METRICS[name])
        assert odd.person_values(METRICS[name]) is None
    assert odd.scores(OA)
    (told,) = [one.text for one in caveats_of(results) if one.word == "contradicting probabilities"]
    assert told.endswith("odd (20 images in 10 of 10 cells)")
