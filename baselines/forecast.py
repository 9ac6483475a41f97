"""A forecast of the time that a classifier takes, by fits on a few of the images."""

from __future__ import annotations

import copy
from time import perf_counter
from typing import Any

import numpy as np

from baselines import Features, Labels

FIRST_IMAGES = 64
"""Images of the first fit."""

TRIAL_TIME_S = 0.5
"""Seconds after which no further fit is begun; two fits are made in any case, if there are images for them."""

MAX_POWER = 2
"""The time of a fit grows at most with this power of the number of images."""


def forecast(estimator: Any, X: Features, y: Labels, n: int) -> float:
    """Return the seconds in which a copy of an estimator is fitted to n images and predicts an eighth as many.

    The estimator is fitted to more and more images, twice as many each time. The last two times are extrapolated by a
    power of the number of images or, if that power is below 1, by a straight line.

    Parameters
    ----------
    estimator
        Anything with `fit` and `predict`, not yet fitted.
    X : ndarray, shape (m, d)
        Features of some training images.
    y : ndarray, shape (m,)
        Class indices of these images.
    n : int
        Number of training images to forecast for.
    """
    times: list[tuple[int, float]] = []
    images = min(FIRST_IMAGES, len(X))
    while True:
        test, fresh = slice(0, max(1, images // 8)), copy.deepcopy(estimator)
        start = perf_counter()
        fresh.fit(X[:images], y[:images], X_val=X[test], y_val=y[test])
        fresh.predict(X[test])
        times.append((images, perf_counter() - start))
        if images == len(X) or (len(times) > 1 and sum(seconds for _, seconds in times) > TRIAL_TIME_S):
            break
        images = min(2 * images, len(X))
    (fewer, fewer_s), (most, most_s) = [*times[:1], *times][-2:]
    power = np.log(most_s / fewer_s) / np.log(most / fewer) if most > fewer else 1.0
    if power < 1:
        return most_s + (n - most) * max(0.0, most_s - fewer_s) / (most - fewer)
    return float(most_s * (n / most) ** min(power, MAX_POWER))
