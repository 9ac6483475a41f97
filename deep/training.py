"""The training loop of every deep method: a fixed number of steps from random weights to the last weights.

All images lie as one uint8 tensor on the device; each step takes a batch of them, normalises it, augments it and makes
one update of AdamW (Loshchilov & Hutter 2019) under a one-cycle learning rate (Smith & Topin 2018). Every batch has the
same shape: the images are dealt out in random order, over and over, and a batch may span the end of one round and the
start of the next, so that neither 3 images nor 28,709 make a ragged batch.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from time import perf_counter

import torch
from torch import Tensor, nn

from deep.augmentation import Augmentation

CHANNELS = 3
PREDICTION_BATCH = 32
BETAS = (0.9, 0.99)


@dataclass(frozen=True)
class Recipe:
    """What one training is made of.

    Attributes
    ----------
    steps, batch_size : int
        Number of updates, and of images in each.
    lr : float
        Learning rate at its peak.
    warmup : float
        Fraction of the steps before the peak.
    weight_decay, label_smoothing : float
        As in `torch.optim.AdamW` and `torch.nn.CrossEntropyLoss`; BatchNorm and biases are not decayed.
    augmentation : Augmentation
        Changes made to the training images.
    """

    steps: int
    batch_size: int
    lr: float
    warmup: float = 0.3
    weight_decay: float = 0.05
    label_smoothing: float = 0.1
    augmentation: Augmentation = field(default_factory=Augmentation)

    def __post_init__(self) -> None:
        if self.steps < 1:
            raise ValueError(f"steps must be at least 1, not {self.steps}")
        if self.batch_size < 2:
            raise ValueError(f"batch_size must be at least 2, for BatchNorm, not {self.batch_size}")
        if not 0 <= self.warmup < 1:
            raise ValueError(f"warmup must be a fraction from 0 to below 1, not {self.warmup}")


@dataclass(frozen=True)
class Normalisation:
    """Mean and standard deviation of each channel, in units of uint8 pixels; shape (1, channels, 1, 1)."""

    mean: Tensor
    sd: Tensor

    @classmethod
    def of(cls, images: Tensor) -> Normalisation:
        """Of uint8 images, shape (n, channels, height, width). A channel that never varies is left unscaled."""
        counts = torch.stack([channel.flatten().bincount(minlength=256) for channel in images.unbind(1)]).double()
        values = torch.arange(256, device=images.device, dtype=torch.float64)
        share = counts / counts.sum(1, keepdim=True)
        mean = share @ values
        sd = (share * (values - mean[:, None]) ** 2).sum(1).sqrt()
        sd = torch.where(sd > 0, sd, 1.0)
        return cls(mean.float().view(1, -1, 1, 1), sd.float().view(1, -1, 1, 1))

    def __call__(self, images: Tensor) -> Tensor:
        """Normalised float images."""
        return (images.float() - self.mean) / self.sd


@dataclass(frozen=True)
class Trained:
    """What is worth telling about a finished training.

    Attributes
    ----------
    loss : float
        Mean training loss over the last tenth of the steps.
    seconds : float
        Time in the loop, without the checkpoints.
    """

    loss: float
    seconds: float


def train(
    network: nn.Module,
    images: Tensor,
    targets: Tensor,
    recipe: Recipe,
    *,
    normalise: Normalisation,
    generator: torch.Generator,
    dtype: torch.dtype = torch.float32,
    at_checkpoint: Callable[[int], None] | None = None,
    checkpoints: int = 10,
) -> Trained:
    """Train a network in place.

    Parameters
    ----------
    network : nn.Module
        Takes float images of 3 channels, gives one logit a class; on the device of the images.
    images : Tensor
        uint8, shape (n, channels, height, width), with 1 or 3 channels.
    targets : Tensor
        Class indices, shape (n,), int64.
    recipe : Recipe
        Budget, optimiser and augmentation.
    normalise : Normalisation
        Computed from the training images alone.
    generator : torch.Generator
        Source of the order and of the augmentation, on the device of the images.
    dtype : torch.dtype
        float32, or what autocast lowers matrix products and convolutions to.
    at_checkpoint : callable, optional
        Called with the number of steps done, `checkpoints` times, the last after the last step. It may put the network
        into evaluation mode, and must change nothing else.

    Returns
    -------
    Trained
        Loss and time.
    """
    groups = _parameter_groups(network, recipe.weight_decay)
    optimizer = torch.optim.AdamW(groups, lr=recipe.lr, betas=BETAS, fused=True)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda done: one_cycle(done, recipe.steps, recipe.warmup))
    at = {math.ceil(recipe.steps * i / checkpoints) for i in range(1, checkpoints + 1)} if at_checkpoint else set()
    losses, aside, start = [], 0.0, perf_counter()
    for step, batch in enumerate(batches(len(images), recipe, generator), start=1):
        network.train()
        inputs = as_input(recipe.augmentation(normalise(images[batch]), generator))
        with autocast(images.device, dtype):
            loss = nn.functional.cross_entropy(network(inputs), targets[batch], label_smoothing=recipe.label_smoothing)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
        losses.append(loss.detach())
        if at_checkpoint and step in at:
            losses[-1].item()  # waits for the device, so that its work is not counted as the checkpoint's
            paused = perf_counter()
            at_checkpoint(step)
            aside += perf_counter() - paused
    mean_loss = torch.stack(losses[-math.ceil(recipe.steps / 10) :]).mean().item()
    return Trained(loss=mean_loss, seconds=perf_counter() - start - aside)


def batches(n: int, recipe: Recipe, generator: torch.Generator) -> Iterator[Tensor]:
    """Deal out indices, every image once before any again: `recipe.steps` tensors of shape (batch_size,)."""
    order = torch.empty(0, dtype=torch.int64, device=generator.device)
    for _ in range(recipe.steps):
        while len(order) < recipe.batch_size:
            order = torch.cat([order, torch.randperm(n, generator=generator, device=generator.device)])
        yield order[: recipe.batch_size]
        order = order[recipe.batch_size :]


def one_cycle(done: int, steps: int, warmup: float) -> float:
    """Learning rate after `done` steps, relative to its peak: a straight rise, then half a cosine down to 0."""
    progress = min((done + 0.5) / steps, 1.0)
    if progress < warmup:
        return progress / warmup
    return 0.5 + 0.5 * math.cos(math.pi * (progress - warmup) / (1 - warmup))


def as_input(images: Tensor) -> Tensor:
    """Images as the network takes them: grey repeated to three channels, channels last in memory."""
    return images.expand(-1, CHANNELS, -1, -1).contiguous(memory_format=torch.channels_last)


def autocast(device: torch.device, dtype: torch.dtype) -> AbstractContextManager[None]:
    """Autocast to a lower precision; nothing for float32."""
    return torch.autocast(device.type, dtype, enabled=dtype is not torch.float32)


@torch.no_grad()
def predict_probabilities(
    network: nn.Module,
    images: Tensor,
    normalise: Normalisation,
    *,
    dtype: torch.dtype = torch.float32,
    flip: bool = True,
) -> Tensor:
    """Class probabilities, shape (n, classes), float32; with `flip`, the mean over each image and its mirror image.

    Every batch is filled up to the same shape, so that an image's probabilities do not depend on how many others come
    with it: libraries choose their kernels by shape.
    """
    network.eval()
    parts = []
    for part in torch.split(images, PREDICTION_BATCH):
        missing = PREDICTION_BATCH - len(part)
        x = as_input(normalise(torch.cat([part, part[:1].expand(missing, -1, -1, -1)]) if missing else part))
        views = [x, x.flip(3)] if flip else [x]
        with autocast(images.device, dtype):
            logits = [network(view).float() for view in views]
        parts.append(torch.stack(logits).softmax(2).mean(0)[: len(part)])
    return torch.cat(parts)


def _parameter_groups(network: nn.Module, weight_decay: float) -> list[dict[str, object]]:
    """Weights of convolutions and linear layers are decayed, vectors (BatchNorm, biases) are not."""
    parameters = [p for p in network.parameters() if p.requires_grad]
    return [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": weight_decay},
        {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
    ]
