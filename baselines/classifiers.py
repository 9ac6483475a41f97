"""Classifiers of scikit-learn in the form that methods here put after their features."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import SVC, LinearSVC

from baselines.checks import require
from baselines.network import Labels
from baselines.pipeline import Features

Weights = NDArray[np.float64]

COSTS = tuple(2.0**power for power in range(-1, 10, 2))
"""Values of C that `KernelMachine` chooses from: 0.5 to 512."""

MOST = 2000
"""Images on which it does so at most."""


class _Wrapped:
    """What the classifiers below share: an estimator of scikit-learn, and what it told."""

    estimator_: Any
    fit_info_: dict[str, Any]

    def predict(self, X: Features) -> Labels:
        """Class indices (n,) of inputs (n, d)."""
        predicted: Labels = self.estimator_.predict(X)
        return predicted


class LinearMachine(_Wrapped):
    """Linear support vector machine: squared hinge loss, each class against the rest. Needs no validation group.

    Parameters
    ----------
    C : float
        Weight of the loss.
    random_state : int or None
        Seed of the order in which few images are visited; with more images than features there is nothing to draw.

    Raises
    ------
    ValueError
        If C is not positive.
    """

    def __init__(self, C: float, random_state: int | None = None) -> None:
        check_weight(C)
        self.C = C
        self.random_state = random_state

    def fit(self, X: Features, y: Labels, X_val: Features | None = None, y_val: Labels | None = None) -> LinearMachine:
        """Learn from inputs (n, d) and class indices (n,)."""
        self.estimator_ = LinearSVC(C=self.C, dual="auto", random_state=self.random_state).fit(X, y)
        self.fit_info_ = {"iterations": int(self.estimator_.n_iter_)}
        return self


class Neighbours(_Wrapped):
    """The most frequent class among the k nearest training images by Euclidean distance; of equal ones the first.

    Parameters
    ----------
    k : int
        Neighbours that vote; all training images where they are fewer.

    Raises
    ------
    ValueError
        If k is not positive.
    """

    def __init__(self, k: int) -> None:
        require(k >= 1, f"k must be at least 1, not {k}")
        self.k = k

    def fit(self, X: Features, y: Labels, X_val: Features | None = None, y_val: Labels | None = None) -> Neighbours:
        """Keep inputs (n, d) and class indices (n,)."""
        self.estimator_ = KNeighborsClassifier(min(self.k, len(X)), algorithm="brute").fit(X, y)
        self.fit_info_ = {"neighbours": self.estimator_.n_neighbors}
        return self


class KernelMachine(_Wrapped):
    """Support vector machine with the kernel exp(-|x - z|² / (d v)), v the variance of all inputs of d features.

    Parameters
    ----------
    C : float or None
        Weight of the loss. None: the value in `COSTS` that is right most often in stratified cross-validation on the
        training images, the smallest of equal ones; the validation group is not used.
    weigh : callable or None
        From inputs and class indices to a weight of each image, by which its C is multiplied.
    folds, most : int
        Of that cross-validation: how many folds, and how many images it is done with at most, drawn class by class.
    random_state : int or None
        Seed of its folds.

    Raises
    ------
    ValueError
        If C is not positive, or there are fewer than two folds or images.
    """

    def __init__(
        self,
        C: float | None = None,
        weigh: Callable[[Features, Labels], Weights] | None = None,
        folds: int = 5,
        most: int = MOST,
        random_state: int | None = None,
    ) -> None:
        check_weight(C)
        require(folds >= 2, f"folds must be at least 2, not {folds}")
        require(most >= 2, f"most must be at least 2, not {most}")
        self.C = C
        self.weigh = weigh
        self.folds = folds
        self.most = most
        self.random_state = random_state

    def fit(self, X: Features, y: Labels, X_val: Features | None = None, y_val: Labels | None = None) -> KernelMachine:
        """Learn from inputs (n, d) and class indices (n,)."""
        C = self._choose(X, y) if self.C is None else self.C
        self.estimator_ = self._machine(C, X, y)
        self.fit_info_ = {"C": C, "support": int(self.estimator_.n_support_.sum())}
        return self

    def _machine(self, C: float, X: Features, y: Labels) -> SVC:
        weights = None if self.weigh is None else self.weigh(X, y)
        return SVC(C=C, gamma="scale", cache_size=500).fit(X, y, sample_weight=weights)

    def _choose(self, X: Features, y: Labels) -> float:
        """Choose C by cross-validation; 1 where a fold would leave a single class to learn from."""
        parts = list(stratified(y, self.folds, self.most, np.random.default_rng(self.random_state)))
        if any(len(np.unique(y[train])) < 2 for train, _ in parts):
            return 1.0
        right = [sum(self._right(C, X, y, train, test) for train, test in parts) for C in COSTS]
        return COSTS[int(np.argmax(right))]

    def _right(self, C: float, X: Features, y: Labels, train: Labels, test: Labels) -> int:
        predicted = self._machine(C, X[train], y[train]).predict(X[test])
        return int(np.count_nonzero(predicted == y[test]))


def linear_cost(C: float, inputs: int, n_train: int) -> float:
    """Rough seconds in which a `LinearMachine` learns seven classes."""
    return float(0.02 + 5e-9 * inputs * n_train**1.5 * (C / 0.01) ** 0.4)


def kernel_cost(C: float | None, n_train: int) -> float:
    """Rough seconds in which a `KernelMachine` chooses C and learns seven classes."""
    choosing = 1.1e-6 * min(n_train, MOST) ** 2 if C is None else 0.0
    return choosing + 7.5e-8 * n_train**2


def check_weight(C: float | None) -> None:
    """Refuse a C that is not positive."""
    require(C is None or C > 0, f"C must be above 0, not {C}")


def stratified(y: Labels, folds: int, most: int, rng: np.random.Generator) -> Iterator[tuple[Labels, Labels]]:
    """Indices to train on and to test on in each fold, the images dealt round the folds class by class.

    Parameters
    ----------
    y : ndarray, shape (n,)
        Class indices.
    folds : int
        Number of folds, or of images if they are fewer.
    most : int
        If there are more images, every second, third, ... of each class is dealt only.
    rng : Generator
        Shuffles the images of each class.

    Yields
    ------
    tuple of ndarray
        Training and test indices.
    """
    shuffled = rng.permutation(len(y))
    dealt = shuffled[np.argsort(y[shuffled], kind="stable")][:: -(-len(y) // most)]
    fold_of = np.arange(len(dealt)) % folds
    for fold in range(min(folds, len(dealt))):
        yield dealt[fold_of != fold], dealt[fold_of == fold]
