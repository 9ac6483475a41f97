"""From image files and what their names tell to a data set: the last step of every loader of files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np

from febench.core.dataset import Dataset
from febench.core.errors import DataError, UsageError
from febench.datasets.decoding import CROPPED_SIZE, Files, face_boxes
from febench.datasets.source import Picture

T = TypeVar("T")

ORDER = ("anger", "disgust", "fear", "happy", "neutral", "sadness", "surprise", "contempt")
"""The papers' names of seven expressions in their order, and contempt."""

_ALIASES = {
    "angry": "anger",
    "afraid": "fear",
    "fearful": "fear",
    "contemptuous": "contempt",
    "disgusted": "disgust",
    "happiness": "happy",
    "joy": "happy",
    "sad": "sadness",
    "surprised": "surprise",
}


def expression(word: str) -> str | None:
    """The papers' name of an expression (`sad`, `Sadness` and `SAD` are `sadness`), or None if it is no such word."""
    name = _ALIASES.get(word.casefold(), word.casefold())
    return name if name in ORDER else None


def in_order(names: Iterable[str]) -> tuple[str, ...]:
    """Class names, each once: the papers' in their order, then all others by the alphabet."""
    known = {name: place for place, name in enumerate(ORDER)}
    return tuple(sorted(set(names), key=lambda name: (known.get(name, len(ORDER)), name)))


def choose(name: str, parameter: str, value: str, choices: Mapping[str, T]) -> T:
    """What a word given for a parameter of a data set stands for.

    Raises
    ------
    UsageError
        If it is none of the choices.
    """
    if value not in choices:
        raise UsageError(f"data set {name}: {parameter} must be {' or '.join(choices)}, not {value!r}")
    return choices[value]


def make_dataset(
    name: str,
    pictures: Sequence[Picture],
    *,
    size: int = 0,
    crop: str = "none",
    margin: float = 0.2,
    published: Mapping[str, int] | None = None,
    shape: tuple[int, int] | None = None,
    notes: Sequence[str] = (),
) -> Dataset:
    """Decode pictures and put a data set together.

    Parameters
    ----------
    name : str
        The data set's name.
    pictures : sequence of Picture
        In the order they are to have.
    size : int
        Height and width in pixels; 0 leaves images as they are.
    crop : str
        `none`, or `face`: cut each image to the face found in it.
    margin : float
        What to leave round a face, as a share of its width.
    published : mapping, optional
        Images of each class in the set as published; a note tells of any other number. Its keys are the classes.
    shape : (height, width), optional
        What the published images have; others are refused unless a size or a crop is asked for.
    notes : sequence of str
        What else a user must know of the files.

    Raises
    ------
    DataError
        If there are no pictures, two have the same id, or some cannot be used.
    UsageError
        If the size is negative or huge, the crop unknown or the margin out of bounds.
    """
    if not 0 <= size <= 4096:
        raise UsageError(f"data set {name}: size must be between 1 and 4096 pixels, or 0 for as they are")
    if crop not in ("none", "face"):
        raise UsageError(f"data set {name}: there is no crop {crop!r}; choose none or face")
    if not 0.0 <= margin <= 2.0:
        raise UsageError(f"data set {name}: margin must be between 0 and 2 widths of the face, not {margin}")
    paths: dict[str, Path] = {}
    for picture in pictures:
        other = paths.setdefault(picture.id, picture.path)
        if other != picture.path:
            raise DataError(f"data set {name}: {picture.id} is there twice: {other} and {picture.path}; remove one")

    files = Files.read(name, [picture.path for picture in pictures])
    ids = tuple(picture.id for picture in pictures)
    labels = [picture.label for picture in pictures]
    classes = in_order(published or labels)
    missed: tuple[str, ...] = ()
    if crop == "face":
        boxes, missed = face_boxes(files, ids, margin)
        images = files.images(size or CROPPED_SIZE, boxes)
    else:
        images = files.images(size, shape=shape)
    return Dataset(
        name=name,
        images=images,
        labels=np.asarray([classes.index(label) for label in labels], dtype=np.int64),
        classes=classes,
        ids=ids,
        subjects=_if_all_known([picture.subject for picture in pictures]),
        sequences=_if_all_known([picture.sequence for picture in pictures]),
        parts=_if_all_known([picture.part for picture in pictures]),
        notes=(*count_note(labels, published or Counter(labels)), *notes, *missed),
    )


def _if_all_known(values: list[str | None]) -> tuple[str, ...] | None:
    known = tuple(value for value in values if value is not None)
    return known if len(known) == len(values) else None


def count_note(labels: Iterable[str], published: Mapping[str, int]) -> tuple[str, ...]:
    """A note if the classes do not have as many images as in the set as published."""
    counts = Counter(labels)
    other = [f"{name} {counts[name]} of {number}" for name, number in published.items() if counts[name] != number]
    if not other:
        return ()
    total = f"{counts.total()} images instead of {sum(published.values())}"
    return (f"not the set as published: {total} ({', '.join(other)}); its scores compare with nobody else's",)
