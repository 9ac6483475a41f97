"""The last layer alone: what a network sees in images, and a linear classifier on it."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from torch import Tensor, nn

from deep.images import Normalisation, as_input
from deep.weights import head_of

BATCH = 64
C = 0.01


def linear_head(network: nn.Module) -> nn.Linear:
    """The layer that gives the logits.

    Raises
    ------
    ValueError
        If it is not a linear one.
    """
    name, layer = head_of(network)
    if not isinstance(layer, nn.Linear):
        raise ValueError(
            f"the last layer of {type(network).__name__}, {name}, cannot be trained alone: it is not linear"
        )
    return layer


@torch.no_grad()
def head_inputs(network: nn.Module, pixels: Tensor, normalise: Normalisation) -> NDArray[np.float32]:
    """What the last layer gets of each image, the mean over it and its mirror image, shape (n, features), float32."""
    found: list[Tensor] = []
    hook = linear_head(network).register_forward_pre_hook(lambda _, given: found.append(given[0].float()))
    network.eval()
    try:
        for part in torch.split(pixels, BATCH):
            x = as_input(normalise(part))
            network(x)
            network(x.flip(3))
    finally:
        hook.remove()
    pairs = zip(found[::2], found[1::2], strict=True)
    return torch.cat([(one + other) / 2 for one, other in pairs]).cpu().numpy()


def logistic_regression(X: NDArray[np.float32], y: NDArray[np.int64], c: float = C) -> tuple[Tensor, Tensor]:
    """Weights and biases of multinomial logistic regression on standardised features, for the features as they are.

    Parameters
    ----------
    X : ndarray
        Shape (n, features).
    y : ndarray
        Classes 0 .. k-1, each at least once, shape (n,).
    c : float
        Inverse strength of the penalty, as in scikit-learn.

    Returns
    -------
    tuple of Tensor
        Shapes (k, features) and (k,).
    """
    scaler = StandardScaler().fit(X)
    model = LogisticRegression(C=c, max_iter=1000).fit(scaler.transform(X), y)
    weight, bias = model.coef_, model.intercept_
    if len(weight) == 1:  # two classes: one row, the log odds of the second
        weight, bias = np.vstack([-weight, weight]) / 2, np.concatenate([-bias, bias]) / 2
    weight = weight / scaler.scale_
    bias = bias - weight @ scaler.mean_
    return torch.from_numpy(weight).float(), torch.from_numpy(bias).float()


def fit_head(network: nn.Module, pixels: Tensor, targets: Tensor, normalise: Normalisation) -> None:
    """Train the last layer on frozen features, in place; with a single class there is nothing to train."""
    y = targets.cpu().numpy()
    if len(np.unique(y)) < 2:
        return
    weight, bias = logistic_regression(head_inputs(network, pixels, normalise), y)
    head = linear_head(network)
    with torch.no_grad():
        head.weight.copy_(weight)
        head.bias.copy_(bias)
