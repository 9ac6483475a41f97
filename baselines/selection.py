"""Parameters selected in every cell: a grid over a scikit-learn pipeline, by cross-validation on the training images.

The user's values stay as they are; open parameters are selected (`choices`), or have their usual values with
`select=false`. The inner folds mirror the protocol's: they keep together what it keeps together (`groups`), else they
are random; they are stratified by class. Candidates are ordered from the simplest on: of equal accuracies the first
wins. The choice sees neither the test fold nor the validation fold.
"""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise, product
from time import perf_counter
from typing import Any, Self

import joblib
import numpy as np
from scipy.linalg import qr
from scipy.special import softmax
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.dummy import DummyClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline

from baselines import Double, Features, Images, Labels
from baselines.blocks import Blocks
from baselines.calibration import decisions, out_of_fold, temperature
from baselines.classifiers import grid_ends_by_name
from baselines.forecast import forecast
from baselines.inner_folds import Folds, inner_folds, sample_of

ColumnRanges = Sequence[tuple[int, int]]
"""First column of each block, and the column after its last."""

LINEAR_COSTS = tuple(2.0**power for power in range(-9, 6, 2))
"""C of linear machines: 2^-9 to 32, each four times the one before; above `LARGE_SET_IMAGES` up to 2."""

KERNEL_COSTS = tuple(2.0**power for power in range(-1, 12, 2))
"""C of kernel machines: 0.5 to 2048; above `LARGE_SET_IMAGES` up to 32."""

EFFORT = 200
"""Iterations of a kernel machine per training image, at most."""

GAMMAS = (0.25, 1.0)
"""Factors of the kernel's exponent; see `baselines.classifiers.KernelSVM`."""

FOLDS = 5
MAX_IMAGES_FOR_ALL_FOLDS = 2000
"""With more training images, candidates are compared on the first inner fold alone."""

MAX_SELECTION_IMAGES = 10_000
"""With more training images, a method whose fits take long selects on a sample of about so many.

No fewer: on FER2013 a choice on 10,000 images loses at most 0.3 points of PublicTest against the best candidate, a
choice on 2,000 or 5,000 up to 7.8 (docs/methods/selection.md).
"""

LARGE_SET_IMAGES = 10_000
"""With more training images, values above `bounds` are not tried: they take a machine too long."""

MAX_FEATURE_VALUES = 2**27
"""Values of all training images together, at most: a linear machine holds 24 bytes for each, 3 GB in all."""


def choices(user_value: Any, usual: Any, grid: Sequence[Any], select: bool) -> tuple[Any, ...]:
    """Return the values that a parameter can take: the user's; else the grid if it is selected; else its usual one."""
    if user_value is not None:
        return (user_value,)
    return tuple(grid) if select else (usual,)


