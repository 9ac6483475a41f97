"""Read image files into one array, decoded once and cached by content. No other module decodes image files."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from febench.core.cache import cached_array
from febench.core.errors import DataError
from febench.datasets.files import SUFFIXES, Box, Stored
from febench.datasets.notes import first_few

VERSION = 2
MAX_FILE_BYTES = 256 * 2**20
MAX_PIXELS = 64_000_000
MAX_ITEMS_AHEAD = 256
ORIENTATION_TAG = 0x0112  # of EXIF; from 5 on, height and width are exchanged
BITS_PER_PIXEL = (8, 10, 12, 14, 16, 24, 32)  # as cameras and programs use them

T = TypeVar("T")
R = TypeVar("R")

# `open_image` refuses what Pillow warns about. Warning filters are global, so they cannot be set for each file.
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)
Image.init()
FORMATS = tuple(name for name in SUFFIXES if name in Image.OPEN)


class UnreadableError(Exception):
    """The file cannot be used as an image; the message continues a sentence that begins with its path."""


@dataclass(frozen=True)
class ImageFiles:
    """Image files of a data set, with their hashes and properties.

    Attributes
    ----------
    name : str
        The data set, for messages.
    paths : sequence of Stored
        Where the bytes of each file are.
    boxes : sequence of boxes
        The part of each image to use: left, top, right and bottom; None for the whole image.
    digests : list of str
        SHA-256 of each file's bytes.
    properties : int64 array, shape (n, 4)
        Of each file: whether it is in colour, height and width when upright, bits of its brightest pixel.
    """

    name: str
    paths: Sequence[Stored]
    boxes: Sequence[Box | None]
    digests: list[str] = field(default_factory=list)
    properties: NDArray[np.int64] = field(default_factory=lambda: np.empty((0, 4), np.int64))

    @classmethod
    def read(cls, name: str, paths: Sequence[Stored], boxes: Sequence[Box | None]) -> ImageFiles:
        """Hash the files and read their properties, from the cache where it has them.

        Raises
        ------
        DataError
            If there are no files, or some cannot be used; the message names them.
        """
        if not paths:
            raise DataError(f"data set {name}: there are no images")
        files = cls(name, paths, boxes)
        digests = list(files.each(lambda i: hashlib.sha256(_bytes(paths[i])).hexdigest(), "reading files"))
        rows = files.each(lambda i: _properties(paths[i]), "reading headers")
        table = (np.asarray([row], np.int64) for row in rows)
        path = cached_array("looks", [VERSION, digests], table, len(paths))
        return cls(name, paths, boxes, digests, np.load(path))

    def each(self, work: Callable[[int], R], text: str) -> Iterator[R]:
        """Yield `work(i)` for the index of every file, in order; `text` describes the work.

        Raises
        ------
        DataError
            If a file cannot be used; the message names all such files.
        """
        try:
            yield from in_threads(work, range(len(self.paths)), f"{self.name}: {text}")
        except UnreadableError:
            raise self._unusable() from None

    def each_image(self, work: Callable[[int, Image.Image], R], text: str) -> Iterator[R]:
        """Yield `work(i, image)` for every file, in order.

        Raises
        ------
        DataError
            As `each`.
        """
        yield from self.each(lambda i: work(i, self.open(i)), text)

    def _unusable(self, shape: tuple[int, int] | None = None) -> DataError:
        """Return an error that names every unusable file and what is wrong with it."""

        def problem(path: Stored) -> str:
            try:
                _properties(path)
                height, width = to_array(upright(open_image(path)), colour=False).shape
            except UnreadableError as error:
                return f"{path} {error}"
            if shape is None or (height, width) == shape:
                return ""
            return (
                f"{path} is {width} x {height} pixels, not {shape[1]} x {shape[0]}; "
                f"to bring all to one size: {self.name}[size=64]"
            )

        problems = sorted(filter(None, in_threads(problem, self.paths, f"{self.name}: checking every file")))
        text = f"{len(problems)} of {len(self.paths)} images cannot be used: {first_few(problems, '; ', shown=3)}"
        return DataError(f"data set {self.name}: {text}")

    @property
    def key(self) -> object:
        """Everything that the decoded images depend on."""
        return [VERSION, self.digests, list(self.boxes) if any(self.boxes) else None]

    @property
    def in_colour(self) -> bool:
        """Whether any file is in colour; then all are read in RGB."""
        return bool(self.properties[:, 0].any())

    @property
    def depth(self) -> int:
        """Bits a pixel of the deepest file; all files share it, so that their brightness stays comparable."""
        return next(depth for depth in BITS_PER_PIXEL if depth >= self.properties[:, 3].max())

    def notes(self, ids: Sequence[str]) -> tuple[str, ...]:
        """Return notes on grey files among coloured ones and on unusual bits a pixel."""
        notes = []
        colour = self.properties[:, 0] > 0
        if 0 < colour.sum() < len(colour):
            minority, word = (colour, "in colour") if 2 * colour.sum() <= len(colour) else (~colour, "grey")
            names = first_few([name for name, in_minority in zip(ids, minority, strict=True) if in_minority])
            notes.append(f"{minority.sum()} of {len(colour)} images are {word}; all are read in RGB: {names}")
        deep = int((self.properties[:, 3] > 8).sum())
        if deep and self.depth != 16:
            white = f"{2**self.depth - 1} is white"
            notes.append(f"{deep} of {len(colour)} images have {self.depth} bits a pixel and are brought to 8: {white}")
        return tuple(notes)

    def images(self, size: int = 0, shape: tuple[int, int] | None = None) -> NDArray[np.uint8]:
        """Return the decoded files, from the cache where it has them.

        Parameters
        ----------
        size : int
            Height and width in pixels: the largest centred square of each image is resized. 0 keeps the images as
            they are; then all must have one size.
        shape : (height, width), optional
            The size that every image must have if `size` is 0; by default the size of the first.

        Returns
        -------
        uint8 memory map, shape (n, height, width), or (n, height, width, 3) if any file is in colour

        Raises
        ------
        DataError
            If files cannot be decoded, or differ in size while `size` is 0; the message names them.
        """
        expected = shape or (int(self.properties[0, 1]), int(self.properties[0, 2]))
        if not size and (self.properties[:, 1:3] != expected).any():
            raise self._unusable(expected)
        decoded = self.each_image(lambda _, image: to_array(image, self.in_colour, size)[np.newaxis], "decoding")
        path = cached_array("images", [self.key, size], decoded, len(self.paths))
        images: NDArray[np.uint8] = np.load(path, mmap_mode="r")
        return images

    def open(self, index: int) -> Image.Image:
        """Return one image upright, with 8 bits a pixel, cut to its box.

        Raises
        ------
        UnreadableError
            If the file cannot be used.
        """
        whole, box = upright(open_image(self.paths[index]), self.depth), self.boxes[index]
        return whole.crop(box) if box else whole


def in_threads(work: Callable[[T], R], items: Sequence[T], text: str) -> Iterator[R]:
    """Yield `work(item)` for every item, in order, computed by threads at most `MAX_ITEMS_AHEAD` items ahead."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        chunks = (items[start : start + MAX_ITEMS_AHEAD] for start in range(0, len(items), MAX_ITEMS_AHEAD))
        results = chain.from_iterable(pool.map(work, chunk) for chunk in chunks)
        yield from track(results, len(items), text)


