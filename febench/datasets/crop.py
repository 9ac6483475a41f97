"""Faces in raw photographs: found by scikit-image's frontal-face cascade of local binary patterns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from febench.core.cache import cached_array
from febench.datasets.decoding import Box, Files, open_image, to_array
from febench.datasets.source import some

VERSION = 1
CROPPED_SIZE = 128
LOOKED_AT = 256
SMALLEST = 40

_one_at_a_time = Lock()  # a cascade cannot be shared between threads; decoding can


def boxes_of_faces(files: Files, ids: Sequence[str], margin: float) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """The part of each image to use, and a note that names the images in which no face was found.

    Parameters
    ----------
    files : Files
        The images.
    ids : sequence of str
        Their names, for the note.
    margin : float
        What to leave round a face, as a share of its width.

    Returns
    -------
    int64 array, shape (n, 4)
        Left, top, right, bottom: a square round the largest face, or the whole image where none was found.
    tuple of str
        The note, if there is one to make.
    """
    key = [VERSION, files.digests]
    faces: list[list[int]] = np.load(cached_array("found-faces", key, _search(files), len(ids))).tolist()
    boxes = np.asarray([_square(face, margin) for face in faces], dtype=np.int64)
    missed = [name for name, face in zip(ids, faces, strict=True) if face[4] == 0]
    if not missed:
        return boxes, ()
    return boxes, (f"no face was found in {len(missed)} of {len(ids)} images, which are used whole: {some(missed)}",)


def _search(files: Files) -> Iterator[NDArray[np.int64]]:
    for found in files.each(find_face, "looking for faces"):
        yield np.asarray([found or (0,) * 5], dtype=np.int64)


def find_face(path: Path) -> tuple[int, int, int, int, int]:
    """Width and height of an image; left, top and side of its largest face in pixels, side 0 if none is found."""
    image = Image.fromarray(to_array(open_image(path), colour=False))
    scale = max(image.size) / LOOKED_AT
    small = image.resize((max(1, round(image.width / scale)), max(1, round(image.height / scale))))
    faces = _detect(np.asarray(small))
    if not faces:
        return *image.size, 0, 0, 0
    face = max(faces, key=lambda one: one["width"])
    return *image.size, round(face["c"] * scale), round(face["r"] * scale), round(face["width"] * scale)


def _detect(image: NDArray[np.uint8]) -> list[dict[str, int]]:
    sides = {"min_size": (SMALLEST, SMALLEST), "max_size": (LOOKED_AT, LOOKED_AT)}
    with _one_at_a_time:
        found: list[dict[str, int]] = _cascade().detect_multi_scale(image, scale_factor=1.2, step_ratio=1, **sides)
    return found


@cache
def _cascade() -> Any:
    from skimage.data import lbp_frontal_face_cascade_filename
    from skimage.feature import Cascade

    return Cascade(lbp_frontal_face_cascade_filename())  # type: ignore[no-untyped-call]


def _square(found: list[int], margin: float) -> Box:
    """A square round a face, moved and shrunk to lie in the image; the whole image where there is no face."""
    width, height, left, top, side = found
    if side == 0:
        return 0, 0, width, height
    wide = min(round(side * (1 + 2 * margin)), width, height)
    x = _within(left + side / 2 - wide / 2, width - wide)
    y = _within(top + side / 2 - wide / 2, height - wide)
    return x, y, x + wide, y + wide


def _within(value: float, most: int) -> int:
    return min(max(round(value), 0), most)
