"""Runs trainings to their ends, several side by side where a device is not filled by one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from time import perf_counter
from typing import Any, Protocol

import torch

from deep.checkpoint import Checkpoint
from deep.training import Training

LOOKS = 10


class Look(Protocol):
    """Follows one training: what it has seen is `curve`."""

    curve: list[list[float]]

    def __call__(self, training: Training) -> None:
        """Look at the network; it may be put into evaluation mode, and nothing else may change."""


def train(
    trainings: Sequence[Training], looks: Sequence[Look | None] | None = None, checkpoint: Checkpoint | None = None
) -> None:
    """Make every step of some trainings that have begun, one step of each in turn.

    Parameters
    ----------
    trainings : sequence of Training
        On a GPU, the steps of different trainings overlap.
    looks : sequence of Look or None, optional
        Of each training, called ten times, the last after the last step. Its time is not counted.
    checkpoint : Checkpoint, optional
        Of the only training: it goes on from there, and is kept there every few minutes.
    """
    follow = looks or [None] * len(trainings)
    if checkpoint and (state := checkpoint.load()):
        _resume(trainings[0], follow[0], state)
    while left := [(training, look) for training, look in zip(trainings, follow, strict=True) if not training.done]:
        start = perf_counter()
        for training, _ in left:
            training.advance()
        seen = [(training, look) for training, look in left if look and training.step in _moments(training.steps)]
        if seen or all(training.done for training, _ in left):
            for training in trainings:
                training.wait()
        for training, _ in left:
            training.seconds += (perf_counter() - start) / len(left)
        for training, look in seen:
            look(training)
            training.set_mode()
        if checkpoint:
            _keep(checkpoint, trainings[0], follow[0])


def _moments(steps: int) -> set[int]:
    return {math.ceil(steps * i / LOOKS) for i in range(1, LOOKS + 1)}


def _keep(checkpoint: Checkpoint, training: Training, look: Look | None) -> None:
    checkpoint.tell(training.step, training.steps)
    if checkpoint.due:
        checkpoint.save(_state(training, look))


def _state(training: Training, look: Look | None) -> dict[str, Any]:
    """With torch's global generators, from which dropout draws."""
    device = training.images.device
    drawn = {"random": torch.get_rng_state()}
    if device.type == "cuda":
        drawn["random_of_gpu"] = torch.cuda.get_rng_state(device)
    return {**training.state(), "curve": look.curve if look else [], **drawn}


def _resume(training: Training, look: Look | None, state: dict[str, Any]) -> None:
    training.resume(state)
    torch.set_rng_state(state["random"])
    if "random_of_gpu" in state:
        torch.cuda.set_rng_state(state["random_of_gpu"], training.images.device)
    if look:
        look.curve[:] = state["curve"]
