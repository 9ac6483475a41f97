"""Files of a data folder: list them, tell images from other files, describe an image before it is opened."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from febench.core.errors import DataError

SUFFIXES = {
    "PNG": ("png",),
    "JPEG": ("jpg", "jpeg", "jpe", "jfif"),
    "TIFF": ("tif", "tiff"),
    "GIF": ("gif",),
    "BMP": ("bmp", "dib"),
    "WEBP": ("webp",),
    "PPM": ("pgm", "ppm", "pbm", "pnm"),
    "AVIF": ("avif",),
    "JPEG2000": ("jp2", "j2k", "jpx"),
    "MPO": ("mpo",),
    "PCX": ("pcx",),
    "ICO": ("ico",),
}
"""For each format, by Pillow's name, the suffixes of its files. No format here can hold a program."""

READ = frozenset(f".{suffix}" for suffixes in SUFFIXES.values() for suffix in suffixes)
IMAGE = rf"\.(?:{'|'.join(suffix.lstrip('.') for suffix in sorted(READ, key=len, reverse=True))})"
"""Regular expression for the suffix of an image; images converted to another format make the same set."""

NO_IMAGES = frozenset(
    (
        ".csv", ".db", ".doc", ".docx", ".htm", ".html", ".ini", ".json", ".lnk", ".log", ".lst", ".m", ".mat", ".md",
        ".npy", ".npz", ".pdf", ".py", ".rtf", ".toml", ".tsv", ".txt", ".url", ".xls", ".xlsx", ".xml", ".yaml",
        ".yml", ".zip",
    )
)  # fmt: skip
"""Suffixes of files that are certainly not images."""

FIRST_BYTES = (
    b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"II*\0", b"MM\0*", b"GIF8", b"BM", b"P5", b"P6", b"\0\0\0\x0cjP",
)  # fmt: skip


Box = tuple[int, int, int, int]


class Stored(Protocol):
    """Where the bytes of an image file are: a `Path`, or a part of a larger file; `str` names it in messages."""

    def read_bytes(self) -> bytes:
        """Return the bytes."""


@dataclass(frozen=True, slots=True)
class Picture:
    """An image file and what is known about it before it is opened; most fields are those of `Dataset`.

    `box` is the part of the image to use: left, top, right and bottom; None is all of it.
    """

    path: Stored
    id: str
    label: str
    subject: str | None = None
    sequence: str | None = None
    part: str | None = None
    box: Box | None = None


def data_folder(name: str, data_dir: Path | None, expected: str) -> Path:
    """Return the folder that a user named, after checking that it exists.

    Raises
    ------
    DataError
        If no folder was named, or it does not exist; the message ends with `expected`.
    """
    if data_dir is None:
        raise DataError(f"data set {name}: no data folder is named ({expected})", option="data_dir")
    if not data_dir.is_dir():
        raise DataError(f"data set {name}: there is no folder {data_dir} ({expected})")
    return data_dir


def walk(folder: Path, *, follow: bool = False) -> Iterator[Path]:
    """Yield every file below a folder, sorted by name; skip hidden files and what archivers add.

    Parameters
    ----------
    folder : Path
        The folder.
    follow : bool
        Whether to accept links that lead out of the folder; by default they are refused.

    Raises
    ------
    DataError
        If a folder cannot be read, or a link leads out of the folder or to a folder.
    """
    pending = list_entries(folder)[::-1]
    while pending:
        entry = pending.pop()
        path = Path(entry.path)
        if entry.is_symlink() and not follow:
            try:
                target = path.resolve(strict=True)
            except (OSError, RuntimeError) as error:
                raise DataError(f"{path} is a link to nothing; remove it") from error
            if not target.is_relative_to(folder.resolve()):
                raise DataError(f"{path} is a link out of the data folder, to {target}; copy the file itself there")
            if target.is_dir():
                raise DataError(f"{path} is a link to a folder; put the folder itself there")
        if entry.is_dir(follow_symlinks=False):
            pending += list_entries(path)[::-1]
        elif entry.is_file():
            yield path


def list_entries(folder: Path) -> list[os.DirEntry[str]]:
    """Return the entries of a folder, sorted by name, without hidden ones and what archivers add.

    Raises
    ------
    DataError
        If the folder cannot be read.
    """
    try:
        with os.scandir(folder) as entries:
            visible = [entry for entry in entries if not entry.name.startswith((".", "__MACOSX"))]
    except OSError as error:
        raise DataError(f"the folder {folder} cannot be read: {error.strerror}") from error
    return sorted(visible, key=lambda entry: entry.name)


def portable(path: Path, root: Path) -> str:
    """Return a path relative to a folder, with `/`; bytes that are not UTF-8 are escaped."""
    return os.fsencode(path.relative_to(root).as_posix()).decode("utf-8", "backslashreplace")


def kind_of(path: Path) -> Literal["image", "unknown", "no image"]:
    """Return whether a file is an image that febench reads, maybe an image of another format (`.heic`), or no image."""
    suffix = path.suffix.lower()
    if suffix in READ:
        return "image"
    if suffix in NO_IMAGES:
        return "no image"
    try:
        with path.open("rb") as file:
            head = file.read(16)
    except OSError:
        return "unknown"
    if head.startswith(FIRST_BYTES) or head[8:12] == b"WEBP" or head[4:12] == b"ftypavif":
        return "image"
    return "unknown" if suffix or head[4:8] == b"ftyp" else "no image"


def count_suffixes(names: Iterable[str]) -> str:
    """Return the number of files of each suffix: `3 .heic, 1 without a suffix`."""
    kinds = Counter(Path(name).suffix.lower() for name in names)
    return ", ".join(f"{count} {suffix or 'without a suffix'}" for suffix, count in kinds.most_common())
