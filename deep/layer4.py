"""The last stage of a ResNet and its last layer, trained on the outputs of the frozen stages before them.

The frozen stages get images normalised as those that they were trained on. Their outputs are a pure function of each
image, computed once a data set and stored in half precision. Images are not augmented, so predictions are not means
over mirror images. The last layer is first trained alone, as always when a network starts from weights.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from deep.images import Normalisation, as_input, on_device
from deep.packing import PackedClassifier
from deep.probe import fit_head
from deep.weights_file import head_of
from febench.core.errors import UsageError

BATCH_SIZE = 64
FROZEN = ("conv1", "bn1", "relu", "maxpool", "layer1", "layer2", "layer3")
TRAINED = ("layer4", "avgpool")


class TailClassifier(PackedClassifier):
    """An `ImageClassifier` of features: `fit` and `predict` take the result of `extract`."""

    @torch.no_grad()
    def extract(self, X: NDArray[np.uint8]) -> NDArray[Any]:
        """Return the outputs of the third stage, shape (n, channels, height, width), float16."""
        network = self.network(2).to(self.device).to(memory_format=torch.channels_last).eval()
        frozen = nn.Sequential(*(part for name, part in _parts(network) if name in FROZEN))
        normalise = self.network.normalisation(self.device)
        pixels = on_device(X, self.size, self.device)
        features = [frozen(as_input(normalise(part))).half().cpu() for part in torch.split(pixels, BATCH_SIZE)]
        return torch.cat(features).contiguous().numpy()

    def on_device(self, X: NDArray[Any]) -> Tensor:
        """Return features on the device."""
        return torch.from_numpy(np.array(X)).to(self.device)

    def new_network(self, pixels: Tensor, targets: Tensor, classes: int) -> nn.Module:
        """Return the part that is trained; `pixels` are features."""
        whole = self.network(classes)
        layers = [part for name, part in _parts(whole) if name in TRAINED]
        tail = nn.Sequential(*layers, nn.Flatten(1), head_of(whole)[1]).to(self.device)
        tail = tail.to(memory_format=torch.channels_last)
        fit_head(tail, pixels, targets, Normalisation.of(pixels))
        return tail

    def save_weights(self, path: Path, origin: Mapping[str, Any]) -> None:
        """Raise `UsageError`: only a part of a network was trained."""
        raise UsageError("layer4 trains only a part of a network: pretrain a whole network, such as resnet18")


def _parts(network: nn.Module) -> list[tuple[str, nn.Module]]:
    parts = list(network.named_children())
    if not {*FROZEN, *TRAINED, "fc"} <= {name for name, _ in parts}:
        raise UsageError(f"layer4 takes a ResNet, ResNeXt or Wide ResNet, not {type(network).__name__}")
    return parts
