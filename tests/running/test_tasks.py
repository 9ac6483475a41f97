from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn import config_context
from sklearn.dummy import DummyClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from febench.core.dataset import Dataset
from febench.core.errors import DataError
from febench.core.manifest import Manifest, draw
from febench.core.method import FoldOutcome, FoldTask, Method
from febench.running.executors.base import Failure
from febench.running.plan import Cell, Row
from febench.running.runner import cell_task
from febench.running.tasks import (
    CellResult,
    CellTask,
    Extracted,
    ExtractTask,
    PackedMethod,
    PackTask,
    guarded,
)

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
    method = PackedMethod.of(Method("spy", cls, version="1"), {}, "cpu")
    labels = manifest.labels
    return CellTask(method, images, fold, labels[fold.train], labels[fold.validation], manifest.classes, seed)


def result_of(cls: type[Spy], manifest: Manifest, images: Path) -> CellResult:
    result = task(cls, manifest, images).run()
    assert isinstance(result, CellResult)
    return result


def failure_of(cls: type[Spy], manifest: Manifest, images: Path) -> Failure:
    failure = task(cls, manifest, images).run()
    assert isinstance(failure, Failure)
    return failure


def extracted(cls: type[Spy], images: Path, *key: str, name: str = "spy", version: str = "1") -> Extracted:
    features = ExtractTask(PackedMethod.of(Method(name, cls, version=version), {}, "cpu"), images, key).run()
    assert isinstance(features, Extracted)
    return features


@pytest.fixture
def images(toy: Dataset, tmp_path: Path) -> Path:
    np.save(tmp_path / "images.npy", toy.images)
    return tmp_path / "images.npy"


def test_a_method_gets_its_fold_its_seed_and_the_validation_group(
    toy: Dataset, manifest: Manifest, images: Path
) -> None:
    result = result_of(Spy, manifest, images)
    given, fold = SEEN[-1], manifest.fold(1, 1)
    assert (given["random_state"], given["device"]) == (5, "cpu")
    assert np.array_equal(given["X"], toy.images[fold.train]) and np.array_equal(given["y"], toy.labels[fold.train])
    assert np.array_equal(given["X_val"], toy.images[fold.validation])
    assert result.predictions == [int(given["y"][0])] * len(fold.test)
    assert result.info == {"steps": 3} and set(result.seconds) == {"fit", "predict"}
    assert result.peak_memory_mb is None or result.peak_memory_mb > 1


class Grouped(Spy):
    def fit(self, X: Any, y: Any, groups: Any = "none given", *, class_names: Any = ()) -> Spy:
        super().fit(X, y)
        self.given |= {"groups": groups, "class_names": class_names}
        return self

    def fit_predict_folds(self, X: Any, folds: Sequence[FoldTask]) -> list[FoldOutcome]:
        SEEN.extend(vars(fold) for fold in folds)
        return [FoldOutcome(np.zeros(len(fold.test), dtype=int), None, np.arange(7), {}) for fold in folds]


class Greedy(Spy):
    """Names nothing."""

    def fit(self, X: Any, y: Any, *groups: Any, **class_names: Any) -> Spy:
        super().fit(X, y)
        self.given |= {"more": (groups, class_names)}
        return self


def cells(cls: type, data: Dataset, protocol: str, images: Path, n: int = 1) -> list[CellTask]:
    """The first cells of a run, as the runner makes them."""
    method, manifest = Method("spy", cls, version="1"), draw(data, protocol)
    return [
        cell_task(Cell(Row(method, {}, "spy"), manifest, 1, fold), PackedMethod.of(method, {}, "cpu"), images)
        for fold in range(1, n + 1)
    ]


