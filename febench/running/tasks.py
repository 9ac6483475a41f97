"""The tasks of workers: features of a data set, and cells from images to predictions. They get no test label."""

from __future__ import annotations

import inspect
import io
import json
import pickle
import time
from collections import ChainMap
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from importlib import import_module
from pathlib import Path
from types import CodeType
from typing import Any, ClassVar, TypeVar

import cloudpickle
import numpy as np
from numpy.typing import NDArray

from febench.core.cache import array_path, cached_array, in_chunks, seconds_of, telling
from febench.core.files import as_json
from febench.core.method import FoldOutcome, FoldTask, InvalidPredictionsError, Method, check_predictions
from febench.core.protocol import Fold
from febench.running.executors.base import Failure

IMAGES_PER_CHUNK = 256
BY_KEYWORD = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
PROBABILITY_SUM_TOLERANCE = 1e-3
"""By how much the sum of an image's probabilities may differ from 1, as in half precision."""
MAX_FIT_INFO_BYTES = 2**20
"""Largest `fit_info_` of a method, in bytes of JSON."""
PROBABILITY_TIE_TOLERANCE = 1e-6
"""Probabilities that differ by less count as equal."""

R = TypeVar("R")


@dataclass(frozen=True)
class PackedMethod:
    """A method, pickled for workers, which build its classifier.

    Attributes
    ----------
    name : str
        The method's name.
    pickled : bytes
        The `Method`, by reference where it can be imported, by value from plugin files and notebooks.
    params : dict
        Its complete parameters.
    given : dict
        What the harness passes to the builder beside them: `device`, `deterministic`, `pack`.
    """

    name: str
    pickled: bytes
    params: dict[str, Any]
    given: dict[str, Any] = field(default_factory=lambda: {"device": "cpu"})

    @classmethod
    def of(cls, method: Method, params: dict[str, Any], device: str, **given: Any) -> PackedMethod:
        """Pickle a method for workers."""
        return cls(method.name, dumps(method), params, {"device": device, **given})

    def load(self) -> None:
        """Import the packages that the method needs."""
        for package in self.method.needs:
            import_module(package)

    @property
    def method(self) -> Method:
        """The unpickled method."""
        method: Method = pickle.loads(self.pickled)
        return method

    @property
    def unfit(self) -> str | None:
        """A sentence that says why it cannot run on this machine; None if it can."""
        try:
            method = self.method
            return method.missing or (method.check(self.params, self.given["device"]) if method.check else None)
        except Exception as error:
            return f"method {self.name} cannot be loaded ({type(error).__name__}: {error})"

    def build(self, seed: int, checkpoint: Path | None = None) -> Any:
        """Return a new classifier."""
        return self.method.make(self.params, random_state=seed, checkpoint=checkpoint, **self.given)


