"""AdamW (Loshchilov & Hutter 2019) over a network's stages, and its one-cycle rate (Smith & Topin 2018)."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import nn

BETAS = (0.9, 0.99)


class StagedAdamW:
    """AdamW that can start over in place, so that a CUDA graph may hold a step of it.

    Vectors (BatchNorm and biases) are not decayed.

    Parameters
    ----------
    network : nn.Module
        What is trained: those of its parameters that require gradients.
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
        groups: list[dict[str, Any]] = []
        stages = _stages(network)
        for place, stage in enumerate(reversed(stages)):
            peak = lr * stage_decay ** (place / max(1, len(stages) - 1))
            decayed, plain = ([p for p in stage if (p.ndim > 1) is matrix] for matrix in (True, False))
            groups.append({"params": decayed, "weight_decay": weight_decay, "peak": peak})
            groups.append({"params": plain, "weight_decay": 0.0, "peak": peak})
        groups = [group for group in groups if group["params"]]
        device = stages[0][0].device
        self._peaks = torch.tensor([group["peak"] for group in groups], device=device)
        self._rates = torch.zeros_like(self._peaks) if graph else None
        for place, group in enumerate(groups):
            group["lr"] = 0.0 if self._rates is None else self._rates[place]
        self._adamw = torch.optim.AdamW(groups, betas=BETAS, fused=True, capturable=graph)

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

    def step(self) -> None:
        """Make one update, by the gradients there are."""
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


def one_cycle(done: int, steps: int, warmup: float) -> float:
    """Learning rate after `done` steps, relative to its peak: a straight rise, then half a cosine down to 0."""
    progress = min((done + 0.5) / steps, 1.0)
    if progress < warmup:
        return progress / warmup
    return 0.5 + 0.5 * math.cos(math.pi * (progress - warmup) / (1 - warmup))


def _stages(network: nn.Module) -> list[list[nn.Parameter]]:
    """The parameters that are trained, from the images to the classes, a list a child of the network."""
    found = [list(network.parameters(recurse=False)), *(list(child.parameters()) for child in network.children())]
    trained = [[parameter for parameter in stage if parameter.requires_grad] for stage in found]
    return [stage for stage in trained if stage]
