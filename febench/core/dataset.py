"""Data sets: their definition and registry."""

from __future__ import annotations

import contextlib
import hashlib
import json
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from febench.core.errors import DataError
from febench.core.registry import Component, Registry, origin_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

B = TypeVar("B", bound=Callable[..., Any])

Find = Callable[[Path], Path | None]

PARTS = ("train", "validation", "test")


@dataclass(frozen=True, eq=False)
class Dataset:
    """Images with labels, and what is known of each image.

    Attributes
    ----------
    name : str
        The selector it was loaded by; `load_dataset` sees to it.
    images : uint8 array, shape (n, height, width) or (n, height, width, 3)
        May be a read-only memory map.
    labels : int64 array, shape (n,)
        Indices into `classes`.
    classes : tuple of str
        Class names.
    ids : tuple of str, length n
        A stable name of each image.
    subjects : tuple of str, length n, or None
        The person of each image, where known.
    sequences : tuple of str, length n, or None
        The recording of which each image is a frame, where known.
    parts : tuple of str, length n, or None
        The part of the set's own split each image is in: `train`, `validation` or `test`.
    synthetic : bool
        Whether the images were drawn by code; every table says so.
    notes : tuple of str
        What a user must know of the files they were read from, a sentence each: images missing, files left out.
    departures : mapping
        Those of the notes that tell of images which are missing, or too many, against the set as published or as its
        own lists have it; with the number of these images.
    detector : str
        Fingerprint of the detector by which faces were aligned; empty where they were not.

    Raises
    ------
    DataError
        If an array has another type or shape, lengths differ, or an id is there twice.
    """

    name: str
    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    classes: tuple[str, ...]
    ids: tuple[str, ...]
    subjects: tuple[str, ...] | None = None
    sequences: tuple[str, ...] | None = None
    parts: tuple[str, ...] | None = None
    synthetic: bool = False
    notes: tuple[str, ...] = ()
    departures: Mapping[str, int] = field(default_factory=dict)
    detector: str = ""

    def __post_init__(self) -> None:
        columns = [column for column in (self.subjects, self.sequences, self.parts) if column is not None]
        lengths = {len(column) for column in (self.ids, *columns)} | {len(self.images), len(self.labels)}
        unknown = sorted(set(self.parts or ()) - set(PARTS))
        problem = None
        if self.images.dtype != "uint8" or self.images.ndim not in (3, 4) or self.images.shape[3:] not in ((), (3,)):
            problem = f"images must be uint8 (n, height, width[, 3]), not {self.images.dtype} {self.images.shape}"
        elif self.labels.dtype.kind not in "iu" or self.labels.ndim != 1:
            problem = f"labels must be whole numbers (n,), not {self.labels.dtype} {self.labels.shape}"
        elif len(lengths) != 1:
            problem = f"images, labels, ids, subjects, sequences and parts differ in number: {sorted(lengths)}"
        elif len(set(self.ids)) != len(self.ids):
            problem = "image ids are not unique"
        elif len(self) and not (self.labels.min() >= 0 and self.labels.max() < len(self.classes)):
            problem = "a label is outside the class names"
        elif unknown:
            problem = f"parts must be among {', '.join(PARTS)}, not {', '.join(unknown)}"
        if problem:
            raise DataError(f"data set {self.name}: {problem}")

    def __len__(self) -> int:
        return len(self.ids)

    def __repr__(self) -> str:
        return f"<Dataset {self.summary}>"

    @property
    def summary(self) -> str:
        """A line with its number of images, of images of each class, and of people where they are known."""
        people = f" of {len(set(self.subjects))} people" if self.subjects else ""
        return f"{self.name}: {len(self)} images{people}; {sizes_in_words(self.class_sizes)}"

    @property
    def class_sizes(self) -> dict[str, int]:
        """The number of images of each class."""
        return class_sizes(self.classes, self.labels)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of everything a result can depend on: pixels, labels, classes, ids, subjects and the set's split.

        Of aligned images, the detector is a part of it, for another may see the next images otherwise.
        """
        from febench.core.cache import in_chunks  # brings numpy, which `import febench` does without

        content = [list(self.images.shape), self.labels.tolist(), self.classes, self.ids, self.subjects, self.parts]
        content += [self.detector] if self.detector else []
        digest = hashlib.sha256(json.dumps(content).encode())
        for chunk in in_chunks(self.images):
            digest.update(chunk.tobytes())
        return digest.hexdigest()


@dataclass(frozen=True)
class Loader(Component):
    """A registered data set: `build(data_dir=..., **params)` returns a `Dataset`.

    Attributes
    ----------
    find : callable or None
        `find(data_dir)`: the folder that holds the set's files, recognised by their names alone, or None if it is not
        there. Sets without typical names of files, or without a folder, have no such function.
    """

    find: Find | None = None

    kind: ClassVar[str] = "data set"
    given_by_harness: ClassVar[frozenset[str]] = frozenset({"data_dir"})


DATASETS: Registry[Loader] = Registry(Loader, "febench.datasets")


def dataset(name: str, *, cite: str = "", find: Find | None = None) -> Callable[[B], B]:
    """Register a function that loads a `Dataset`; it may take `data_dir` (a path or None) and parameters of its own.

    Parameters
    ----------
    name : str
        What the data set is asked for by.
    cite : str
        The paper that describes it.
    find : callable or None
        `find(data_dir)`: the folder that holds the set's files, or None if it is not there; see `Loader`.

    Returns
    -------
    callable
        A decorator that registers its argument and returns it unchanged.

    Raises
    ------
    UsageError
        If the name is taken, or a parameter of the function has no default.
    """

    def register(build: B) -> B:
        DATASETS.add(Loader(name, build, cite, origin_of(build), find=find))
        return build

    return register


def class_sizes(classes: Sequence[str], labels: NDArray[np.int64]) -> dict[str, int]:
    """Return the number of images of each class."""
    counts = Counter(labels.tolist())
    return {name: counts[label] for label, name in enumerate(classes)}


def sizes_in_words(sizes: Mapping[str, int]) -> str:
    """The classes with their numbers of images, as people read them."""
    return ", ".join(f"{name} {count}" for name, count in sizes.items())


def load_dataset(selector: str, data_dir: Path | None = None) -> Dataset:
    """Load the data set that a selector names, such as `faces700`.

    Raises
    ------
    UsageError
        If there is no such data set.
    DataError
        If it is missing or unusable.
    """
    from febench.core.cache import telling  # brings numpy

    loader, params = DATASETS.select(selector)
    given = {"data_dir": data_dir} if loader.accepts("data_dir") else {}
    words: list[str] = []
    with telling(words.append), contextlib.redirect_stdout(sys.stderr):  # what a plugin prints is no result
        dataset: Dataset = loader.build(**params, **given)
    return replace(dataset, name=loader.label(params), notes=(*dataset.notes, *words))
