"""The training of every deep method: its recipe, its optimiser, one step, the loop, and the state kept on disk.

A training is a fixed number of steps, and the last weights count. All images lie as one uint8 tensor on the device;
each step takes a batch of them, normalises it, augments it and makes one update. Every batch has the same shape: the
images are dealt out in random order, over and over, and a batch may span the end of one round and the start of the
next, so that neither 3 images nor 28,709 make a ragged batch.

Everything that changes from step to step (which images, the draws of the augmentation, the learning rate) is written
into tensors that stay where they are, so that on a GPU the whole step is one CUDA graph.
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
CAPTURE_WARM_UP = 3  # steps before one is captured
STATE = 2  # raised whenever what `Training.state` gives is of another form, which `resume` cannot read
LOOKS, APART = 10, 30  # during a training, at most, and steps that one goes on for between two of them, at least
KEEP_EVERY, TELL_EVERY = 180.0, 10.0  # seconds


@dataclass(frozen=True)
class Recipe:
    """What one training is made of.

    Attributes
    ----------
    steps : int
        Number of updates, at least.
    epochs : float
        Number of times every image is seen, at least: large data sets get more than `steps` updates.
    batch_size : int
        Images in each update.
    lr : float
        Learning rate at its peak.
    warmup : float
        Fraction of the steps before the peak.
    weight_decay, label_smoothing : float
        As in `torch.optim.AdamW` and `torch.nn.CrossEntropyLoss`; BatchNorm and biases are not decayed.
    augmentation : Augmentation
        Changes made to the training images.
    stage_decay : float
        The learning rate of the network's first stage as a fraction of its last one's, geometric in between.
    frozen_statistics : bool
        Whether BatchNorm keeps the mean and variance it came with.
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
        """Number of updates of a training on n images."""
        return max(self.steps, math.ceil(self.epochs * n / self.batch_size))


def one_cycle(done: int, steps: int, warmup: float) -> float:
    """Learning rate after `done` steps, relative to its peak: a straight rise, then half a cosine down to 0.

    References
    ----------
    Smith & Topin 2018.
    """
    progress = min((done + 0.5) / steps, 1.0)
    if progress < warmup:
        return progress / warmup
    return 0.5 + 0.5 * math.cos(math.pi * (progress - warmup) / (1 - warmup))


class StagedAdamW:
    """AdamW (Loshchilov & Hutter 2019) over a network's stages, which can start over in place.

    So a CUDA graph may hold a step of it, after a warm-up. Vectors (BatchNorm and biases) are not decayed.

    On a processor torch's step first copies the gradient of each tensor that does not lie in memory in the order of its
    dimensions, as the kernels of a channels-last network do not. So it is given the same memory, dimensions reordered.

    Parameters
    ----------
    network : nn.Module
        What is trained: those of its parameters that require gradients. Each of its children is a stage.
    lr : float
        Peak of the learning rate.
    weight_decay : float
        As in `torch.optim.AdamW`.
    stage_decay : float
        Learning rate of the network's first stage as a fraction of its last one's, geometric in between.
    graph : bool
        Whether a step will be captured: then the learning rates are a tensor, which one kernel sets.
    """

    def __init__(self, network: nn.Module, lr: float, weight_decay: float, stage_decay: float, *, graph: bool) -> None:
        parts = [list(network.parameters(recurse=False)), *(list(child.parameters()) for child in network.children())]
        trained = [[parameter for parameter in part if parameter.requires_grad] for part in parts]
        stages = [stage for stage in trained if stage]  # from the images to the classes
        groups: list[dict[str, Any]] = []
        for place, stage in enumerate(reversed(stages)):
            peak = lr * stage_decay ** (place / max(1, len(stages) - 1))
            decayed, plain = ([p for p in stage if (p.ndim > 1) is matrix] for matrix in (True, False))
            groups.append({"params": decayed, "weight_decay": weight_decay, "peak": peak})
            groups.append({"params": plain, "weight_decay": 0.0, "peak": peak})
        groups = [group for group in groups if group["params"]]
        device = stages[0][0].device
        self._lying: list[tuple[Tensor, list[int], Tensor]] = []  # parameter, order of its strides, its memory in that
        if device.type == "cpu":
            for group in groups:
                group["params"] = [self._as_it_lies(parameter) for parameter in group["params"]]
        self._peaks = torch.tensor([group["peak"] for group in groups], device=device)
        self._rates = torch.zeros_like(self._peaks) if graph else None
        for place, group in enumerate(groups):
            group["lr"] = 0.0 if self._rates is None else self._rates[place]
        self._adamw = torch.optim.AdamW(groups, betas=BETAS, fused=True, capturable=graph)

    def _as_it_lies(self, parameter: Tensor) -> Tensor:
        """A parameter, or its memory with the dimensions in the order of their strides, of which `step` has to know."""
        if parameter.is_contiguous():
            return parameter
        order = sorted(range(parameter.ndim), key=parameter.stride, reverse=True)
        same = parameter.detach().permute(order)
        self._lying.append((parameter, order, same))
        return same

    def set_rate(self, share: float) -> None:
        """Set the learning rates to a share of their peaks."""
        if self._rates is not None:
            torch.mul(self._peaks, share, out=self._rates)
            return
        for group in self._adamw.param_groups:
            group["lr"] = share * group["peak"]

    def zero_grad(self) -> None:
        """Forget the gradients."""
        self._adamw.zero_grad(set_to_none=True)
        for parameter, _, _ in self._lying:
            parameter.grad = None

    def step(self) -> None:
        """Make one update, by the gradients there are."""
        for parameter, order, same in self._lying:
            same.grad = None if parameter.grad is None else parameter.grad.permute(order)
        self._adamw.step()

    def forget(self) -> None:
        """Zero all that it remembers of earlier steps, in place."""
        for state in self._adamw.state.values():
            for value in state.values():
                value.zero_()

    def state_dict(self) -> dict[str, Any]:
        """All that it remembers, for `load_state_dict`."""
        return self._adamw.state_dict()

    def load_state_dict(self, saved: dict[str, Any]) -> None:
        """Remember what was saved; in the tensors that are there, if there are any."""
        if not self._adamw.state:
            self._adamw.load_state_dict(saved)
            return
        parameters = [parameter for group in self._adamw.param_groups for parameter in group["params"]]
        for place, parameter in enumerate(parameters):
            for name, value in self._adamw.state[parameter].items():
                value.copy_(saved["state"][place][name])


