"""Principal components, and scikit-learn's classifiers in the form that methods need.

The classifiers have the form of the networks of `baselines.network`: `fit` also takes the validation fold, and
`fit_info_` describes the fit.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Self

import numpy as np
from scipy.sparse import csr_array
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin
from sklearn.svm import SVC, LinearSVC

from baselines import Double, Features, Labels, require

COSTS = tuple(2.0**power for power in range(-1, 10, 2))
"""Values of C that `KernelSVM` chooses from: 0.5 to 512."""

COST_FOLDS = 5
"""Folds in which `KernelSVM` chooses C."""

MAX_COST_IMAGES = 2000
"""Images on which `KernelSVM` chooses C, about so many at most."""

MAX_INPUTS_PER_BATCH = 1000
"""Inputs that `NearestNeighbours` compares with the training images at a time."""

NaturalEnds = Mapping[str, tuple[float, float]]
"""For a parameter's name, the smallest and the largest value with a meaning of its own."""

UNBOUNDED = (-math.inf, math.inf)
"""Natural ends of a parameter that can be any number."""


def grid_ends(values: Sequence[Any], natural: tuple[float, float] = UNBOUNDED) -> list[float | None] | None:
    """Return the smallest and the largest value of a grid, by which a table marks a choice at the grid's edge.

    Parameters
    ----------
    values : sequence
        The values of the grid.
    natural : tuple of float
        The smallest and the largest value with a meaning of its own: a grid that reaches one of them could not be
        widened there.

    Returns
    -------
    list or None
        Smallest and largest value, each None where the grid reaches the natural end. None instead of the list if the
        values are not numbers, or are fewer than three, so that every choice would be at the edge.
    """
    if len(set(values)) < 3 or not all(isinstance(value, (int, float)) for value in values):
        return None
    low, high = min(values), max(values)
    return [low if low > natural[0] else None, high if high < natural[1] else None]


def grid_ends_by_name(settings: Sequence[Mapping[str, Any]], natural: NaturalEnds) -> dict[str, list[float | None]]:
    """Return `grid_ends` of each parameter of several settings, where there are any."""
    ends = {}
    for name in settings[0] if settings else ():
        pair = grid_ends([setting[name] for setting in settings], natural.get(name, UNBOUNDED))
        if pair is not None:
            ends[name] = pair
    return ends