@pytest.mark.parametrize("protocol", ["subject", "loso", "paper"])
def test_a_method_gets_what_the_protocol_keeps_together_and_the_names_of_the_classes(
    toy: Dataset, images: Path, protocol: str
) -> None:
    [cell] = cells(Grouped, toy, protocol, images)
    assert isinstance(cell.run(), CellResult)
    given = SEEN[-1]
    assert given["class_names"] == tuple("abcdefg")
    if protocol == "paper":
        assert given["groups"] is None
    else:
        assert toy.subjects is not None and given["groups"].dtype == np.int64
        people = [toy.subjects[i] for i in cell.fold.train]
        assert given["groups"].tolist() == np.searchsorted(np.unique(toy.subjects), people).tolist()


def test_folds_trained_in_one_call_get_the_same(toy: Dataset, images: Path) -> None:
    for protocol in ("subject", "paper"):
        packed = cells(Grouped, toy, protocol, images, 3)
        assert all(isinstance(one, CellResult) for one in PackTask(tuple(packed)).run())  # type: ignore[union-attr]
        folds = SEEN[-3:]
        for cell, fold in zip(packed, folds, strict=True):
            cell.run()
            assert np.array_equal(fold["groups"], SEEN[-1]["groups"]) and fold["class_names"] == tuple("abcdefg")
        assert (folds[0]["groups"] is None) == (protocol == "paper")


def test_what_the_signature_does_not_name_is_not_given(toy: Dataset, images: Path) -> None:
    [cell] = cells(Greedy, toy, "subject", images)
    assert isinstance(cell.run(), CellResult) and SEEN[-1]["more"] == ((), {})


def test_scikit_learns_own_estimators_train_with_and_without_its_routing(toy: Dataset, images: Path) -> None:
    def searched(random_state: int | None = None) -> Any:
        flat = FunctionTransformer(lambda X: X.reshape(len(X), -1))
        return GridSearchCV(make_pipeline(flat, DummyClassifier()), {}, cv=2)

    [cell] = cells(searched, toy, "subject", images)  # type: ignore[arg-type]
    plain = cell.run()
    with config_context(enable_metadata_routing=True):
        routed = cell.run()
    assert isinstance(plain, CellResult) and isinstance(routed, CellResult)
    assert plain.predictions == routed.predictions


def test_no_test_label_travels_with_a_task(toy: Dataset, images: Path) -> None:
    """The labels in a task are those of its training and validation images, groups of the former, one for one."""
    [found] = cells(Spy, toy, "subject", images)
    assert found.groups is not None and len(found.groups) == len(found.fold.train)
    assert len(found.y_train) == len(found.fold.train) and len(found.y_val) == len(found.fold.validation)
    assert not any(isinstance(value, (Manifest, Dataset)) for value in vars(found).values())


def test_features_are_computed_once_and_given_in_place_of_images(
    toy: Dataset, manifest: Manifest, images: Path
) -> None:
    key = (toy.fingerprint, "here", "sums")
    first = extracted(Sums, images, *key)
    assert np.array_equal(np.load(first.path)[:, 0], toy.images.sum(axis=(1, 2)))
    assert extracted(Sums, images, *key) == first and "chunk" not in SEEN[-1]
    assert extracted(Sums, images, *key, version="2").path != first.path
    task(Sums, manifest, first.path).run()
    assert SEEN[-1]["X"].shape == (112, 1)


def test_methods_whose_features_id_names_their_code_share_features(toy: Dataset, images: Path) -> None:
    def named(name: str, features_id: object) -> Extracted:
        cls = type("Named", (Sums,), {"features_id": features_id})
        return extracted(cls, images, toy.fingerprint, name=name, version=name)

    first, same = named("a", {"code": "1", "of": "sums"}), named("b", {"code": "1", "of": "sums"})
    other = named("c", {"code": "2", "of": "sums"})
    assert first.path == same.path != other.path
    assert same.seconds == first.seconds


def test_a_subclass_with_another_extract_does_not_share_by_its_parents_code(toy: Dataset, images: Path) -> None:
    parent = type("Parent", (Sums,), {"features_id": {"code": "1"}, "extract": Sums.extract})
    child = type("Child", (parent,), {"extract": lambda self, X: -X.reshape(len(X), -1).astype(float)})
    inherited = extracted(parent, images, toy.fingerprint, "subclass")
    overridden = extracted(child, images, toy.fingerprint, "subclass", version="2")
    assert inherited.path != overridden.path
    assert extracted(type("Plain", (parent,), {}), images, toy.fingerprint, "subclass", version="3") == inherited


