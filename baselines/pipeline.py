"""What methods put behind their features: principal components, scikit-learn's classifiers, and a forecast of the time.

The classifiers have the form of the networks of `baselines.network`: `fit` may be shown the validation group, and
`fit_info_` tells what it did.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from time import perf_counter
from typing import Any, Self

import numpy as np
from scipy.sparse import csr_array
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin
from sklearn.svm import SVC, LinearSVC

from baselines import Double, Features, Labels, require

COSTS = tuple(2.0**power for power in range(-1, 10, 2))
"""Values of C that `KernelSVM` chooses from: 0.5 to 512."""

FOLDS, MOST = 5, 2000
"""Folds in which it does so, and images, at most."""

INPUTS_AT_ONCE = 1000
"""Inputs that `NearestNeighbours` compares with the training images at once."""

TRIED, ENOUGH, STEEPEST = 64, 0.5, 2
"""Of a forecast: images that it begins with, seconds after which it doubles them no more, largest power it believes."""


NaturalEnds = Mapping[str, tuple[float, float]]
"""For a parameter by its name, the smallest and the largest value with a meaning of its own."""


WHOLE_LINE = (-math.inf, math.inf)
"""Of a parameter that any number may be."""


def ends_of(values: Sequence[Any], natural: tuple[float, float] = WHOLE_LINE) -> list[float | None] | None:
    """Return the smallest and the largest value of a grid, from which a table sees that a choice lies on its edge.

    Parameters
    ----------
    values : sequence
        What was compared.
    natural : tuple of float
        The smallest and the largest value with a meaning of its own. A grid that reaches one of them could not be
        widened there.

    Returns
    -------
    list or None
        Smallest and largest value, each None where the grid reaches the natural end; None instead of a list if the
        values are not numbers, or fewer than three, which have nothing between them.
    """
    if len(set(values)) < 3 or not all(isinstance(value, (int, float)) for value in values):
        return None
    low, high = min(values), max(values)
    return [low if low > natural[0] else None, high if high < natural[1] else None]


def ends_of_settings(settings: Sequence[Mapping[str, Any]], natural: NaturalEnds) -> dict[str, list[float | None]]:
    """Return `ends_of` the values of each parameter that several settings differ in, where there are any."""
    names = settings[0] if settings else {}
    ends = {name: ends_of([one[name] for one in settings], natural.get(name, WHOLE_LINE)) for name in names}
    return {name: pair for name, pair in ends.items() if pair is not None}


def forecast(estimator: Any, X: Features, y: Labels, n: int) -> float:
    """Seconds in which a copy of an estimator learns from n images and predicts an eighth as many.

    It is fitted to ever more images, twice as many each time. The last two times make a power of their number or, where
    they grow less than it, a constant and as much for each image.

    Parameters
    ----------
    estimator
        Anything with `fit` and `predict`, not yet fitted.
    X : ndarray, shape (m, d)
        Features of some training images.
    y : ndarray, shape (m,)
        Their classes.
    n : int
        Number of images to be trained on.
    """
    times: list[tuple[int, float]] = []
    images = min(TRIED, len(X))
    while True:
        test, fresh = slice(0, max(1, images // 8)), copy.deepcopy(estimator)
        begun = perf_counter()
        fresh.fit(X[:images], y[:images], X_val=X[test], y_val=y[test])
        fresh.predict(X[test])
        times.append((images, perf_counter() - begun))
        if images == len(X) or (len(times) > 1 and sum(seconds for _, seconds in times) > ENOUGH):
            break
        images = min(2 * images, len(X))
    (few, before), (many, last) = [*times[:1], *times][-2:]
    power = np.log(last / before) / np.log(many / few) if many > few else 1.0
    if power < 1:
        return last + (n - many) * max(0.0, last - before) / (many - few)
    return float(last * (n / many) ** min(power, STEEPEST))


class PrincipalComponents(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Principal components that hold a share of the variance, each scaled to unit variance unless asked otherwise.

    As scikit-learn's `PCA`, but always in double precision, scaled by n rather than n - 1, and defined for features
    that do not vary. The largest coordinate of each axis is positive, so that its sign does not depend on the linear
    algebra library.

    Parameters
    ----------
    variance : float
        Share of the training variance that is kept, in (0, 1]; at least one component stays.
    whiten : bool
        Whether the components are scaled.
    most : int or None
        The number of components that are kept at most, whatever variance they hold; None: no limit.

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
        held = np.cumsum(spreads**2)
        kept = 1 + int(np.searchsorted(held, self.variance * held[-1] * (1 - 1e-12)))
        kept = min(kept, self.most or kept)
        deviations = spreads[:kept] / np.sqrt(len(X))
        scales = np.where((deviations > 0) & self.whiten, deviations, 1)
        axes = axes[:kept]
        largest = np.take_along_axis(axes, np.abs(axes).argmax(axis=1, keepdims=True), axis=1)
        self.components_ = np.where(largest < 0, -axes, axes) / scales[:, None]
        return self

    def transform(self, X: Features) -> Double:
        """Project features (n, d) on the components, shape (n, kept)."""
        projected: Double = (X - self.mean_) @ self.components_.T
        return projected


class _Machine(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """What the support vector machines below share: an estimator of scikit-learn, and what it told."""

    estimator_: Any
    fit_info_: dict[str, Any]

    @property
    def classes_(self) -> Labels:
        """Class indices seen in `fit`."""
        seen: Labels = self.estimator_.classes_
        return seen

    def predict(self, X: Features) -> Labels:
        """Class indices (n,) of inputs (n, d)."""
        predicted: Labels = self.estimator_.predict(X)
        return predicted

    def decision_function(self, X: Features) -> Double:
        """Decision values of inputs (n, d), a column a class; of two classes those of the second alone, shape (n,)."""
        return np.asarray(self.estimator_.decision_function(X), dtype=np.float64)


class LinearSVM(_Machine):
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
    """The class whose k images nearest to the input have the nearest mean; of equal ones the first.

    This is the local mean rule of Y. Mitani, Y. Hamamoto, "A local mean-based nonparametric classifier", Pattern
    Recognit. Lett. 27(10):1151-1159, 2006. With k = 1 it is the nearest neighbour rule; with k at least the number of
    images of every class it is the nearest class mean. Distances are Euclidean. Unlike a vote, it gives a distance to
    every class for every k, from which probabilities can be made.

    Parameters
    ----------
    k : int
        Images of each class whose mean is taken; all of a class that has fewer.

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
        """Keep inputs (n, d) and class indices (n,)."""
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
            own = np.asarray(images, dtype=np.float64)
            for start in range(0, len(X), INPUTS_AT_ONCE):
                some = np.asarray(X[start : start + INPUTS_AT_ONCE], dtype=np.float64)
                means = local_means(some, own, self.k)
                values[start : start + len(some), column] = -np.square(some - means).sum(axis=1)
        return values

    def predict(self, X: Features) -> Labels:
        """Return the class indices (n,) of inputs (n, d)."""
        predicted: Labels = self.classes_[self.decision_function(X).argmax(axis=1)]
        return predicted


