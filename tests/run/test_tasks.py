from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from febench.core.dataset import Dataset
from febench.core.manifest import Manifest, draw
from febench.core.method import Method
from febench.run.tasks import CellTask, ExtractTask, Outcome, Recipe

SEEN: list[dict[str, Any]] = []


class Spy:
    """Predicts the first training label and remembers what it was given."""

    def __init__(self, random_state: int | None = None, device: str = "") -> None:
        self.given: dict[str, Any] = {"random_state": random_state, "device": device}
        SEEN.append(self.given)

    def fit(self, X: NDArray[Any], y: NDArray[Any], X_val: Any = None, y_val: Any = None) -> Spy:
        self.given |= {"X": X, "y": y, "X_val": X_val, "y_val": y_val}
        self.fit_info_ = {"steps": 3}
        self.classes_ = np.unique(y)
        return self

    def predict(self, X: NDArray[Any]) -> NDArray[Any]:
        return np.full(len(X), self.given["y"][0])


class Sums(Spy):
    def extract(self, X: NDArray[Any]) -> NDArray[Any]:
        self.given["chunk"] = len(X)
        return X.sum(axis=(1, 2), dtype=np.float64)[:, None]


class Short(Spy):
    def extract(self, X: NDArray[Any]) -> NDArray[Any]:
        return np.zeros((len(X) - 1, 2))


class Probable(Spy):
    def predict_proba(self, X: NDArray[Any]) -> NDArray[Any]:
        return np.full((len(X), len(self.classes_)), 1 / len(self.classes_))


class Wrong(Spy):
    answer: Any = None

    def predict(self, X: NDArray[Any]) -> Any:
        return self.answer


@pytest.fixture
def manifest(toy: Dataset) -> Manifest:
    return draw(toy, "paper")


def task(cls: type[Spy], manifest: Manifest, images: Path, seed: int = 5) -> CellTask:
    fold = manifest.fold(1, 1)
    recipe = Recipe.of(Method("spy", cls, version="1"), {}, "cpu")
    labels = manifest.labels
    return CellTask(recipe, images, fold, labels[fold.train], labels[fold.validation], len(manifest.classes), seed)


@pytest.fixture
def images(toy: Dataset, tmp_path: Path) -> Path:
    np.save(tmp_path / "images.npy", toy.images)
    return tmp_path / "images.npy"


def test_a_method_gets_its_fold_its_seed_and_the_validation_group(
    toy: Dataset, manifest: Manifest, images: Path
) -> None:
    outcome = task(Spy, manifest, images).run()
    given, fold = SEEN[-1], manifest.fold(1, 1)
    assert (given["random_state"], given["device"]) == (5, "cpu")
    assert np.array_equal(given["X"], toy.images[fold.train]) and np.array_equal(given["y"], toy.labels[fold.train])
    assert np.array_equal(given["X_val"], toy.images[fold.validation])
    assert outcome.status == "ok" and outcome.predictions == [int(given["y"][0])] * len(fold.test)
    assert outcome.info == {"steps": 3} and set(outcome.seconds) == {"fit", "predict"}


def test_no_test_label_travels_with_a_task(manifest: Manifest, images: Path) -> None:
    """The labels in a task are those of its training and validation images, one for one."""
    found = task(Spy, manifest, images)
    assert len(found.y_train) == len(found.fold.train) and len(found.y_val) == len(found.fold.validation)
    assert not any(isinstance(value, (Manifest, Dataset)) for value in vars(found).values())


def test_features_are_computed_once_and_given_in_place_of_images(
    toy: Dataset, manifest: Manifest, images: Path
) -> None:
    recipe = Recipe.of(Method("sums", Sums, version="1"), {}, "cpu")
    first = ExtractTask(recipe, images, (toy.fingerprint, "here", "sums")).run()
    assert first.features is not None
    assert np.array_equal(np.load(first.features)[:, 0], toy.images.sum(axis=(1, 2)))
    again = ExtractTask(recipe, images, (toy.fingerprint, "here", "sums")).run()
    assert again.features == first.features and again.seconds == first.seconds and "chunk" not in SEEN[-1]
    newer = Recipe.of(Method("sums", Sums, version="2"), {}, "cpu")
    assert ExtractTask(newer, images, (toy.fingerprint, "here", "sums")).run().features != first.features
    task(Sums, manifest, first.features).run()
    assert SEEN[-1]["X"].shape == (112, 1)


def test_methods_that_name_the_same_features_share_them(toy: Dataset, images: Path) -> None:
    def extracted(name: str, features_id: object) -> Outcome:
        cls = type("Named", (Sums,), {"features_id": features_id})
        return ExtractTask(Recipe.of(Method(name, cls, version=name), {}, "cpu"), images, (toy.fingerprint,)).run()

    first, same, other = extracted("a", ["sums", 1]), extracted("b", ["sums", 1]), extracted("c", ["sums", 2])
    assert first.features is not None and first.features == same.features != other.features
    assert same.seconds == first.seconds


def test_without_extract_the_images_are_the_features(toy: Dataset, images: Path) -> None:
    recipe = Recipe.of(Method("spy", Spy, version="1"), {}, "cpu")
    assert ExtractTask(recipe, images, (toy.fingerprint,)).run() == Outcome(
        "ok", features=images, peak_memory_mb=pytest.approx(1, abs=1e6)
    )


def test_an_extract_that_loses_images_fails_and_leaves_nothing(toy: Dataset, images: Path, cache: Path) -> None:
    before = set((cache / "features").glob("*"))
    outcome = ExtractTask(Recipe.of(Method("short", Short, version="1"), {}, "cpu"), images, (toy.fingerprint,)).run()
    assert outcome.status == "failed" and "extract returned 139 rows for 140 images" in str(outcome.error)
    assert {path.suffix for path in set((cache / "features").glob("*")) - before} == {".lock"}


def test_only_what_json_can_hold_is_kept_of_the_training(manifest: Manifest, images: Path) -> None:
    class Chatty(Spy):
        def fit(self, X: Any, y: Any, X_val: Any = None, y_val: Any = None) -> Spy:
            super().fit(X, y)
            self.fit_info_ = {"network": object()}
            return self

    outcome = task(Chatty, manifest, images).run()
    assert outcome.status == "failed" and "not JSON serializable" in str(outcome.error)


def test_probabilities_have_a_column_for_every_class(manifest: Manifest, images: Path) -> None:
    outcome = task(Probable, manifest, images).run()
    assert outcome.probabilities is not None and outcome.probabilities[0] == [0.1429] * 7


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (np.zeros(13, dtype=int), r"shape \(13,\) for 14 images"),
        (np.zeros(14), "float64, not integer"),
        (np.full(14, 7), r"outside 0\.\.6"),
        (np.full(14, -1), r"outside 0\.\.6"),
        (None, "shape"),
        (["happy"] * 14, "not integer"),
    ],
)
def test_nonsense_is_invalid(manifest: Manifest, images: Path, answer: Any, words: str) -> None:
    import re

    outcome = task(type("Odd", (Wrong,), {"answer": answer}), manifest, images).run()
    assert outcome.status == "invalid" and outcome.predictions is None
    assert re.search(words, str(outcome.error))


def test_what_a_method_raises_is_a_sentence_with_its_place(manifest: Manifest, images: Path) -> None:
    def fit(self: Spy, X: Any, y: Any) -> None:
        raise ValueError("two\nlines")

    outcome = task(type("Angry", (Spy,), {"fit": fit}), manifest, images).run()
    assert outcome.status == "failed"
    assert str(outcome.error).startswith("ValueError: two lines (test_evaluate.py:")
