"""Detectors of faces: what one is, and how one is found by its name.

Another is a file in this folder with a function `load() -> Detector`; its name is the file's.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from febench.core.errors import UsageError


@dataclass(frozen=True, eq=False)
class Face:
    """A face in an image, in pixels.

    Attributes
    ----------
    box : tuple of float
        Left, top, right, bottom.
    points : float array, shape (5, 2)
        x and y of the two eyes, the nose and the corners of the mouth: what lies to the left in the image first.
    """

    box: tuple[float, float, float, float]
    points: NDArray[np.float64]

    @property
    def area(self) -> float:
        """Pixels that its box covers."""
        left, top, right, bottom = self.box
        return (right - left) * (bottom - top)


class Detector(Protocol):
    """Finds faces; each thread has one of its own.

    Attributes
    ----------
    fingerprint : str
        Hash of the files that it is made of; another hash, other faces.
    """

    fingerprint: str

    def __call__(self, image: NDArray[np.uint8]) -> list[Face]:
        """The faces in an RGB image."""


def load_detector(name: str) -> Detector:
    """The detector of that name.

    Raises
    ------
    UsageError
        If there is none, or what it needs is not installed.
    """
    names = sorted(module.name for module in iter_modules([str(Path(__file__).parent)]))
    if name not in names:
        raise UsageError(f"there is no detector {name!r}; choose {' or '.join(names)}")
    detector: Detector = import_module(f"{__name__}.{name}").load()
    return detector
