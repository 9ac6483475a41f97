"""One cell, from images to predictions. Runs in a worker process; no test label ever reaches it."""

from __future__ import annotations

import inspect
import json
import pickle
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from febench.core.cache import array_path, cached_array, in_chunks
from febench.core.method import FoldOutcome, FoldTask, Method
from febench.core.protocol import Fold
from febench.run.pickling import dumps

CHUNK = 256


@dataclass(frozen=True)
class Recipe:
    """What a worker needs to build a method's classifier.

    Attributes
    ----------
    name : str
        The method's name.
    pickled : bytes
        The `Method`, by reference where it can be imported, by value from plugin files and notebooks.
    params : dict
        Its complete parameters.
    given : dict
        What the harness gives the builder beside them: `device`, `deterministic`, `pack`.
    """

    name: str
    pickled: bytes
    params: dict[str, Any]
    given: dict[str, Any] = field(default_factory=lambda: {"device": "cpu"})

    @classmethod
    def of(cls, method: Method, params: dict[str, Any], device: str, **given: Any) -> Recipe:
        """Pack a method for the way to a worker."""
        return cls(method.name, dumps(method), params, {"device": device, **given})

    @property
    def method(self) -> Method:
        """The method, unpacked."""
        method: Method = pickle.loads(self.pickled)
        return method

    def build(self, seed: int, checkpoint: Path | None = None) -> Any:
        """A new classifier."""
        return self.method.make(self.params, random_state=seed, checkpoint=checkpoint, **self.given)


@dataclass(frozen=True)
class Outcome:
    """What came of a task; the fields but the last two are those of `store.Record`.

    `features` is where features were put, `parts` what came of each cell of a pack.
    """

    status: str
    predictions: list[int] | None = None
    probabilities: list[list[float]] | None = None
    seconds: dict[str, float] = field(default_factory=dict)
    peak_memory_mb: float | None = None
    info: dict[str, Any] = field(default_factory=dict)
    error: str | None = None
    traceback: str | None = None
    features: Path | None = None
    parts: tuple[Outcome, ...] = ()


class InvalidPredictionsError(ValueError):
    """A method returned something that is not one class index an image."""


@dataclass(frozen=True)
class ExtractTask:
    """Compute a method's features of every image of a data set, unless they are cached.

    The method's `extract` is called on chunks of images in order; it must treat each image alone. Methods that take the
    same features may say so by an attribute `features_id`, anything JSON can hold: they are then computed once for all.
    """

    recipe: Recipe
    images: Path
    key: tuple[str, ...]

    def run(self) -> Outcome:
        """Outcome with the path of the features, or of the images if the method has no `extract`."""
        return _guarded(self._extract)

    def _extract(self) -> Outcome:
        estimator = self.recipe.build(seed=0)
        if not hasattr(estimator, "extract"):
            return Outcome("ok", features=self.images)
        images = np.load(self.images, mmap_mode="r")
        own = [self.recipe.name, self.recipe.method.version, self.recipe.params]
        key = [*self.key, getattr(estimator, "features_id", own)]
        note = array_path("features", key).with_suffix(".seconds")
        path = cached_array("features", key, _timed(estimator, images, note), len(images))
        return Outcome("ok", features=path, seconds={"extract": float(note.read_text())})


def _timed(estimator: Any, images: NDArray[np.uint8], note: Path) -> Iterator[NDArray[Any]]:
    """Features chunk by chunk; what they took in all is kept beside them."""
    spent = 0.0
    for chunk in in_chunks(images, CHUNK):
        start = time.perf_counter()
        features = np.asarray(estimator.extract(chunk))
        if len(features) != len(chunk):
            raise ValueError(f"extract returned {len(features)} rows for {len(chunk)} images")
        spent += time.perf_counter() - start
        yield features
    note.write_text(f"{spent:.4f}")


@dataclass(frozen=True)
class CellTask:
    """Train on a fold's training images and predict its test images.

    Attributes
    ----------
    recipe : Recipe
        The method.
    inputs : Path
        Images or features of the whole data set, `.npy`.
    fold : Fold
        Which of them train, validate and test.
    y_train, y_val : int64 arrays
        Labels of the training and the validation images.
    n_classes : int
        Number of classes of the data set.
    seed : int
        Seed of the cell.
    checkpoint : Path or None
        Where a long training may keep its state.
    weights : pair of Path and dict, or None
        Where the trained network is to be kept, and what `save_weights` shall note about it.
    """

    recipe: Recipe
    inputs: Path
    fold: Fold
    y_train: NDArray[np.int64]
    y_val: NDArray[np.int64]
    n_classes: int
    seed: int
    checkpoint: Path | None = None
    weights: tuple[Path, dict[str, Any]] | None = None

    def run(self) -> Outcome:
        """The predictions, or what went wrong."""
        return _guarded(self._train_and_predict)

    def _train_and_predict(self) -> Outcome:
        inputs = np.load(self.inputs, mmap_mode="r")
        estimator = self.recipe.build(self.seed, self.checkpoint)
        start = time.perf_counter()
        self._fit(estimator, inputs)
        fitted = time.perf_counter()
        if self.weights is not None:
            estimator.save_weights(*self.weights)
        images = inputs[self.fold.test]
        predictions = check_predictions(estimator.predict(images), len(images), self.n_classes)
        predicted = time.perf_counter()
        info = _info(estimator)
        before = float(info.get("seconds_before", 0.0))
        return Outcome(
            status="ok",
            predictions=predictions,
            probabilities=_probabilities(estimator, images, self.n_classes),
            seconds={"fit": round(fitted - start + before, 4), "predict": round(predicted - fitted, 4)},
            info=info,
        )

    @property
    def fold_task(self) -> FoldTask:
        """The same work, for `fit_predict_folds`."""
        fold = self.fold
        return FoldTask(fold.train, fold.validation, fold.test, self.y_train.copy(), self.y_val.copy(), self.seed)

    def _fit(self, estimator: Any, inputs: NDArray[Any]) -> None:
        given = {}
        if "X_val" in inspect.signature(estimator.fit).parameters:
            given = {"X_val": inputs[self.fold.validation], "y_val": self.y_val.copy()}
        estimator.fit(inputs[self.fold.train], self.y_train.copy(), **given)


