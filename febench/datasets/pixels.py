"""Read tables whose rows are images with pixels written as numbers, such as FER2013's `emotion,pixels,Usage`."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from febench.core.cache import cached_array
from febench.core.dataset import Dataset
from febench.datasets import alignment
from febench.datasets.decoding import in_threads, to_array, track
from febench.datasets.loading import departure, frame_of
from febench.datasets.notes import first_few
from febench.datasets.source import Source
from febench.datasets.tables import read_table
from febench.datasets.words import in_order, meaning

R = TypeVar("R")

SIDE = 48
COLUMNS = {"emotion": ("emotion",), "pixels": ("pixels",), "Usage": ("usage",)}
PARTS = {"training": "train", "publictest": "validation", "privatetest": "test"}


@dataclass(frozen=True)
class PixelTable:
    """A table of images; its pixels stay on disk.

    Attributes
    ----------
    source : Source
        The data set.
    path : Path
        The file.
    labels, usages : list of str
        The class and the usage of each row, as written.
    """

    source: Source
    path: Path
    labels: list[str]
    usages: list[str]

    @classmethod
    def read(cls, source: Source, path: Path, codes: Mapping[str, str]) -> PixelTable:
        """Read everything but the pixels.

        Raises
        ------
        DataError
            If the file is not such a table, or a row has an unknown emotion or usage; the message names the line.
        """
        labels, usages, problems = [], [], []
        for line, row in read_table(path, COLUMNS, source.error):
            label = meaning(row["emotion"], codes)
            if label is None:
                problems.append(f"line {line}: {row['emotion']!r} is no emotion; known are {', '.join(codes)}")
            if row["Usage"].casefold() not in PARTS:
                problems.append(f"line {line}: {row['Usage']!r} is no part; known are {', '.join(PARTS)}")
            labels.append(label or "")
            usages.append(row["Usage"])
        if problems:
            raise source.error(f"{path} {first_few(problems, '; ')}")
        if not labels:
            raise source.error(f"{path} has no rows; its columns must be emotion, pixels and Usage")
        return cls(source, path, labels, usages)

    @property
    def parts(self) -> tuple[str, ...]:
        """Return the part of the official split that each row is in."""
        return tuple(PARTS[usage.casefold()] for usage in self.usages)

    @property
    def ids(self) -> tuple[str, ...]:
        """Return the ids of the rows: usage and index, from 0."""
        return tuple(f"{usage}_{row}" for row, usage in enumerate(self.usages))

    def images(self) -> NDArray[np.uint8]:
        """Return the pictures, a memory map of shape (n, 48, 48), decoded once.

        Raises
        ------
        DataError
            If a row does not hold 48 x 48 numbers from 0 to 255; the message names the line.
        """
        rows = track(
            read_table(self.path, COLUMNS, self.source.error), len(self.labels), f"{self.source.name}: decoding"
        )
        chunks = (self._picture(line, row["pixels"]) for line, row in rows)
        path = cached_array("images", ["pixels", self.digest], chunks, len(self.labels))
        images: NDArray[np.uint8] = np.load(path, mmap_mode="r")
        return images

    @cached_property
    def digest(self) -> str:
        """Return the SHA-256 of the file."""
        with self.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def by_pixels(self) -> dict[bytes, tuple[str, str]]:
        """Return, for each different picture, the id of its first row and the classes of all its rows."""
        return by_pixels(zip(self.ids, self.labels, self.images(), strict=True))

    def dataset(
        self,
        rows: Sequence[int],
        labels: Sequence[str],
        published: Mapping[str, int],
        notes: Sequence[str],
        *,
        size: int,
        align: bool,
        eyes: float,
        margin: float,
    ) -> Dataset:
        """Return rows, by their indices, as a data set; the other arguments are those of `make_dataset`."""
        name, classes, ids = self.source.name, in_order(published), self.ids
        frame = frame_of(name, size, align, eyes, margin)
        images, key = self.images(), [self.digest, size]
        if len(rows) < len(images):
            images, key = np.asarray(images)[rows], [self.digest, size, list(rows)]
        names = tuple(ids[row] for row in rows)
        notes_on_faces: tuple[str, ...] = ()
        detector = ""

        def each(work: Callable[[int, Image.Image], R], text: str) -> Iterator[R]:
            return in_threads(lambda i: work(i, Image.fromarray(images[i])), range(len(images)), f"{name}: {text}")

        if frame is not None:
            images, faces = alignment.align(each, key, names, frame, colour=False)
            notes_on_faces, detector = faces.notes(names), faces.detector
        elif size and size != SIDE:
            resized = each(lambda _, image: to_array(image, False, size)[np.newaxis], "resizing")
            images = np.load(cached_array("images", ["resized", key], resized, len(rows)), mmap_mode="r")
        departures = departure(labels, published)
        parts = self.parts
        return Dataset(
            name=name,
            images=images,
            labels=np.asarray([classes.index(label) for label in labels], dtype=np.int64),
            classes=classes,
            ids=names,
            parts=tuple(parts[row] for row in rows),
            notes=(*departures, *notes, *notes_on_faces),
            departures=departures,
            detector=detector,
        )

    def _picture(self, line: int, text: str) -> NDArray[np.uint8]:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                values = np.fromstring(text, dtype=np.int64, sep=" ")
        except (ValueError, DeprecationWarning):
            values = np.empty(0, dtype=np.int64)
        if values.size != SIDE * SIDE or values.min() < 0 or values.max() > 255:
            raise self.source.error(f"{self.path} line {line}: the pixels are not {SIDE * SIDE} numbers from 0 to 255")
        return values.astype(np.uint8).reshape(1, SIDE, SIDE)


def by_pixels(pictures: Iterator[tuple[str, str, NDArray[np.uint8]]]) -> dict[bytes, tuple[str, str]]:
    """Return, for each different picture, the name of the first one with its pixels and the classes of all of them.

    This compares sources that name their pictures differently; a picture may be there under two classes.
    """
    first: dict[bytes, str] = {}
    classes: dict[bytes, set[str]] = {}
    for name, label, pixels in pictures:
        digest = hashlib.blake2b(pixels.tobytes(), digest_size=16).digest()
        first.setdefault(digest, name)
        classes.setdefault(digest, set()).add(label)
    return {digest: (name, " and ".join(sorted(classes[digest]))) for digest, name in first.items()}


def same_pictures(
    read: Mapping[bytes, tuple[str, str]], other: Mapping[bytes, tuple[str, str]]
) -> tuple[dict[str, str], dict[str, str]]:
    """Return the classes of the pictures that two sources share, in each source, by the name in the first."""
    shared = [digest for digest in read if digest in other]
    return {read[d][0]: read[d][1] for d in shared}, {read[d][0]: other[d][1] for d in shared}