def track(items: Iterable[T], total: int, text: str) -> Iterator[T]:
    """Yield the items, with a progress bar on stderr if that is a terminal."""
    console = Console(stderr=True)
    bars = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
    with bars:
        yield from bars.track(items, total=total, description=text)


def open_image(path: Stored) -> Image.Image:
    """Open an image file and check its format and size, without decoding it.

    Raises
    ------
    UnreadableError
        If it is not an image, or has more pixels than any face needs.
    """
    try:
        image = Image.open(io.BytesIO(_bytes(path)), formats=FORMATS)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise UnreadableError(f"claims too many pixels to be a picture of a face ({error})") from error
    except UnreadableError:
        raise
    except Exception as error:
        raise UnreadableError(f"is not an image that can be read ({', '.join(FORMATS)})") from error
    if image.width * image.height > MAX_PIXELS:
        raise UnreadableError(f"claims {image.width} x {image.height} pixels, more than a picture of a face needs")
    return image


def upright(image: Image.Image, depth: int = 16) -> Image.Image:
    """Decode an image and turn it upright; more than 8 bits a pixel, up to `depth`, are brought to 8.

    Raises
    ------
    UnreadableError
        If its data are truncated or damaged, or are floating-point numbers.
    """
    with _decoding_errors():
        whole = ImageOps.exif_transpose(image)
        if whole.mode == "F":
            raise UnreadableError("has floating-point pixels, so it is not known which value is white")
        if whole.mode.startswith("I"):  # Pillow alone would cut off what is brighter than 8 bits
            whole = Image.fromarray((np.asarray(whole) >> (depth - 8)).astype(np.uint8))
        whole.load()
        return whole


