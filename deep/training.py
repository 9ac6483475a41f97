"""The training of every deep method: its recipe, its optimiser, one step, the loop, and its state on disk.

A training is a fixed number of steps; the last weights are kept. All images are one uint8 tensor on the device. Each
step takes a batch of them, normalises it, augments it and makes one update. Every batch has the same shape: the images
are shuffled again and again, and a batch may have the last images of one round and the first of the next.

Everything that changes from step to step (the images, the draws of the augmentation, the learning rate) is written into
tensors that never move, so that on a GPU the whole step is one CUDA graph.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic, perf_counter
from typing import Any

import torch
from torch import Tensor, nn

from deep.device import autocast, keep_freed_memory, stream_at
from deep.images import DRAWS, Augmentation, Normalisation, as_input, draw
from febench.core.files import replacing

BETAS = (0.9, 0.99)
WARM_UP_STEPS = 3
"""Steps before one is captured as a CUDA graph."""

STATE_VERSION = 2
"""Raised whenever `Training.state` has a new form, which an older `resume` cannot read."""

MAX_MEASUREMENTS = 10
"""Times that `measure` is called during a training, at most."""

MIN_STEPS_BETWEEN_MEASUREMENTS = 30

SAVE_INTERVAL_S = 180.0
PROGRESS_INTERVAL_S = 10.0


@dataclass(frozen=True)
class Recipe:
    """The settings of a training.

    Attributes
    ----------
    steps : int
        Number of updates, at least.
    epochs : float
        Number of times that every image is used, at least: large data sets have more than `steps` updates.
    batch_size : int
        Images in each update.
    lr : float
        Learning rate at its peak.
    warmup : float
        Fraction of the steps before the peak.
    weight_decay, label_smoothing : float
        As in `torch.optim.AdamW` and `torch.nn.CrossEntropyLoss`; BatchNorm and biases are not decayed.
    augmentation : Augmentation
        Random changes of the training images.
    stage_decay : float
        The learning rate of the network's first stage as a fraction of its last one's, geometric in between.
    frozen_statistics : bool
        Whether BatchNorm keeps the mean and variance of the first weights.
    """

    steps: int
    batch_size: int
    lr: float
    epochs: float = 0.0
    warmup: float = 0.2
    weight_decay: float = 0.05
    label_smoothing: float = 0.1
    augmentation: Augmentation = field(default_factory=Augmentation)
    stage_decay: float = 1.0
    frozen_statistics: bool = False

    def __post_init__(self) -> None:
        if self.steps < 1:
            raise ValueError(f"steps must be at least 1, not {self.steps}")
        if not 0 <= self.epochs < math.inf:
            raise ValueError(f"epochs must be a number of at least 0, not {self.epochs}")
        if self.batch_size < 2:
            raise ValueError(f"batch_size must be at least 2, for BatchNorm, not {self.batch_size}")
        if not 0 <= self.warmup < 1:
            raise ValueError(f"warmup must be a fraction from 0 to below 1, not {self.warmup}")
        if not 0 < self.stage_decay <= 1:
            raise ValueError(f"stage_decay must be a fraction above 0, not {self.stage_decay}")

    def steps_for(self, n: int) -> int:
        """Return the number of updates of a training on n images."""
        return max(self.steps, math.ceil(self.epochs * n / self.batch_size))


def one_cycle(done: int, steps: int, warmup: float) -> float:
    """Return the learning rate after `done` steps as a share of its peak: a linear rise, then half a cosine down to 0.

    References
    ----------
    Smith & Topin 2018.
    """
    progress = min((done + 0.5) / steps, 1.0)
    if progress < warmup:
        return progress / warmup
    return 0.5 + 0.5 * math.cos(math.pi * (progress - warmup) / (1 - warmup))


class StagedAdamW:
    """AdamW (Loshchilov & Hutter 2019) over a network's stages.

    It can be reset in place, so that a CUDA graph can contain a step of it after a warm-up. Vectors (BatchNorm and
    biases) are not decayed.

    On a processor torch's step first copies the gradient of each tensor that is not contiguous, such as the kernels of
    a channels-last network. So the optimiser gets views of the same memory, with the dimensions in its order.

    Parameters
    ----------
    network : nn.Module
        Its parameters that require gradients are trained. Each of its children is a stage.
    lr : float
        Peak of the learning rate.
    weight_decay : float
        As in `torch.optim.AdamW`.
    stage_decay : float
        Learning rate of the network's first stage as a fraction of its last one's, geometric in between.
    graph : bool
        Whether a step will be captured: the learning rates are then a tensor, which one kernel sets.
    """

    def __init__(self, network: nn.Module, lr: float, weight_decay: float, stage_decay: float, *, graph: bool) -> None:
        parts = [list(network.parameters(recurse=False)), *(list(child.parameters()) for child in network.children())]
        trained = [[parameter for parameter in part if parameter.requires_grad] for part in parts]
        stages = [stage for stage in trained if stage]  # from the images to the classes
        groups: list[dict[str, Any]] = []
        for depth, stage in enumerate(reversed(stages)):
            peak = lr * stage_decay ** (depth / max(1, len(stages) - 1))
            decayed, plain = ([p for p in stage if (p.ndim > 1) is matrix] for matrix in (True, False))
            groups.append({"params": decayed, "weight_decay": weight_decay, "peak": peak})
            groups.append({"params": plain, "weight_decay": 0.0, "peak": peak})
        groups = [group for group in groups if group["params"]]
        device = stages[0][0].device
        self._views: list[tuple[Tensor, list[int], Tensor]] = []  # parameter, order of its strides, view in that order
        if device.type == "cpu":
            for group in groups:
                group["params"] = [self._contiguous_view(parameter) for parameter in group["params"]]
        self._peaks = torch.tensor([group["peak"] for group in groups], device=device)
        self._rates = torch.zeros_like(self._peaks) if graph else None
        for index, group in enumerate(groups):
            group["lr"] = 0.0 if self._rates is None else self._rates[index]
        self._adamw = torch.optim.AdamW(groups, betas=BETAS, fused=True, capturable=graph)

    def _contiguous_view(self, parameter: Tensor) -> Tensor:
        """Return a parameter if it is contiguous, else a view that is; `step` then reorders its gradient likewise."""
        if parameter.is_contiguous():
            return parameter
        order = sorted(range(parameter.ndim), key=parameter.stride, reverse=True)
        view = parameter.detach().permute(order)
        self._views.append((parameter, order, view))
        return view

    def set_rate(self, share: float) -> None:
        """Set the learning rates to a share of their peaks."""
        if self._rates is not None:
            torch.mul(self._peaks, share, out=self._rates)
            return
        for group in self._adamw.param_groups:
            group["lr"] = share * group["peak"]

    def zero_grad(self) -> None:
        """Delete the gradients."""
        self._adamw.zero_grad(set_to_none=True)
        for parameter, _, _ in self._views:
            parameter.grad = None

    def step(self) -> None:
        """Make one update by the present gradients."""
        for parameter, order, view in self._views:
            view.grad = None if parameter.grad is None else parameter.grad.permute(order)
        self._adamw.step()

    def reset(self) -> None:
        """Set the state of earlier steps to zero, in place."""
        for state in self._adamw.state.values():
            for value in state.values():
                value.zero_()

    def state_dict(self) -> dict[str, Any]:
        """Return the state of earlier steps, for `load_state_dict`."""
        return self._adamw.state_dict()

    def load_state_dict(self, saved: dict[str, Any]) -> None:
        """Restore a saved state, in the existing tensors if there are any."""
        if not self._adamw.state:
            self._adamw.load_state_dict(saved)
            return
        parameters = [parameter for group in self._adamw.param_groups for parameter in group["params"]]
        for index, parameter in enumerate(parameters):
            for name, value in self._adamw.state[parameter].items():
                value.copy_(saved["state"][index][name])


class Training:
    """The training of one network on one fold, step by step.

    Parameters
    ----------
    network : nn.Module
        With its first weights; from float images of 3 channels to a logit for each class; on the device of the images,
        channels last.
    pixels : Tensor
        All images that any of the folds trains on, uint8, shape (n, channels, height, width), with 1 or 3 channels;
        shared by the folds, never changed. Features instead of images may have any shape and type.
    rows, targets : Tensor
        Indices of the training images and their classes, shape (n,), int64.
    generator : torch.Generator
        Source of the order and of the augmentation, on the device of the images.
    recipe : Recipe
        Budget, optimiser and augmentation.
    dtype : torch.dtype
        float32, or the type to which autocast lowers matrix products and convolutions.
    slot : int
        Number of this training among those side by side, different for each of them.

    Attributes
    ----------
    normalise : Normalisation
        By the training images.
    step, steps : int
        Number of steps so far, and of all steps.
    seconds : float
        Time of the steps so far.
    curve : list
        Pairs of step and the result of `measure` there; see `train`.
    resumed, seconds_before : int and float
        The step of the checkpoint that it continued from, and the time of the steps before; 0 without one.
    """

    def __init__(
        self,
        network: nn.Module,
        pixels: Tensor,
        rows: Tensor,
        targets: Tensor,
        generator: torch.Generator,
        recipe: Recipe,
        dtype: torch.dtype = torch.float32,
        slot: int = 0,
    ) -> None:
        self.network = network
        self.pixels = pixels
        self.rows = rows
        self.generator = generator
        self.recipe = recipe
        self.dtype = dtype
        self.steps = recipe.steps_for(len(rows))
        self.step, self.seconds, self.resumed, self.seconds_before = 0, 0.0, 0, 0.0
        self.curve: list[list[float]] = []
        device = pixels.device
        keep_freed_memory()
        self.stream = stream_at(slot, device)
        self._order = rows[:0]
        self._batch = torch.zeros(recipe.batch_size, dtype=torch.int64, device=device)
        self._draws = torch.zeros(recipe.batch_size, DRAWS, device=device)
        self._targets = torch.zeros(len(pixels), dtype=torch.int64, device=device)
        self._loss, self._tail = torch.zeros((), device=device), torch.zeros((), device=device)
        graph = self.stream is not None
        self._optimizer = StagedAdamW(network, recipe.lr, recipe.weight_decay, recipe.stage_decay, graph=graph)
        self._graph: torch.cuda.CUDAGraph | None = None
        self.set_mode()
        with self._on_stream():
            self.normalise = Normalisation.of(pixels[rows])
            self._targets[rows] = targets
            if graph:
                self._graph = self._capture()
        self.wait()

    def advance(self) -> None:
        """Make one step on the next images of a random order, in which each image comes once before any comes again."""
        size = self.recipe.batch_size
        with self._on_stream():
            while len(self._order) < size:
                shuffled = torch.randperm(len(self.rows), generator=self.generator, device=self.rows.device)
                self._order = torch.cat([self._order, self.rows[shuffled]])
            batch, self._order = self._order[:size], self._order[size:]
            self._batch.copy_(batch)
            draw(size, self.generator, out=self._draws)
            self._optimizer.set_rate(one_cycle(self.step, self.steps, self.recipe.warmup))
            if self._graph is None:
                self._update()
            else:
                self._graph.replay()
            self.step += 1
            if self.step > self._tail_start:
                self._tail += self._loss

    def wait(self) -> None:
        """Return once the device has made every requested step: a GPU lags behind the requests."""
        if self.stream is not None:
            self.stream.synchronize()

    @property
    def done(self) -> bool:
        """True once all steps were made."""
        return self.step >= self.steps

    @property
    def loss(self) -> float:
        """Mean training loss over the last tenth of all steps."""
        return float(self._tail) / (self.steps - self._tail_start)

    @property
    def _tail_start(self) -> int:
        return self.steps - math.ceil(self.steps / 10)

    def state(self) -> dict[str, Any]:
        """Return the state for `resume`, with that of torch's global generators, as dropout draws from them."""
        self.wait()
        state: dict[str, Any] = {
            "step": self.step,
            "seconds": self.seconds,
            "curve": self.curve,
            "order": self._order,
            "tail": self._tail,
            "network": self.network.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "generator": self.generator.get_state(),
            "random": torch.get_rng_state(),
        }
        if self.stream is not None:
            state["random_of_gpu"] = torch.cuda.get_rng_state(self.pixels.device)
        return state

    def resume(self, state: dict[str, Any]) -> None:
        """Continue from a state of the same training."""
        self.step = self.resumed = state["step"]
        self.seconds = self.seconds_before = state["seconds"]
        self.curve = state["curve"]
        self._order, self._tail = (state[name].to(self.pixels.device) for name in ("order", "tail"))
        self.network.load_state_dict(state["network"])
        self._optimizer.load_state_dict(state["optimizer"])
        self.generator.set_state(state["generator"].cpu())
        torch.set_rng_state(state["random"])
        if "random_of_gpu" in state:
            torch.cuda.set_rng_state(state["random_of_gpu"], self.pixels.device)

    def set_mode(self) -> None:
        """Set the training mode, but the evaluation mode for BatchNorm if the recipe freezes its statistics."""
        self.network.train()
        if self.recipe.frozen_statistics:
            for module in self.network.modules():
                if isinstance(module, nn.modules.batchnorm._BatchNorm):
                    module.eval()

    def _update(self) -> None:
        """Make one update, with all inputs in tensors that never move."""
        pixels = self.normalise(self.pixels[self._batch])
        inputs = as_input(self.recipe.augmentation(pixels, self._draws))
        with autocast(self.pixels.device, self.dtype):
            logits = self.network(inputs)
        loss = nn.functional.cross_entropy(  # in float32: autocast would leave label smoothing in bfloat16 on a GPU
            logits.float(), self._targets[self._batch], label_smoothing=self.recipe.label_smoothing
        )
        self._optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self._optimizer.step()
        self._loss.copy_(loss.detach())

    def _capture(self) -> torch.cuda.CUDAGraph:
        """Return the step as a CUDA graph; the network is restored after the warm-up."""
        first = {name: value.clone() for name, value in self.network.state_dict().items()}
        for _ in range(WARM_UP_STEPS):
            self._update()
        self._optimizer.zero_grad()  # so that the gradients are in the graph's own memory
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, stream=self.stream):
            self._update()
        self.network.load_state_dict(first)
        self._optimizer.reset()
        return graph

    @contextmanager
    def _on_stream(self) -> Iterator[None]:
        """Run the following work of the device in this training's own stream, after all work requested before."""
        if self.stream is None:
            yield
            return
        self.stream.wait_stream(torch.cuda.current_stream(self.pixels.device))
        with torch.cuda.stream(self.stream):
            yield


