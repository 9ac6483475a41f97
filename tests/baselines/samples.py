"""Images and methods for the tests of `baselines`."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from febench.core.method import METHODS

FEW_EVALUATIONS = {"evaluations": 6000}
SMALL: dict[str, dict[str, Any]] = {
    "hwt": {"iterations": 50},
    "cso": FEW_EVALUATIONS,
    "bbo": FEW_EVALUATIONS,
    "jaya": FEW_EVALUATIONS,
    "hos-svm": {"projections": 12, "size": 32},
    "hog-mlp": {"iterations": 10, "hidden": 5},
}
"""Parameters with which methods learn `stripes` in a moment; other methods are fast with their defaults."""


def build(name: str, **parameters: Any) -> Any:
    """Return a method with the parameters in `SMALL`, and a seed if it takes one."""
    method = METHODS.get(name)
    seed = {"random_state": 0} if method.accepts("random_state") else {}
    return method.build(**(SMALL.get(name, {}) | seed | parameters))


def predictions(method: Any, train: NDArray[Any], y: NDArray[Any], test: NDArray[Any], **validation: Any) -> Any:
    """Return the predictions of a method after its training."""
    method.fit(features(method, train), y, **validation)
    return method.predict(features(method, test))


def features(method: Any, X: NDArray[Any]) -> NDArray[Any]:
    """Return the features of images for a method, or the images if it has no features."""
    return method.extract(X) if hasattr(method, "extract") else X


def stripes(n: int = 48, side: int = 64, seed: int = 0) -> tuple[NDArray[np.uint8], NDArray[Any]]:
    """Return images of three classes: vertical, horizontal and no stripes, of random brightness, with some noise."""
    rng = np.random.default_rng(seed)
    y = np.resize([0, 1, 2], n)
    row, column = np.indices((side, side)) // 8 % 2
    patterns = np.stack([column, row, np.zeros_like(row)])
    light = rng.uniform(60, 120, (n, 1, 1))
    X = light + 60 * patterns[y] + rng.normal(scale=4, size=(n, side, side))
    return X.astype(np.uint8), y


def textures(n: int, seed: int) -> tuple[NDArray[np.uint8], NDArray[Any]]:
    """Return images of seven classes: stripes of different directions and widths in strong noise."""
    rng = np.random.default_rng(seed)
    y = np.resize(np.arange(7), n)
    row, column = np.indices((48, 48))
    angle, width = np.pi * y / 7, 5 + y % 3
    phase = rng.uniform(0, 2 * np.pi, n)
    along = np.cos(angle)[:, None, None] * row + np.sin(angle)[:, None, None] * column
    waves = np.sin(2 * np.pi * along / width[:, None, None] + phase[:, None, None])
    return np.clip(128 + 25 * waves + rng.normal(scale=50, size=waves.shape), 0, 255).astype(np.uint8), y
