from __future__ import annotations

import pickle

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the extra febench[deep]")
pytest.importorskip("torchvision", reason="needs the extra febench[deep]")

from deep import classifier  # noqa: E402
from deep.classifier import predict_probabilities  # noqa: E402
from deep.device import choose_device, choose_dtype  # noqa: E402
from deep.images import Normalisation  # noqa: E402
from deep.training import Training  # noqa: E402
from febench.core.method import METHODS  # noqa: E402
from tests.deep.test_training import small_network, uint8_images  # noqa: E402

TINY = {"size": 32, "steps": 5, "epochs": 0.0, "batch_size": 8, "device": "cpu"}
resnet18, resnet50, mobilenet = (METHODS.get(name).build for name in ("resnet18", "resnet50", "mobilenet-v3"))


def fitted(X, y, *validation, seed=0, **params):
    return resnet18(**{**TINY, **params}, random_state=seed).fit(X, y, *validation)


@pytest.mark.parametrize("build", [resnet18, resnet50, mobilenet])
@pytest.mark.parametrize("rgb", [False, True])
def test_contract(build, rgb, toy_images):
    X, y = toy_images(12, rgb=rgb, side=40)
    model = build(**{**TINY, "steps": 2}, random_state=0).fit(X, y, X_val=X[:5], y_val=y[:5])
    probabilities = model.predict_proba(X)
    assert probabilities.shape == (12, 3) and probabilities.dtype == np.float32
    np.testing.assert_allclose(probabilities.sum(1), 1, rtol=1e-5)
    assert np.array_equal(model.predict(X), model.classes_[probabilities.argmax(1)])
    assert model.predict(X[:0]).shape == (0,)


def test_classes_absent_from_training_are_never_predicted(toy):
    X, y = toy
    model = fitted(X, np.array([1, 4, 6])[y], X, np.full(len(X), 5))
    assert model.classes_.tolist() == [1, 4, 6]
    assert model.predict_proba(X).shape == (24, 3)
    assert set(model.predict(X)) <= {1, 4, 6}
    assert model.fit_info_["validation_accuracy"] == 0


@pytest.mark.parametrize("n", [1, 3])
def test_fewer_images_than_a_batch(n, toy_images):
    X, y = toy_images(n)
    assert fitted(X, y).predict(X).shape == (n,)


def test_what_cannot_be_trained_is_refused(toy):
    X, y = toy
    for images, labels in [(X[:0], y[:0]), (X, y[:-1]), (X.astype(float), y), (X[..., None], y), (X[0], y[:32])]:
        with pytest.raises(ValueError):
            fitted(images, labels)
    for wrong in [
        {"batch_size": 1},
        {"steps": 0},
        {"size": 0},
        {"precision": "fp8"},
        {"augment": -1.0},
        {"epochs": -1.0},
    ]:
        with pytest.raises(ValueError, match=next(iter(wrong))):
            resnet18(**{**TINY, **wrong})


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_cuda_without_a_device_is_one_clear_sentence():
    with pytest.raises(RuntimeError, match="no CUDA device"):
        resnet18(device="cuda")
    assert choose_device("auto") == torch.device("cpu")


def test_precision_follows_the_processor(monkeypatch):
    cpu = torch.device("cpu")
    for has, dtype in [(True, torch.bfloat16), (False, torch.float32)]:
        monkeypatch.setattr("deep.device.has_bf16", lambda _, has=has: has)
        assert choose_dtype("auto", cpu) == dtype
    assert choose_dtype("bf16", cpu) == torch.bfloat16
    assert choose_dtype("fp32", cpu) == torch.float32


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_same_seed_same_bits(toy, precision):
    first, second = (fitted(*toy, precision=precision).predict_proba(toy[0]) for _ in range(2))
    assert np.array_equal(first, second)
    assert not np.array_equal(first, fitted(*toy, precision=precision, seed=1).predict_proba(toy[0]))


def test_a_fit_after_another_equals_a_fit_alone(toy, toy_images):
    X, y = toy
    alone = fitted(X, y).predict_proba(X)
    other = fitted(*toy_images(17, rgb=True, seed=5), seed=9, batch_size=6)
    assert np.array_equal(fitted(X, y).predict_proba(X), alone)
    assert np.array_equal(other.fit(X, y).predict_proba(X), fitted(X, y, seed=9, batch_size=6).predict_proba(X))


def test_a_fit_leaves_the_global_generator_alone(toy):
    torch.manual_seed(3)
    before = torch.get_rng_state()
    fitted(*toy)
    assert torch.equal(torch.get_rng_state(), before)


def test_without_a_seed_every_fit_differs(toy):
    first, second = (fitted(*toy, seed=None).predict_proba(toy[0]) for _ in range(2))
    assert not np.array_equal(first, second)


def test_validation_images_change_nothing_but_the_report(toy, toy_images):
    X, y = toy
    quiet, watched = fitted(X, y), fitted(X, y, *toy_images(9, seed=2))
    assert np.array_equal(quiet.predict_proba(X), watched.predict_proba(X))
    assert "validation_curve" not in quiet.fit_info_
    curve = watched.fit_info_["validation_curve"]
    assert [step for step, _ in curve] == [5]
    assert all(0 <= accuracy <= 1 for _, accuracy in curve)


