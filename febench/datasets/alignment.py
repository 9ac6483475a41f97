"""Faces aligned by their eyes: each photograph turned, scaled and cut so that the eyes lie level at fixed points.

A detector finds five points of each face; its eyes say how the photograph is turned and how large the face is.
On whole photographs, and on boxes round faces, methods see where a head is before they see what it expresses.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from febench.core.cache import cached_array
from febench.core.errors import UsageError
from febench.datasets.decoding import to_array
from febench.datasets.detectors import Detector, load_detector
from febench.datasets.notes import first_few

VERSION = 1
DETECTOR = "mtcnn"
SIZE = 128
EYES = 0.4
MARGIN = 0.35
LOOKED_AT = (256, 640)
"""Pixels of a photograph's longer side when faces are looked for; the second, where none was found."""
TINY, SURROUND = 128, 0.25  # smaller photographs are enlarged to it; what is added round each, as a share of its side
NARROWEST = 4  # pixels between two eyes of a face, of those looked at

R = TypeVar("R")
Points = NDArray[np.float64]


@dataclass(frozen=True)
class Frame:
    """Where the eyes are to lie in an image.

    Attributes
    ----------
    size : int
        Height and width of an image in pixels.
    eyes : float
        The distance between the eyes, as a share of that.
    margin : float
        What lies above the eyes, as a share of that.

    Raises
    ------
    UsageError
        If the eyes would lie outside the image.
    """

    size: int = SIZE
    eyes: float = EYES
    margin: float = MARGIN

    def __post_init__(self) -> None:
        for name in ("eyes", "margin"):
            if not 0.05 <= getattr(self, name) <= 0.95:
                raise UsageError(f"{name} is a share of the image, from 0.05 to 0.95, not {getattr(self, name)}")

    def cut(self, photograph: Image.Image, eyes: Points) -> Image.Image:
        """The face whose eyes are given, shape (2, 2); what lies outside the photograph continues its border."""
        (x, y), (right, low) = eyes
        turn = complex(right - x, low - y) / (self.eyes * self.size)  # pixels of the photograph for one of the image
        corner = complex(x, y) - turn * complex(self.size * (1 - self.eyes) / 2, self.size * self.margin)
        shrink = max(1, int(abs(turn)))  # a mean of that many pixels first: the transform alone would skip some
        small = photograph.reduce(shrink) if shrink > 1 else photograph
        turn, corner = turn / shrink, corner / shrink
        ends = [corner + turn * complex(i, j) * self.size for i in (0, 1) for j in (0, 1)]
        beyond = [-end.real for end in ends] + [-end.imag for end in ends]
        beyond += [end.real - small.width for end in ends] + [end.imag - small.height for end in ends]
        wide = int(max(0, *beyond)) + 2
        padding = ((wide, wide), (wide, wide), (0, 0))
        pixels = np.asarray(small)
        padded = Image.fromarray(np.pad(pixels, padding[: pixels.ndim], mode="edge"))
        corner += complex(wide, wide)
        place = (turn.real, -turn.imag, corner.real, turn.imag, turn.real, corner.imag)
        return padded.transform((self.size, self.size), Image.Transform.AFFINE, place, Image.Resampling.BICUBIC)


class Each(Protocol):
    """Some work on every image of a set in threads: its results, in order."""

    def __call__(self, work: Callable[[int, Image.Image], R], text: str) -> Iterator[R]:
        """`work` gets the number of an image and the image; `text` says what it is."""


@dataclass(frozen=True, eq=False)
class Found:
    """The faces found in images.

    Attributes
    ----------
    counts : int64 array, shape (n,)
        How many are in each image.
    points : float array, shape (n, 5, 2)
        The points of the largest in each, as of `Face`; 0 where there is none.
    sides : float array, shape (n, 2)
        Width and height of each image.
    detector : str
        The detector's fingerprint.
    """

    counts: NDArray[np.int64]
    points: Points
    sides: Points
    detector: str

    def notes(self, ids: Sequence[str]) -> tuple[str, ...]:
        """The images in which no face was found, or several."""
        notes = []
        none = [name for name, count in zip(ids, self.counts, strict=True) if count == 0]
        several = [name for name, count in zip(ids, self.counts, strict=True) if count > 1]
        if none:
            notes.append(
                f"no face was found in {len(none)} of {len(ids)} images, which are used whole: {first_few(none)}"
            )
        if several:
            taken = f"several faces were found in {len(several)} of {len(ids)} images, the largest taken"
            notes.append(f"{taken}: {first_few(several)}")
        return tuple(notes)


def find_faces(each: Each, key: object, n_images: int) -> Found:
    """The faces in images, unless the cache has them.

    Parameters
    ----------
    each : callable
        Works on the images.
    key : JSON-able
        What the images are.
    n_images : int
        How many.

    Raises
    ------
    UsageError
        If what the detector needs is not installed.
    """
    own = threading.local()  # a network cannot be shared between threads
    fingerprint = load_detector(DETECTOR).fingerprint

    def look(_: int, image: Image.Image) -> Points:
        if not hasattr(own, "detector"):
            own.detector = load_detector(DETECTOR)
        return _look(own.detector, image)[np.newaxis]

    rows = each(look, "looking for faces")
    table = np.load(cached_array("faces-found", [VERSION, fingerprint, key], rows, n_images))
    return Found(table[:, 0].astype(np.int64), table[:, 1:11].reshape(-1, 5, 2), table[:, 11:], fingerprint)


def _look(detector: Detector, image: Image.Image) -> Points:
    """How many faces are in an image, the points of the largest, and the image's width and height."""
    rgb, longer = image.convert("RGB"), max(image.size)
    for side in sorted({min(max(longer, TINY), most) for most in LOOKED_AT}):
        scale = side / longer
        size = max(1, round(rgb.width * scale)), max(1, round(rgb.height * scale))
        wide = round(SURROUND * side)
        pixels = np.asarray(rgb.resize(size, Image.Resampling.BICUBIC, reducing_gap=2.0))
        faces = detector(np.pad(pixels, ((wide, wide), (wide, wide), (0, 0)), mode="edge"))
        faces = [face for face in faces if face.points[1, 0] - face.points[0, 0] > NARROWEST]
        if faces:
            largest = max(faces, key=lambda face: face.area)
            return np.hstack([len(faces), ((largest.points - wide) / scale).ravel(), image.size])
    return np.hstack([0, np.zeros(10), image.size])


def align(each: Each, key: object, ids: Sequence[str], frame: Frame, colour: bool) -> tuple[NDArray[np.uint8], Found]:
    """Images of faces aligned by their eyes; where no face was found, the middle of the image.

    Parameters
    ----------
    each, key
        As of `find_faces`.
    ids : sequence of str
        The images' names.
    frame : Frame
        Where the eyes are to lie.
    colour : bool
        Whether images are made in RGB, not in grey.
    """
    found = find_faces(each, key, len(ids))

    def cut(number: int, image: Image.Image) -> NDArray[np.uint8]:
        if found.counts[number]:
            image = frame.cut(image.convert("RGB" if colour else "L"), found.points[number, :2])
        return to_array(image, colour, frame.size)[np.newaxis]

    made = [VERSION, found.detector, key, frame.size, frame.eyes, frame.margin, colour]
    path = cached_array("aligned", made, each(cut, "aligning"), len(ids))
    images: NDArray[np.uint8] = np.load(path, mmap_mode="r")
    return images, found
