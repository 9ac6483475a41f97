"""Small image files in the layouts of real data sets."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

import numpy as np
from PIL import Image

from febench.core.dataset import Dataset

T = TypeVar("T")


def pixels(name: str, size: tuple[int, int], mode: str = "L") -> Image.Image:
    """A picture (width, height) that is the same whenever it has the same name, and another under any other."""
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    grey = Image.fromarray(rng.integers(0, 256, (size[1], size[0]), dtype=np.uint8))
    if mode == "P":
        grey.putpalette([value for value in range(256) for _ in range(3)])
        return grey
    return grey.convert(mode)


def picture(path: Path, size: tuple[int, int], mode: str = "L") -> Path:
    """Write such a picture; the folder is made where it is missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels(path.name, size, mode).save(path)
    return path


def text(path: Path, content: str | bytes) -> Path:
    """Write a file; the folder is made where it is missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def pictures(home: Path, *names: str) -> Path:
    """Write grey pictures of 16 x 16 pixels into a folder, which is returned."""
    for name in names:
        picture(home / name, (16, 16))
    return home


def by_id(dataset: Dataset, values: Iterable[T] | None) -> dict[str, T]:
    """What is known of each image of a data set."""
    return dict(zip(dataset.ids, values or (), strict=True))


def labels_of(dataset: Dataset) -> dict[str, str]:
    """The class name of each image of a data set."""
    return by_id(dataset, [dataset.classes[label] for label in dataset.labels])