def test_an_edited_extract_is_not_served_features_of_the_version_before(toy: Dataset, images: Path) -> None:
    def sums(factor: int) -> type[Spy]:
        def extract(self: Spy, X: Any) -> Any:
            return factor * X.reshape(len(X), -1).sum(axis=1, keepdims=True)

        return type("Named", (Sums,), {"features_id": ["sums"], "extract": extract})

    before = extracted(sums(1), images, toy.fingerprint, "edited")
    after = extracted(sums(2), images, toy.fingerprint, "edited", version="2")
    assert np.array_equal(np.load(after.path), 2 * np.load(before.path))
    again = extracted(sums(2), images, toy.fingerprint, "edited", name="another row", version="2")
    assert again.path == after.path


def test_without_extract_the_images_are_the_features(toy: Dataset, images: Path) -> None:
    assert extracted(Spy, images, toy.fingerprint) == Extracted(images)


def test_an_extract_that_loses_images_fails_and_leaves_nothing(toy: Dataset, images: Path, cache: Path) -> None:
    before = set((cache / "features").glob("*"))
    method = PackedMethod.of(Method("short", Short, version="1"), {}, "cpu")
    failure = ExtractTask(method, images, (toy.fingerprint,)).run()
    assert isinstance(failure, Failure) and failure.status == "failed"
    assert "extract returned 139 rows for 140 images" in failure.error
    assert {path.suffix for path in set((cache / "features").glob("*")) - before} == {".lock"}


def test_only_what_json_can_hold_is_kept_of_the_training(manifest: Manifest, images: Path) -> None:
    class Chatty(Spy):
        def fit(self, X: Any, y: Any, X_val: Any = None, y_val: Any = None) -> Spy:
            super().fit(X, y)
            self.fit_info_ = {"network": object()}
            return self

    failure = failure_of(Chatty, manifest, images)
    assert failure.status == "failed" and "not JSON serializable" in failure.error


def test_what_febench_itself_refuses_is_told_as_it_is() -> None:
    def refuse() -> None:
        raise DataError("the features need 9 MB in the cache")

    assert guarded(refuse) == Failure("failed", "the features need 9 MB in the cache")


def test_probabilities_keep_four_significant_digits_and_unseen_classes_have_none(
    manifest: Manifest, images: Path
) -> None:
    class Sure(Spy):
        def fit(self, X: Any, y: Any) -> Spy:  # type: ignore[override]
            super().fit(X, y)
            self.classes_ = np.array([0, 2])
            return self

        def predict_proba(self, X: Any) -> Any:
            return np.tile([1 - 1.23456e-9, 1.23456e-9], (len(X), 1))

    result = result_of(Sure, manifest, images)
    assert result.probabilities is not None and result.probabilities[0] == [1.0, 0.0, 1.235e-09, 0.0, 0.0, 0.0, 0.0]


def test_probabilities_have_a_column_for_every_class(manifest: Manifest, images: Path) -> None:
    result = result_of(Probable, manifest, images)
    assert result.probabilities is not None and result.probabilities[0] == [0.1429] * 7


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

    failure = failure_of(type("Odd", (Wrong,), {"answer": answer}), manifest, images)
    assert failure.status == "invalid" and re.search(words, failure.error)


def test_what_a_method_raises_is_a_sentence_with_its_place(manifest: Manifest, images: Path) -> None:
    def fit(self: Spy, X: Any, y: Any) -> None:
        raise ValueError("two\nlines")

    failure = failure_of(type("Angry", (Spy,), {"fit": fit}), manifest, images)
    assert failure.status == "failed" and failure.traceback is not None
    assert failure.error.startswith("ValueError: two lines (test_tasks.py:")
