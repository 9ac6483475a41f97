"""Face detectors, loaded by name.

To add one, put a file with a function `load() -> Detector` in this folder; the detector has the name of the file.
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
        x and y of the two eyes, the nose and the two corners of the mouth, from left to right in the image.
    """

    box: tuple[float, float, float, float]
    points: NDArray[np.float64]

    @property
    def area(self) -> float:
        """Area of the box in pixels."""
        left, top, right, bottom = self.box
        return (right - left) * (bottom - top)


class Detector(Protocol):
    """Detects faces; each thread needs its own detector.

    Attributes
    ----------
    fingerprint : str
        Hash of its files and version; a detector with another hash may find other faces.
    """

    fingerprint: str

    def __call__(self, image: NDArray[np.uint8]) -> list[Face]:
        """Return the faces in an RGB image."""


def load_detector(name: str) -> Detector:
    """Return the detector of that name.

    Raises
    ------
    UsageError
        If there is none, or its packages are not installed.
    """
    names = sorted(module.name for module in iter_modules([str(Path(__file__).parent)]))
    if name not in names:
        raise UsageError(f"there is no detector {name!r}; choose {' or '.join(names)}")
    detector: Detector = import_module(f"{__name__}.{name}").load()
    return detector
