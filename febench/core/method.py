"""The method contract: a classifier over images that knows nothing of folds, files or other methods.

A method is a function that builds a scikit-learn style classifier, or the classifier's class. What it builds has

- `fit(X, y)`; of what follows it is given, by keyword, what its signature names (`**kwargs` names nothing):
  `X_val`, `y_val`, the validation fold; `groups`, an integer a training image, the same where the protocol keeps images
  together (the person under `subject`, `loso` and `official`), or None where it does not (`paper`) or people are not
  known: `GroupKFold` by them mirrors the outer folds; `class_names`, the data set's classes in order;
- `predict(X)`, and `predict_proba(X)` where it has one;
- optionally `extract(X)`, a pure function of each image alone: computed once a data set, `fit` and `predict` then
  get its result in place of the images. Rows of a method whose attribute `features_id` is equal share this result;
  those of several methods do where `features_id` is a mapping with the key `code`: a hash of the code of `extract`;
- optionally, after `fit`, `fit_info_`: a small dict that is stored with the results (iterations, device, ...);
- optionally `forecast(X, y, n)`: the seconds in which `fit` on n images and the predictions of a test fold will be
  done on this machine, from a second's trial on a sample `X` of the training images (or of what `extract` made of
  them) and their classes `y`. It is asked of a classifier made for the purpose, before a row's first cell; without
  it the time is unknown until one cell is in.

A builder is given what it takes of: `random_state`, the cell's seed; `device`, where to run; `deterministic`, whether
bits must repeat there; `checkpoint`, a file in which a long training may keep its state and from which it goes on if it
is there (it then says in `fit_info_` how many `seconds_before` it had spent); `pack`, how many trainings may share a
GPU, from 1 to `LARGEST_PACK`.

Methods that train many folds at once on a GPU have `fit_predict_folds(X, folds)`: images or features of the whole data
set and a list of `FoldTask`, giving a `FoldOutcome` for each. Its predictions are the same as fold by fold.

`X` is uint8, shape (n, height, width) grey or (n, height, width, 3) RGB; `y` holds integer class indices.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from febench.core.registry import Registry, Versioned, origin_of, plugin_folder

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

B = TypeVar("B", bound=Callable[..., Any])
Check = Callable[[Mapping[str, Any], str], str | None]
Precision = Callable[[], str]
Settle = Callable[[Mapping[str, Any]], dict[str, Any]]

LARGEST_PACK = 16
"""Trainings side by side on a GPU, at most: each has a stream of its own, and torch has 32, some of them for itself."""


@dataclass(frozen=True)
class Method(Versioned):
    """A registered method.

    Attributes
    ----------
    sets : tuple of str
        Names under which it is asked for together with others; `extended` keeps it out of `all`, and `named` is of
        methods that run only when asked for by name.
    presets : mapping
        For a preset's name, the parameters it changes; a preset not named here changes nothing.
    check : callable or None
        `check(params, device)`: why the method cannot run with these parameters on `auto`, `cpu` or `cuda`, as a
        sentence, or None if it can.
    settle : callable or None
        `settle(params)`: the parameters that results are stored under, where those that are given name something
        outside, such as a file: they must then name its content.
    precision : callable or None
        `precision()`: what it computes in on this processor by default, and why, in a few words, for
        `febench doctor`, which asks in a process of its own.
    """

    sets: tuple[str, ...] = ()
    presets: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    check: Check | None = None
    settle: Settle | None = None
    precision: Precision | None = None

    kind: ClassVar[str] = "method"
    given_by_harness: ClassVar[frozenset[str]] = frozenset(
        {"random_state", "device", "deterministic", "checkpoint", "pack"}
    )

    @property
    def in_all(self) -> bool:
        """Whether it belongs to the set `all`."""
        return not {"extended", "named"}.intersection(self.sets)

    def make(self, params: Mapping[str, Any], **given: Any) -> Any:
        """Build the classifier with these parameters; of what the harness gives, builders get what they take."""
        return self.build(**params, **{key: value for key, value in given.items() if self.accepts(key)})


@dataclass(frozen=True)
class FoldTask:
    """One fold for `fit_predict_folds`: which images train, validate and test, the labels it may know, and its seed.

    Attributes
    ----------
    train, validation, test : int64 arrays
        Indices into the images or features of the whole data set.
    y_train, y_val : int64 arrays
        Class indices of the training and the validation images.
    random_state : int
        The cell's seed.
    groups : int64 array or None
        Of the training images, as `fit` gets it.
    class_names : tuple of str
        The data set's classes, in order.
    """

    train: NDArray[np.int64]
    validation: NDArray[np.int64]
    test: NDArray[np.int64]
    y_train: NDArray[np.int64]
    y_val: NDArray[np.int64]
    random_state: int
    groups: NDArray[np.int64] | None = None
    class_names: tuple[str, ...] = ()


@dataclass(frozen=True)
class FoldOutcome:
    """The result of `fit_predict_folds` for a fold.

    Attributes
    ----------
    predictions : ndarray
        Class index of each test image.
    probabilities : ndarray or None
        Shape (n_test, len(classes)).
    classes : ndarray
        The class index of each column.
    seconds : mapping
        `fit` and `predict`: this fold's share of the time.
    info : mapping
        What `fit_info_` would hold.
    """

    predictions: NDArray[np.integer[Any]]
    probabilities: NDArray[np.floating[Any]] | None
    classes: NDArray[np.integer[Any]]
    seconds: Mapping[str, float]
    info: Mapping[str, Any] = field(default_factory=dict)


class InvalidPredictionsError(ValueError):
    """A method returned something that is not one class index an image."""


def check_predictions(predictions: Any, n_images: int, n_classes: int) -> list[int]:
    """Predictions as a list of class indices.

    Raises
    ------
    InvalidPredictionsError
        If they are not one integer class index an image.
    """
    import numpy as np

    given = np.asarray(predictions)
    if given.shape != (n_images,):
        raise InvalidPredictionsError(f"predict returned shape {given.shape} for {n_images} images")
    if not np.issubdtype(given.dtype, np.integer):
        raise InvalidPredictionsError(f"predict returned {given.dtype}, not integer class indices")
    if n_images and not (given.min() >= 0 and given.max() < n_classes):
        raise InvalidPredictionsError(f"predict returned a class outside 0..{n_classes - 1}")
    return [int(label) for label in given]


METHODS: Registry[Method] = Registry(Method, "febench.methods")


def method(
    name: str,
    *,
    cite: str = "",
    sets: Iterable[str] = (),
    version: str | None = None,
    files: Iterable[str] = (),
    presets: Mapping[str, Mapping[str, Any]] | None = None,
    needs: Iterable[str] = (),
    extra: str | None = None,
    check: Check | None = None,
    settle: Settle | None = None,
    precision: Precision | None = None,
) -> Callable[[B], B]:
    """Register a function that builds a classifier, or its class, as a method.

    Parameters
    ----------
    name : str
        What the method is asked for by.
    cite : str
        The paper it follows.
    sets, presets, needs, extra, check, settle, precision
        See `Method` and `Component`.
    version, files
        See `Versioned`. A method that reads files beside it names them in `files`, so that it is computed anew when
        one of them changes.

    Returns
    -------
    callable
        A decorator that registers its argument and returns it unchanged.

    Raises
    ------
    UsageError
        If the name is taken, or a parameter of the builder has no default.
    """

    def register(build: B) -> B:
        METHODS.add(
            Method(
                name=name,
                build=build,
                cite=cite,
                origin=origin_of(build),
                needs=tuple(needs),
                extra=extra,
                version=version or "",
                folder=plugin_folder(),
                files=(files,) if isinstance(files, str) else tuple(files),
                sets=tuple(sets),
                presets=dict(presets or {}),
                check=check,
                settle=settle,
                precision=precision,
            )
        )
        return build

    return register