class Training:
    """A network, its optimiser and one step of both, on one fold.

    Parameters
    ----------
    network : nn.Module
        With its first weights; takes float images of 3 channels, gives one logit a class; on the device of the images,
        channels last.
    pixels : Tensor
        All images that any of the folds trains on, uint8, shape (n, channels, height, width), with 1 or 3 channels;
        shared, never changed. Features in their place may be of any shape and type.
    rows, targets : Tensor
        Which images to train on and their classes, shape (n,), int64.
    generator : torch.Generator
        Source of the order and of the augmentation, on the device of the images.
    recipe : Recipe
        Budget, optimiser and augmentation.
    dtype : torch.dtype
        float32, or what autocast lowers matrix products and convolutions to.
    place : int
        Which of the trainings side by side it is; no two at a time may have the same.

    Attributes
    ----------
    normalise : Normalisation
        By the images to train on.
    step, steps : int
        Steps made, and steps to make.
    seconds : float
        What the steps took.
    curve : list
        Pairs of step and what `train` saw there.
    resumed, seconds_before : int and float
        The step from which it went on, and what those before it took; 0 if it did not.
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
        place: int = 0,
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
        self.stream = stream_at(place, device)
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
                self._graph = self._captured()
        self.wait()

    def advance(self) -> None:
        """Make one step, on images each of which comes once before any comes again."""
        size = self.recipe.batch_size
        with self._on_stream():
            while len(self._order) < size:
                dealt = torch.randperm(len(self.rows), generator=self.generator, device=self.rows.device)
                self._order = torch.cat([self._order, self.rows[dealt]])
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
        """Return once the device has made every step that was asked for; a GPU lags behind what it is asked."""
        if self.stream is not None:
            self.stream.synchronize()

    @property
    def done(self) -> bool:
        """Whether the last step was made."""
        return self.step >= self.steps

    @property
    def loss(self) -> float:
        """Mean training loss over the last tenth of the steps, once they are made."""
        return float(self._tail) / (self.steps - self._tail_start)

    @property
    def _tail_start(self) -> int:
        return self.steps - math.ceil(self.steps / 10)

    def state(self) -> dict[str, Any]:
        """All that `resume` needs to go on from here, torch's global generators included: dropout draws from them."""
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
        """Go on from a state of the same training."""
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
        """Training mode; BatchNorm stays as it is where the recipe freezes its statistics."""
        self.network.train()
        if self.recipe.frozen_statistics:
            for module in self.network.modules():
                if isinstance(module, nn.modules.batchnorm._BatchNorm):
                    module.eval()

    def _update(self) -> None:
        """One step, all of whose inputs lie in tensors that never move."""
        pixels = self.normalise(self.pixels[self._batch])
        inputs = as_input(self.recipe.augmentation(pixels, self._draws))
        with autocast(self.pixels.device, self.dtype):
            logits = self.network(inputs)
        loss = nn.functional.cross_entropy(  # of float32: autocast would leave label smoothing in bfloat16 on a GPU
            logits.float(), self._targets[self._batch], label_smoothing=self.recipe.label_smoothing
        )
        self._optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self._optimizer.step()
        self._loss.copy_(loss.detach())

    def _captured(self) -> torch.cuda.CUDAGraph:
        """The step as a CUDA graph; what its warm-up does to the network is undone."""
        first = {name: value.clone() for name, value in self.network.state_dict().items()}
        for _ in range(CAPTURE_WARM_UP):
            self._update()
        self._optimizer.zero_grad()  # for gradients that lie in the graph's own memory
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, stream=self.stream):
            self._update()
        self.network.load_state_dict(first)
        self._optimizer.forget()
        return graph

    @contextmanager
    def _on_stream(self) -> Iterator[None]:
        """Have the device do what follows after all that was asked of it before, in this training's own stream."""
        if self.stream is None:
            yield
            return
        self.stream.wait_stream(torch.cuda.current_stream(self.pixels.device))
        with torch.cuda.stream(self.stream):
            yield