class Columns(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """The columns `start` to `stop` of features: one block of several."""

    def __init__(self, start: int = 0, stop: int | None = None) -> None:
        self.start = start
        self.stop = stop

    def fit(self, X: Features, y: Labels | None = None) -> Self:
        """Learn nothing."""
        return self

    def transform(self, X: Features) -> Features:
        """Return the columns of features (n, d)."""
        return np.ascontiguousarray(X[:, self.start : self.stop])


class _Memory:
    """As `joblib.Memory` for a `Pipeline`, but not on a disk: equal transformers of equal images are fitted once."""

    def __init__(self) -> None:
        self._results: dict[str, Any] = {}

    def cache(self, function: Callable[..., Any], ignore: Sequence[str] = (), **_: Any) -> Callable[..., Any]:
        """Return the function with a memory; its arguments named in `ignore` do not tell calls apart."""

        def remembered(*args: Any, **kwargs: Any) -> Any:
            key = joblib.hash((args, {name: value for name, value in kwargs.items() if name not in ignore}))
            if key not in self._results:
                self._results[key] = function(*args, **kwargs)
            return self._results[key]

        return remembered

    def __deepcopy__(self, memo: Any) -> Self:
        return self  # a cloned pipeline shares it


@dataclass(frozen=True)
class Candidate:
    """A block of features and parameters of the pipeline."""

    block: int
    params: Mapping[str, Any]

    def pipeline_params(self, columns: ColumnRanges) -> dict[str, Any]:
        """Return all parameters of the pipeline, the columns of the block among them."""
        start, stop = columns[self.block]
        return {"columns__start": start, "columns__stop": stop, **self.params}


@dataclass(frozen=True)
class _InnerData:
    """The images that the inner cross-validation sees, and its folds."""

    X: Features
    y: Labels
    columns: ColumnRanges
    folds: Folds


class Selected:
    """A classifier over images whose open parameters are selected on the training images of each cell.

    Parameters
    ----------
    features : Blocks
        Features of each setting that can be selected.
    *steps : estimators
        scikit-learn's or like them: transformers, then a classifier whose `fit` also takes `X_val` and `y_val`.
    grid : mapping
        The values of each parameter, the simplest first. A parameter of the classifier is called by its name, one of a
        transformer `transformer__name` (the class's name in small letters).
    bounds : mapping
        For a parameter of the grid, the largest value that is tried on large sets (`LARGE_SET_IMAGES`).
    isometric : bool
        Whether predictions depend on distances and products of images only: inner folds then get the images'
        coordinates in their span, which are fewer where features are many.
    folds : int
        Number of inner folds, where so many can be dealt.
    max_images : int or None
        With more training images, the selection uses a sample of about so many; None: always all.
    random_state : int or None
        Seed of the inner folds.

    Attributes
    ----------
    classes_ : ndarray
        Class indices seen in `fit`.
    model_ : Pipeline
        The selected pipeline, fitted on all training images.
    fit_info_ : dict
        The classifier's, and `selected` (the values of all open parameters), `ends` (of their grids, see
        `baselines.classifiers.grid_ends`), `tried` (number of candidates compared), `selection_seconds`, `temperature`
        of classifiers with decision values, and where something was not tried, `not_tried` (sentences).

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
        max_images: int | None = MAX_SELECTION_IMAGES,
        random_state: int | None = None,
    ) -> None:
        *transformers, classifier = steps
        named = [(type(transformer).__name__.lower(), transformer) for transformer in transformers]
        self.features = features
        self.pipeline = Pipeline([("columns", Columns()), *named, ("classifier", classifier)])
        self.grid = {name if "__" in name else f"classifier__{name}": tuple(values) for name, values in grid.items()}
        self.bounds = {f"classifier__{name}": bound for name, bound in (bounds or {}).items()}
        self.isometric = isometric
        self.folds = folds
        self.max_images = max_images
        self.random_state = random_state
        for name, values in self.grid.items():
            for value in values:
                clone(clone(self.pipeline).set_params(**{name: value}))  # builds each step, which checks its values

    @property
    def candidates(self) -> list[Candidate]:
        """Every block with every combination of the grid, the simplest first."""
        combinations = [dict(zip(self.grid, values, strict=True)) for values in product(*self.grid.values())]
        return [Candidate(block, params) for block in range(len(self.features.blocks)) for params in combinations]

    @property
    def features_id(self) -> dict[str, Any]:
        """An id of everything that the features depend on; see `febench.core.method`."""
        return self.features.id

    def extract(self, X: Images) -> Features:
        """Return the features of images (n, d), all blocks side by side."""
        return self.features.extract(X)

    def fit(
        self,
        X: Features,
        y: Labels,
        X_val: Features | None = None,
        y_val: Labels | None = None,
        groups: Labels | None = None,
    ) -> Self:
        """Select, then learn from features (n, d) and class indices (n,).

        Parameters
        ----------
        X, y : ndarray, shapes (n, d) and (n,)
            Training features and class indices.
        X_val, y_val : ndarray or None
            Those of the validation fold, for a classifier that uses it after the selection.
        groups : ndarray, shape (n,), or None
            Images with the same number stay in one inner fold.
        """
        self.classes_ = np.unique(y)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # `iterations` of the last machine tells it
            self._fit(X, y, X_val, y_val, groups)
        return self

    def _fit(self, X: Features, y: Labels, X_val: Features | None, y_val: Labels | None, groups: Labels | None) -> None:
        columns = self.features.columns(X.shape[1])
        candidates, not_tried = self._affordable(columns, len(X))
        if len(self.classes_) == 1:
            self.model_ = Pipeline([("classifier", DummyClassifier().fit(X, y))])
            not_tried.append("anything: the training images are of one class")
            self._set_fit_info({}, [], candidates[0], 0.0, not_tried)
            return
        start = perf_counter()
        inner = self._inner_data(X, y, groups, columns)
        chosen, n_tried, seconds = candidates[0], 1, 0.0
        if len(candidates) > 1 and inner.folds:
            chosen = self._most_accurate(candidates, inner)
            n_tried, seconds = len(candidates), perf_counter() - start
        elif len(candidates) > 1:
            n_tried = 0
            not_tried.append(f"all but the first of {len(candidates)} candidates: too few images for two inner folds")

        self.model_ = self._trained(chosen.pipeline_params(columns), X, y, X_val, y_val)
        classifier = self.model_["classifier"]
        info = dict(classifier.fit_info_)
        if hasattr(classifier, "decision_function"):
            pipeline = clone(self.pipeline).set_params(**chosen.pipeline_params(inner.columns))
            self.temperature_ = temperature(*out_of_fold(pipeline, inner.X, inner.y, inner.folds))
            info["temperature"] = self.temperature_
        self._set_fit_info(info, candidates[:n_tried], chosen, seconds, not_tried)

    def _inner_data(self, X: Features, y: Labels, groups: Labels | None, columns: ColumnRanges) -> _InnerData:
        """Return the training images, or a sample of them, and their inner folds."""
        sample = sample_of(y, groups, self.max_images or len(y), self.random_state)
        inner_y, inner_groups = y[sample], None if groups is None else groups[sample]
        folds = inner_folds(inner_y, inner_groups, self.folds, self.random_state)
        if len(y) > MAX_IMAGES_FOR_ALL_FOLDS:
            folds = folds[:1]
        inner_X = X if len(sample) == len(X) else X[sample]
        if self.isometric and any(stop - start > len(sample) for start, stop in columns):
            spans = [span(inner_X[:, start:stop]) for start, stop in columns]
            inner_X = np.concatenate(spans, axis=1)
            columns = list(pairwise([0, *np.cumsum([coordinates.shape[1] for coordinates in spans]).tolist()]))
        return _InnerData(inner_X, inner_y, columns, folds)

    def _most_accurate(self, candidates: Sequence[Candidate], inner: _InnerData) -> Candidate:
        """Return the candidate with the highest mean accuracy on the inner folds, the first of equal ones."""
        settings = [
            {name: [value] for name, value in candidate.pipeline_params(inner.columns).items()}
            for candidate in candidates
        ]
        pipeline = clone(self.pipeline)
        if len(pipeline.steps) > 2:
            pipeline.set_params(memory=_Memory())
        search = GridSearchCV(pipeline, settings, scoring="accuracy", cv=inner.folds, refit=False, error_score="raise")
        best: int = search.fit(inner.X, inner.y).best_index_
        return candidates[best]

    def _trained(
        self, params: Mapping[str, Any], X: Features, y: Labels, X_val: Features | None, y_val: Labels | None
    ) -> Pipeline:
        """Return the pipeline with these parameters, fitted; its classifier also gets the validation fold."""
        model = clone(self.pipeline).set_params(**params)
        *transformers, classifier = model.named_steps.values()
        X_val = None if X_val is None or len(X_val) == 0 else X_val
        for transformer in transformers:
            X = transformer.fit_transform(X, y)
            X_val = None if X_val is None else transformer.transform(X_val)
        classifier.fit(X, y, X_val=X_val, y_val=y_val)
        return model

    def _affordable(self, columns: ColumnRanges, n: int) -> tuple[list[Candidate], list[str]]:
        """Return the candidates that n training images leave affordable, and sentences about the others.

        The block with the fewest values always stays, and so does a value that is not selected.
        """
        widths = [stop - start for start, stop in columns]
        affordable = [width * n <= MAX_FEATURE_VALUES or width == min(widths) for width in widths]
        not_tried = [
            f"{block.label}: {width:,} values of {n:,} training images are more than {MAX_FEATURE_VALUES:,}"
            for block, width, is_affordable in zip(self.features.blocks, widths, affordable, strict=True)
            if not is_affordable
        ]
        bounds = {}
        if n > LARGE_SET_IMAGES:
            bounds = {name: bound for name, bound in self.bounds.items() if len(self.grid[name]) > 1}
        not_tried += [
            f"{name.partition('__')[2]} above {bound:g}: {n:,} training images are more than {LARGE_SET_IMAGES:,}"
            for name, bound in bounds.items()
        ]
        candidates = [
            candidate
            for candidate in self.candidates
            if affordable[candidate.block] and all(candidate.params[name] <= bound for name, bound in bounds.items())
        ]
        return candidates, [*self.features.left_out, *not_tried]

    def _set_fit_info(
        self,
        info: dict[str, Any],
        compared: Sequence[Candidate],
        chosen: Candidate,
        seconds: float,
        not_tried: Sequence[str],
    ) -> None:
        """Set `fit_info_` from the classifier's `info` and the selection."""
        if ends := self._ends(compared):
            info["ends"] = info.get("ends", {}) | ends
        values = self._values(chosen)
        self.fit_info_ = {
            **info,
            "selected": {name: info.get(name) if value is None else value for name, value in values.items()},
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
        """Return the ends of the grid of each parameter; see `baselines.classifiers.grid_ends`."""
        natural: dict[str, tuple[float, float]] = {}
        for step in self.model_.named_steps.values():
            natural |= getattr(step, "natural_ends", {})
        return grid_ends_by_name([self._values(candidate) for candidate in compared], natural)

    def predict(self, X: Features) -> Labels:
        """Return the class indices (n,) of features (n, d)."""
        if len(X) == 0:
            return np.empty(0, dtype=np.int64)
        predicted: Labels = self.model_.predict(X)
        return predicted

    def predict_proba(self, X: Features) -> Double:
        """Return the probabilities (n, classes) of features (n, d), in the order of `classes_`."""
        if len(X) == 0:
            return np.empty((0, len(self.classes_)))
        if not hasattr(self.model_, "decision_function"):
            return np.asarray(self.model_.predict_proba(X), dtype=np.float64)
        return np.asarray(softmax(decisions(self.model_, X) / self.temperature_, axis=1))

    def forecast(self, X: Features, y: Labels, n: int) -> float:
        """Return the seconds of a cell that trains on n images: of its last fit and of those in its inner folds.

        The last affordable block stands for all blocks, and the middle of the grid for all values.
        """
        columns = self.features.columns(X.shape[1])
        candidates, _ = self._affordable(columns, n)
        block = candidates[-1].block
        single = copy.copy(self)
        single.features = Blocks((self.features.blocks[block],))
        single.grid = {name: values[len(values) // 2 :][:1] for name, values in self.grid.items()}
        single.folds = 0
        X = X[:, slice(*columns[block])]
        sample_size = min(n, self.max_images or n)
        inner_X = span(X) if self.isometric and X.shape[1] > sample_size else X
        inner_seconds = forecast(single, inner_X, y, sample_size * (self.folds - 1) // self.folds)
        n_fits = len(candidates) if len(candidates) > 1 else 0
        n_fits += hasattr(self.pipeline["classifier"], "decision_function")  # for the temperature
        n_fits *= self.folds if n <= MAX_IMAGES_FOR_ALL_FOLDS else 1
        return forecast(single, X, y, n) + n_fits * inner_seconds


def span(X: Features) -> Double:
    """Return coordinates (n, min(n, d)) of images (n, d) in an orthonormal basis of their span, with equal products."""
    if X.shape[1] <= len(X):
        return np.asarray(X, dtype=np.float64)
    (triangle,) = qr(np.asarray(X, dtype=np.float64).T, mode="r")
    return np.ascontiguousarray(triangle[: len(X)].T)
