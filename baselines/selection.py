"""Parameters chosen in every cell: a grid over a scikit-learn pipeline, by cross-validation on the training images.

What a user leaves open is selected, what is set stays (`choices`); with `select=false` a method is the row of its usual
values. The inner folds mirror the protocol's: they keep together what it keeps together (`groups`), else they are
random and stratified. Candidates stand from the simplest on: of equal accuracies the first wins. Neither the test group
nor the validation group is seen by the choice.

Support vector machines get probabilities by one temperature (J. Platt, "Probabilistic outputs for support vector
machines", 1999, for its smoothed targets; C. Guo et al., "On calibration of modern neural networks", ICML 2017, for one
temperature of many classes): the softmax of decision values over it, fitted to those that the inner folds' tests get.
"""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise, product
from time import perf_counter
from typing import Any, Self

import joblib
import numpy as np
from scipy.linalg import qr
from scipy.optimize import minimize_scalar
from scipy.special import logsumexp, softmax
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.dummy import DummyClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV, StratifiedGroupKFold, StratifiedKFold
from sklearn.pipeline import Pipeline

from baselines import Double, Features, Images, Labels
from baselines.blocks import Blocks
from baselines.classifiers import grid_ends_by_name
from baselines.forecast import forecast

Folds = list[tuple[Labels, Labels]]

LINEAR_COSTS = tuple(2.0**power for power in range(-9, 6, 2))
"""C of linear machines: 2^-9 to 32, four times as much each; above `MANY` images up to 2."""

KERNEL_COSTS = tuple(2.0**power for power in range(-1, 12, 2))
"""C of kernel machines: 0.5 to 2048; above `MANY` images up to 32."""

EFFORT = 200
"""Iterations of a kernel machine an image, at most."""

GAMMAS = (0.25, 1.0)
"""Factors of the kernel's exponent; see `baselines.classifiers.KernelSVM`."""

FOLDS = 5
FEW = 2000
"""Training images up to which every inner fold judges; above, the first alone."""

PART = 10_000
"""Training images above which a method whose fits take long chooses on a part of about as many.

No fewer: on FER2013 a choice on 10,000 images loses at most 0.3 points of PublicTest against the best candidate, a
choice on 2,000 or 5,000 up to 7.8 (docs/methods/selection.md).
"""

MANY = 10_000
"""Training images above which values that take a machine too long are not tried."""

LARGEST = 2**27
"""Values of all training images together that a candidate may have: a linear machine holds 24 bytes of each, 3 GB."""


def choices(given: Any, usual: Any, grid: Sequence[Any], select: bool) -> tuple[Any, ...]:
    """What a parameter may be: what the user gave; else the grid where it is selected; else its usual value."""
    if given is not None:
        return (given,)
    return tuple(grid) if select else (usual,)