def local_means(X: Double, images: Double, k: int) -> Double:
    """Return for each input (n, d) the mean of the k nearest of `images` (m, d), of all if they are fewer, (n, d)."""
    if k >= len(images):
        return np.broadcast_to(images.mean(axis=0), X.shape)
    distances = np.square(images).sum(axis=1) - 2 * X @ images.T  # the input's own square orders nothing
    nearest = np.argpartition(distances, k - 1, axis=1)[:, :k]
    shares = csr_array((np.full(nearest.size, 1 / k), nearest.ravel(), k * np.arange(len(X) + 1)), distances.shape)
    return np.asarray(shares @ images)


class KernelSVM(_Machine):
    """Support vector machine with the kernel exp(-gamma |x - z|² / (d v)), v the variance of all inputs of d features.

    Parameters
    ----------
    C : float or None
        Weight of the loss. None: the value in `COSTS` that is right most often in stratified cross-validation on the
        training images, the smallest of equal ones; the validation group is not used.
    gamma : float
        Factor of the kernel's exponent.
    sample_weight : callable or None
        From inputs and class indices to a weight of each image, by which its C is multiplied.
    random_state : int or None
        Seed of that cross-validation's folds.
    break_ties : bool
        Whether of classes with equally many votes the decision values choose; otherwise the first of them wins,
        whatever they say.
    effort : int or None
        Iterations an image, at most: where classes overlap, a large C takes very many.

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

        def machine(C: float, X: Features, y: Labels) -> SVC:
            weights = None if self.sample_weight is None else self.sample_weight(X, y)
            gamma = "scale" if self.gamma == 1 else self.gamma / (X.shape[1] * (X.var() or 1.0))
            most = -1 if self.effort is None else self.effort * len(X)
            made = SVC(C=C, gamma=gamma, break_ties=self.break_ties, cache_size=500, max_iter=most)
            return made.fit(X, y, sample_weight=weights)

        C, ends = self.C, {}
        if C is None:
            parts = list(stratified(y, FOLDS, MOST, np.random.default_rng(self.random_state)))
            if any(len(np.unique(y[train])) < 2 for train, _ in parts):
                C = 1.0
            else:
                right = [
                    sum((machine(C, X[train], y[train]).predict(X[test]) == y[test]).sum() for train, test in parts)
                    for C in COSTS
                ]
                C, ends = COSTS[int(np.argmax(right))], {"ends": {"C": ends_of(COSTS)}}
        self.estimator_ = machine(C, X, y)
        self.fit_info_ = {
            "C": C,
            "support": int(self.estimator_.n_support_.sum()),
            "iterations": int(np.max(self.estimator_.n_iter_)),
            **ends,
        }
        return self


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
