"""Compact descriptions of images: a digest, a perceptual hash, the contrast, and a small version."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from febench.core.cache import in_chunks
from febench.core.provenance import grey

SIZE = 32
BLANK = 2
CHUNK_BYTES = 1 << 21
Pixels = NDArray[np.uint8]
Floats = NDArray[np.float32]
Hashes = NDArray[np.uint64]
_DIRECTION: Floats = np.random.default_rng(0).standard_normal(72).astype(np.float32)


@dataclass(frozen=True, eq=False)
class Likeness:
    """Compact descriptions of all images; every array but the small images has shape (n,).

    Attributes
    ----------
    digests : array of 16 bytes each
        Equal for equal pixels.
    hashes : uint64 array
        Difference hash: of the image in 8 rows of 9 grey cells, which cells are brighter than the one before.
    contrasts : float32 array
        Standard deviation of those cells, in grey levels.
    tones : float32 array
        The cells, without brightness and contrast, along a fixed direction: nearly equal for images nearly the same.
    spans : uint8 array
        The largest difference between two pixels in a channel.
    small : uint8 array, shape (n, 32, 32)
        The image in 32 x 32 grey cells.
    """

    digests: NDArray[np.bytes_]
    hashes: Hashes
    contrasts: Floats
    tones: Floats
    spans: Pixels
    small: Pixels

    @classmethod
    def of(cls, images: Pixels) -> Likeness:
        """Read all images once, piece by piece."""
        parts = [_of_chunk(chunk) for _, chunk in chunks(images)] or [_of_chunk(images[:0])]
        return cls(*(np.concatenate(column) for column in zip(*parts, strict=True)))

    @property
    def blank(self) -> NDArray[np.bool_]:
        """Whether there is hardly a grey level between any two pixels, shape (n,)."""
        return self.spans <= BLANK


def chunks(images: Pixels) -> Iterator[tuple[int, Pixels]]:
    """Images piece by piece, as many as fit two megabytes, with the number of the first."""
    rows = max(1, CHUNK_BYTES // max(1, prod(images.shape[1:])))
    for i, chunk in enumerate(in_chunks(images, rows)):
        yield i * rows, chunk


def _of_chunk(images: Pixels) -> tuple[NDArray[Any], ...]:
    """The columns of `Likeness` for some images."""
    in_grey = grey(images)
    cells, small = shrink(in_grey, 8, 9), shrink(in_grey, SIZE, SIZE)
    flat = cells.reshape(len(cells), 72)
    flat = flat - flat.mean(axis=1, keepdims=True)
    contrasts = flat.std(axis=1)
    tones = (flat * _DIRECTION).sum(axis=1) / np.maximum(contrasts, 1e-6)
    brighter = np.rint(cells[:, :, 1:] * 256) > np.rint(cells[:, :, :-1] * 256)
    hashes = np.packbits(brighter.reshape(len(cells), 64), axis=1).view(">u8")[:, 0].astype(np.uint64)
    digests = b"".join(hashlib.blake2b(image.tobytes(), digest_size=16).digest() for image in images)

    n, height, width, *channels = images.shape
    rows = images.reshape(n, height, width * prod(channels))
    highest, lowest = (end.reshape(n, width, prod(channels)) for end in (rows.max(axis=1), rows.min(axis=1)))
    spans = (highest.max(axis=1) - lowest.min(axis=1)).max(axis=1)
    return np.frombuffer(digests, dtype="S16"), hashes, contrasts, tones, spans, np.rint(small).astype(np.uint8)


def shrink(images: Pixels, height: int, width: int) -> Floats:
    """The mean of each cell when grey images are cut into height x width equal cells."""
    return _row_means(_row_means(images, height).swapaxes(1, 2), width).swapaxes(1, 2)


def _row_means(images: NDArray[Any], cells: int) -> Floats:
    """The mean row of each of some equal cells: from running sums, read between rows where a cell ends there.

    No matrix product: two threads of BLAS that wait for each other on a busy machine take a hundred times as long.
    """
    n, size, width = images.shape
    sums = np.zeros((n, size + 1, width), np.float32)
    np.cumsum(images, axis=1, dtype=np.float32, out=sums[:, 1:])
    edges = np.linspace(0, size, cells + 1)
    row = np.minimum(edges.astype(int), size - 1)
    beyond = (edges - row).astype(np.float32)[:, np.newaxis]
    at_edges = sums[:, row] * (1 - beyond) + sums[:, row + 1] * beyond
    means: Floats = np.diff(at_edges, axis=1) * np.float32(cells / size)
    return means
