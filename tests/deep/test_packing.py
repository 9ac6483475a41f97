from __future__ import annotations

import warnings
import weakref

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the extra febench[deep]")
pytest.importorskip("torchvision", reason="needs the extra febench[deep]")

from deep import packing  # noqa: E402
from deep.architectures import Builder, NativeBatchNorm2d  # noqa: E402
from deep.classifier import ImageClassifier  # noqa: E402
from deep.device import free_memory, peak_memory, ran_out_of_memory, watch_memory  # noqa: E402
from deep.packing import packable  # noqa: E402
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
    for outcome, (predictions, probabilities, classes) in zip(outcomes, expected, strict=True):
        assert np.array_equal(outcome.predictions, predictions)
        assert np.array_equal(outcome.probabilities, probabilities)
        assert np.array_equal(outcome.classes, classes)


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


def test_networks_that_draw_while_they_train_are_not_packed():
    assert hasattr(resnet18(**TINY), "fit_predict_folds") and not hasattr(mobilenet(**TINY), "fit_predict_folds")


@pytest.mark.parametrize(
    ("name", "packs"), [("resnet18", True), ("densenet121", True), ("regnet_y_400mf", True), ("convnext_tiny", False)]
)
def test_whether_a_network_packs_is_decided_without_its_weights(name, packs, monkeypatch):
    monkeypatch.setattr("deep.architectures.find", lambda *calls: pytest.fail("weights were looked for"))
    assert packable(Builder(name, "imagenet")) is packs


@pytest.mark.parametrize("pack", [0, 17])
def test_an_impossible_pack_is_refused(pack):
    with pytest.raises(ValueError, match=f"pack must be from 1 to 16, not {pack}"):
        resnet18(**TINY, pack=pack)


def test_each_folds_network_is_built_once_and_is_the_one_that_is_trained(toy_images, monkeypatch):
    built, trained, ordinary = [], [], ImageClassifier.new_network

    def new_network(self, *given):
        built.append(ordinary(self, *given))
        return built[-1]

    monkeypatch.setattr(ImageClassifier, "new_network", new_network)
    monkeypatch.setattr(packing, "train", lambda trainings: trained.extend(t.network for t in trainings) or raise_())
    X, y = toy_images(40)
    with pytest.raises(KeyboardInterrupt):
        resnet18(**TINY, pack=3).fit_predict_folds(X, [fold(X, y, seed) for seed in range(3)])
    assert len(built) == 3 and all(one is other for one, other in zip(built, trained, strict=True))


def raise_():
    raise KeyboardInterrupt


# Memory: every form in which a GPU says that it has none left


def no_room():
    raise torch.OutOfMemoryError("no room")


def no_room_in_a_capture():
    """As `torch.cuda.graph` raises: the end of the capture fails in its turn."""
    try:
        no_room()
    finally:
        raise RuntimeError("the capture is not valid")


def no_room_outside_torch():
    error = torch.AcceleratorError("CUDA error: out of memory")
    error.error_code = 2  # as torch sets it
    raise error


def no_room_by_its_code():
    error = torch.AcceleratorError("CUDA error: of a text that may change")
    error.error_code = 2
    raise error


def no_room_for_cudnn():
    raise RuntimeError("GET was unable to find an engine to execute this computation")