class PrincipalComponents(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Principal components that hold a share of the variance, scaled to unit variance each.

    As scikit-learn's `PCA`, but always in double precision, scaled by n rather than n - 1, and defined for features
    that do not vary. The largest coordinate of each axis is positive, so that its sign does not depend on the linear
    algebra library.

    Parameters
    ----------
    variance : float
        Share of the training variance to keep, in (0, 1]; at least one component is kept.
    whiten : bool
        Whether to scale the components.
    most : int or None
        Keep at most so many components, whatever variance they hold; None: no limit.

    Raises
    ------
    ValueError
        If a value lies outside its range.
    """

    natural_ends: NaturalEnds = {"variance": (0.0, 1.0)}  # noqa: RUF012

    def __init__(self, variance: float = 0.95, whiten: bool = True, most: int | None = None) -> None:
        require(0 < variance <= 1, f"variance must be above 0 and at most 1, not {variance}")
        require(most is None or most >= 1, f"at least 1 component must be kept, not {most}")
        self.variance = variance
        self.whiten = whiten
        self.most = most

    def fit(self, X: Features, y: Labels | None = None) -> Self:
        """Learn from training features (n, d)."""
        self.mean_ = X.mean(axis=0, dtype=np.float64)
        _, spreads, axes = np.linalg.svd(X - self.mean_, full_matrices=False)
        variance = np.cumsum(spreads**2)
        n_components = 1 + int(np.searchsorted(variance, self.variance * variance[-1] * (1 - 1e-12)))
        n_components = min(n_components, self.most or n_components)
        deviations = spreads[:n_components] / np.sqrt(len(X))
        scales = np.where((deviations > 0) & self.whiten, deviations, 1)
        axes = axes[:n_components]
        largest = np.take_along_axis(axes, np.abs(axes).argmax(axis=1, keepdims=True), axis=1)
        self.components_ = np.where(largest < 0, -axes, axes) / scales[:, None]
        return self

    def transform(self, X: Features) -> Double:
        """Project features (n, d) on the components, shape (n, components)."""
        projected: Double = (X - self.mean_) @ self.components_.T
        return projected


class _SupportVectorMachine(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """The part that the support vector machines below share: prediction by a fitted estimator of scikit-learn."""

    estimator_: Any
    fit_info_: dict[str, Any]

    @property
    def classes_(self) -> Labels:
        """Class indices seen in `fit`."""
        seen: Labels = self.estimator_.classes_
        return seen

    def predict(self, X: Features) -> Labels:
        """Return the class indices (n,) of inputs (n, d)."""
        predicted: Labels = self.estimator_.predict(X)
        return predicted

    def decision_function(self, X: Features) -> Double:
        """Return decision values (n, classes) of inputs (n, d); with two classes those of the second alone, (n,)."""
        return np.asarray(self.estimator_.decision_function(X), dtype=np.float64)


class LinearSVM(_SupportVectorMachine):
    """Linear support vector machine: squared hinge loss, each class against the rest. The validation fold is not used.

    Parameters
    ----------
    C : float
        Weight of the loss.
    random_state : int or None
        Seed of the order in which the solver visits images; it draws nothing with more images than features.

    Raises
    ------
    ValueError
        If C is not positive.
    """

    def __init__(self, C: float = 1.0, random_state: int | None = None) -> None:
        require(C > 0, f"C must be above 0, not {C}")
        self.C = C
        self.random_state = random_state

    def fit(self, X: Features, y: Labels, X_val: Features | None = None, y_val: Labels | None = None) -> Self:
        """Learn from inputs (n, d) and class indices (n,)."""
        self.estimator_ = LinearSVC(C=self.C, dual="auto", random_state=self.random_state).fit(X, y)
        self.fit_info_ = {"iterations": int(self.estimator_.n_iter_)}
        return self


class NearestNeighbours(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Nearest local mean: the class whose k images nearest to the input have the nearest mean, the first of equal ones.

    This is the local mean rule of Y. Mitani, Y. Hamamoto, "A local mean-based nonparametric classifier", Pattern
    Recognit. Lett. 27(10):1151-1159, 2006. With k = 1 it is the nearest neighbour rule; with k at least the number of
    images of every class it is the nearest class mean. Distances are Euclidean. Unlike a vote, it gives a distance to
    every class for every k, from which probabilities can be made.

    Parameters
    ----------
    k : int
        Images of each class in the mean; all of a class that has fewer.

    Attributes
    ----------
    classes_ : ndarray
        Class indices seen in `fit`.

    Raises
    ------
    ValueError
        If k is not positive.
    """

    def __init__(self, k: int = 1) -> None:
        require(k >= 1, f"k must be at least 1, not {k}")
        self.k = k

    def fit(self, X: Features, y: Labels, X_val: Features | None = None, y_val: Labels | None = None) -> Self:
        """Store inputs (n, d) and class indices (n,)."""
        self.classes_: Labels = np.unique(y)
        self._images = [X[y == label] for label in self.classes_]
        self.fit_info_ = {"neighbours": min(self.k, max(len(images) for images in self._images))}
        return self

    @property
    def natural_ends(self) -> NaturalEnds:
        """The range of k: from 1 to the images of the largest class, above which nothing changes."""
        return {"k": (1, max(len(images) for images in self._images))}

    def decision_function(self, X: Features) -> Double:
        """Return minus the squared distance to the local mean of each class for inputs (n, d), shape (n, classes)."""
        values = np.empty((len(X), len(self.classes_)))
        for column, images in enumerate(self._images):
            images_of_class = np.asarray(images, dtype=np.float64)
            for start in range(0, len(X), MAX_INPUTS_PER_BATCH):
                batch = np.asarray(X[start : start + MAX_INPUTS_PER_BATCH], dtype=np.float64)
                means = local_means(batch, images_of_class, self.k)
                values[start : start + len(batch), column] = -np.square(batch - means).sum(axis=1)
        return values

    def predict(self, X: Features) -> Labels:
        """Return the class indices (n,) of inputs (n, d)."""
        predicted: Labels = self.classes_[self.decision_function(X).argmax(axis=1)]
        return predicted


def local_means(X: Double, images: Double, k: int) -> Double:
    """Return for each input (n, d) the mean of its k nearest `images` (m, d), or of all if they are fewer."""
    if k >= len(images):
        return np.broadcast_to(images.mean(axis=0), X.shape)
    distances = np.square(images).sum(axis=1) - 2 * X @ images.T  # the input's own square would change no order
    nearest = np.argpartition(distances, k - 1, axis=1)[:, :k]
    shares = csr_array((np.full(nearest.size, 1 / k), nearest.ravel(), k * np.arange(len(X) + 1)), distances.shape)
    return np.asarray(shares @ images)


class KernelSVM(_SupportVectorMachine):
    """Support vector machine with the kernel exp(-gamma |x - z|² / (d v)), v the variance of all inputs of d features.

    Parameters
    ----------
    C : float or None
        Weight of the loss. None: the value in `COSTS` with the most right answers in stratified cross-validation on the
        training images, the smallest of equal ones; the validation fold is not used.
    gamma : float
        Factor of the kernel's exponent.
    sample_weight : callable or None
        Returns a weight of each image for inputs and class indices; the image's C is multiplied by it.
    random_state : int or None
        Seed of that cross-validation's folds.
    break_ties : bool
        Whether decision values choose among classes with equally many votes; otherwise the first of them wins,
        whatever their decision values.
    effort : int or None
        Iterations per image, at most: a large C takes very many where classes overlap.

    Raises
    ------
    ValueError
        If C or gamma is not positive.
    """

    def __init__(
        self,
        C: float | None = None,
        gamma: float = 1.0,
        sample_weight: Callable[[Features, Labels], Double] | None = None,
        random_state: int | None = None,
        break_ties: bool = False,
        effort: int | None = None,
    ) -> None:
        require(C is None or C > 0, f"C must be above 0, not {C}")
        require(gamma > 0, f"gamma must be above 0, not {gamma}")
        self.C = C
        self.gamma = gamma
        self.sample_weight = sample_weight
        self.random_state = random_state
        self.break_ties = break_ties
        self.effort = effort

    def fit(self, X: Features, y: Labels, X_val: Features | None = None, y_val: Labels | None = None) -> Self:
        """Learn from inputs (n, d) and class indices (n,)."""
        C, ends = (self.C, {}) if self.C is not None else self._most_accurate_cost(X, y)
        self.estimator_ = self._machine(C, X, y)
        self.fit_info_ = {
            "C": C,
            "support": int(self.estimator_.n_support_.sum()),
            "iterations": int(np.max(self.estimator_.n_iter_)),
            **ends,
        }
        return self

    def _machine(self, C: float, X: Features, y: Labels) -> SVC:
        """Return a fitted machine."""
        weights = None if self.sample_weight is None else self.sample_weight(X, y)
        gamma = "scale" if self.gamma == 1 else self.gamma / (X.shape[1] * (X.var() or 1.0))
        max_iter = -1 if self.effort is None else self.effort * len(X)
        machine = SVC(C=C, gamma=gamma, break_ties=self.break_ties, cache_size=500, max_iter=max_iter)
        return machine.fit(X, y, sample_weight=weights)

    def _most_accurate_cost(self, X: Features, y: Labels) -> tuple[float, dict[str, Any]]:
        """Return the most accurate of `COSTS` in cross-validation, and the ends of that grid for `fit_info_`."""
        folds = list(stratified(y, COST_FOLDS, MAX_COST_IMAGES, np.random.default_rng(self.random_state)))
        if any(len(np.unique(y[train])) < 2 for train, _ in folds):
            return 1.0, {}
        n_right = [
            sum((self._machine(C, X[train], y[train]).predict(X[test]) == y[test]).sum() for train, test in folds)
            for C in COSTS
        ]
        return COSTS[int(np.argmax(n_right))], {"ends": {"C": grid_ends(COSTS)}}


def stratified(y: Labels, folds: int, most: int, rng: np.random.Generator) -> Iterator[tuple[Labels, Labels]]:
    """Yield the training and test indices of stratified folds: images are dealt to the folds class by class.

    Parameters
    ----------
    y : ndarray, shape (n,)
        Class indices.
    folds : int
        Number of folds; with fewer images than that, a fold for each image.
    most : int
        With more images than that, only every second, third, ... image of each class is dealt.
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