class Checkpoint:
    """A file that holds the last state of one training: how far it is, and all it needs to go on if it is killed.

    Parameters
    ----------
    path : Path or None
        Where it is; None keeps nothing. Whoever gives the path deletes the file when the training is of no more use.
    about : dict
        What the training is; a file that says otherwise is not gone on from.
    """

    def __init__(self, path: Path | None, about: dict[str, Any]) -> None:
        self.path = path
        self.about = {**about, "state": STATE}
        self._saved = self._told = monotonic()

    def load(self) -> dict[str, Any] | None:
        """The state that was kept, or None: a file that is not whole, or is of another training, counts as none."""
        if self.path is None or not self.path.is_file():
            return None
        try:
            content: dict[str, Any] = torch.load(self.path, map_location="cpu", weights_only=True)
            return content["state"] if content["about"] == self.about else None
        except Exception:  # whatever is wrong with it, the training can start anew
            return None

    def keep(self, training: Training) -> None:
        """Every few seconds say beside the file how far the training is; every few minutes keep its state.

        `febench status` reads the former. A crash meanwhile leaves the last state.
        """
        if self.path is None:
            return
        if monotonic() - self._told >= TELL_EVERY:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.path.with_suffix(".step").write_text(f"{training.step} {training.steps}")
            self._told = monotonic()
        if monotonic() - self._saved >= KEEP_EVERY:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with replacing(self.path) as file:
                torch.save({"about": self.about, "state": training.state()}, file)
            self._saved = monotonic()


def train(
    trainings: Sequence[Training],
    look: Callable[[Training], float] | None = None,
    checkpoint: Checkpoint | None = None,
) -> None:
    """Make every step of some trainings, one step of each in turn.

    Parameters
    ----------
    trainings : sequence of Training
        On a GPU, the steps of different trainings overlap.
    look : callable, optional
        At the first training: called ten times, in short ones less often, the last after the last step, and its time
        is not counted. What it returns is put into the training's `curve`. It may put the network into evaluation
        mode, and change nothing else.
    checkpoint : Checkpoint, optional
        Of the first training: it goes on from there, and is kept there every few minutes.
    """
    first = trainings[0]
    if checkpoint and (state := checkpoint.load()):
        first.resume(state)
    looks = min(LOOKS, math.ceil(first.steps / APART)) if look else 0
    moments = {math.ceil(first.steps * i / looks) for i in range(1, looks + 1)}
    while left := [training for training in trainings if not training.done]:
        start = perf_counter()
        for training in left:
            training.advance()
        seen = first in left and first.step in moments
        if seen or all(training.done for training in left):
            for training in trainings:
                training.wait()
        for training in left:
            training.seconds += (perf_counter() - start) / len(left)
        if look and seen:
            first.curve.append([first.step, look(first)])
            first.set_mode()
        if checkpoint:
            checkpoint.keep(first)
