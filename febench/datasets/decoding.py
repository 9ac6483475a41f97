"""Image files to one array of images: decoded once, cut to the faces in them if need be, kept by their content."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from itertools import chain
from pathlib import Path
from threading import Lock
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from febench.core.cache import cached_array
from febench.core.errors import DataError, printable
from febench.datasets.source import some

VERSION = 1
FORMATS = ("PNG", "JPEG", "TIFF", "GIF", "BMP", "WEBP", "PPM")
MAX_BYTES = 256 * 2**20
MAX_PIXELS = 64_000_000
CHUNK = 256
ORIENTATION = 0x0112
SHOWN = 3

CROP_VERSION = 1
CROPPED_SIZE = 128
LOOKED_AT = 256
SMALLEST_FACE = 40

Box = tuple[int, int, int, int]
T = TypeVar("T")
R = TypeVar("R")

_one_at_a_time = Lock()  # a cascade cannot be shared between threads; decoding can

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
        digests = files.each(lambda path: hashlib.sha256(_bytes(path)).hexdigest(), "reading files")
        files.digests.extend(digest or "" for digest in digests)
        return files

    def each(self, work: Callable[[Path], R], text: str) -> Iterator[R | None]:
        """The result of some work for every file, in order; None where the file cannot be used.

        Raises
        ------
        DataError
            At the end, if some could not be used; the sentence names them.
        """
        problems: list[str] = []

        def guarded(path: Path) -> R | None:
            try:
                return work(path)
            except UnreadableError as error:
                problems.append(f"{path} {error}")
                return None

        yield from in_threads(guarded, self.paths, f"{self.name}: {text}")
        self._refuse(problems)

    def _refuse(self, problems: list[str]) -> None:
        """Tell all that is wrong with files as one error, if anything is."""
        if problems:
            more = f" and {len(problems) - SHOWN} more" if len(problems) > SHOWN else ""
            words = "; ".join(printable(one) for one in sorted(problems)[:SHOWN])
            text = f"{len(problems)} of {len(self.paths)} images cannot be used: {words}{more}"
            raise DataError(f"data set {self.name}: {text}")

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
        colours, shapes = zip(*[header or (False, (0, 0)) for header in self.each(_header, "looking")], strict=True)
        if not size:
            expected = shape or shapes[0]
            self._refuse(
                [
                    f"{path} is {width} x {height} pixels, not {expected[1]} x {expected[0]}; "
                    f"to bring all to one size: {self.name}[size=64]"
                    for path, (height, width) in zip(self.paths, shapes, strict=True)
                    if (height, width) != expected
                ]
            )
        box = dict(zip(self.paths, boxes.tolist(), strict=True)) if boxes is not None else {}

        def decode(path: Path) -> NDArray[np.uint8]:
            return to_array(open_image(path), any(colours), size, box.get(path))[np.newaxis]

        yield from (array for array in self.each(decode, "decoding") if array is not None)


def in_threads(work: Callable[[T], R], items: Sequence[T], text: str) -> Iterator[R]:
    """Results of a piece of work for every item, in order, a bounded number ahead of who takes them."""
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
        If its data are cut off or damaged, or are floating-point numbers.
    """
    with _telling_damage():
        upright = ImageOps.exif_transpose(image)
        if upright.mode == "F":
            raise UnreadableError("has floating-point pixels, of which nobody can say what is white")
        if upright.mode.startswith("I"):  # 16 bits a pixel; Pillow alone would cut off what is brighter than 8 bits
            upright = Image.fromarray((np.asarray(upright) >> 8).astype(np.uint8))
        whole = upright.convert("RGB" if colour else "L")
        part = whole.crop(box) if box else whole
        fitted = ImageOps.fit(part, (size, size), Image.Resampling.LANCZOS) if size else part
        return np.asarray(fitted)


def _header(path: Path) -> tuple[bool, tuple[int, int]]:
    """Whether a file is in colour, and its height and width when upright."""
    image = open_image(path)
    with _telling_damage():  # to know what a PNG says of itself, Pillow reads it to its end
        lying = image.getexif().get(ORIENTATION, 1) >= 5
    if image.mode in ("P", "PA"):
        palette = np.asarray(image.getpalette("RGB") or [0, 0, 0]).reshape(-1, 3)
        colour = bool((palette != palette[:, :1]).any())
    else:
        colour = image.mode not in ("1", "L", "LA", "I", "F") and not image.mode.startswith("I;16")
    return colour, (image.width, image.height) if lying else (image.height, image.width)


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


@contextlib.contextmanager
def _telling_damage() -> Iterator[None]:
    """Whatever Pillow raises while it decodes, as one kind of error."""
    try:
        yield
    except UnreadableError:
        raise
    except Exception as error:
        raise UnreadableError(f"is cut off or damaged ({error})") from error


def face_boxes(files: Files, ids: Sequence[str], margin: float) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """The part of each photograph to use, and a note that names those in which no face was found.

    Parameters
    ----------
    files : Files
        The photographs.
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
    search = (np.asarray([face or (0,) * 5], dtype=np.int64) for face in files.each(find_face, "looking for faces"))
    path = cached_array("found-faces", [CROP_VERSION, files.digests], search, len(ids))
    faces: list[list[int]] = np.load(path).tolist()
    boxes = []
    for width, height, left, top, side in faces:
        if side == 0:
            boxes.append((0, 0, width, height))
            continue
        wide = min(round(side * (1 + 2 * margin)), width, height)
        x = min(max(round(left + side / 2 - wide / 2), 0), width - wide)
        y = min(max(round(top + side / 2 - wide / 2), 0), height - wide)
        boxes.append((x, y, x + wide, y + wide))
    missed = [name for name, face in zip(ids, faces, strict=True) if face[4] == 0]
    note = f"no face was found in {len(missed)} of {len(ids)} images, which are used whole: {some(missed)}"
    return np.asarray(boxes, dtype=np.int64), (note,) if missed else ()


def find_face(path: Path) -> tuple[int, int, int, int, int]:
    """Width and height of an image; left, top and side of its largest face in pixels, side 0 if none is found.

    Faces are found by scikit-image's frontal-face cascade of local binary patterns.
    """
    image = Image.fromarray(to_array(open_image(path), colour=False))
    scale = max(image.size) / LOOKED_AT
    small = np.asarray(image.resize((max(1, round(image.width / scale)), max(1, round(image.height / scale)))))
    sides = {"min_size": (SMALLEST_FACE, SMALLEST_FACE), "max_size": (LOOKED_AT, LOOKED_AT)}
    with _one_at_a_time:
        faces: list[dict[str, int]] = _cascade().detect_multi_scale(small, scale_factor=1.2, step_ratio=1, **sides)
    if not faces:
        return *image.size, 0, 0, 0
    face = max(faces, key=lambda one: one["width"])
    return *image.size, round(face["c"] * scale), round(face["r"] * scale), round(face["width"] * scale)


@cache
def _cascade() -> Any:
    from skimage.data import lbp_frontal_face_cascade_filename
    from skimage.feature import Cascade

    return Cascade(lbp_frontal_face_cascade_filename())  # type: ignore[no-untyped-call]
