"""The network of the papers as arrays: one hidden layer, logistic sigmoid in both layers, mean squared error.

A network is one weight vector: the hidden layer's weights (hidden, inputs + 1) row by row, then the output layer's
(classes, hidden + 1); the last column of each is the bias. So a population of networks is a matrix with a network in
each row, and one matrix product evaluates them all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from baselines import Double, Labels, Single

Float = TypeVar("Float", np.float32, np.float64)

MAX_ACTIVATIONS = 2**19
"""Activations held at once while a population is evaluated: 2 MB in float32, about a core's cache."""

MIN_PROBABILITY = 1e-30
"""Outputs and probabilities below this are raised to it before their logarithm is taken."""


@dataclass(frozen=True)
class Layout:
    """The sizes of a network, and the positions of its weights in a vector."""

    inputs: int
    hidden: int
    outputs: int

    @property
    def size(self) -> int:
        """Length of the weight vector."""
        return self.hidden * (self.inputs + 1) + self.outputs * (self.hidden + 1)

    def unpack(self, weights: NDArray[Float]) -> tuple[NDArray[Float], NDArray[Float]]:
        """Split vectors (..., size) into views (..., hidden, inputs + 1) and (..., outputs, hidden + 1)."""
        split = self.hidden * (self.inputs + 1)
        first = weights[..., :split].reshape(*weights.shape[:-1], self.hidden, self.inputs + 1)
        second = weights[..., split:].reshape(*weights.shape[:-1], self.outputs, self.hidden + 1)
        return first, second

    def pack(self, first: NDArray[Float], second: NDArray[Float]) -> NDArray[Float]:
        """Join the arrays of both layers into vectors, the inverse of `unpack`."""
        lead = first.shape[:-2]
        return np.concatenate([first.reshape(*lead, -1), second.reshape(*lead, -1)], axis=-1)


def sigmoid_of_minus(z: NDArray[Float]) -> NDArray[Float]:
    """Compute the logistic sigmoid of -z in place: 1 / (1 + exp(z)).

    Callers negate the weights, which are few, so that the activations, which are many, need not be negated. Where the
    exponential overflows to infinity its reciprocal is 0, which is the sigmoid there to the last bit.
    """
    with np.errstate(over="ignore"):
        np.exp(z, out=z)
    z += 1
    return np.reciprocal(z, out=z)


def with_ones(X: ArrayLike, dtype: type[Float]) -> NDArray[Float]:
    """Return inputs (n, d) as columns, with a last row of ones for the bias, shape (d + 1, n)."""
    columns = np.asarray(X, dtype=dtype).T
    return np.vstack([columns, np.ones((1, columns.shape[1]), dtype=dtype)])


def forward(weights: NDArray[Float], inputs: NDArray[Float], layout: Layout) -> tuple[NDArray[Float], NDArray[Float]]:
    """Compute the activations of a population of networks.

    Parameters
    ----------
    weights : ndarray, shape (p, size)
        One network in each row.
    inputs : ndarray, shape (d + 1, n)
        What `with_ones` returns.
    layout : Layout
        Sizes of the networks.

    Returns
    -------
    ndarray, shape (p, hidden, n)
        Activations of the hidden layer.
    ndarray, shape (p, outputs, n)
        Outputs in [0, 1], one for each class.
    """
    first, second = layout.unpack(-weights)
    hidden = sigmoid_of_minus(first.reshape(-1, first.shape[-1]) @ inputs).reshape(len(weights), layout.hidden, -1)
    return hidden, sigmoid_of_minus(second[..., :-1] @ hidden + second[..., -1:])


class MeanSquaredError:
    """The mean squared error of whole populations of networks, in float32: the objective of a search.

    Parameters
    ----------
    X : array_like, shape (n, d)
        Inputs.
    targets : array_like, shape (n, outputs)
        Target outputs.
    layout : Layout
        Sizes of the networks.
    """

    def __init__(self, X: ArrayLike, targets: ArrayLike, layout: Layout) -> None:
        self._inputs = with_ones(X, np.float32)
        self._targets = np.ascontiguousarray(np.asarray(targets, dtype=np.float32).T)
        self._layout = layout
        self._rows = max(1, MAX_ACTIVATIONS // max(1, layout.hidden * self._inputs.shape[1]))

    def __call__(self, weights: Double) -> Double:
        """Return the error of each network: (p, size) to (p,)."""
        errors = np.empty(len(weights))
        for start in range(0, len(weights), self._rows):
            batch = weights[start : start + self._rows].astype(np.float32)
            _, outputs = forward(batch, self._inputs, self._layout)
            outputs -= self._targets
            differences = outputs.reshape(len(batch), -1)
            squares: Single = np.einsum("ij,ij->i", differences, differences)
            errors[start : start + self._rows] = squares.astype(np.float64) / max(1, differences.shape[1])
        return errors


def loss_and_gradient(
    weights: Double, inputs: Double, targets: Double, layout: Layout, decay: float = 0.0
) -> tuple[float, Double]:
    """Compute the mean squared error of one network plus weight decay, and its gradient by back-propagation.

    Parameters
    ----------
    weights : ndarray, shape (size,)
        Weights of the network.
    inputs : ndarray, shape (d + 1, n)
        What `with_ones` returns.
    targets : ndarray, shape (outputs, n)
        Target outputs.
    layout : Layout
        Sizes of the network.
    decay : float
        Factor of the sum of squared weights, biases left out.

    Returns
    -------
    float
        The loss.
    ndarray, shape (size,)
        Its gradient.
    """
    (hidden,), (outputs,) = forward(weights[None], inputs, layout)
    _, second = layout.unpack(weights)
    error = outputs - targets
    output_delta = (2 / error.size) * error * outputs * (1 - outputs)
    hidden_delta = (second[:, :-1].T @ output_delta) * hidden * (1 - hidden)
    second_gradient = np.column_stack([output_delta @ hidden.T, output_delta.sum(axis=1)])
    decayed = weights.copy()
    for layer in layout.unpack(decayed):
        layer[:, -1] = 0
    gradient = layout.pack(hidden_delta @ inputs.T, second_gradient) + 2 * decay * decayed
    return float(np.square(error).mean() + decay * decayed @ decayed), gradient


def one_hot(y: Labels, classes: Labels) -> Double:
    """Return target outputs (n, classes) of class indices (n,), all 0 for a class that is not among `classes`."""
    return np.equal(np.asarray(y)[:, None], classes).astype(np.float64)


def predict(weights: Double, inputs: Single, layout: Layout, classes: Labels) -> Labels:
    """Return the class (n,) with the largest output for inputs (d + 1, n), the first of equal ones."""
    _, outputs = forward(weights[None].astype(np.float32), inputs, layout)
    predicted: Labels = classes[outputs[0].argmax(axis=0)]
    return predicted


def normalised(outputs: Single, temperature: float) -> Double:
    """Return outputs (n, classes) to the power 1 / temperature, normalised to probabilities."""
    logarithms = np.log(np.maximum(outputs.astype(np.float64), MIN_PROBABILITY)) / temperature
    shares = np.exp(logarithms - logarithms.max(axis=1, keepdims=True))
    probabilities: Double = shares / shares.sum(axis=1, keepdims=True)
    return probabilities
