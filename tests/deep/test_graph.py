"""The step as a CUDA graph, as far as a processor can show: recorded and replayed, traced as if on a GPU."""

from __future__ import annotations

import contextlib
import warnings
from types import SimpleNamespace

import pytest

torch = pytest.importorskip("torch", reason="needs the extra febench[deep]")
pytest.importorskip("torchvision", reason="needs the extra febench[deep]")

from torch._subclasses import FakeTensorMode  # noqa: E402
from torch.utils._python_dispatch import TorchDispatchMode  # noqa: E402
from torch.utils._pytree import tree_leaves  # noqa: E402

from deep import device  # noqa: E402
from deep.architectures import Builder  # noqa: E402
from deep.images import Normalisation  # noqa: E402
from deep.training import Recipe, Training, train  # noqa: E402
from tests.deep.test_training import generator, new_training, same, small_network, uint8_images  # noqa: E402

RECIPE = Recipe(steps=7, batch_size=4, lr=0.05)
SYNCHRONISING = ("_local_scalar_dense", "item", "nonzero", "is_nonzero", "masked_select", "equal", "unique", "bincount")
"""Operators that make a processor wait for a GPU: their result's value or shape is needed at once."""


def tensors(*nested):
    return [leaf for leaf in tree_leaves(nested) if isinstance(leaf, torch.Tensor)]


class Record(TorchDispatchMode):
    """Every operator that is called, with the tensors it got and gave."""

    def __init__(self):
        super().__init__()
        self.calls = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        out = func(*args, **(kwargs or {}))
        self.calls.append((func, args, kwargs or {}, out))
        return out

    @property
    def names(self):
        return [func.overloadpacket.__name__ for func, *_ in self.calls]


class StubGraph:
    """Replays recorded operators on the very tensors they were recorded with, as a CUDA graph does."""

    def __init__(self, calls):
        self.calls = calls
        self.record = Record()

    @torch.no_grad()
    def replay(self):
        self.calls.append(("replay", self))
        for func, args, kwargs, out in self.record.calls:
            for new, slot in zip(tensors(func(*args, **kwargs)), tensors(out), strict=True):
                if new is not slot:
                    slot.copy_(new)


class StubStream:
    def __init__(self, calls, slot):
        self.calls = calls
        self.slot = slot

    def wait_stream(self, other):
        self.calls.append(("waits for", self.slot, other))

    def synchronize(self):
        self.calls.append(("is waited for", self.slot))


@pytest.fixture
def cuda(monkeypatch):
    """CUDA's streams and graphs on a processor; what was asked of them, in order."""
    calls = []
    streams = {}

    @contextlib.contextmanager
    def stream(one):
        calls.append(("enter", one.slot))
        yield
        calls.append(("leave", one.slot))

    @contextlib.contextmanager
    def graph(one, stream):
        calls.append(("capture", stream.slot))
        with one.record:
            yield
        calls.append(("captured", stream.slot))

    stub = {
        "stream": stream,
        "graph": graph,
        "CUDAGraph": lambda: StubGraph(calls),
        "current_stream": lambda of: "the usual one",
        "get_rng_state": lambda of: torch.get_rng_state(),
        "set_rng_state": lambda state, of: None,
    }
    for name, value in stub.items():
        monkeypatch.setattr(torch.cuda, name, value)
    monkeypatch.setattr("deep.training.stream_at", lambda slot, _: streams.setdefault(slot, StubStream(calls, slot)))
    return SimpleNamespace(calls=calls, streams=streams)


def eager(monkeypatch, **given):
    """The same training with a stream and the rates in a tensor, and no graph."""
    with monkeypatch.context() as patch:
        patch.setattr(Training, "_capture", lambda self: SimpleNamespace(replay=self._update))
        training = new_training(RECIPE, **given)
    train([training])
    return training


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_replayed_and_eager_steps_give_the_same_bits(dtype, cuda, monkeypatch):
    plain = eager(monkeypatch, dtype=dtype)
    captured = new_training(RECIPE, dtype=dtype)
    assert same(captured.network, small_network())  # the warm-up left nothing
    train([captured])
    assert same(plain.network, captured.network) and plain.loss == captured.loss
    assert not same(captured.network, small_network())