@dataclass(frozen=True)
class Extracted:
    """Path and seconds of a data set's features; for a method without features the path of its images.

    The stored file was checked, so that cells can map it. `notes` name features that were computed again.
    """

    path: Path
    seconds: dict[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class CellResult:
    """The result of a cell; the fields are those of `febench.results.record.Record`."""

    predictions: list[int]
    probabilities: list[list[float]] | None = None
    contradictions: int = 0
    seconds: dict[str, float] = field(default_factory=dict)
    peak_memory_mb: float | None = None
    info: dict[str, Any] = field(default_factory=dict)
    environment: Mapping[str, Any] | None = None
    """The environment it was computed in, if that is not this machine's."""


@dataclass(frozen=True)
class ExtractTask:
    """Compute a method's features of every image of a data set, unless they are cached.

    The method's `extract` is called on chunks of images in order; it must treat each image alone. Rows of a method with
    equal `features_id`, anything JSON can hold, share features; those of several methods too, where it is a mapping
    whose `code` is a hash of the code that computes them.
    """

    method: PackedMethod
    images: Path
    key: tuple[str, ...]

    def load(self) -> None:
        """Import the packages that the method needs; this does not count as work."""
        self.method.load()

    def run(self) -> Extracted | Failure:
        """Return the features, or the images if the method has no `extract`."""
        return guarded(self._extract)

    def _extract(self) -> Extracted:
        estimator = self.method.build(seed=0)
        if not hasattr(estimator, "extract"):
            return Extracted(self.images)
        images = np.load(self.images, mmap_mode="r")
        notes: list[str] = []
        with telling(notes.append):
            path = cached_array("features", self._key_of(estimator), _features(estimator, images), len(images))
        return Extracted(path, {"extract": seconds_of(path)}, tuple(notes))

    def path_of(self, estimator: Any) -> Path:
        """Return the path that the features have once they are computed."""
        return array_path("features", self._key_of(estimator))

    def _key_of(self, estimator: Any) -> list[Any]:
        version = self.method.method.version
        shared = getattr(estimator, "features_id", None)
        if shared is None:
            return [*self.key, [self.method.name, version, self.method.params]]
        if _names_its_code(estimator, shared):
            return [*self.key, shared]
        return [*self.key, shared, version]  # an edited `extract` has another version, but perhaps the same id


def _names_its_code(estimator: Any, features_id: Any) -> bool:
    """Return whether a `features_id` has a hash of the code of `extract`, which a subclass has not overridden since."""
    if not isinstance(features_id, Mapping) or "code" not in features_id:
        return False
    classes = type(estimator).__mro__
    extract, own_id = (
        next((depth for depth, cls in enumerate(classes) if name in vars(cls)), -1)
        for name in ("extract", "features_id")
    )
    return extract >= own_id


def _features(estimator: Any, images: NDArray[np.uint8]) -> Iterator[NDArray[Any]]:
    """Yield features chunk by chunk."""
    for chunk in in_chunks(images, IMAGES_PER_CHUNK):
        features = np.asarray(estimator.extract(chunk))
        if len(features) != len(chunk):
            raise ValueError(f"extract returned {len(features)} rows for {len(chunk)} images")
        yield features


@dataclass(frozen=True)
class CellTask:
    """Train on a fold's training images and predict its test images.

    Attributes
    ----------
    method : PackedMethod
        The method.
    inputs : Path
        Images or features of the whole data set, `.npy`.
    fold : Fold
        Which of them train, validate and test.
    y_train, y_val : int64 arrays
        Labels of the training and the validation images.
    class_names : tuple of str
        Classes of the data set.
    seed : int
        Seed of the cell.
    groups : int64 array or None
        Numbers of the training images' groups, which the protocol keeps together.
    checkpoint : Path or None
        File in which a long training may keep its state.
    weights : pair of Path and dict, or None
        File for the trained network's weights, and what `save_weights` writes about them.
    """

    method: PackedMethod
    inputs: Path
    fold: Fold
    y_train: NDArray[np.int64]
    y_val: NDArray[np.int64]
    class_names: tuple[str, ...]
    seed: int
    groups: NDArray[np.int64] | None = None
    checkpoint: Path | None = None
    weights: tuple[Path, dict[str, Any]] | None = None

    def load(self) -> None:
        """Import the packages that the method needs; this does not count as work."""
        self.method.load()

    def run(self) -> CellResult | Failure:
        """Return the result of the cell, or why it failed."""
        return guarded(self._train_and_predict)

    def _train_and_predict(self) -> CellResult:
        estimator = self.method.build(self.seed, self.checkpoint)
        start = time.perf_counter()
        offered: dict[str, Callable[[], Any]] = {
            "X_val": lambda: self._inputs_of(self.fold.validation),
            "y_val": self.y_val.copy,
            "groups": lambda: None if self.groups is None else self.groups.copy(),
            "class_names": lambda: self.class_names,
        }
        parameters = inspect.signature(estimator.fit).parameters.values()
        accepted = {parameter.name for parameter in parameters if parameter.kind in BY_KEYWORD}
        arguments = {name: get() for name, get in offered.items() if name in accepted}
        estimator.fit(self._inputs_of(self.fold.train), self.y_train.copy(), **arguments)
        fitted = time.perf_counter()
        if self.weights is not None:
            estimator.save_weights(*self.weights)
        images = self._inputs_of(self.fold.test)
        n_classes = len(self.class_names)
        predictions = check_predictions(estimator.predict(images), len(images), n_classes)
        predicted = time.perf_counter()
        info = _storable(getattr(estimator, "fit_info_", {}))
        probabilities, contradictions = None, 0
        if hasattr(estimator, "predict_proba"):
            classes = getattr(estimator, "classes_", np.arange(n_classes))
            raw = estimator.predict_proba(images)
            probabilities, contradictions = _checked_probabilities(raw, classes, predictions, n_classes)
        before = float(info.get("seconds_before", 0.0))
        seconds = {"fit": round(fitted - start + before, 4), "predict": round(predicted - fitted, 4)}
        return CellResult(predictions, probabilities, contradictions, seconds, info=info)

    def _inputs_of(self, images: NDArray[np.int64]) -> NDArray[Any]:
        """Return a copy of some rows; the file, gigabytes for a large set, does not stay in memory."""
        rows: NDArray[Any] = np.load(self.inputs, mmap_mode="r")[images]
        return rows

    @property
    def files(self) -> tuple[Path, ...]:
        """The files that it reads."""
        return (self.inputs,)

    def with_files(self, here: Mapping[Path, Path]) -> CellTask:
        """Return the same task with the paths of another machine, without a checkpoint."""
        return replace(self, inputs=here[self.inputs], checkpoint=None)

    @property
    def on_gpu(self) -> bool:
        """Whether it runs on a GPU."""
        return bool(self.method.given["device"] == "cuda")

    @property
    def unfit(self) -> str | None:
        """A sentence that says why it cannot run on this machine, or None."""
        return self.method.unfit

    @property
    def fold_task(self) -> FoldTask:
        """The same fold as an argument of `fit_predict_folds`."""
        fold, groups = self.fold, None if self.groups is None else self.groups.copy()
        labels = (self.y_train.copy(), self.y_val.copy())
        return FoldTask(fold.train, fold.validation, fold.test, *labels, self.seed, groups, self.class_names)


@dataclass(frozen=True)
class PackTask:
    """Cells of one method that are computed together by its `fit_predict_folds`."""

    cells: tuple[CellTask, ...]

    @property
    def weight(self) -> int:
        """Number of time limits that it may take."""
        return len(self.cells)

    def load(self) -> None:
        """Import the packages that the method needs; this does not count as work."""
        self.cells[0].method.load()

    @property
    def files(self) -> tuple[Path, ...]:
        """The files that it reads."""
        return self.cells[0].files

    def with_files(self, here: Mapping[Path, Path]) -> PackTask:
        """Return the same task with the paths of another machine."""
        return PackTask(tuple(cell.with_files(here) for cell in self.cells))

    @property
    def on_gpu(self) -> bool:
        """Whether it runs on a GPU."""
        return self.cells[0].on_gpu

    @property
    def unfit(self) -> str | None:
        """A sentence that says why it cannot run on this machine, or None."""
        return self.cells[0].unfit

    def run(self) -> tuple[CellResult | Failure, ...] | Failure:
        """What came of each cell, in their order; a failure of all where they failed together."""
        return guarded(self._train_and_predict)

    def _train_and_predict(self) -> tuple[CellResult | Failure, ...]:
        first = self.cells[0]
        estimator = first.method.build(first.seed)
        if not hasattr(estimator, "fit_predict_folds"):
            return tuple(cell.run() for cell in self.cells)
        folds = [cell.fold_task for cell in self.cells]
        outcomes = estimator.fit_predict_folds(np.load(first.inputs, mmap_mode="r"), folds)
        if len(outcomes) != len(folds):
            raise InvalidPredictionsError(f"fit_predict_folds returned {len(outcomes)} outcomes for {len(folds)} folds")
        peak = _peak_memory_mb()
        return tuple(_of_fold(outcome, cell, peak) for outcome, cell in zip(outcomes, self.cells, strict=True))


def _of_fold(outcome: FoldOutcome, cell: CellTask, peak_memory_mb: float | None) -> CellResult | Failure:
    """What came of one cell of a pack; what is wrong with one costs no other."""
    given, n_classes = outcome.probabilities, len(cell.class_names)
    try:
        predictions = check_predictions(outcome.predictions, len(cell.fold.test), n_classes)
        probabilities, contradictions = None, 0
        if given is not None:
            probabilities, contradictions = _checked_probabilities(given, outcome.classes, predictions, n_classes)
        return CellResult(
            predictions=predictions,
            probabilities=probabilities,
            contradictions=contradictions,
            seconds={name: round(float(spent), 4) for name, spent in outcome.seconds.items()},
            peak_memory_mb=peak_memory_mb,
            info=_storable(outcome.info),
        )
    except InvalidPredictionsError as error:
        return Failure("invalid", str(error))


def _checked_probabilities(
    probabilities: Any, classes: Any, predictions: list[int], n_classes: int
) -> tuple[list[list[float]], int]:
    """Return probabilities as they are stored, and how many predictions are not the most probable class.

    Every class of the data set has a column, zero if the method has not seen it. Four significant digits are kept: a
    small probability must not become 0, whose logarithm is infinite. Scikit-learn's SVC contradicts itself.
    """
    raw, seen, n_images = np.asarray(probabilities, dtype=np.float64), np.asarray(classes), len(predictions)
    if raw.shape != (n_images, len(seen)) or not np.isfinite(raw).all():
        raise InvalidPredictionsError(f"the probabilities have shape {raw.shape} or values that are not finite")
    if (raw < 0).any():
        raise InvalidPredictionsError(f"predict_proba returned a negative probability, {raw.min():.4g}")
    sums = raw.sum(axis=1)
    if (abs(sums - 1) > PROBABILITY_SUM_TOLERANCE).any():
        worst = sums[abs(sums - 1).argmax()]
        raise InvalidPredictionsError(
            f"predict_proba returned probabilities of an image whose sum is {worst:.4g}, not 1"
        )
    whole = np.zeros((n_images, n_classes))
    whole[:, seen] = raw
    own = whole[np.arange(n_images), predictions]
    contradictions = int((own < whole.max(axis=1, initial=0.0) - PROBABILITY_TIE_TOLERANCE).sum())
    return [[float(f"{p:.4g}") for p in row] for row in whole], contradictions


def _storable(info: Mapping[str, Any]) -> dict[str, Any]:
    """Return the `fit_info_` of a method as it is stored: only what JSON can hold, up to `MAX_FIT_INFO_BYTES`."""
    text = as_json(dict(info))
    if len(text) > MAX_FIT_INFO_BYTES:
        return {"left_out": f"fit_info_ of {len(text):,} bytes"}
    stored: dict[str, Any] = json.loads(text, parse_constant=lambda _: None)
    return stored


def guarded(work: Callable[[], R]) -> R | Failure:
    """Call `work` and return its result, with the peak memory of a cell; whatever it raises becomes a failure."""
    clear = Path("/proc/self/clear_refs")
    if clear.exists():  # Linux then counts the peak anew; elsewhere it is that of the whole process
        clear.write_text("5")
    try:
        result = work()
    except InvalidPredictionsError as error:
        return Failure("invalid", str(error))
    except BaseException as error:  # also sys.exit and Ctrl-C: a method that raises has no result
        return Failure.of(error)
    if isinstance(result, CellResult):
        return replace(result, peak_memory_mb=_peak_memory_mb())
    return result


def _peak_memory_mb() -> float | None:
    status = Path("/proc/self/status")
    if not status.exists():
        return None
    kilobytes = next(line.split()[1] for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    return round(int(kilobytes) / 1024, 1)


def dumps(thing: object) -> bytes:
    """Return a pickle as `cloudpickle.dumps` does, which keeps the file names of code.

    cloudpickle 3.1.3 and later leave them out, and the traceback of a plugin could not name its file.
    """
    file = io.BytesIO()
    _Pickler(file).dump(thing)
    return file.getvalue()


def _code(code: CodeType) -> tuple[Callable[..., CodeType], tuple[Any, ...]]:
    make, parts, *_ = cloudpickle.Pickler.dispatch_table[CodeType](code)
    return _named, (make, parts, code.co_filename)


def _named(make: Callable[..., CodeType], parts: tuple[Any, ...], file: str) -> CodeType:
    return make(*parts).replace(co_filename=file)


class _Pickler(cloudpickle.Pickler):  # type: ignore[misc]
    dispatch_table: ClassVar = ChainMap({CodeType: _code}, cloudpickle.Pickler.dispatch_table)
