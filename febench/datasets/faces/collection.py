"""The collection: every person, emotion and shot, in order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from febench.datasets.faces.expression import CLASSES, sample_expression
from febench.datasets.faces.identity import sample_person
from febench.datasets.faces.render import photograph
from febench.datasets.faces.seeding import GRAIN, stream
from febench.datasets.faces.shot import sample_shot
from febench.datasets.faces.skin import skin_texture

SMALLEST = 32


@dataclass(frozen=True)
class FaceIndex:
    """What is known of each picture before it is drawn, ordered by subject, emotion and shot.

    Attributes
    ----------
    labels
        int64 array (n,), indices into `CLASSES`.
    subjects
        Who is in each picture, such as ``"p01"``.
    ids
        A name for each picture, such as ``"p01-happy-3"``.
    """

    labels: NDArray[np.int64]
    subjects: tuple[str, ...]
    ids: tuple[str, ...]


@dataclass(frozen=True)
class FaceSet(FaceIndex):
    """Drawn faces with their labels.

    Attributes
    ----------
    images
        uint8 array (n, size, size, 3), RGB.
    """

    images: NDArray[np.uint8]


def draw_faces(subjects: int = 20, shots: int = 5, size: int = 128, seed: int = 0) -> FaceSet:
    """Draw the built-in set of synthetic faces.

    Parameters
    ----------
    subjects
        Number of people; a larger number adds people and leaves the others as they are.
    shots
        Pictures of each person and emotion; a larger number adds pictures and leaves the others as they are.
    size
        Width and height in pixels, at least 32.
    seed
        Everything random follows from this number.

    Returns
    -------
    FaceSet
        ``7 * subjects * shots`` pictures, ordered by subject, emotion and shot.

    Raises
    ------
    ValueError
        If a number is too small.
    """
    index = index_faces(subjects, shots)
    images = np.stack(list(draw_pictures(subjects, shots, size, seed)))
    return FaceSet(index.labels, index.subjects, index.ids, images)


def index_faces(subjects: int, shots: int) -> FaceIndex:
    """Labels, people and names of the pictures, without drawing them; arguments as of `draw_faces`."""
    _check("subjects", subjects, 1)
    _check("shots", shots, 1)
    grid = np.indices((subjects, len(CLASSES), shots)).reshape(3, -1)
    names = tuple(f"p{person + 1:02d}" for person in grid[0])
    ids = tuple(f"{who}-{CLASSES[e]}-{shot + 1}" for who, e, shot in zip(names, grid[1], grid[2], strict=True))
    return FaceIndex(grid[1].astype(np.int64), names, ids)


def draw_pictures(subjects: int, shots: int, size: int, seed: int) -> Iterator[NDArray[np.uint8]]:
    """The pictures one by one, uint8 arrays (size, size, 3); arguments and errors as of `draw_faces`."""
    _check("size", size, SMALLEST)
    _check("seed", seed, 0)
    return _pictures(subjects, shots, size, seed)


def _pictures(subjects: int, shots: int, size: int, seed: int) -> Iterator[NDArray[np.uint8]]:
    for number in range(subjects):
        person = sample_person(seed, number)
        texture = skin_texture(person, seed, number)
        for emotion in range(len(CLASSES)):
            for shot in range(shots):
                key = (seed, number, emotion, shot)
                grain = stream(seed, GRAIN, *key[1:])
                yield photograph(person, texture, sample_expression(*key), sample_shot(*key), size, grain)


def _check(name: str, value: int, least: int) -> None:
    if value < least:
        raise ValueError(f"{name} must be at least {least}, not {value}.")