@dataclass(frozen=True)
class PackTask:
    """Cells of one method in one go, by its `fit_predict_folds`."""

    cells: tuple[CellTask, ...]

    @property
    def weight(self) -> int:
        """How many time limits it may take."""
        return len(self.cells)

    def run(self) -> Outcome:
        """Outcome whose `parts` are those of the cells, in their order."""
        return _guarded(self._train_and_predict)

    def _train_and_predict(self) -> Outcome:
        first = self.cells[0]
        estimator = first.recipe.build(first.seed)
        if not hasattr(estimator, "fit_predict_folds"):
            return Outcome("ok", parts=tuple(cell.run() for cell in self.cells))
        folds = [cell.fold_task for cell in self.cells]
        found = estimator.fit_predict_folds(np.load(first.inputs, mmap_mode="r"), folds)
        if len(found) != len(folds):
            raise InvalidPredictionsError(f"fit_predict_folds returned {len(found)} outcomes for {len(folds)} folds")
        peak = _peak_memory_mb()
        parts = [replace(_of_fold(one, cell), peak_memory_mb=peak) for one, cell in zip(found, self.cells, strict=True)]
        return Outcome("ok", parts=tuple(parts))


def _of_fold(found: FoldOutcome, cell: CellTask) -> Outcome:
    """The outcome of one cell of a pack; what is wrong with one costs no other."""
    n_images = len(cell.fold.test)
    try:
        return Outcome(
            status="ok",
            predictions=check_predictions(found.predictions, n_images, cell.n_classes),
            probabilities=_whole(found.probabilities, found.classes, n_images, cell.n_classes),
            seconds={name: round(float(spent), 4) for name, spent in found.seconds.items()},
            info=_storable(found.info),
        )
    except InvalidPredictionsError as error:
        return Outcome("invalid", error=str(error))


def check_predictions(predictions: Any, n_images: int, n_classes: int) -> list[int]:
    """Predictions as a list of class indices.

    Raises
    ------
    InvalidPredictionsError
        If they are not one integer class index an image.
    """
    found = np.asarray(predictions)
    if found.shape != (n_images,):
        raise InvalidPredictionsError(f"predict returned shape {found.shape} for {n_images} images")
    if not np.issubdtype(found.dtype, np.integer):
        raise InvalidPredictionsError(f"predict returned {found.dtype}, not integer class indices")
    if n_images and not (found.min() >= 0 and found.max() < n_classes):
        raise InvalidPredictionsError(f"predict returned a class outside 0..{n_classes - 1}")
    return [int(label) for label in found]


def _probabilities(estimator: Any, images: NDArray[Any], n_classes: int) -> list[list[float]] | None:
    """A column for every class of the data set, zero for classes the method has not seen."""
    if not hasattr(estimator, "predict_proba"):
        return None
    classes = getattr(estimator, "classes_", np.arange(n_classes))
    return _whole(estimator.predict_proba(images), classes, len(images), n_classes)


def _whole(probabilities: Any, classes: Any, n_images: int, n_classes: int) -> list[list[float]] | None:
    if probabilities is None:
        return None
    found, seen = np.asarray(probabilities, dtype=np.float64), np.asarray(classes)
    if found.shape != (n_images, len(seen)) or not np.isfinite(found).all():
        raise InvalidPredictionsError(f"the probabilities have shape {found.shape} or values that are not finite")
    whole = np.zeros((n_images, n_classes))
    whole[:, seen] = found
    return [[round(float(p), 4) for p in row] for row in whole]


def _info(estimator: Any) -> dict[str, Any]:
    """What the method says of its training."""
    return _storable(getattr(estimator, "fit_info_", {}))


def _storable(info: Mapping[str, Any]) -> dict[str, Any]:
    """Only what JSON can hold may be stored."""
    json.dumps(dict(info))
    return dict(info)


def _guarded(work: Callable[[], Outcome]) -> Outcome:
    """Run a piece of work; whatever a method raises becomes an outcome."""
    _reset_peak_memory()
    try:
        outcome = work()
    except InvalidPredictionsError as error:
        return Outcome("invalid", error=str(error))
    except Exception as error:
        return Outcome("failed", error=_sentence(error), traceback=traceback.format_exc())
    return replace(outcome, peak_memory_mb=_peak_memory_mb())


def _sentence(error: Exception) -> str:
    """The error in one line, with the place where it was raised."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}: {' '.join(str(error).split())} ({Path(last.filename).name}:{last.lineno})"


def _reset_peak_memory() -> None:
    """Linux counts the peak anew after this; elsewhere the worker's whole life is its peak."""
    clear = Path("/proc/self/clear_refs")
    if clear.exists():
        clear.write_text("5")


def _peak_memory_mb() -> float | None:
    status = Path("/proc/self/status")
    if not status.exists():
        return None
    kilobytes = next(line.split()[1] for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    return round(int(kilobytes) / 1024, 1)
