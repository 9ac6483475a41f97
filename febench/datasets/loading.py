"""Turn pictures into a data set: the last step of every loader of files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

import numpy as np

from febench.core.dataset import Dataset
from febench.core.errors import DataError, UsageError
from febench.datasets import alignment
from febench.datasets.alignment import EYES, MARGIN, Frame
from febench.datasets.decoding import ImageFiles
from febench.datasets.files import Picture, Stored
from febench.datasets.words import in_order

T = TypeVar("T")


def choose(name: str, parameter: str, value: str, choices: Mapping[str, T]) -> T:
    """Return what the value of a data set's parameter stands for.

    Raises
    ------
    UsageError
        If the value is none of the choices.
    """
    if value not in choices:
        raise UsageError(f"data set {name}: {parameter} must be {' or '.join(choices)}, not {value!r}")
    return choices[value]


def check_frames(name: str, frames: int) -> None:
    """Check that at least one frame of each film is used.

    Raises
    ------
    UsageError
        If frames is below 1.
    """
    if frames < 1:
        raise UsageError(f"data set {name}: frames must be at least 1, not {frames}")


def labelled_frames(film: Sequence[T], label: str, frames: int, neutral: bool) -> list[tuple[T, str]]:
    """Return the last frames of a film with its class, after its first frame as neutral if `neutral` is true.

    A film of at most `frames` frames gives no neutral one.
    """
    first = [(film[0], "neutral")] if neutral and len(film) > frames else []
    return [*first, *((frame, label) for frame in film[-frames:])]


def make_dataset(
    name: str,
    pictures: Sequence[Picture],
    *,
    size: int = 0,
    align: bool = False,
    eyes: float = EYES,
    margin: float = MARGIN,
    published: Mapping[str, int] | None = None,
    classes: Sequence[str] | None = None,
    shape: tuple[int, int] | None = None,
    absent: Mapping[str, int] | None = None,
    notes: Sequence[str] = (),
) -> Dataset:
    """Decode pictures and put a data set together.

    Parameters
    ----------
    name : str
        The data set's name.
    pictures : sequence of Picture
        In the order of the data set.
    size : int
        Height and width in pixels; 0 leaves images as they are, or, aligned, brings them to 128.
    align : bool
        Whether to turn, scale and cut each image so that the eyes lie level at fixed points.
    eyes, margin : float
        The distance between the eyes, and the margin above them, as shares of the image; see `Frame`.
    published : mapping, optional
        Number of images of each class in the set as published; a note says where it differs. Its keys are the classes.
    classes : sequence of str, optional
        The class names, if the numbers of their images are not published.
    shape : (height, width), optional
        Size of the published images; others are refused unless `size` or `align` is set.
    absent : mapping, optional
        Sentences on images that the set's own files list but that are absent, mapped to their number.
    notes : sequence of str
        Further notes on the files.

    Raises
    ------
    DataError
        If there are no pictures, two have the same id, or some cannot be used.
    UsageError
        If the size is negative or huge, or the eyes would lie outside the image.
    """
    frame = frame_of(name, size, align, eyes, margin)
    paths: dict[str, Stored] = {}
    for picture in pictures:
        other = paths.setdefault(picture.id, picture.path)
        if other != picture.path:
            raise DataError(f"data set {name}: {picture.id} is there twice: {other} and {picture.path}; remove one")

    if not pictures and absent:
        raise DataError(f"data set {name}: there are no images: {'; '.join(absent)}")
    files = ImageFiles.read(name, [picture.path for picture in pictures], [picture.box for picture in pictures])
    ids = tuple(picture.id for picture in pictures)
    labels = [picture.label for picture in pictures]
    names = tuple(classes) if classes is not None else in_order(published or labels)
    notes_on_faces: tuple[str, ...] = ()
    detector = ""
    if frame is None:
        images = files.images(size, shape)
    else:
        images, faces = alignment.align(files.each_image, files.key, ids, frame, files.in_colour)
        notes_on_faces, detector = faces.notes(ids), faces.detector
    departures = {**(absent or {}), **departure(labels, published or Counter(labels))}
    return Dataset(
        name=name,
        images=images,
        labels=np.asarray([names.index(label) for label in labels], dtype=np.int64),
        classes=names,
        ids=ids,
        subjects=_if_all_known([picture.subject for picture in pictures]),
        sequences=_if_all_known([picture.sequence for picture in pictures]),
        parts=_if_all_known([picture.part for picture in pictures]),
        notes=(*departures, *notes, *files.notes(ids), *notes_on_faces),
        departures=departures,
        detector=detector,
    )


def frame_of(name: str, size: int, align: bool, eyes: float, margin: float) -> Frame | None:
    """Return where the eyes shall lie in a data set's images; None if they are not aligned.

    Raises
    ------
    UsageError
        If the size is negative or huge, or the eyes would lie outside the image.
    """
    if not 0 <= size <= 4096:
        raise UsageError(f"data set {name}: size must be between 1 and 4096 pixels, or 0 to leave images as they are")
    try:
        return Frame(size or alignment.SIZE, eyes, margin) if align else None
    except UsageError as error:
        raise UsageError(f"data set {name}: {error}") from error


def departure(labels: Iterable[str], published: Mapping[str, int]) -> dict[str, int]:
    """Return a sentence on classes whose number of images differs from the published one, mapped to the difference."""
    counts = Counter(labels)
    different = {name: number for name, number in published.items() if counts[name] != number}
    if not different:
        return {}
    by_class = ", ".join(f"{name} {counts[name]} of {number}" for name, number in different.items())
    total = f"{counts.total()} images instead of {sum(published.values())}"
    text = f"not the set as published: {total} ({by_class}); its scores compare with nobody else's"
    return {text: sum(abs(counts[name] - number) for name, number in different.items())}


def _if_all_known(values: list[str | None]) -> tuple[str, ...] | None:
    known = tuple(value for value in values if value is not None)
    return known if len(known) == len(values) else None