class Checkpoint:
    """A file with the last state of one training, from which it can continue after it was killed.

    Parameters
    ----------
    path : Path or None
        The file; None writes nothing. Whoever gives the path deletes the file in the end.
    about : dict
        Description of the training; a file with another description is ignored.
    """

    def __init__(self, path: Path | None, about: dict[str, Any]) -> None:
        self.path = path
        self.about = {**about, "state": STATE_VERSION}
        self._saved_at = self._progress_at = monotonic()

    def load(self) -> dict[str, Any] | None:
        """Return the state in the file, or None if there is no file, it is damaged, or it is of another training."""
        if self.path is None or not self.path.is_file():
            return None
        try:
            content: dict[str, Any] = torch.load(self.path, map_location="cpu", weights_only=True)
            return content["state"] if content["about"] == self.about else None
        except Exception:  # the training can start anew whatever is wrong with the file
            return None

    def update(self, training: Training) -> None:
        """Write the number of steps every few seconds, for `febench status`, and the state every few minutes.

        A crash while the state is written leaves the state before it.
        """
        if self.path is None:
            return
        if monotonic() - self._progress_at >= PROGRESS_INTERVAL_S:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.path.with_suffix(".step").write_text(f"{training.step} {training.steps}")
            self._progress_at = monotonic()
        if monotonic() - self._saved_at >= SAVE_INTERVAL_S:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with replacing(self.path) as file:
                torch.save({"about": self.about, "state": training.state()}, file)
            self._saved_at = monotonic()


