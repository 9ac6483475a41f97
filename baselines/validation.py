"""Watching a training of the network: a trace of its progress, and the validation fold.

The validation fold chooses among the networks of a training, stops a search that does not improve any more, and sets
the temperature of the probabilities. No network is trained on it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.optimize import minimize_scalar

from baselines import Double, Features, Labels
from baselines.perceptron import (
    MIN_PROBABILITY,
    Layout,
    MeanSquaredError,
    forward,
    normalised,
    one_hot,
    predict,
    with_ones,
)
from baselines.search import Epoch

LOG_TEMPERATURE_RANGE = (-4.0, 4.0)
"""Logarithms of the temperatures between which `ValidationFold.temperature` looks."""

TRACE_GROWTH = 1.3
"""A `Trace` writes a row whenever the evaluations have grown by this factor: some 30 rows from 50 to 80,000."""


class Trace:
    """The progress of a training: evaluations, smallest training error, validation accuracy.

    Rows are evenly spaced in the logarithm of the evaluations.

    Parameters
    ----------
    accuracy : callable or None
        Returns the accuracy of weights (size,) on the validation fold; None if there is no such fold.
    """

    def __init__(self, accuracy: Callable[[Double], float] | None) -> None:
        self._accuracy = accuracy
        self._next = 1.0
        self._last: tuple[int, float, Double] | None = None
        self.rows: list[list[Any]] = []

    def note(self, evaluations: int, error: float, weights: Double) -> None:
        """Write a row about the best weights so far, if the next row is due."""
        self._last = (evaluations, error, weights)
        if evaluations >= self._next:
            self._write(evaluations, error, weights)

    def finish(self) -> list[list[Any]]:
        """Return all rows, `[evaluations, error, accuracy]` each; the last call of `note` is among them."""
        if self._last and (not self.rows or self.rows[-1][0] != self._last[0]):
            self._write(*self._last)
        return self.rows

    def _write(self, evaluations: int, error: float, weights: Double) -> None:
        accuracy = None if self._accuracy is None else round(self._accuracy(weights), 4)
        self.rows.append([evaluations, round(error, 6), accuracy])
        self._next = evaluations * TRACE_GROWTH


class Patience:
    """A `stop` hook of a search: ends it when its best network has not improved on the validation fold for a while.

    Parameters
    ----------
    objective : MeanSquaredError
        Error on the validation fold.
    evaluations : int
        Evaluations without an improvement after which the search ends.
    """

    def __init__(self, objective: MeanSquaredError, evaluations: int) -> None:
        self._objective = objective
        self._evaluations = evaluations
        self._best, self._since = np.inf, 0
        self.stopped = False

    def __call__(self, epoch: Epoch) -> bool:
        """Return whether the search is to end, by the best network so far."""
        value = float(self._objective(epoch.best_position[None])[0])
        if value < self._best:
            self._best, self._since = value, epoch.evaluations
        self.stopped = epoch.evaluations - self._since >= self._evaluations
        return self.stopped


class ValidationFold:
    """The images that watch a training and choose among its networks.

    Parameters
    ----------
    layout : Layout
        Sizes of the networks.
    classes : ndarray
        Class index of each output.
    X, y : ndarray, shapes (n, d) and (n,)
        Inputs and class indices, which may be of classes without an output.
    """

    def __init__(self, layout: Layout, classes: Labels, X: Features, y: Labels) -> None:
        self._layout, self._classes, self._y = layout, classes, y
        self._inputs = with_ones(X, np.float32)
        self.error = MeanSquaredError(X, one_hot(y, classes), layout)

    @classmethod
    def of(cls, layout: Layout, classes: Labels, X_val: Features | None, y_val: Labels | None) -> ValidationFold | None:
        """Return the fold, or None where there is none or it is empty."""
        if X_val is None or y_val is None or len(y_val) == 0:
            return None
        return cls(layout, classes, X_val, y_val)

    def accuracy(self, weights: Double) -> float:
        """Return the share of the images that weights (size,) get right."""
        return float(np.mean(predict(weights, self._inputs, self._layout, self._classes) == self._y))

    def best_of(self, candidates: Double) -> int:
        """Return the row of (p, size) weights with the highest accuracy, then the smallest error, then the first."""
        accuracy = np.array([self.accuracy(weights) for weights in candidates])
        return int(np.lexsort((self.error(candidates), -accuracy))[0])

    def temperature(self, weights: Double) -> float:
        """Return the temperature with the smallest log-loss of weights (size,), over images of known classes."""
        known = np.isin(self._y, self._classes)
        if not known.any():
            return 1.0
        outputs = forward(weights[None].astype(np.float32), self._inputs[:, known], self._layout)[1][0].T
        rows, columns = np.arange(len(outputs)), np.searchsorted(self._classes, self._y[known])

        def log_loss(log_temperature: float) -> float:
            probabilities = normalised(outputs, float(np.exp(log_temperature)))[rows, columns]
            return float(-np.log(np.maximum(probabilities, MIN_PROBABILITY)).mean())

        return float(np.exp(minimize_scalar(log_loss, bounds=LOG_TEMPERATURE_RANGE, method="bounded").x))
