"""Probabilities of machines that give decision values: their softmax over one temperature.

Sources: J. Platt, "Probabilistic outputs for support vector machines", 1999, for the smoothed targets; C. Guo et al.,
"On calibration of modern neural networks", ICML 2017, for one temperature of many classes.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import logsumexp
from sklearn.base import clone
from sklearn.pipeline import Pipeline

from baselines import Double, Features, Labels
from baselines.inner_folds import Folds

LOG_TEMPERATURE_RANGE = (-7, 7)
"""Logarithms of the temperatures between which `temperature` looks."""


def decisions(model: Any, X: Features) -> Double:
    """Return the decision values of a fitted machine, (n, classes) also with two classes."""
    values = np.asarray(model.decision_function(X), dtype=np.float64)
    return values if values.ndim == 2 else np.stack([-values, values], axis=1)


def out_of_fold(pipeline: Pipeline, X: Features, y: Labels, folds: Folds) -> tuple[Double, Labels]:
    """Return decision values (m, classes) of the test images of folds, and the column of each image's class.

    A fold whose training images lack a class is left out.
    """
    classes = np.unique(y)
    complete = [(train, test) for train, test in folds if len(np.unique(y[train])) == len(classes)]
    if not complete:
        return np.empty((0, len(classes))), np.empty(0, dtype=np.int64)
    values = [decisions(clone(pipeline).fit(X[train], y[train]), X[test]) for train, test in complete]
    columns = [np.searchsorted(classes, y[test]) for _, test in complete]
    return np.concatenate(values), np.concatenate(columns)


def temperature(values: Double, columns: Labels) -> float:
    """Return the temperature with the smallest log-loss of decision values (n, classes); 1 if there are no values.

    The targets, at `columns` (n,), are smoothed as Platt's are: with n images right and none wrong, a probability of 1
    does not follow.
    """
    if len(values) == 0:
        return 1.0
    smoothing = 1 / (len(values) + 2)

    def loss(log_temperature: float) -> float:
        scaled = values / np.exp(log_temperature)
        target = (1 - smoothing) * scaled[np.arange(len(columns)), columns] + smoothing * scaled.mean(axis=1)
        return float(np.mean(logsumexp(scaled, axis=1) - target))

    return float(np.exp(minimize_scalar(loss, bounds=LOG_TEMPERATURE_RANGE, method="bounded").x))