def train(
    trainings: Sequence[Training],
    measure: Callable[[Training], float] | None = None,
    checkpoint: Checkpoint | None = None,
) -> None:
    """Make all steps of some trainings, one step of each in turn.

    Parameters
    ----------
    trainings : sequence of Training
        On a GPU the steps of different trainings overlap.
    measure : callable, optional
        Called with the first training ten times, less often in short trainings, the last time after the last step. Its
        time is not counted; its result is added to the training's `curve`. It may put the network into evaluation mode,
        but change nothing else.
    checkpoint : Checkpoint, optional
        The first training continues from it, and its state is written to it every few minutes.
    """
    first = trainings[0]
    if checkpoint and (state := checkpoint.load()):
        first.resume(state)
    n_measurements = min(MAX_MEASUREMENTS, math.ceil(first.steps / MIN_STEPS_BETWEEN_MEASUREMENTS)) if measure else 0
    measured_steps = {math.ceil(first.steps * i / n_measurements) for i in range(1, n_measurements + 1)}
    while unfinished := [training for training in trainings if not training.done]:
        start = perf_counter()
        for training in unfinished:
            training.advance()
        due = first in unfinished and first.step in measured_steps
        if due or all(training.done for training in unfinished):
            for training in trainings:
                training.wait()
        for training in unfinished:
            training.seconds += (perf_counter() - start) / len(unfinished)
        if measure and due:
            first.curve.append([first.step, measure(first)])
            first.set_mode()
        if checkpoint:
            checkpoint.update(first)
