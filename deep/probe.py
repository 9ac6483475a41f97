"""The last layer alone: logistic regression on the outputs of a frozen network (Kumar et al. 2022).

In the method `linear-probe` the network gets images normalised as those that it was trained on, and the features are
standardised. In fine-tuning, it is the first step: it gives the first weights of the last layer.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import Tensor, nn

from deep.architectures import Builder
from deep.device import choose_device
from deep.images import Normalisation, as_input, on_device
from deep.weights_file import head_of

BATCH_SIZE = 64
C = 0.01


def linear_head(network: nn.Module) -> nn.Linear:
    """Return the layer that computes the logits.

    Raises
    ------
    ValueError
        If it is not linear.
    """
    name, layer = head_of(network)
    if not isinstance(layer, nn.Linear):
        raise ValueError(
            f"the last layer of {type(network).__name__}, {name}, is not linear, so it cannot be trained alone: "
            "choose another network, or random weights"
        )
    return layer


@torch.no_grad()
def head_inputs(network: nn.Module, pixels: Tensor, normalise: Normalisation) -> NDArray[np.float32]:
    """Return the last layer's inputs (n, features), float32: for each image the mean over it and its mirror image."""
    inputs: list[Tensor] = []
    hook = linear_head(network).register_forward_pre_hook(lambda _, args: inputs.append(args[0].float()))
    network.eval()
    try:
        for part in torch.split(pixels, BATCH_SIZE):
            x = as_input(normalise(part))
            network(x)
            network(x.flip(3))
    finally:
        hook.remove()
    pairs = zip(inputs[::2], inputs[1::2], strict=True)
    return torch.cat([(plain + mirrored) / 2 for plain, mirrored in pairs]).cpu().numpy()


def logistic_regression(X: NDArray[np.float32], y: NDArray[np.int64], c: float = C) -> tuple[Tensor, Tensor]:
    """Fit multinomial logistic regression to standardised features; return it for features that are not standardised.

    Parameters
    ----------
    X : ndarray
        Shape (n, features).
    y : ndarray
        Classes 0 to k - 1, each at least once, shape (n,).
    c : float
        Inverse strength of the penalty, as in scikit-learn.

    Returns
    -------
    tuple of Tensor
        Weights (k, features) and biases (k,).
    """
    scaler = StandardScaler().fit(X)
    model = LogisticRegression(C=c, max_iter=1000).fit(scaler.transform(X), y)
    weight, bias = model.coef_, model.intercept_
    if len(weight) == 1:  # with two classes a single row: the log odds of the second
        weight, bias = np.vstack([-weight, weight]) / 2, np.concatenate([-bias, bias]) / 2
    weight = weight / scaler.scale_
    bias = bias - weight @ scaler.mean_
    return torch.from_numpy(weight).float(), torch.from_numpy(bias).float()


def fit_head(network: nn.Module, pixels: Tensor, targets: Tensor, normalise: Normalisation) -> None:
    """Train the last layer of a network on its frozen other layers; with a single class it is not changed."""
    y = targets.cpu().numpy()
    if len(np.unique(y)) < 2:
        return
    weight, bias = logistic_regression(head_inputs(network, pixels, normalise), y)
    head = linear_head(network)
    with torch.no_grad():
        head.weight.copy_(weight)
        head.bias.copy_(bias)


class LinearProbe:
    """Logistic regression on the inputs of a frozen network's last layer.

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
        The file of the weights.
    """

    def __init__(self, network: Builder, *, size: int = 64, c: float = C, device: str = "auto") -> None:
        self.network = network
        self.size = size
        self.device = choose_device(device)
        self._model = make_pipeline(StandardScaler(), LogisticRegression(C=c, max_iter=2000))

    def extract(self, X: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return features of images (n, features): means over each image and its mirror image."""
        network = self.network(2).to(self.device).to(memory_format=torch.channels_last)
        return head_inputs(network, on_device(X, self.size, self.device), self.network.normalisation(self.device))

    def fit(self, features: NDArray[np.float32], y: NDArray[np.integer[Any]]) -> LinearProbe:
        """Learn from features (n, d) and class indices (n,)."""
        self._model.fit(features, y)
        self.classes_ = self._model.classes_
        self.fit_info_ = self.network.origin
        return self

    def predict(self, features: NDArray[np.float32]) -> NDArray[np.integer[Any]]:
        """Return the class indices (n,) of features (n, d)."""
        classes: NDArray[np.integer[Any]] = self.classes_[self.predict_proba(features).argmax(axis=1)]
        return classes

    def predict_proba(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return class probabilities (n, len(classes_))."""
        if len(features) == 0:
            return np.empty((0, len(self.classes_)))
        return np.asarray(self._model.predict_proba(features))
