"""Align faces by their eyes: turn, scale and cut each photograph so that the eyes lie level at fixed points.

A detector finds five points of each face; the eyes tell rotation and size. Without alignment, methods see the position
of a head before they see its expression.
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
DETECTION_PIXELS = (256, 640)
"""Longer side of the photograph for detection; the second value if the first finds no face."""
MIN_DETECTION_PIXELS = 128  # smaller photographs are enlarged to it
BORDER = 0.25  # added around each photograph for detection, as a share of its longer side
MIN_EYE_DISTANCE = 4  # pixels, at the size of detection

R = TypeVar("R")
Points = NDArray[np.float64]


@dataclass(frozen=True)
class Frame:
    """Where the eyes lie in an aligned image.

    Attributes
    ----------
    size : int
        Height and width of an image in pixels.
    eyes : float
        The distance between the eyes, as a share of the size.
    margin : float
        The margin above the eyes, as a share of the size.

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
        """Cut out the face with these eyes, shape (2, 2); outside the photograph its border is repeated."""
        (x, y), (right, low) = eyes
        turn = complex(right - x, low - y) / (
            self.eyes * self.size
        )  # photograph pixels per image pixel, as a rotation and scale
        corner = complex(x, y) - turn * complex(self.size * (1 - self.eyes) / 2, self.size * self.margin)
        shrink = max(1, int(abs(turn)))  # average first: the transform alone would skip pixels
        small = photograph.reduce(shrink) if shrink > 1 else photograph
        turn, corner = turn / shrink, corner / shrink
        ends = [corner + turn * complex(i, j) * self.size for i in (0, 1) for j in (0, 1)]
        beyond = [-end.real for end in ends] + [-end.imag for end in ends]
        beyond += [end.real - small.width for end in ends] + [end.imag - small.height for end in ends]
        border = int(max(0, *beyond)) + 2
        padding = ((border, border), (border, border), (0, 0))
        pixels = np.asarray(small)
        padded = Image.fromarray(np.pad(pixels, padding[: pixels.ndim], mode="edge"))
        corner += complex(border, border)
        matrix = (turn.real, -turn.imag, corner.real, turn.imag, turn.real, corner.imag)
        return padded.transform((self.size, self.size), Image.Transform.AFFINE, matrix, Image.Resampling.BICUBIC)


class Each(Protocol):
    """Apply a function to every image of a set, in threads, and yield the results in order."""

    def __call__(self, work: Callable[[int, Image.Image], R], text: str) -> Iterator[R]:
        """Yield `work(index, image)` for every image; `text` describes the work."""


@dataclass(frozen=True, eq=False)
class DetectedFaces:
    """The faces found in images.

    Attributes
    ----------
    counts : int64 array, shape (n,)
        Number of faces in each image.
    points : float array, shape (n, 5, 2)
        The points of the largest face in each image, as in `Face`; 0 if there is none.
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
        """Return notes on images in which no face or several faces were found."""
        notes = []
        none = [name for name, count in zip(ids, self.counts, strict=True) if count == 0]
        several = [name for name, count in zip(ids, self.counts, strict=True) if count > 1]
        if none:
            notes.append(
                f"no face was found in {len(none)} of {len(ids)} images, of which the centre is used: {first_few(none)}"
            )
        if several:
            several_faces = f"several faces were found in {len(several)} of {len(ids)} images, the largest is used"
            notes.append(f"{several_faces}: {first_few(several)}")
        return tuple(notes)


def find_faces(each: Each, key: object, n_images: int) -> DetectedFaces:
    """Detect the faces in images, or read them from the cache.

    Parameters
    ----------
    each : callable
        Applies a function to every image.
    key : JSON-able
        Identifies the images.
    n_images : int
        Number of images.

    Raises
    ------
    UsageError
        If the detector's packages are not installed.
    """
    thread = threading.local()  # a network cannot be shared between threads
    fingerprint = load_detector(DETECTOR).fingerprint

    def look(_: int, image: Image.Image) -> Points:
        if not hasattr(thread, "detector"):
            thread.detector = load_detector(DETECTOR)
        return _look(thread.detector, image)[np.newaxis]

    rows = each(look, "looking for faces")
    table = np.load(cached_array("faces-found", [VERSION, fingerprint, key], rows, n_images))
    return DetectedFaces(table[:, 0].astype(np.int64), table[:, 1:11].reshape(-1, 5, 2), table[:, 11:], fingerprint)


def _look(detector: Detector, image: Image.Image) -> Points:
    """Return the number of faces in an image, the points of the largest, and the width and height of the image."""
    rgb, longer = image.convert("RGB"), max(image.size)
    for side in sorted({min(max(longer, MIN_DETECTION_PIXELS), limit) for limit in DETECTION_PIXELS}):
        scale = side / longer
        size = max(1, round(rgb.width * scale)), max(1, round(rgb.height * scale))
        border = round(BORDER * side)
        pixels = np.asarray(rgb.resize(size, Image.Resampling.BICUBIC, reducing_gap=2.0))
        faces = detector(np.pad(pixels, ((border, border), (border, border), (0, 0)), mode="edge"))
        faces = [face for face in faces if face.points[1, 0] - face.points[0, 0] > MIN_EYE_DISTANCE]
        if faces:
            largest = max(faces, key=lambda face: face.area)
            return np.hstack([len(faces), ((largest.points - border) / scale).ravel(), image.size])
    return np.hstack([0, np.zeros(10), image.size])


def align(
    each: Each, key: object, ids: Sequence[str], frame: Frame, colour: bool
) -> tuple[NDArray[np.uint8], DetectedFaces]:
    """Return images aligned by the eyes, and the faces; where no face was found, the centre of the image is used.

    Parameters
    ----------
    each, key
        As in `find_faces`.
    ids : sequence of str
        The ids of the images.
    frame : Frame
        Where the eyes shall lie.
    colour : bool
        Whether to return RGB instead of grey images.
    """
    faces = find_faces(each, key, len(ids))

    def cut(index: int, image: Image.Image) -> NDArray[np.uint8]:
        if faces.counts[index]:
            image = frame.cut(image.convert("RGB" if colour else "L"), faces.points[index, :2])
        return to_array(image, colour, frame.size)[np.newaxis]

    cache_key = [VERSION, faces.detector, key, frame.size, frame.eyes, frame.margin, colour]
    path = cached_array("aligned", cache_key, each(cut, "aligning"), len(ids))
    images: NDArray[np.uint8] = np.load(path, mmap_mode="r")
    return images, faces
