"""Image files to one array of images: decoded once, kept by their content. The one place where images are read."""

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
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from febench.core.cache import cached_array
from febench.core.errors import DataError
from febench.datasets.kinds import SUFFIXES
from febench.datasets.source import some

VERSION = 2
MAX_BYTES = 256 * 2**20
MAX_PIXELS = 64_000_000
CHUNK = 256
ORIENTATION = 0x0112
DEPTHS = (8, 10, 12, 14, 16, 24, 32)  # bits a pixel that cameras and programs use

Box = tuple[int, int, int, int]
T = TypeVar("T")
R = TypeVar("R")

# Pillow would warn of what `open_image` refuses; filters are the process's own, so they cannot be set file by file.
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)
Image.init()
FORMATS = tuple(name for name in SUFFIXES if name in Image.OPEN)


class Stored(Protocol):
    """Where the bytes of an image file are: a `Path`, or a place in a larger file; `str` names it for messages."""

    def read_bytes(self) -> bytes:
        """The content."""


class UnreadableError(Exception):
    """Why a file cannot be used as an image, in the words that follow its path in a sentence."""


@dataclass(frozen=True)
class Files:
    """Image files, read, hashed and looked at.

    Attributes
    ----------
    name : str
        The data set, for messages.
    paths : sequence of Path, or of other places of files
        The files.
    boxes : sequence of boxes
        Left, top, right and bottom of the part of each to use; None for all of it.
    digests : list of str
        SHA-256 of each file's bytes.
    looks : int64 array, shape (n, 4)
        Of each file, whether it is in colour; height and width when upright; the bits its brightest pixel takes.
    """

    name: str
    paths: Sequence[Stored]
    boxes: Sequence[Box | None]
    digests: list[str] = field(default_factory=list)
    looks: NDArray[np.int64] = field(default_factory=lambda: np.empty((0, 4), np.int64))

    @classmethod
    def read(cls, name: str, paths: Sequence[Stored], boxes: Sequence[Box | None]) -> Files:
        """Hash the files, and look at those that are new.

        Raises
        ------
        DataError
            If there are none, or some cannot be used; the sentence names them.
        """
        if not paths:
            raise DataError(f"data set {name}: there are no images")
        files = cls(name, paths, boxes)
        digests = list(files.each(lambda i: hashlib.sha256(_bytes(paths[i])).hexdigest(), "reading files"))
        looks = (np.asarray([look], np.int64) for look in files.each(lambda i: _look(paths[i]), "looking"))
        path = cached_array("looks", [VERSION, digests], looks, len(paths))
        return cls(name, paths, boxes, digests, np.load(path))

    def each(self, work: Callable[[int], R], text: str) -> Iterator[R]:
        """The result of some work for the number of every file, in order.

        Raises
        ------
        DataError
            If one cannot be used; the sentence names all files that cannot.
        """
        try:
            yield from in_threads(work, range(len(self.paths)), f"{self.name}: {text}")
        except UnreadableError:
            raise self._unusable() from None

    def each_image(self, work: Callable[[int, Image.Image], R], text: str) -> Iterator[R]:
        """The result of some work for the number of every file and its image, in order.

        Raises
        ------
        DataError
            As of `each`.
        """
        yield from self.each(lambda i: work(i, self.open(i)), text)

    def _unusable(self, shape: tuple[int, int] | None = None) -> DataError:
        """An error that says of every file that cannot be used what is wrong with it."""

        def problem(path: Stored) -> str:
            try:
                _look(path)
                height, width = to_array(upright(open_image(path)), colour=False).shape
            except UnreadableError as error:
                return f"{path} {error}"
            if shape is None or (height, width) == shape:
                return ""
            return (
                f"{path} is {width} x {height} pixels, not {shape[1]} x {shape[0]}; "
                f"to bring all to one size: {self.name}[size=64]"
            )

        problems = sorted(filter(None, in_threads(problem, self.paths, f"{self.name}: looking what is wrong")))
        text = f"{len(problems)} of {len(self.paths)} images cannot be used: {some(problems, '; ', shown=3)}"
        return DataError(f"data set {self.name}: {text}")

    @property
    def key(self) -> object:
        """What the images depend on."""
        return [VERSION, self.digests, list(self.boxes) if any(self.boxes) else None]

    @property
    def in_colour(self) -> bool:
        """Whether any file is in colour: then all are read in RGB."""
        return bool(self.looks[:, 0].any())

    @property
    def depth(self) -> int:
        """Bits a pixel of the files that have more than 8; one for all, so that bright stays brighter than dark."""
        return next(depth for depth in DEPTHS if depth >= self.looks[:, 3].max())

    def notes(self, ids: Sequence[str]) -> tuple[str, ...]:
        """What a user must know of how the files are read: grey and colour mixed, and unusual bits a pixel."""
        notes = []
        colour = self.looks[:, 0] > 0
        if 0 < colour.sum() < len(colour):
            fewer, word = (colour, "in colour") if 2 * colour.sum() <= len(colour) else (~colour, "grey")
            names = some([name for name, one in zip(ids, fewer, strict=True) if one])
            notes.append(f"{fewer.sum()} of {len(colour)} images are {word}, so that all are read in RGB: {names}")
        deep = int((self.looks[:, 3] > 8).sum())
        if deep and self.depth != 16:
            white = f"{2**self.depth - 1} is white"
            notes.append(f"{deep} of {len(colour)} images have {self.depth} bits a pixel and are brought to 8: {white}")
        return tuple(notes)

    def images(self, size: int = 0, shape: tuple[int, int] | None = None) -> NDArray[np.uint8]:
        """Decode the files, unless the cache has them.

        Parameters
        ----------
        size : int
            Height and width in pixels: the largest centred square of each image, resized. 0 leaves images as they are,
            and then all must be of one size.
        shape : (height, width), optional
            What every image must have if no size is asked for; by default what the first has.

        Returns
        -------
        uint8 memory map, shape (n, height, width), or (n, height, width, 3) if any file is in colour

        Raises
        ------
        DataError
            If files cannot be decoded, or differ in size and none was asked for; the sentence names them.
        """
        expected = shape or (int(self.looks[0, 1]), int(self.looks[0, 2]))
        if not size and (self.looks[:, 1:3] != expected).any():
            raise self._unusable(expected)
        decoded = self.each_image(lambda _, image: to_array(image, self.in_colour, size)[np.newaxis], "decoding")
        path = cached_array("images", [self.key, size], decoded, len(self.paths))
        images: NDArray[np.uint8] = np.load(path, mmap_mode="r")
        return images

    def open(self, number: int) -> Image.Image:
        """One of the files upright, with 8 bits a pixel, cut to its box.

        Raises
        ------
        UnreadableError
            If it cannot be used.
        """
        whole, box = upright(open_image(self.paths[number]), self.depth), self.boxes[number]
        return whole.crop(box) if box else whole