def test_trainings_in_graphs_side_by_side_are_those_alone(cuda, monkeypatch):
    given = [{"n": 6 + slot, "seed": slot, "network": small_network(seed=slot)} for slot in range(3)]
    alone = [eager(monkeypatch, **{**one, "network": small_network(seed=one["seed"])}) for one in given]
    together = [new_training(RECIPE, **one, slot=slot) for slot, one in enumerate(given)]
    train(together)
    assert all(same(one.network, other.network) for one, other in zip(alone, together, strict=True))


def test_tensors_of_a_graph_never_move(cuda):
    training = new_training(RECIPE)
    graph = training._graph

    def held():
        own = [
            training._batch,
            training._draws,
            training._targets,
            training._loss,
            training.pixels,
            training.normalise.mean,
            training.normalise.sd,
            training._optimizer._rates,
        ]
        network = [*training.network.parameters(), *training.network.buffers()]
        states = [value for state in training._optimizer._adamw.state.values() for value in state.values()]
        return [one.data_ptr() for one in [*own, *network, *states]]

    before = held()
    assert set(before) <= {one.data_ptr() for one in tensors([call[1:3] for call in graph.record.calls])}
    train([training])
    training.resume(training.state())
    assert held() == before and training._graph is graph


def test_a_step_is_requested_in_order_on_the_trainings_own_stream(cuda):
    first, second = new_training(RECIPE, slot=0), new_training(RECIPE, slot=1)
    own = [("waits for", 0, "the usual one"), ("enter", 0)]
    assert cuda.calls[:6] == [*own, ("capture", 0), ("captured", 0), ("leave", 0), ("is waited for", 0)]
    cuda.calls.clear()
    first.advance()
    second.advance()
    assert cuda.calls[:4] == [*own, ("replay", first._graph), ("leave", 0)]
    assert [one[1] for one in cuda.calls[4:]] == [1, 1, second._graph, 1]
    cuda.calls.clear()
    first.state()
    assert cuda.calls[0] == ("is waited for", 0)


def test_each_slot_has_one_stream_throughout_a_process(monkeypatch):
    made = []
    monkeypatch.setattr(torch.cuda, "Stream", lambda of: made.append(of) or object())
    device.stream_at.cache_clear()
    gpu = torch.device("cuda", 0)
    first = [device.stream_at(slot, gpu) for slot in range(3)]
    again = [device.stream_at(slot, gpu) for slot in range(3)]
    device.stream_at.cache_clear()
    assert first == again and len(set(first)) == 3 and made == [gpu] * 3
    assert device.stream_at(0, torch.device("cpu")) is None


def test_the_warm_up_warns_of_nothing(cuda, monkeypatch):
    """torch warns of an optimiser that is made for capture and steps without: on a GPU, and only of some."""
    monkeypatch.setattr(torch.accelerator, "current_accelerator", lambda check_available=False: torch.device("cuda"))
    monkeypatch.setattr(torch.accelerator, "current_stream", lambda: SimpleNamespace(is_capturing=lambda: False))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        new_training(RECIPE)


