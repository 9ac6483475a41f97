"""The training loop of every deep method: a fixed number of steps, and the last weights.

All images lie as one uint8 tensor on the device; each step takes a batch of them, normalises it, augments it and makes
one update. Every batch has the same shape: the images are dealt out in random order, over and over, and a batch may
span the end of one round and the start of the next, so that neither 3 images nor 28,709 make a ragged batch.

Everything that changes from step to step (which images, the draws of the augmentation, the learning rate) is written
into tensors that stay where they are, so that on a GPU the whole step is one CUDA graph.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from deep.augmentation import DRAWS, Augmentation, draw
from deep.device import keep_freed_memory
from deep.images import Images, as_input
from deep.optimizer import StagedAdamW, one_cycle

WARM_UP = 3


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
    warmup: float = 0.3
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


class Training:
    """A network, its optimiser and one step of both; trains one fold after another, each from a clean start.

    Parameters
    ----------
    network : nn.Module
        Takes float images of 3 channels, gives one logit a class; on the device of the images, channels last.
    images : Images
        All that any of the folds trains on.
    recipe : Recipe
        Budget, optimiser and augmentation.
    dtype : torch.dtype
        float32, or what autocast lowers matrix products and convolutions to.
    """

    def __init__(self, network: nn.Module, images: Images, recipe: Recipe, dtype: torch.dtype = torch.float32) -> None:
        self.network = network
        self.images = images
        self.recipe = recipe
        self.dtype = dtype
        device = images.device
        keep_freed_memory()
        self.stream = torch.cuda.Stream(device) if device.type == "cuda" else None  # type: ignore[no-untyped-call]
        self._batch = torch.zeros(recipe.batch_size, dtype=torch.int64, device=device)
        self._draws = torch.zeros(recipe.batch_size, DRAWS, device=device)
        self._targets = torch.zeros(len(images), dtype=torch.int64, device=device)
        self._loss = torch.zeros((), device=device)
        graph = device.type == "cuda"
        self._optimizer = StagedAdamW(network, recipe.lr, recipe.weight_decay, recipe.stage_decay, graph=graph)
        self._replay: Callable[[], None] | None = None

    def begin(self, weights: dict[str, Tensor], rows: Tensor, targets: Tensor, generator: torch.Generator) -> None:
        """Start over: nothing of an earlier training is left.

        Parameters
        ----------
        weights : dict
            First weights of the network, a state dict.
        rows, targets : Tensor
            Which images to train on and their classes, shape (n,), int64.
        generator : torch.Generator
            Source of the order and of the augmentation, on the device of the images.
        """
        self.rows, self.generator, self._order = rows, generator, rows[:0]
        self.steps = self.recipe.steps_for(len(rows))
        self.step, self.seconds, self.resumed, self.seconds_before = 0, 0.0, 0, 0.0
        self.set_mode()
        with self._on_stream():
            if self._replay is None:
                self._replay = self._update if self.stream is None else self._captured()
            self.network.load_state_dict(weights)
            self._optimizer.forget()
            self.images.normalise.fit(self.images.pixels[rows])
            self._targets[rows] = targets
            self._tail = torch.zeros_like(self._loss)
        self.wait()  # the weights given may be freed now, and their memory used anew

    @property
    def done(self) -> bool:
        """Whether the last step was made."""
        return self.step >= self.steps

    @property
    def loss(self) -> float:
        """Mean training loss over the last tenth of the steps, once they are made."""
        return float(self._tail) / (self.steps - self._tail_start)

    def advance(self) -> None:
        """Make one step."""
        with self._on_stream():
            self._batch.copy_(self._next_batch())
            draw(self.recipe.batch_size, self.generator, out=self._draws)
            self._optimizer.set_rate(one_cycle(self.step, self.steps, self.recipe.warmup))
            if self._replay is not None:
                self._replay()
            self.step += 1
            if self.step > self._tail_start:
                self._tail += self._loss

    def wait(self) -> None:
        """Return once the device has made every step that was asked for; a GPU lags behind what it is asked."""
        if self.stream is not None:
            self.stream.synchronize()

    def state(self) -> dict[str, Any]:
        """All that `resume` needs to go on from here."""
        self.wait()
        return {
            "step": self.step,
            "seconds": self.seconds,
            "order": self._order,
            "tail": self._tail,
            "network": self.network.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "generator": self.generator.get_state(),
        }

    def resume(self, state: dict[str, Any]) -> None:
        """Go on from a state of the same training, after `begin`."""
        self.step = self.resumed = state["step"]
        self.seconds = self.seconds_before = state["seconds"]
        self._order, self._tail = (state[name].to(self.images.device) for name in ("order", "tail"))
        self.network.load_state_dict(state["network"])
        self._optimizer.load_state_dict(state["optimizer"])
        self.generator.set_state(state["generator"].cpu())

    @property
    def _tail_start(self) -> int:
        return self.steps - math.ceil(self.steps / 10)

    def _next_batch(self) -> Tensor:
        """Every image once before any again, shape (batch_size,)."""
        while len(self._order) < self.recipe.batch_size:
            dealt = torch.randperm(len(self.rows), generator=self.generator, device=self.rows.device)
            self._order = torch.cat([self._order, self.rows[dealt]])
        batch, self._order = self._order[: self.recipe.batch_size], self._order[self.recipe.batch_size :]
        return batch

    def _update(self) -> None:
        """One step, all of whose inputs lie in tensors that never move."""
        pixels = self.images.normalise(self.images.pixels[self._batch])
        inputs = as_input(self.recipe.augmentation(pixels, self._draws))
        with autocast(self.images.device, self.dtype):
            found = self.network(inputs)
            loss = nn.functional.cross_entropy(
                found, self._targets[self._batch], label_smoothing=self.recipe.label_smoothing
            )
        self._optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self._optimizer.step()
        self._loss.copy_(loss.detach())

    def _captured(self) -> Callable[[], None]:
        """The step as a CUDA graph; what its warm-up does to the weights, `begin` undoes."""
        for _ in range(WARM_UP):
            self._update()
        torch.cuda.synchronize(self.images.device)
        self._optimizer.zero_grad()
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, stream=self.stream):
            self._update()
        replay: Callable[[], None] = graph.replay
        return replay

    def set_mode(self) -> None:
        """Training mode; BatchNorm stays as it is where the recipe freezes its statistics."""
        self.network.train()
        if self.recipe.frozen_statistics:
            for module in self.network.modules():
                if isinstance(module, nn.modules.batchnorm._BatchNorm):
                    module.eval()

    @contextmanager
    def _on_stream(self) -> Iterator[None]:
        """Have the device do what follows after all that was asked of it before, in this training's own stream."""
        if self.stream is None:
            yield
            return
        self.stream.wait_stream(torch.cuda.current_stream(self.images.device))
        with torch.cuda.stream(self.stream):
            yield


def autocast(device: torch.device, dtype: torch.dtype) -> AbstractContextManager[None]:
    """Autocast to a lower precision; nothing for float32."""
    return torch.autocast(device.type, dtype, enabled=dtype is not torch.float32)