def in_threads(work: Callable[[T], R], items: Sequence[T], text: str) -> Iterator[R]:
    """Results of `work` on every item, computed by threads: in order, at most `CHUNK` of them ahead of the caller."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        chunks = (items[start : start + CHUNK] for start in range(0, len(items), CHUNK))
        results = chain.from_iterable(pool.map(work, chunk) for chunk in chunks)
        yield from track(results, len(items), text)


def track(items: Iterable[T], total: int, text: str) -> Iterator[T]:
    """The items, with a bar on a terminal's stderr while they are taken."""
    console = Console(stderr=True)
    bars = Progress(
        TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(),
        console=console, transient=True, disable=not console.is_terminal,
    )  # fmt: skip
    with bars:
        yield from bars.track(items, total=total, description=text)


def open_image(path: Stored) -> Image.Image:
    """Open an image file and check what it claims to be, without decoding it.

    Raises
    ------
    UnreadableError
        If it is no image, or claims more pixels than any face needs.
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
        If its data are cut off or damaged, or are floating-point numbers.
    """
    with _telling_damage():
        whole = ImageOps.exif_transpose(image)
        if whole.mode == "F":
            raise UnreadableError("has floating-point pixels, of which nobody can say what is white")
        if whole.mode.startswith("I"):  # Pillow alone would cut off what is brighter than 8 bits
            whole = Image.fromarray((np.asarray(whole) >> (depth - 8)).astype(np.uint8))
        whole.load()
        return whole


def to_array(image: Image.Image, colour: bool, size: int = 0) -> NDArray[np.uint8]:
    """An upright image with 8 bits a pixel as an array: in grey or RGB, and of a size.

    Raises
    ------
    UnreadableError
        If it cannot be decoded.
    """
    with _telling_damage():
        whole = image.convert("RGB" if colour else "L")
        fitted = ImageOps.fit(whole, (size, size), Image.Resampling.LANCZOS) if size else whole
        return np.asarray(fitted)


def _look(path: Stored) -> tuple[bool, int, int, int]:
    """Whether a file is in colour, its height and width when upright, and the bits its brightest pixel takes."""
    image = open_image(path)
    bits = 8
    with _telling_damage():  # to know what a PNG says of itself, Pillow reads it to its end
        lying = image.getexif().get(ORIENTATION, 1) >= 5
        if image.mode.startswith("I"):
            values = np.asarray(image)
            bits = max(8, int(values.max()).bit_length())
            if values.min() < 0:
                raise UnreadableError("has pixels below 0, of which nobody can say what is black")
        elif ";16" in str(getattr(image, "tile", "")) and np.asarray(image.convert("RGB")).max() < 2**4:
            raise UnreadableError("has 16 bits a colour but uses less than 13 of them: convert it to 8 bits a colour")
    if image.mode in ("P", "PA"):
        palette = np.asarray(image.getpalette("RGB") or [0, 0, 0]).reshape(-1, 3)
        colour = bool((palette != palette[:, :1]).any())
    else:
        colour = image.mode not in ("1", "L", "LA", "La", "I", "F") and not image.mode.startswith("I;16")
    height, width = (image.width, image.height) if lying else (image.height, image.width)
    return colour, height, width, bits


def _bytes(path: Stored) -> bytes:
    try:
        size = path.stat().st_size if isinstance(path, Path) else None
        if size is not None and size > MAX_BYTES:
            raise UnreadableError(f"has {size // 2**20} MB, too much for a picture of a face")
        content = path.read_bytes()
    except OSError as error:
        raise UnreadableError(f"cannot be read ({error.strerror})") from error
    if not content:
        raise UnreadableError("is empty")
    return content


@contextlib.contextmanager
def _telling_damage() -> Iterator[None]:
    """Whatever Pillow raises while it decodes, as one kind of error."""
    try:
        yield
    except UnreadableError:
        raise
    except Exception as error:
        raise UnreadableError(f"is cut off or damaged ({error})") from error