@pytest.mark.parametrize("stubbed", [False, True])
def test_no_operator_of_a_step_makes_the_processor_wait(stubbed, request):
    if stubbed:
        request.getfixturevalue("cuda")
    torch.manual_seed(0)
    pixels, rows = uint8_images(12, side=32), torch.arange(12)
    training = Training(Builder("resnet18")(2), pixels, rows, rows % 2, generator(), RECIPE, torch.bfloat16)
    training.advance()  # the optimiser's state is made in the first
    with Record() as step:
        for _ in range(5):
            training.advance()
    assert "native_batch_norm_backward" in step.names and "_fused_adamw_" in step.names
    assert not {name for name in step.names if name.startswith(SYNCHRONISING)}


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_step_on_a_gpu_has_no_tensor_of_the_processor_and_a_loss_of_float32(dtype, monkeypatch):
    """Traced with tensors of a shape and a device alone. Of the way back, gradients stand in: it needs a real GPU."""
    monkeypatch.setattr("deep.training.stream_at", lambda *_: None)
    plain = lambda _: Normalisation(torch.zeros(1, 1, 1, 1), torch.ones(1, 1, 1, 1))  # noqa: E731
    monkeypatch.setattr(Normalisation, "of", plain)
    monkeypatch.setattr(torch.cuda.amp.common, "amp_definitely_not_available", lambda: False)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda *_, **__: True)
    losses, stepped = [], []

    def backward(loss):
        losses.append(loss)
        for parameter in network.parameters():
            parameter.grad = torch.ones_like(parameter)

    monkeypatch.setattr(torch.Tensor, "backward", backward)
    monkeypatch.setattr(torch, "_fused_adamw_", lambda *args, **kwargs: stepped.append((args, kwargs)))  # has no trace
    with FakeTensorMode(), torch.device("cuda"):
        network = Builder("resnet18")(7)
        rows = torch.arange(12)
        pixels = torch.zeros(12, 1, 64, 64, dtype=torch.uint8)
        training = Training(network, pixels, rows, rows % 7, None, RECIPE, dtype)
        training._optimizer = type(training._optimizer)(network, 0.1, 0.05, 1.0, graph=True)
        with Record() as step:
            training._update()
    for func, args, kwargs, out in [*step.calls, *(("adamw", *given, ()) for given in stepped)]:
        assert {one.device.type for one in tensors(args, kwargs, out)} <= {"cuda"}, func
    assert not {name for name in step.names if name.startswith(SYNCHRONISING)}
    assert "native_batch_norm" in step.names and "cudnn_batch_norm" not in step.names
    assert sum(len(args[0]) for args, _ in stepped) == len(list(network.parameters()))
    convolved = {args[0].dtype for func, args, *_ in step.calls if "convolution" in str(func)}
    assert convolved == {dtype}
    (softmax,) = [args[0].dtype for func, args, *_ in step.calls if "_log_softmax" in str(func)]
    assert softmax is torch.float32 and losses[0].dtype is torch.float32


# On a GPU


@pytest.fixture
def deterministic(monkeypatch):
    monkeypatch.setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    monkeypatch.setattr(torch.utils.deterministic, "fill_uninitialized_memory", False)
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", False)
    before = torch.are_deterministic_algorithms_enabled()
    torch.use_deterministic_algorithms(True)
    yield
    torch.use_deterministic_algorithms(before)


@pytest.mark.gpu
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("name", ["resnet18", "resnet50"])
def test_eager_and_graph_give_the_same_bits_on_a_gpu_and_neither_waits(name, dtype, deterministic, monkeypatch):
    def trained():
        torch.manual_seed(0)
        network = Builder(name)(7).to("cuda", memory_format=torch.channels_last)
        pixels, rows = uint8_images(560, side=64).cuda(), torch.arange(560, device="cuda")
        recipe = Recipe(steps=50, batch_size=32, lr=1e-3)
        training = Training(network, pixels, rows, rows % 7, generator(device="cuda"), recipe, dtype)
        training.advance()  # libraries are loaded and the optimiser's state is made in the first
        torch.cuda.set_sync_debug_mode("error")  # a step that makes the processor wait
        try:
            while not training.done:
                training.advance()
        finally:
            torch.cuda.set_sync_debug_mode("default")
        training.wait()
        return training

    graph = trained()
    with monkeypatch.context() as patch:
        patch.setattr(Training, "_capture", lambda self: SimpleNamespace(replay=self._update))
        plain = trained()
    assert same(plain.network, graph.network) and plain.loss == graph.loss


@pytest.mark.gpu
def test_trainings_side_by_side_on_a_gpu_are_those_alone(deterministic):
    recipe = Recipe(steps=30, batch_size=8, lr=0.05)
    given = [{"n": 9 + seed, "seed": seed, "device": "cuda"} for seed in range(4)]
    together = [new_training(recipe, **one, slot=slot) for slot, one in enumerate(given)]
    train(together)
    for slot, (one, training) in enumerate(zip(given, together, strict=True), start=len(given)):
        alone = new_training(recipe, **one, slot=slot)
        train([alone])
        assert same(alone.network, training.network)
