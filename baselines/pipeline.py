"""A method as the harness takes it: features, scaling fitted on the training folds, a classifier."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from baselines.checks import require
from baselines.network import Array, Classifier, Labels

Images = NDArray[np.uint8]
Features = NDArray[np.floating[Any]]


class Scaling(Protocol):
    """A transform learned from training features, such as scikit-learn's `StandardScaler`."""

    def fit(self, X: Features) -> Any:
        """Learn from training features (n, d)."""
        ...

    def transform(self, X: Features) -> Array:
        """Scale features (n, d)."""
        ...


class FeatureClassifier:
    """Feature extraction, scaling, classifier.

    Parameters
    ----------
    feature : callable
        Images (n, h, w[, 3]) to features (n, d), each image by itself.
    scaling : Scaling
        Fitted on the training features.
    classifier : Classifier
        Fitted on the scaled training features; may use the validation features.
    """

    def __init__(self, feature: Callable[[Images], Features], scaling: Scaling, classifier: Classifier) -> None:
        self.feature = feature
        self.scaling = scaling
        self.classifier = classifier

    @property
    def fit_info_(self) -> dict[str, Any]:
        """What the classifier tells about its fit."""
        return self.classifier.fit_info_

    @property
    def features_id(self) -> list[Any]:
        """What the features depend on: methods with equal ones share them."""
        return feature_id(self.feature)

    def extract(self, X: Images) -> Features:
        """Features of images."""
        return self.feature(X)

    def fit(
        self, features: Features, y: Labels, X_val: Features | None = None, y_val: Labels | None = None
    ) -> FeatureClassifier:
        """Learn from features (n, d) and class indices (n,)."""
        scaled = self.scaling.fit(features).transform(features)
        scaled_val = None if X_val is None or len(X_val) == 0 else self.scaling.transform(X_val)
        self.classifier.fit(scaled, y, X_val=scaled_val, y_val=y_val)
        return self

    def predict(self, features: Features) -> Labels:
        """Class indices (n,) of features (n, d)."""
        if len(features) == 0:
            return np.empty(0, dtype=np.int64)
        return self.classifier.predict(self.scaling.transform(features))


def feature_id(feature: Callable[[Images], Features]) -> list[Any]:
    """A feature by its function, the arguments bound to it, and the source of all features."""
    bound = feature if isinstance(feature, partial) else partial(feature)
    bound_to = dict(sorted(bound.keywords.items()))
    return [bound.func.__module__, bound.func.__qualname__, list(bound.args), bound_to, _features_version()]


@cache
def _features_version() -> str:
    sources = sorted((Path(__file__).parent / "features").glob("*.py"))
    return hashlib.sha256(b"\0".join(source.read_bytes() for source in sources)).hexdigest()


class InTurn:
    """Scalings one after the other, each fitted on what the one before makes of the training features.

    Parameters
    ----------
    *scalings : Scaling
        From first to last.
    """

    def __init__(self, *scalings: Scaling) -> None:
        self.scalings = scalings

    def fit(self, X: Features) -> InTurn:
        """Learn from training features (n, d)."""
        *first, last = self.scalings
        for scaling in first:
            X = scaling.fit(X).transform(X)
        last.fit(X)
        return self

    def transform(self, X: Features) -> Array:
        """Scale features (n, d)."""
        *first, last = self.scalings
        for scaling in first:
            X = scaling.transform(X)
        return last.transform(X)


class PrincipalComponents:
    """Principal components that hold a share of the variance, each scaled to unit variance unless asked otherwise.

    The largest coordinate of each axis is positive, so that its sign does not depend on the linear algebra library.

    Parameters
    ----------
    variance : float
        Share of the training variance that is kept, in (0, 1]; at least one component stays.
    whiten : bool
        Whether the components are scaled.

    Raises
    ------
    ValueError
        If the share lies outside that range.
    """

    def __init__(self, variance: float = 0.95, whiten: bool = True) -> None:
        require(0 < variance <= 1, f"variance must be above 0 and at most 1, not {variance}")
        self.variance = variance
        self.whiten = whiten

    def fit(self, X: Features) -> PrincipalComponents:
        """Learn from training features (n, d)."""
        self.mean_ = X.mean(axis=0, dtype=np.float64)
        _, spreads, axes = np.linalg.svd(X - self.mean_, full_matrices=False)
        held = np.cumsum(spreads**2)
        kept = 1 + int(np.searchsorted(held, self.variance * held[-1] * (1 - 1e-12)))
        deviations = spreads[:kept] / np.sqrt(len(X))
        scales = np.where((deviations > 0) & self.whiten, deviations, 1)
        axes = axes[:kept]
        largest = np.take_along_axis(axes, np.abs(axes).argmax(axis=1, keepdims=True), axis=1)
        self.components_ = np.where(largest < 0, -axes, axes) / scales[:, None]
        return self

    def transform(self, X: Features) -> Array:
        """Project features (n, d) on the components, shape (n, kept)."""
        projected: Array = (X - self.mean_) @ self.components_.T
        return projected