def test_a_killed_fit_continues_from_its_checkpoint(toy, tmp_path, monkeypatch):
    monkeypatch.setattr("deep.training.SAVE_INTERVAL_S", 0.0)
    monkeypatch.setattr("deep.training.MIN_STEPS_BETWEEN_MEASUREMENTS", 1)
    X, y = toy
    path = tmp_path / "cell.pt"
    whole = fitted(X, y, X[:9], y[:9])
    advance = Training.advance

    def dies(self):
        if self.step == 3:
            raise KeyboardInterrupt
        advance(self)

    monkeypatch.setattr(Training, "advance", dies)
    with pytest.raises(KeyboardInterrupt):
        fitted(X, y, X[:9], y[:9], checkpoint=path)
    monkeypatch.setattr(Training, "advance", advance)
    again = fitted(X, y, X[:9], y[:9], checkpoint=path)
    assert again.fit_info_["resumed_at_step"] == 3 and again.fit_info_["seconds_before"] >= 0
    assert again.fit_info_["validation_curve"] == whole.fit_info_["validation_curve"]
    assert np.array_equal(again.predict_proba(X), whole.predict_proba(X))
    assert "resumed_at_step" not in fitted(X, y, checkpoint=path, seed=1).fit_info_


def test_a_gpus_checkpoint_is_ignored_on_a_processor(toy, tmp_path, monkeypatch):
    monkeypatch.setattr("deep.training.SAVE_INTERVAL_S", 0.0)
    X, y = toy
    path = tmp_path / "cell.pt"
    whole = fitted(X, y, checkpoint=path)
    written = torch.load(path, weights_only=True)
    written["about"] = {name: "cuda" if value == "cpu" else value for name, value in written["about"].items()}
    written["state"] |= {"step": 2, "random_of_gpu": torch.zeros(16, dtype=torch.uint8)}
    torch.save(written, path)
    again = fitted(X, y, checkpoint=path)
    assert np.array_equal(again.predict_proba(X), whole.predict_proba(X))
    assert "resumed_at_step" not in again.fit_info_


def test_fit_info_describes_the_training(toy):
    info = fitted(*toy, precision="fp32").fit_info_
    assert info["device"] == "cpu" and info["dtype"] == "float32" and info["steps"] == 5 and info["pack"] == 1
    assert info["parameters"] == 11_178_051
    assert info["images_per_second"] > 0 and info["train_loss"] > 0


def test_normalisation_sees_training_images_only(toy):
    X, y = toy
    model = fitted(X, y, 255 - X, y)
    assert model._normalise.mean.item() == pytest.approx(X.mean(), rel=1e-5)
    model.predict(255 - X)
    assert model._normalise.mean.item() == pytest.approx(X.mean(), rel=1e-5)


def test_predictions_do_not_depend_on_what_else_is_predicted(toy, toy_images):
    X, y = toy_images(40)
    model = fitted(X, y)
    together = model.predict_proba(X)
    np.testing.assert_allclose(model.predict_proba(X[5:6]), together[5:6], atol=1e-6)
    np.testing.assert_allclose(model.predict_proba(X[::-1]), together[::-1], atol=1e-6)


def test_extracted_images_train_like_the_images(toy_images):
    X, y = toy_images(12, side=50, rgb=True)
    small = resnet18(**TINY).extract(X)
    assert small.shape == (12, 32, 32, 3) and small.dtype == np.uint8
    assert np.array_equal(fitted(small, y).predict_proba(small), fitted(X, y).predict_proba(X))


def test_predictions_are_those_of_image_and_mirror_image():
    network, images = small_network().eval(), uint8_images(5)
    normalise = Normalisation.of(images)
    of_image = predict_probabilities(network, images, normalise)
    of_mirror = predict_probabilities(network, images.flip(3), normalise)
    torch.testing.assert_close(of_image, of_mirror)
    plain = [predict_probabilities(network, views, normalise, flip=False) for views in (images, images.flip(3))]
    torch.testing.assert_close(of_image, (plain[0] + plain[1]) / 2)


def test_images_may_be_read_only(toy):
    X, y = toy[0].copy(), toy[1]
    X.flags.writeable = False
    assert fitted(X, y).predict(X).shape == y.shape


def test_a_classifier_travels_between_processes(toy):
    model = pickle.loads(pickle.dumps(fitted(*toy)))
    assert np.array_equal(model.predict_proba(toy[0]), fitted(*toy).predict_proba(toy[0]))


def test_learns_an_easy_task(toy_images):
    X, y = toy_images(60)
    unseen, truth = toy_images(30, seed=1)
    model = fitted(X, y, steps=40, batch_size=16, augment=0.0, lr=2e-3)
    assert np.mean(model.predict(unseen) == truth) > 0.8


@pytest.mark.gpu
def test_same_code_on_a_gpu(toy_images):
    X, y = toy_images(60, rgb=True)
    model = fitted(X, y, X[:9], y[:9], device="auto", steps=60, batch_size=16, augment=0.0)
    assert model.fit_info_["device"] == "cuda" and model.fit_info_["peak_gpu_memory_mb"] > 10
    assert np.mean(model.predict(X) == y) > 0.8


def test_a_forecast_counts_every_step_of_the_training_and_changes_none(toy_images, monkeypatch):
    clock = [0.0]
    monkeypatch.setattr(classifier, "perf_counter", lambda: clock[0])
    advance = classifier.Training.advance

    def tick(training):
        clock[0] += 1.0
        advance(training)

    X, y = toy_images(6)
    before = fitted(X, y, epochs=2.0).predict_proba(X)
    model = resnet18(**TINY | {"epochs": 2.0}, random_state=0)
    monkeypatch.setattr(classifier.Training, "advance", tick)
    batch = model.recipe.batch_size
    assert model.forecast(X, y, 2 * batch) == classifier.WARM_UP_STEPS + 5
    assert model.forecast(X, y, 100 * batch) == classifier.WARM_UP_STEPS + 200
    assert np.array_equal(model.fit(X, y).predict_proba(X), before)