def no_room_for_cublas():
    raise RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`")


def no_room_as_a_cause():
    try:
        no_room_for_cudnn()
    except RuntimeError as error:
        cause = error
    raise RuntimeError("the step failed") from cause


NO_ROOM = [
    no_room,
    no_room_in_a_capture,
    no_room_outside_torch,
    no_room_by_its_code,
    no_room_for_cudnn,
    no_room_for_cublas,
    no_room_as_a_cause,
]


@pytest.mark.parametrize("fail", NO_ROOM)
def test_every_out_of_memory_error_is_recognised(fail):
    with pytest.raises(RuntimeError) as raised:
        fail()
    assert ran_out_of_memory(raised.value)


@pytest.mark.parametrize("fail", [no_room_in_a_capture, no_room_outside_torch])
def test_a_pack_that_does_not_fit_is_halved_with_a_warning_and_the_same_predictions(fail, toy_images, monkeypatch):
    X, y = toy_images(40)
    folds = [fold(X, y, seed) for seed in range(3)]
    ordinary = ImageClassifier.begin

    def begin(self, *given, slot):
        return fail() if slot == 2 else ordinary(self, *given, slot=slot)

    monkeypatch.setattr(ImageClassifier, "begin", begin)
    with pytest.warns(UserWarning, match="3 trainings do not fit .* going on with 1"):
        outcomes = resnet18(**TINY, pack=3).fit_predict_folds(X, folds)
    monkeypatch.undo()
    agree(outcomes, one_by_one(resnet18, X, folds))


def test_memory_of_failed_trainings_is_released_before_the_next_ones(toy_images, monkeypatch):
    """Without a garbage collection: a graph destroyed late would take the workspaces of the next one's stream along."""
    networks, alive, ordinary = [], [], ImageClassifier.begin

    def begin(self, *given, slot):
        if len(networks) == 2:
            networks.append(None)
            no_room_in_a_capture()
        training = ordinary(self, *given, slot=slot)
        networks.append(weakref.ref(training.network))
        return training

    monkeypatch.setattr(ImageClassifier, "begin", begin)
    monkeypatch.setattr(
        packing, "watch_memory", lambda _: alive.append([one() is not None for one in networks if one is not None])
    )
    X, y = toy_images(40)
    with pytest.warns(UserWarning, match="going on with 1"):
        resnet18(**TINY, pack=3).fit_predict_folds(X, [fold(X, y, seed) for seed in range(3)])
    assert alive == [[], [False, False], [False, False, False], [False] * 4]


@pytest.mark.parametrize("pack", [1, 2])
@pytest.mark.parametrize("device", ["cpu", pytest.param("cuda", marks=pytest.mark.gpu)])
def test_a_training_that_does_not_fit_alone_is_one_clear_sentence(device, pack, toy_images, monkeypatch):
    monkeypatch.setattr(ImageClassifier, "begin", lambda *given, slot: no_room())
    X, y = toy_images(40)
    model = resnet18(**{**TINY, "device": device}, pack=pack)
    with (
        pytest.raises(RuntimeError, match=r"choose a smaller size or batch_size \(no room\)"),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")  # that 2 do not fit
        model.fit_predict_folds(X, [fold(X, y, seed) for seed in range(pack)])


def test_other_errors_do_not_count_as_out_of_memory(toy_images, monkeypatch):
    def begin(self, *given, slot):
        raise torch.AcceleratorError("CUDA error: an illegal memory access was encountered")

    monkeypatch.setattr(ImageClassifier, "begin", begin)
    X, y = toy_images(40)
    with pytest.raises(RuntimeError, match="illegal"):
        resnet18(**TINY, pack=2).fit_predict_folds(X, [fold(X, y, seed) for seed in range(2)])


@pytest.mark.parametrize(
    ("left", "packs"), [(1000, [3, 3, 3, 1]), (23, [3, 3, 3, 1]), (22, [2, 2, 2, 2]), (1, [1] * 4)]
)
def test_a_pack_is_as_wide_as_fits_by_the_memory_of_its_first_training(left, packs, toy_images, monkeypatch):
    """It takes 10 here; nine tenths of what is left are used."""
    free = []

    def measured(_):
        free.append(left + 10 if len(free) % 2 == 0 else left)
        return free[-1]

    monkeypatch.setattr(packing, "free_memory", measured)
    X, y = toy_images(40)
    folds = [fold(X, y, seed) for seed in range(4)]
    with warnings.catch_warnings(record=True) as caught:
        outcomes = resnet18(**TINY, pack=3).fit_predict_folds(X, folds)
    assert any("3 trainings do not fit into the GPU's memory; going on with" in str(one.message) for one in caught) is (
        packs != [3, 3, 3, 1]
    )
    assert [one.info["pack"] for one in outcomes] == packs


def test_free_memory_is_measured_after_torch_has_released_unused_memory(monkeypatch):
    calls = []
    gpu = torch.device("cuda")
    monkeypatch.setattr(torch.cuda, "empty_cache", lambda: calls.append("empty"))
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda of: calls.append(of) or (7, 9))
    monkeypatch.setattr(torch.cuda, "reset_peak_memory_stats", lambda of: calls.append("reset"))
    monkeypatch.setattr(torch.cuda, "max_memory_reserved", lambda of: 3 * 2**19)
    assert free_memory(gpu) == 7 and calls == ["empty", gpu]
    watch_memory(gpu)
    assert calls[2:] == ["empty", "reset"] and peak_memory(gpu) == {"peak_gpu_memory_mb": 1.5}
    assert peak_memory(torch.device("cpu")) == {}


def test_batch_norm_does_without_cudnn_and_leaves_it_as_it_was(monkeypatch):
    network = Builder("resnet18")(2)
    norms = [module for module in network.modules() if isinstance(module, torch.nn.BatchNorm2d)]
    assert len(norms) == 20 and all(type(module) is NativeBatchNorm2d for module in norms)
    seen, ordinary = [], torch.batch_norm
    monkeypatch.setattr(torch, "batch_norm", lambda *given: seen.append(given[-1]) or ordinary(*given))
    network(torch.zeros(2, 3, 32, 32))
    assert seen == [False] * 20 and torch.backends.cudnn.enabled


# On a GPU


ON_GPU = {**TINY, "device": "cuda", "deterministic": True, "precision": "fp32"}


@pytest.mark.gpu
@pytest.mark.parametrize("pack", [1, 4, 8])
def test_packed_on_a_gpu_predicts_as_one_by_one(pack, toy_images):
    X, y = toy_images(60)
    folds = [fold(X, y, seed) for seed in range(6)]
    outcomes = resnet18(**ON_GPU, pack=pack).fit_predict_folds(X, folds)
    for outcome, each in zip(outcomes, folds, strict=True):
        model = resnet18(**ON_GPU, random_state=each.random_state).fit(X[each.train], each.y_train)
        assert np.array_equal(outcome.predictions, model.predict(X[each.test]))
        assert np.array_equal(outcome.probabilities, model.predict_proba(X[each.test]))
    assert [one.info["pack"] for one in outcomes] == {1: [1] * 6, 4: [4] * 4 + [2] * 2, 8: [6] * 6}[pack]
    assert all(one.info["peak_gpu_memory_mb"] > 10 for one in outcomes)


@pytest.mark.gpu
def test_a_gpu_with_little_memory_trains_fewer_at_a_time_with_a_warning(toy_images):
    """`mem_get_info` knows nothing of this limit, so that a training really runs out of memory on the way."""
    X, y = toy_images(60, side=96)
    folds = [fold(X, y, seed) for seed in range(10)]
    wide = {**ON_GPU, "size": 96, "batch_size": 64, "pack": 10}
    whole = torch.cuda.get_device_properties(0).total_memory
    enough = resnet18(**{**wide, "pack": 1}).fit_predict_folds(X, folds)
    room = 4 * 2**20 * max(one.info["peak_gpu_memory_mb"] for one in enough)  # for about four
    torch.cuda.set_per_process_memory_fraction(min(1.0, room / whole))
    try:
        with pytest.warns(UserWarning, match="trainings do not fit into the GPU's memory; going on with"):
            outcomes = resnet18(**wide).fit_predict_folds(X, folds)
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
    for outcome, one in zip(outcomes, enough, strict=True):  # nearly: with little memory cuDNN takes other algorithms
        assert np.allclose(outcome.probabilities, one.probabilities, atol=1e-4)
    assert 1 <= outcomes[0].info["pack"] < 10
