from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the extra febench[deep]")
pytest.importorskip("torchvision", reason="needs the extra febench[deep]")

from deep import packing  # noqa: E402
from deep.training import Training  # noqa: E402
from febench.core.method import METHODS, FoldTask  # noqa: E402

TINY = {"size": 32, "steps": 6, "epochs": 0.0, "batch_size": 8, "device": "cpu"}
resnet18, mobilenet = (METHODS.get(name).build for name in ("resnet18", "mobilenet-v3"))


def fold(images, labels, seed, n_train=20):
    order = np.random.default_rng(seed).permutation(len(images))
    train, validation, test = np.split(np.sort(order[: n_train + 10]), [n_train, n_train + 4])
    return FoldTask(train, validation, test, labels[train], labels[validation], seed)


def one_by_one(build, X, folds):
    for each in folds:
        model = build(**TINY, random_state=each.random_state).fit(X[each.train], each.y_train)
        yield model.predict(X[each.test]), model.predict_proba(X[each.test]), model.classes_


def agree(outcomes, expected):
    for found, (predictions, probabilities, classes) in zip(outcomes, expected, strict=True):
        assert np.array_equal(found.predictions, predictions)
        assert np.array_equal(found.probabilities, probabilities)
        assert np.array_equal(found.classes, classes)


@pytest.mark.parametrize("pack", [1, 2, 3])
def test_packed_folds_predict_as_one_by_one(pack, toy):
    X, y = toy
    X, y = np.concatenate([X, 255 - X]), np.concatenate([y, y])
    folds = [fold(X, y, seed) for seed in range(3)]
    outcomes = resnet18(**TINY, pack=pack).fit_predict_folds(X, folds)
    agree(outcomes, one_by_one(resnet18, X, folds))
    assert [one.info["pack"] for one in outcomes] == {1: [1, 1, 1], 2: [2, 2, 1], 3: [3, 3, 3]}[pack]
    assert all(one.seconds["fit"] > 0 and one.seconds["predict"] > 0 for one in outcomes)


def test_folds_with_other_sizes_and_other_classes_share_a_pack(toy_images):
    X, y = toy_images(40)
    folds = [fold(X, y, 0), fold(X, y, 1, n_train=15), fold(X, np.array([2, 4, 2])[y], 2), fold(X, y, 3)]
    agree(resnet18(**TINY, pack=2).fit_predict_folds(X, folds), one_by_one(resnet18, X, folds))


def test_networks_that_draw_while_they_train_are_trained_one_by_one(toy_images):
    X, y = toy_images(40)
    folds = [fold(X, y, seed) for seed in range(2)]
    outcomes = mobilenet(**TINY, pack=2).fit_predict_folds(X, folds)
    agree(outcomes, one_by_one(mobilenet, X, folds))
    assert [one.info["pack"] for one in outcomes] == [1, 1]


def no_room():
    raise torch.OutOfMemoryError("no room")


def no_room_in_a_capture():
    """As `torch.cuda.graph` raises: the end of the capture fails in its turn."""
    try:
        no_room()
    finally:
        raise RuntimeError("the capture is not valid")


@pytest.mark.parametrize("fail", [no_room, no_room_in_a_capture])
def test_a_pack_that_does_not_fit_is_halved_with_a_word_and_changes_no_prediction(fail, toy_images, monkeypatch):
    X, y = toy_images(40)
    folds = [fold(X, y, seed) for seed in range(3)]
    begun, ordinary = [], Training.begin

    def begin(self, *args):
        begun.append(self)
        if len(set(map(id, begun))) > 2:
            begun.clear()
            fail()
        ordinary(self, *args)

    monkeypatch.setattr(Training, "begin", begin)
    with pytest.warns(UserWarning, match="3 trainings do not fit .* going on with 1"):
        outcomes = resnet18(**TINY, pack=3).fit_predict_folds(X, folds)
    monkeypatch.undo()
    agree(outcomes, one_by_one(resnet18, X, folds))


@pytest.mark.parametrize("pack", [0, 1])
@pytest.mark.parametrize("device", ["cpu", pytest.param("cuda", marks=pytest.mark.gpu)])
def test_a_training_that_does_not_fit_alone_is_one_clear_sentence(device, pack, toy_images, monkeypatch):
    monkeypatch.setattr(Training, "begin", lambda *given: no_room())
    X, y = toy_images(40)
    model = resnet18(**{**TINY, "device": device}, pack=pack)
    with pytest.raises(RuntimeError, match="choose a smaller size or batch_size"):
        model.fit_predict_folds(X, [fold(X, y, seed) for seed in range(2)])


@pytest.mark.parametrize(("faster", "room", "slots"), [(2, 9, 6), (1.1, 9, 1), (2, 3, 2)])
def test_a_pack_grows_while_that_pays_and_there_is_room(faster, room, slots, toy_images, monkeypatch):
    monkeypatch.setattr(packing, "_rate", lambda slots: faster ** (len(slots) - 1) if len(slots) < room else no_room())
    X, y = toy_images(40)
    model = resnet18(**TINY)
    assert len(model._slots(model.on_device(X), fold(X, y, 0), 6, grow=True)) == slots


def test_other_errors_are_not_taken_for_a_want_of_memory(toy_images, monkeypatch):
    def begin(self, *args):
        raise RuntimeError("an illegal memory access")

    monkeypatch.setattr(Training, "begin", begin)
    X, y = toy_images(40)
    with pytest.raises(RuntimeError, match="illegal"):
        resnet18(**TINY, pack=2).fit_predict_folds(X, [fold(X, y, seed) for seed in range(2)])


@pytest.mark.gpu
@pytest.mark.parametrize("pack", [0, 4])
def test_packed_on_a_gpu_predicts_as_one_by_one(pack, toy_images):
    X, y = toy_images(60)
    on_gpu = {**TINY, "device": "cuda", "deterministic": True, "precision": "fp32"}
    folds = [fold(X, y, seed) for seed in range(6)]
    outcomes = resnet18(**on_gpu, pack=pack).fit_predict_folds(X, folds)
    for found, each in zip(outcomes, folds, strict=True):
        model = resnet18(**on_gpu, random_state=each.random_state).fit(X[each.train], each.y_train)
        assert np.array_equal(found.predictions, model.predict(X[each.test]))
