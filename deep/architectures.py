"""Networks of torchvision by name, with as many outputs as there are classes, from random or given weights."""

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

KEYWORDS: dict[str, dict[str, Any]] = {
    "resne": {"zero_init_residual": True},
    "wide_resnet": {"zero_init_residual": True},
    "googlenet": {"aux_logits": False, "init_weights": True},
    "inception": {"aux_logits": False, "init_weights": True},
}
"""Of networks whose name begins so."""


class NativeBatchNorm2d(nn.BatchNorm2d):
    """BatchNorm by torch's own kernels on a GPU.

    cuDNN's float32 kernels for channels last stay on the GPU until all their blocks have met, and so may wait for ever
    for what another stream holds (pytorch issue 80259). Trainings side by side are such streams; one alone uses the
    same kernels, so that the bits do not depend on how many there are.
    """

    def forward(self, input: Tensor) -> Tensor:
        """Normalise images, shape (n, channels, height, width)."""
        enabled = cudnn.enabled
        cudnn.enabled = False  # which backward kernel comes later is settled here, too
        try:
            return super().forward(input)
        finally:
            cudnn.enabled = enabled


@dataclass(frozen=True)
class Builder:
    """Builds a torchvision classifier for a number of classes; the last layer is new in any case.

    Attributes
    ----------
    architecture : str
        Name in `torchvision.models`.
    weights : str
        `none`, or what `deep.weights.find` finds.

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
        """Build the network; torch's global generator draws what no weights are given for."""
        keywords = next((given for start, given in KEYWORDS.items() if self.architecture.startswith(start)), {})
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
        """Which file the weights are from, for the results; nothing if they are random."""
        if self.weights == "none":
            return {}
        file = find(self.architecture, self.weights)
        return {"weights": file.source, "weights_sha256": file.sha256, "weights_verified": file.verified}

    def normalisation(self, device: torch.device) -> Normalisation:
        """The normalisation of the images that the weights were trained on.

        Raises
        ------
        DataError
            If the file does not say.
        """
        of_channels = normalisation(find(self.architecture, self.weights))
        mean, sd = (torch.tensor(values, device=device).view(1, -1, 1, 1) for values in of_channels)
        return Normalisation(mean, sd)


def check_name(architecture: str) -> None:
    """Refuse a name that torchvision has no classifier of.

    Raises
    ------
    UsageError
        If it has none; the nearest names are told.
    """
    names = models.list_models(module=models)
    if architecture not in names:
        near = get_close_matches(architecture, names, n=3, cutoff=0.5)
        hint = f"; did you mean {' or '.join(near)}?" if near else ""
        raise UsageError(f"torchvision has no classifier {architecture!r}{hint}")