class Columns(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Some columns of features: one block of several."""

    def __init__(self, start: int = 0, stop: int | None = None) -> None:
        self.start = start
        self.stop = stop

    def fit(self, X: Features, y: Labels | None = None) -> Self:
        """Learn nothing."""
        return self

    def transform(self, X: Features) -> Features:
        """Columns `start` to `stop` of features (n, d)."""
        return np.ascontiguousarray(X[:, self.start : self.stop])


class _Remembered:
    """As `joblib.Memory` for a `Pipeline`, but not on a disk: equal transformers of equal images are fitted once."""

    def __init__(self) -> None:
        self._results: dict[str, Any] = {}

    def cache(self, call: Callable[..., Any], ignore: Sequence[str] = (), **_: Any) -> Callable[..., Any]:
        """The function, which computes nothing twice; arguments by the names in `ignore` change nothing."""

        def remembered(*args: Any, **named: Any) -> Any:
            key = joblib.hash((args, {name: value for name, value in named.items() if name not in ignore}))
            if key not in self._results:
                self._results[key] = call(*args, **named)
            return self._results[key]

        return remembered

    def __deepcopy__(self, memo: Any) -> Self:
        return self  # a cloned pipeline shares it


@dataclass(frozen=True)
class Candidate:
    """A block and parameters of the pipeline."""

    block: int
    params: Mapping[str, Any]


class Selected:
    """A classifier over images whose open parameters are chosen on the training images of each cell.

    Parameters
    ----------
    features : Blocks
        Features of each setting that may be chosen.
    steps : sequence of estimators
        scikit-learn's or like them: transformers, then a classifier whose `fit` also takes `X_val` and `y_val`.
    grid : mapping
        For a parameter of the classifier, by its name, or of a transformer, as `transformer__name` (a class's name in
        small letters), its values, the simplest first.
    bounds : mapping
        For a parameter of the grid, the largest value that is tried above `MANY` training images.
    isometric : bool
        Whether predictions depend on distances and products of images only: inner folds are then given the images'
        coordinates in their span, which are fewer where features are many.
    folds : int
        Inner folds, where that many can be dealt.
    part : int or None
        Training images above which the choice is made on a part of about as many; None where all can be afforded.
    random_state : int or None
        Seed of the inner folds.

    Attributes
    ----------
    classes_ : ndarray
        Class indices seen in `fit`.
    model_ : Pipeline
        The chosen pipeline, fitted on all training images.
    fit_info_ : dict
        What the classifier tells, and `selected` (the values taken of all that may be chosen), `ends` (of the grids
        they were taken from, see `baselines.classifiers.grid_ends_by_name`), `tried` (candidates that were compared),
        `selection_seconds`, `temperature` of classifiers with decision values, and where there is something to say,
        `not_tried` (sentences).

    Raises
    ------
    ValueError
        If a value lies outside its parameter's range.
    """

    def __init__(
        self,
        features: Blocks,
        *steps: Any,
        grid: Mapping[str, Sequence[Any]],
        bounds: Mapping[str, float] | None = None,
        isometric: bool = False,
        folds: int = FOLDS,
        part: int | None = PART,
        random_state: int | None = None,
    ) -> None:
        named = [(type(step).__name__.lower(), step) for step in steps]
        last = named.pop()[1]
        self.features = features
        self.pipeline = Pipeline([("columns", Columns()), *named, ("classifier", last)])
        self.grid = {name if "__" in name else f"classifier__{name}": tuple(of) for name, of in grid.items()}
        self.bounds = {f"classifier__{name}": bound for name, bound in (bounds or {}).items()}
        self.isometric = isometric
        self.folds = folds
        self.part = part
        self.random_state = random_state
        for name, values in self.grid.items():
            for value in values:
                clone(clone(self.pipeline).set_params(**{name: value}))  # builds each step, which checks what it gets

    @property
    def candidates(self) -> list[Candidate]:
        """Every block with every combination of the grid, the simplest first."""
        combinations = [dict(zip(self.grid, values, strict=True)) for values in product(*self.grid.values())]
        return [Candidate(block, params) for block in range(len(self.features.blocks)) for params in combinations]

    @property
    def features_id(self) -> dict[str, Any]:
        """What the features depend on; see `febench.core.method`."""
        return self.features.id

    def extract(self, X: Images) -> Features:
        """Features of images, all blocks side by side."""
        return self.features.extract(X)

    def fit(
        self,
        X: Features,
        y: Labels,
        X_val: Features | None = None,
        y_val: Labels | None = None,
        groups: Labels | None = None,
    ) -> Self:
        """Choose, then learn from features (n, d) and class indices (n,).

        Parameters
        ----------
        X, y : ndarray, shapes (n, d) and (n,)
            Training features and class indices.
        X_val, y_val : ndarray or None
            Those of the validation group, for a classifier that uses it once the choice is made.
        groups : ndarray, shape (n,), or None
            What inner folds keep together.
        """
        self.classes_ = np.unique(y)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # the last machine tells its `iterations`
            self._fit(X, y, X_val, y_val, groups)
        return self

    def _fit(self, X: Features, y: Labels, X_val: Features | None, y_val: Labels | None, groups: Labels | None) -> None:
        columns = self.features.columns(X.shape[1])
        candidates, not_tried = self._affordable(columns, len(X))
        if len(self.classes_) == 1:
            self.model_ = Pipeline([("classifier", DummyClassifier().fit(X, y))])
            self._tell({}, [], candidates[0], 0.0, [*not_tried, "anything: the training images are of one class"])
            return
        begun = perf_counter()
        part = part_of(y, groups, self.part or len(y), self.random_state)
        inner_y, inner_groups = y[part], None if groups is None else groups[part]
        folds = inner_folds(inner_y, inner_groups, self.folds, self.random_state)
        folds = folds if len(y) <= FEW else folds[:1]
        inner_X, inner_columns = X if len(part) == len(X) else X[part], columns
        if self.isometric and any(stop - start > len(part) for start, stop in columns):
            spans = [span(inner_X[:, start:stop]) for start, stop in columns]
            inner_X = np.concatenate(spans, axis=1)
            inner_columns = list(pairwise([0, *np.cumsum([one.shape[1] for one in spans]).tolist()]))
        chosen, tried, seconds = candidates[0], 1, 0.0
        if len(candidates) > 1 and folds:
            chosen = self._most_accurate(candidates, inner_columns, inner_X, inner_y, folds)
            tried, seconds = len(candidates), perf_counter() - begun
        elif len(candidates) > 1:
            tried = 0
            not_tried.append(f"all but the first of {len(candidates)} candidates: too few images for two inner folds")

        self.model_ = clone(self.pipeline).set_params(**_set(chosen, columns))
        *transformers, last = self.model_.named_steps.values()
        X_val = None if X_val is None or len(X_val) == 0 else X_val
        for transformer in transformers:
            X = transformer.fit_transform(X, y)
            X_val = None if X_val is None else transformer.transform(X_val)
        last.fit(X, y, X_val=X_val, y_val=y_val)
        told = dict(last.fit_info_)
        if hasattr(last, "decision_function"):
            inner = clone(self.pipeline).set_params(**_set(chosen, inner_columns))
            self.temperature_ = temperature(*out_of_fold(inner, inner_X, inner_y, folds))
            told["temperature"] = self.temperature_
        self._tell(told, candidates[:tried], chosen, seconds, not_tried)

    def _most_accurate(
        self, candidates: Sequence[Candidate], columns: Sequence[tuple[int, int]], X: Features, y: Labels, folds: Folds
    ) -> Candidate:
        """The candidate with the highest mean accuracy on the inner folds, the first of equal ones."""
        settings = [{name: [value] for name, value in _set(one, columns).items()} for one in candidates]
        pipeline = clone(self.pipeline)
        if len(pipeline.steps) > 2:
            pipeline.set_params(memory=_Remembered())
        search = GridSearchCV(pipeline, settings, scoring="accuracy", cv=folds, refit=False, error_score="raise")
        best: int = search.fit(X, y).best_index_
        return candidates[best]

    def _affordable(self, columns: Sequence[tuple[int, int]], n: int) -> tuple[list[Candidate], list[str]]:
        """The candidates that so many training images leave in reach, and a sentence about what is out of it.

        The block with the fewest values always stays, and so does a value that is not selected.
        """
        widths = [stop - start for start, stop in columns]
        kept = [width * n <= LARGEST or width == min(widths) for width in widths]
        words = [
            f"{block.label}: {width:,} values of {n:,} training images are more than {LARGEST:,}"
            for block, width, keep in zip(self.features.blocks, widths, kept, strict=True)
            if not keep
        ]
        bounds = self.bounds if n > MANY else {}
        bounds = {name: bound for name, bound in bounds.items() if len(self.grid[name]) > 1}
        words += [
            f"{name.partition('__')[2]} above {bound:g}: {n:,} training images are more than {MANY:,}"
            for name, bound in bounds.items()
        ]
        left = [
            one
            for one in self.candidates
            if kept[one.block] and all(one.params[name] <= bound for name, bound in bounds.items())
        ]
        return left, [*self.features.left_out, *words]

    def _tell(
        self,
        told: dict[str, Any],
        compared: Sequence[Candidate],
        chosen: Candidate,
        seconds: float,
        not_tried: Iterable[str],
    ) -> None:
        selected = self._values(chosen)
        if ends := self._ends(compared):
            told["ends"] = told.get("ends", {}) | ends
        self.fit_info_ = {
            **told,
            "selected": {name: told.get(name) if value is None else value for name, value in selected.items()},
            "tried": len(compared),
            "selection_seconds": round(seconds, 4),
        }
        if not_tried:
            self.fit_info_["not_tried"] = list(not_tried)

    def _values(self, candidate: Candidate) -> dict[str, Any]:
        """Return a candidate's values by the names of the method's parameters."""
        values = {name.partition("__")[2]: value for name, value in candidate.params.items()}
        return {**self.features.blocks[candidate.block].settings, **values}

    def _ends(self, compared: Sequence[Candidate]) -> dict[str, list[float | None]]:
        """Return the ends of the grid of each parameter; see `baselines.classifiers.grid_ends_by_name`."""
        natural: dict[str, tuple[float, float]] = {}
        for step in self.model_.named_steps.values():
            natural |= getattr(step, "natural_ends", {})
        return grid_ends_by_name([self._values(candidate) for candidate in compared], natural)

    def predict(self, X: Features) -> Labels:
        """Class indices (n,) of features (n, d)."""
        if len(X) == 0:
            return np.empty(0, dtype=np.int64)
        predicted: Labels = self.model_.predict(X)
        return predicted

    def predict_proba(self, X: Features) -> Double:
        """Probabilities (n, classes) of features (n, d), a column for each of `classes_`."""
        if len(X) == 0:
            return np.empty((0, len(self.classes_)))
        if not hasattr(self.model_, "decision_function"):
            return np.asarray(self.model_.predict_proba(X), dtype=np.float64)
        return np.asarray(softmax(decisions(self.model_, X) / self.temperature_, axis=1))

    def forecast(self, X: Features, y: Labels, n: int) -> float:
        """Seconds of a cell that trains on n images: its last fit, and those of its inner folds.

        The last block in reach stands for all, and the middle of the grid.
        """
        columns = self.features.columns(X.shape[1])
        candidates, _ = self._affordable(columns, n)
        block = candidates[-1].block
        one = copy.copy(self)
        one.features = Blocks((self.features.blocks[block],))
        one.grid = {name: values[len(values) // 2 :][:1] for name, values in self.grid.items()}
        one.folds = 0
        X = X[:, slice(*columns[block])]
        part = min(n, self.part or n)
        inner_X = span(X) if self.isometric and X.shape[1] > part else X
        inner = forecast(one, inner_X, y, part * (self.folds - 1) // self.folds)
        compared = len(candidates) if len(candidates) > 1 else 0
        fits = compared + hasattr(self.pipeline["classifier"], "decision_function")  # for the temperature
        fits *= self.folds if n <= FEW else 1
        return forecast(one, X, y, n) + fits * inner


def _set(candidate: Candidate, columns: Sequence[tuple[int, int]]) -> dict[str, Any]:
    """A candidate as parameters of the pipeline."""
    start, stop = columns[candidate.block]
    return {"columns__start": start, "columns__stop": stop, **candidate.params}


def part_of(y: Labels, groups: Labels | None, most: int, random_state: int | None) -> Labels:
    """Indices of about `most` images if there are more, else of all: class by class, whole groups where there are any.

    Parameters
    ----------
    y : ndarray, shape (n,)
        Class indices.
    groups : ndarray, shape (n,), or None
        What stays together.
    most : int
        Number of images.
    random_state : int or None
        Seed of the draw.
    """
    if len(y) <= most:
        return np.arange(len(y))
    n_groups = len(y) if groups is None else len(np.unique(groups))
    quarters = _deal(y, groups, min(-(-4 * len(y) // most), n_groups), random_state)[:4]
    return np.sort(np.concatenate([test for _, test in quarters]))


def inner_folds(y: Labels, groups: Labels | None, folds: int, random_state: int | None) -> Folds:
    """Training and test indices of shuffled inner folds, stratified by class; none where two cannot be dealt.

    Parameters
    ----------
    y : ndarray, shape (n,)
        Class indices.
    groups : ndarray, shape (n,), or None
        Images of a group are never on both sides.
    folds : int
        Their number; fewer, at the least two, where a class has fewer images, or is shown by fewer groups.
    random_state : int or None
        Seed of the shuffle.
    """
    units = np.arange(len(y)) if groups is None else groups
    shown_by = [len(np.unique(units[y == label])) for label in np.unique(y)]
    usable = [
        (train, test)
        for train, test in _deal(y, groups, min(folds, max(2, min(shown_by))), random_state)
        if len(test) and len(np.unique(y[train])) > 1
    ]
    return usable if len(usable) > 1 else []


def _deal(y: Labels, groups: Labels | None, folds: int, random_state: int | None) -> Folds:
    """So many folds as scikit-learn deals them, whatever they hold; none where it refuses."""
    n_groups = len(y) if groups is None else len(np.unique(groups))
    if not 2 <= folds <= min(n_groups, max(np.unique(y, return_counts=True)[1])):
        return []
    kind = StratifiedKFold if groups is None else StratifiedGroupKFold
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of classes with fewer images than folds
        return list(kind(folds, shuffle=True, random_state=random_state).split(np.zeros(len(y)), y, groups))


def span(X: Features) -> Double:
    """Coordinates (n, min(n, d)) of images (n, d) in an orthonormal basis of their span: products stay the same."""
    if X.shape[1] <= len(X):
        return np.asarray(X, dtype=np.float64)
    (triangle,) = qr(np.asarray(X, dtype=np.float64).T, mode="r")
    return np.ascontiguousarray(triangle[: len(X)].T)


def decisions(model: Any, X: Features) -> Double:
    """Decision values (n, classes) of a fitted machine, of two classes too."""
    values = np.asarray(model.decision_function(X), dtype=np.float64)
    return values if values.ndim == 2 else np.stack([-values, values], axis=1)


def out_of_fold(pipeline: Pipeline, X: Features, y: Labels, folds: Folds) -> tuple[Double, Labels]:
    """Decision values (m, classes) of the inner folds' test images, and the column of each one's class.

    A fold whose training images lack a class is left out.
    """
    classes = np.unique(y)
    whole = [(train, test) for train, test in folds if len(np.unique(y[train])) == len(classes)]
    values = [decisions(clone(pipeline).fit(X[train], y[train]), X[test]) for train, test in whole]
    tested = [np.searchsorted(classes, y[test]) for _, test in whole]
    if not whole:
        return np.empty((0, len(classes))), np.empty(0, dtype=np.int64)
    return np.concatenate(values), np.concatenate(tested)


def temperature(values: Double, truth: Labels) -> float:
    """What to divide decision values (n, classes) by so that their softmax tells the true columns (n,) best; 1 of none.

    The targets are smoothed as Platt's: of n images right and none wrong, a probability of 1 does not follow.
    """
    if len(values) == 0:
        return 1.0
    smoothing = 1 / (len(values) + 2)

    def loss(log: float) -> float:
        scaled = values / np.exp(log)
        true = (1 - smoothing) * scaled[np.arange(len(truth)), truth] + smoothing * scaled.mean(axis=1)
        return float(np.mean(logsumexp(scaled, axis=1) - true))

    return float(np.exp(minimize_scalar(loss, bounds=(-7, 7), method="bounded").x))