def to_array(image: Image.Image, colour: bool, size: int = 0) -> NDArray[np.uint8]:
    """Return an upright image with 8 bits a pixel as an array, in grey or RGB, resized to `size` unless that is 0.

    Raises
    ------
    UnreadableError
        If it cannot be decoded.
    """
    with _decoding_errors():
        whole = image.convert("RGB" if colour else "L")
        fitted = ImageOps.fit(whole, (size, size), Image.Resampling.LANCZOS) if size else whole
        return np.asarray(fitted)


def _properties(path: Stored) -> tuple[bool, int, int, int]:
    """Return whether a file is in colour, its height and width when upright, and the bits of its brightest pixel."""
    image = open_image(path)
    bits = 8
    with _decoding_errors():  # Pillow reads a PNG to its end to find its EXIF data
        turned = image.getexif().get(ORIENTATION_TAG, 1) >= 5
        if image.mode.startswith("I"):
            values = np.asarray(image)
            bits = max(8, int(values.max()).bit_length())
            if values.min() < 0:
                raise UnreadableError("has pixels below 0, so it is not known which value is black")
        elif ";16" in str(getattr(image, "tile", "")) and np.asarray(image.convert("RGB")).max() < 2**4:
            raise UnreadableError("has 16 bits a colour but uses fewer than 13: convert it to 8 bits a colour")
    if image.mode in ("P", "PA"):
        palette = np.asarray(image.getpalette("RGB") or [0, 0, 0]).reshape(-1, 3)
        colour = bool((palette != palette[:, :1]).any())
    else:
        colour = image.mode not in ("1", "L", "LA", "La", "I", "F") and not image.mode.startswith("I;16")
    height, width = (image.width, image.height) if turned else (image.height, image.width)
    return colour, height, width, bits


def _bytes(path: Stored) -> bytes:
    try:
        size = path.stat().st_size if isinstance(path, Path) else None
        if size is not None and size > MAX_FILE_BYTES:
            raise UnreadableError(f"has {size // 2**20} MB, too large for a picture of a face")
        content = path.read_bytes()
    except OSError as error:
        raise UnreadableError(f"cannot be read ({error.strerror})") from error
    if not content:
        raise UnreadableError("is empty")
    return content


@contextlib.contextmanager
def _decoding_errors() -> Iterator[None]:
    """Turn whatever Pillow raises while it decodes into `UnreadableError`."""
    try:
        yield
    except UnreadableError:
        raise
    except Exception as error:
        raise UnreadableError(f"is cut off or damaged ({error})") from error
