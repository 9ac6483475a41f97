"""From image files and what their names tell to a data set: the last step of every loader of files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from febench.core.dataset import Dataset
from febench.core.errors import DataError, UsageError
from febench.datasets.crop import CROPPED_SIZE, boxes_of_faces
from febench.datasets.decoding import Files
from febench.datasets.expressions import in_order

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Picture:
    """An image file and what is known of it before it is opened; the fields are those of `Dataset`, of one image."""

    path: Path
    id: str
    label: str
    subject: str | None = None
    sequence: str | None = None
    part: str | None = None


@dataclass(frozen=True)
class Wanted:
    """How the images of a data set are to be brought into one shape.

    Attributes
    ----------
    size : int
        Height and width in pixels; 0 leaves images as they are.
    crop : str
        `none`, or `face`: cut each image to the face found in it.
    margin : float
        What to leave round a face, as a share of its width.
    """

    size: int = 0
    crop: str = "none"
    margin: float = 0.2

    def check(self, name: str) -> None:
        """Refuse what cannot be.

        Raises
        ------
        UsageError
            If the size is negative or huge, or the crop unknown.
        """
        if not 0 <= self.size <= 4096:
            raise UsageError(f"data set {name}: size must be between 1 and 4096 pixels, or 0 for as they are")
        if self.crop not in ("none", "face"):
            raise UsageError(f"data set {name}: there is no crop {self.crop!r}; choose none or face")
        if not 0.0 <= self.margin <= 2.0:
            raise UsageError(f"data set {name}: margin must be between 0 and 2 widths of the face, not {self.margin}")


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
    wanted: Wanted,
    *,
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
    wanted : Wanted
        Size and crop.
    published : mapping, optional
        Images of each class in the set as published; a note tells of any other number. Its keys are the classes.
    shape : (height, width), optional
        What the published images have; others are refused unless a size or a crop is wanted.
    notes : sequence of str
        What else a user must know of the files.

    Raises
    ------
    DataError
        If there are no pictures, two have the same id, or some cannot be used.
    UsageError
        If what is wanted cannot be.
    """
    wanted.check(name)
    _check_once(name, pictures)
    files = Files.read(name, [picture.path for picture in pictures])
    labels = [picture.label for picture in pictures]
    classes = in_order(published or labels)
    images, words = _images(files, pictures, wanted, shape)
    return Dataset(
        name=name,
        images=images,
        labels=np.asarray([classes.index(label) for label in labels], dtype=np.int64),
        classes=classes,
        ids=tuple(picture.id for picture in pictures),
        subjects=_known(pictures, lambda picture: picture.subject),
        sequences=_known(pictures, lambda picture: picture.sequence),
        parts=_known(pictures, lambda picture: picture.part),
        notes=(*count_note(labels, published or Counter(labels)), *notes, *words),
    )


def _images(
    files: Files, pictures: Sequence[Picture], wanted: Wanted, shape: tuple[int, int] | None
) -> tuple[NDArray[np.uint8], tuple[str, ...]]:
    if wanted.crop == "none":
        return files.images(wanted.size, shape=shape), ()
    boxes, notes = boxes_of_faces(files, [picture.id for picture in pictures], wanted.margin)
    return files.images(wanted.size or CROPPED_SIZE, boxes), notes


def _check_once(name: str, pictures: Sequence[Picture]) -> None:
    paths: dict[str, Path] = {}
    for picture in pictures:
        other = paths.setdefault(picture.id, picture.path)
        if other != picture.path:
            raise DataError(f"data set {name}: {picture.id} is there twice: {other} and {picture.path}; remove one")


def _known(pictures: Sequence[Picture], what: Callable[[Picture], str | None]) -> tuple[str, ...] | None:
    values = [what(picture) for picture in pictures]
    return None if None in values else tuple(value for value in values if value is not None)


def count_note(labels: Iterable[str], published: Mapping[str, int]) -> tuple[str, ...]:
    """A note if the classes do not have as many images as in the set as published."""
    counts = Counter(labels)
    other = [f"{name} {counts[name]} of {wanted}" for name, wanted in published.items() if counts[name] != wanted]
    if not other:
        return ()
    total = f"{counts.total()} images instead of {sum(published.values())}"
    return (f"not the set as published: {total} ({', '.join(other)}); its scores compare with nobody else's",)
