"""The frozen part of pretrained networks, computed once for each image, and what is trained on top of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import Tensor, nn

from deep.architectures import Builder
from deep.classifier import ImageClassifier
from deep.device import choose_device
from deep.images import Images, Normalisation, as_input
from deep.probe import C, fit_head, head_inputs
from deep.resizing import on_device
from deep.weights import find, head_of, normalisation
from febench.core.errors import UsageError

BATCH = 64
FROZEN = ("conv1", "bn1", "relu", "maxpool", "layer1", "layer2", "layer3")
TRAINED = ("layer4", "avgpool")


class LinearProbe:
    """Logistic regression on what the last layer of a frozen network gets.

    Parameters
    ----------
    network : Builder
        A network with weights.
    size : int
        Images are resized to this many pixels a side.
    c : float
        Inverse strength of the penalty on the standardised features.
    device : {"auto", "cpu", "cuda"}
        Where the network runs.

    Attributes
    ----------
    classes_ : ndarray
        The class indices seen in `fit`.
    fit_info_ : dict
        Which weights.
    """

    def __init__(self, network: Builder, *, size: int = 64, c: float = C, device: str = "auto") -> None:
        self.network = network
        self.size = size
        self.device = choose_device(device)
        self._model = make_pipeline(StandardScaler(), LogisticRegression(C=c, max_iter=2000))

    def extract(self, X: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Features of images, shape (n, features): the mean over each image and its mirror image."""
        network = self.network(2).to(self.device).to(memory_format=torch.channels_last)
        return head_inputs(network, on_device(X, self.size, self.device), own_normalisation(self.network, self.device))

    def fit(self, features: NDArray[np.float32], y: NDArray[np.integer[Any]]) -> LinearProbe:
        """Learn from features (n, d) and class indices (n,)."""
        self._model.fit(features, y)
        self.classes_ = self._model.classes_
        self.fit_info_ = self.network.origin
        return self

    def predict(self, features: NDArray[np.float32]) -> NDArray[np.integer[Any]]:
        """Class indices (n,) of features (n, d)."""
        classes: NDArray[np.integer[Any]] = self.classes_[self.predict_proba(features).argmax(axis=1)]
        return classes

    def predict_proba(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """Class probabilities, shape (n, len(classes_))."""
        if len(features) == 0:
            return np.empty((0, len(self.classes_)))
        return np.asarray(self._model.predict_proba(features))


class TailClassifier(ImageClassifier):
    """The last stage of a ResNet, trained on what the frozen ones before it make of each image."""

    @torch.no_grad()
    def extract(self, X: NDArray[np.uint8]) -> NDArray[Any]:
        """What the third stage gives, shape (n, channels, height, width), float16."""
        network = self.network(2).to(self.device).to(memory_format=torch.channels_last).eval()
        frozen = nn.Sequential(*(part for name, part in _parts(network) if name in FROZEN))
        normalise = own_normalisation(self.network, self.device)
        pixels = on_device(X, self.size, self.device)
        found = [frozen(as_input(normalise(part))).half().cpu() for part in torch.split(pixels, BATCH)]
        return torch.cat(found).contiguous().numpy()

    def on_device(self, X: NDArray[Any]) -> Tensor:
        """Put features on the device."""
        return torch.from_numpy(np.array(X)).to(self.device)

    def save_weights(self, path: Path, origin: Mapping[str, Any]) -> None:
        """Refuse: what was trained is no whole network."""
        raise UsageError("layer4 trains a part of a network; pretrain the whole one, such as resnet18")

    def new_network(self, images: Images, targets: Tensor, classes: int) -> nn.Module:
        """Build the part that is trained."""
        whole = self.network(classes)
        layers = [part for name, part in _parts(whole) if name in TRAINED]
        tail = nn.Sequential(*layers, nn.Flatten(1), head_of(whole)[1]).to(self.device)
        tail = tail.to(memory_format=torch.channels_last)
        fit_head(tail, images.pixels, targets, images.normalise)
        return tail


def own_normalisation(network: Builder, device: torch.device) -> Normalisation:
    """The normalisation of the images that a network's weights were trained on."""
    mean, sd = normalisation(find(network.architecture, network.weights))
    return Normalisation(len(mean), device).set(torch.tensor(mean), torch.tensor(sd))


def _parts(network: nn.Module) -> list[tuple[str, nn.Module]]:
    parts = list(network.named_children())
    if not {*FROZEN, *TRAINED, "fc"} <= {name for name, _ in parts}:
        raise UsageError(f"layer4 takes a ResNet, ResNeXt or Wide ResNet, not {type(network).__name__}")
    return parts
