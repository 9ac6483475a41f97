"""What holds for every method of this package; a new one is tested by its name."""

from __future__ import annotations

import pickle
import sys
from pathlib import Path

import numpy as np
import pytest

from febench.core.dataset import Dataset, load_dataset
from febench.core.method import METHODS
from febench.core.protocol import Fold
from febench.running.tasks import CellResult, CellTask, Extracted, ExtractTask, PackedMethod
from tests.baselines.samples import SMALL, build, features, predictions, stripes

CLASSICAL = ("hwt", "cso", "bbo")
FLOOR = "majority"
"""Looks at no image: it extracts nothing, learns no set, takes no validation fold and tells nothing of its fit."""
EXTENDED = ("jaya", "bwe-fsvm", "hos-svm", "lbp-svm", "hog-svm", "lbp-knn", "hog-mlp")
SHORT = {"hwt": {"iterations": 5}, **{name: {"evaluations": 2_000} for name in ("cso", "bbo", "jaya")}}


@pytest.fixture(params=[*CLASSICAL, *EXTENDED, FLOOR])
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_is_registered_with_what_a_table_needs(name):
    method = METHODS.get(name)
    assert method.sets == (("classical",) if name in CLASSICAL else ("extended",))
    assert method.version
    assert method.cite
    assert all(isinstance(value, (str, int, float, bool, type(None))) for value in method.params.values())


def test_its_file_names_its_docs_page(name):
    page = f"docs/methods/{name}.md"
    assert page in str(sys.modules[METHODS.get(name).origin].__doc__)
    assert "## Chosen" in (Path(__file__).parents[2] / page).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", [*CLASSICAL, *EXTENDED])
def test_learns_an_easy_set(name):
    (train, y), (test, y_test), (val, y_val) = stripes(), stripes(seed=1), stripes(seed=2)
    method = build(name)
    predicted = predictions(method, train, y, test, X_val=method.extract(val), y_val=y_val)
    assert (predicted == y_test).mean() > 0.8
    assert method.fit_info_


@pytest.mark.parametrize("name", [*CLASSICAL, "jaya"])
def test_reports_the_number_of_weights_of_a_network(name):
    X, y = stripes(6)
    method = build(name, **SHORT[name])
    method.fit(method.extract(X), y)
    assert method.fit_info_["weights"] > 0


def test_equal_seeds_give_equal_predictions_and_fits(name):
    rng = np.random.default_rng(0)
    X, y = rng.integers(0, 256, (20, 32, 32), dtype=np.uint8), np.resize([0, 1], 20)
    first, second = build(name), build(name)
    np.testing.assert_array_equal(predictions(first, X, y, X), predictions(second, X, y, X))
    if name != FLOOR:
        timeless = [{**method.fit_info_, "selection_seconds": 0} for method in (first, second)]
        assert timeless[0] == timeless[1]


@pytest.mark.parametrize("classes", [(0, 1), (2, 6), (1, 3, 4, 9)])
@pytest.mark.parametrize("n", [2, 9])
def test_any_classes_and_few_images(name, classes, n):
    X, _ = stripes(n)
    y = np.resize(classes, n)
    predicted = predictions(build(name, **SHORT.get(name, {})), X, y, X)
    assert predicted.shape == (n,)
    assert set(predicted) <= set(y)


def test_constant_images(name):
    X, y = np.full((6, 48, 48, 3), 90, np.uint8), np.resize([0, 1], 6)
    assert set(predictions(build(name), X, y, X)) <= {0, 1}


def test_no_images_no_predictions(name):
    X, y = stripes(6)
    assert predictions(build(name), X, y, X[:0]).shape == (0,)


@pytest.mark.parametrize("name", [*CLASSICAL, *EXTENDED])
def test_validation_may_hold_unseen_classes_or_nothing(name):
    X, y = stripes(12)
    method = build(name)
    features = method.extract(X)
    method.fit(features, y, X_val=features, y_val=y + 2)
    method.fit(features, y, X_val=features[:0], y_val=y[:0])
    assert set(method.predict(features)) <= {0, 1, 2}


def test_travels_between_processes(name):
    X, y = stripes(12)
    method = build(name)
    inputs = features(method, X)
    method.fit(inputs, y)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(method)).predict(inputs), method.predict(inputs))


@pytest.fixture(scope="module")
def faces() -> Dataset:
    return load_dataset("faces[subjects=4,shots=3,size=48]")


def test_keeps_the_contract_in_the_harness(name, faces, tmp_path: Path, monkeypatch):
    """Features by the harness, memory-mapped; a cell twice, the same predictions."""
    monkeypatch.setenv("FEBENCH_CACHE", str(tmp_path / "cache"))
    images = tmp_path / "images.npy"
    np.save(images, faces.images)
    method = PackedMethod.of(METHODS.get(name), METHODS.get(name).resolve(SMALL.get(name, {})), "cpu")
    extracted = ExtractTask(method, images, ("test", name)).run()
    assert isinstance(extracted, Extracted), extracted
    parts = [np.flatnonzero(np.arange(len(faces)) % 4 == i) for i in range(4)]
    fold = Fold(np.sort(np.concatenate(parts[:2])), parts[2], parts[3])
    y_train, y_val = faces.labels[fold.train], faces.labels[fold.validation]
    task = CellTask(method, extracted.path, fold, y_train, y_val, faces.classes, seed=5)
    first, second = task.run(), task.run()
    assert isinstance(first, CellResult) and isinstance(second, CellResult), first
    assert first.predictions == second.predictions and len(first.predictions) == len(fold.test)


@pytest.mark.parametrize(
    ("name", "parameters", "word"),
    [
        ("hwt", {"level": 8}, "level|multiple"),
        ("hwt", {"wavelet": "hair"}, "wavelet"),
        ("hwt", {"decay": -1.0}, "decay"),
        ("cso", {"variance": 2.0}, "variance"),
        ("cso", {"smp": 1}, "smp"),
        ("bbo", {"elites": 99}, "elites"),
        ("bbo", {"bound": -1.0}, "bound"),
        ("bbo", {"level": 0}, "level"),
        ("jaya", {"population": 1}, "population"),
        ("cso", {"hidden": "many"}, "hidden takes a whole number"),
        ("bbo", {"penalty": -1.0}, "penalty"),
        ("jaya", {"evaluations": 0}, "evaluations"),
        ("hog-svm", {"C": 0.0}, "C"),
        ("hog-svm", {"size": 8}, "size"),
        ("hog-mlp", {"cell": 0}, "cell"),
        ("hog-mlp", {"decay": -1.0}, "decay"),
        ("lbp-svm", {"grid": 7}, "grid"),
        ("lbp-svm", {"C": -1.0}, "C"),
        ("lbp-knn", {"k": 0}, "k"),
        ("lbp-knn", {"grid": 0}, "grid"),
        ("bwe-fsvm", {"delta": 0.0}, "delta"),
        ("bwe-fsvm", {"wavelet": "bior"}, "wavelet"),
        ("bwe-fsvm", {"blocks": 3}, "blocks must be one of 1, 2, 4, not 3"),
        ("bbo", {"entropy": "shannon"}, "entropy must be one of energy, wentropy, histogram, not 'shannon'"),
        ("jaya", {"channels": "hsv"}, "channels must be one of grey, rgb, not 'hsv'"),
        ("hos-svm", {"nfft": 100}, "nfft"),
        ("hos-svm", {"variance": 0.0}, "variance"),
    ],
)
def test_parameters_are_refused_when_it_is_built(name, parameters, word):
    with pytest.raises(ValueError, match=word):
        METHODS.get(name).build(**parameters)
