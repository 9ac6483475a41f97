"""Networks of torchvision by name, with an output for each class, from random or pretrained weights."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import torch
from torch import Tensor, nn
from torch.backends import cudnn
from torchvision import models

from deep.few_pixels import use_matrix_products
from deep.images import Normalisation
from deep.weights import find
from deep.weights_file import load, normalisation
from febench.core.errors import UsageError

EXTRA_KEYWORDS: dict[str, dict[str, Any]] = {
    "resne": {"zero_init_residual": True},
    "wide_resnet": {"zero_init_residual": True},
    "googlenet": {"aux_logits": False, "init_weights": True},
    "inception": {"aux_logits": False, "init_weights": True},
}
"""Keywords for networks whose name begins with the key."""


class NativeBatchNorm2d(nn.BatchNorm2d):
    """BatchNorm by torch's own kernels on a GPU.

    cuDNN's float32 kernels for channels last wait on the GPU until all their blocks run, and so may wait for ever for
    resources that another stream holds (pytorch issue 80259). Trainings side by side are such streams. A training alone
    uses the same kernels, so that the bits do not depend on how many trainings there are.
    """

    def forward(self, input: Tensor) -> Tensor:
        """Normalise images, shape (n, channels, height, width)."""
        enabled = cudnn.enabled
        cudnn.enabled = False  # the choice in the forward pass also decides the backward kernel
        try:
            return super().forward(input)
        finally:
            cudnn.enabled = enabled


@dataclass(frozen=True)
class Builder:
    """Builds a torchvision classifier for a number of classes; its last layer is always new.

    Attributes
    ----------
    architecture : str
        Name in `torchvision.models`.
    weights : str
        `none`, or weights that `deep.weights.find` knows.

    Raises
    ------
    UsageError
        If torchvision has no such classifier.
    """

    architecture: str
    weights: str = "none"

    def __post_init__(self) -> None:
        check_name(self.architecture)

    def __call__(self, num_classes: int) -> nn.Module:
        """Build the network; torch's global generator draws all weights that are not loaded."""
        keywords = next((extra for start, extra in EXTRA_KEYWORDS.items() if self.architecture.startswith(start)), {})
        network: nn.Module = models.get_model(self.architecture, weights=None, num_classes=num_classes, **keywords)
        if self.weights != "none":
            load(network, find(self.architecture, self.weights))
        use_matrix_products(network)
        for module in network.modules():
            if type(module) is nn.BatchNorm2d:
                module.__class__ = NativeBatchNorm2d
        return network

    @property
    def origin(self) -> dict[str, str]:
        """The file of the weights, for the results; empty if they are random."""
        if self.weights == "none":
            return {}
        file = find(self.architecture, self.weights)
        return {"weights": file.source, "weights_sha256": file.sha256, "weights_verified": file.verified}

    def normalisation(self, device: torch.device) -> Normalisation:
        """Return the normalisation of the images that the weights were trained on.

        Raises
        ------
        DataError
            If the file does not record it.
        """
        statistics = normalisation(find(self.architecture, self.weights))
        mean, sd = (torch.tensor(values, device=device).view(1, -1, 1, 1) for values in statistics)
        return Normalisation(mean, sd)


def check_name(architecture: str) -> None:
    """Check that torchvision has a classifier of this name.

    Raises
    ------
    UsageError
        If it has none; the message names similar ones.
    """
    names = models.list_models(module=models)
    if architecture not in names:
        near = get_close_matches(architecture, names, n=3, cutoff=0.5)
        hint = f"; did you mean {' or '.join(near)}?" if near else ""
        raise UsageError(f"torchvision has no classifier {architecture!r}{hint}")
