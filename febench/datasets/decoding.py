"""Image files to one array of images: decoded once, kept in the cache by their content."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from febench.core.cache import cached_array
from febench.core.errors import DataError, printable
from febench.run.progress import track

VERSION = 1
FORMATS = ("PNG", "JPEG", "TIFF", "GIF", "BMP", "WEBP", "PPM")
MAX_BYTES = 256 * 2**20
MAX_PIXELS = 64_000_000
CHUNK = 256
ORIENTATION = 0x0112
SHOWN = 3

Box = tuple[int, int, int, int]
T = TypeVar("T")
R = TypeVar("R")


# Pillow would warn of what `open_image` refuses; filters are the process's own, so they cannot be set file by file.
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)


class UnreadableError(Exception):
    """Why a file cannot be used as an image, in the words that follow its path in a sentence."""


@dataclass(frozen=True)
class Files:
    """Image files, read and hashed.

    Attributes
    ----------
    name : str
        The data set, for messages.
    paths : sequence of Path
        The files.
    digests : list of str
        SHA-256 of each file's bytes.
    """

    name: str
    paths: Sequence[Path]
    digests: list[str]

    @classmethod
    def read(cls, name: str, paths: Sequence[Path]) -> Files:
        """Hash the files.

        Raises
        ------
        DataError
            If there are none, or some cannot be read; the sentence names them.
        """
        if not paths:
            raise DataError(f"data set {name}: there are no images")
        files = cls(name, paths, [])
        files.digests.extend(digest or "" for digest in files.each(_digest, "reading files"))
        return files

    def each(self, work: Callable[[Path], R], text: str) -> Iterator[R | None]:
        """The result of some work for every file, in order; None where the file cannot be used.

        Raises
        ------
        DataError
            At the end, if some could not be used; the sentence names them.
        """
        with _Problems(self.name, len(self.paths)) as problems:
            yield from in_threads(lambda path: problems.guard(path, work), self.paths, f"{self.name}: {text}")

    def images(
        self, size: int = 0, boxes: NDArray[np.int64] | None = None, shape: tuple[int, int] | None = None
    ) -> NDArray[np.uint8]:
        """Decode the files, unless the cache has them.

        Parameters
        ----------
        size : int
            Height and width in pixels: the largest centred square of each image, resized. 0 leaves images as they are,
            and then all must be of one size.
        boxes : array, shape (n, 4), optional
            Left, top, right and bottom of the part of each image to use.
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
        key = [VERSION, self.digests, size, None if boxes is None else boxes.tolist(), shape]
        path = cached_array("images", key, self._decoded(size, boxes, shape), len(self.paths))
        images: NDArray[np.uint8] = np.load(path, mmap_mode="r")
        return images

    def _decoded(
        self, size: int, boxes: NDArray[np.int64] | None, shape: tuple[int, int] | None
    ) -> Iterator[NDArray[np.uint8]]:
        colours, shapes = zip(*[look or (False, (0, 0)) for look in self.each(_look, "looking")], strict=True)
        if not size:
            self._check(shapes, shape or shapes[0])
        box = dict(zip(self.paths, boxes.tolist(), strict=True)) if boxes is not None else {}

        def decode(path: Path) -> NDArray[np.uint8]:
            return to_array(open_image(path), any(colours), size, box.get(path))[np.newaxis]

        yield from (array for array in self.each(decode, "decoding") if array is not None)

    def _check(self, shapes: Sequence[tuple[int, int]], wanted: tuple[int, int]) -> None:
        with _Problems(self.name, len(self.paths)) as problems:
            for path, (height, width) in zip(self.paths, shapes, strict=True):
                if (height, width) != wanted:
                    problems.add(path, f"is {width} x {height} pixels, not {wanted[1]} x {wanted[0]}; "
                                       f"to bring all to one size: {self.name}[size=64]")  # fmt: skip


def open_image(path: Path) -> Image.Image:
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


def to_array(image: Image.Image, colour: bool, size: int = 0, box: Box | None = None) -> NDArray[np.uint8]:
    """Decode an image: upright, in grey or RGB, cut to a box, and of a size.

    Raises
    ------
    UnreadableError
        If its data are cut off or damaged.
    """
    with _telling_damage():
        whole = _in_8_bits(ImageOps.exif_transpose(image)).convert("RGB" if colour else "L")
        part = whole.crop(box) if box else whole
        fitted = ImageOps.fit(part, (size, size), Image.Resampling.LANCZOS) if size else part
        return np.asarray(fitted)


@contextlib.contextmanager
def _telling_damage() -> Iterator[None]:
    """Whatever Pillow raises while it decodes, as one kind of error."""
    try:
        yield
    except UnreadableError:
        raise
    except Exception as error:
        raise UnreadableError(f"is cut off or damaged ({error})") from error


def in_threads(work: Callable[[T], R], items: Sequence[T], text: str) -> Iterator[R]:
    """Results of a piece of work for every item, in order, a bounded number ahead of who takes them."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        yield from track(_by_chunks(pool, work, items), len(items), text)


def _by_chunks(pool: ThreadPoolExecutor, work: Callable[[T], R], items: Sequence[T]) -> Iterator[R]:
    for start in range(0, len(items), CHUNK):
        yield from pool.map(work, items[start : start + CHUNK])


class _Problems:
    """Collects what is wrong with files, and tells it as one error at the end."""

    def __init__(self, name: str, total: int) -> None:
        self._name = name
        self._total = total
        self._found: list[str] = []

    def guard(self, path: Path, work: Callable[[Path], R]) -> R | None:
        """The result of the work, or None and a problem noted."""
        try:
            return work(path)
        except UnreadableError as error:
            self.add(path, str(error))
            return None

    def add(self, path: Path, problem: str) -> None:
        self._found.append(f"{path} {problem}")

    def __enter__(self) -> _Problems:
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if self._found and error is None:
            raise DataError(self._sentence())

    def _sentence(self) -> str:
        found = sorted(self._found)
        more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
        words = "; ".join(printable(one) for one in found[:SHOWN])
        return f"data set {self._name}: {len(found)} of {self._total} images cannot be used: {words}{more}"


def _bytes(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        if size == 0:
            raise UnreadableError("is empty")
        if size > MAX_BYTES:
            raise UnreadableError(f"has {size // 2**20} MB, too much for a picture of a face")
        return path.read_bytes()
    except OSError as error:
        raise UnreadableError(f"cannot be read ({error.strerror})") from error


def _digest(path: Path) -> str:
    return hashlib.sha256(_bytes(path)).hexdigest()


def _look(path: Path) -> tuple[bool, tuple[int, int]]:
    """Whether a file is in colour, and its height and width when upright."""
    image = open_image(path)
    with _telling_damage():  # to know what a PNG says of itself, Pillow reads it to its end
        lying = image.getexif().get(ORIENTATION, 1) >= 5
    return _is_colour(image), (image.width, image.height) if lying else (image.height, image.width)


def _is_colour(image: Image.Image) -> bool:
    if image.mode in ("P", "PA"):
        palette = np.asarray(image.getpalette("RGB") or [0, 0, 0]).reshape(-1, 3)
        return bool((palette != palette[:, :1]).any())
    return image.mode not in ("1", "L", "LA", "I", "F") and not image.mode.startswith("I;16")


def _in_8_bits(image: Image.Image) -> Image.Image:
    """The image itself, or one of 16 bits a pixel brought to 8; Pillow alone would cut off what is brighter."""
    if image.mode.startswith("I"):
        return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    if image.mode == "F":
        raise UnreadableError("has floating-point pixels, of which nobody can say what is white")
    return image
