"""Which files are images that febench reads, told by the ends of their names and by their first bytes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

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
"""Formats by Pillow's names, with the ends of their files' names; none of them can hold a program."""

READ = frozenset(f".{suffix}" for suffixes in SUFFIXES.values() for suffix in suffixes)
IMAGE = rf"\.(?:{'|'.join(suffix.lstrip('.') for suffix in sorted(READ, key=len, reverse=True))})"
"""The end of an image's name, as a piece of a regular expression: converted images make the same set."""

NO_IMAGES = frozenset(
    (
        ".csv", ".db", ".doc", ".docx", ".htm", ".html", ".ini", ".json", ".lnk", ".log", ".lst", ".m", ".mat", ".md",
        ".npy", ".npz", ".pdf", ".py", ".rtf", ".toml", ".tsv", ".txt", ".url", ".xls", ".xlsx", ".xml", ".yaml",
        ".yml", ".zip",
    )
)  # fmt: skip
"""Ends of the names of files that are certainly no images."""

FIRST_BYTES = (
    b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"II*\0", b"MM\0*", b"GIF8", b"BM", b"P5", b"P6", b"\0\0\0\x0cjP",
)  # fmt: skip


def kind(path: Path) -> Literal["image", "unknown", "no image"]:
    """What a file is: an image that febench reads, perhaps an image of a kind it does not (`.heic`), or none."""
    suffix = path.suffix.lower()
    if suffix in READ:
        return "image"
    if suffix in NO_IMAGES:
        return "no image"
    try:
        with path.open("rb") as file:
            begins = file.read(16)
    except OSError:
        return "unknown"
    if begins.startswith(FIRST_BYTES) or begins[8:12] == b"WEBP" or begins[4:12] == b"ftypavif":
        return "image"
    return "unknown" if suffix or begins[4:8] == b"ftyp" else "no image"


def counted(names: Iterable[str]) -> str:
    """How many files of each kind there are: `3 .heic, 1 without an ending`."""
    kinds = Counter(Path(name).suffix.lower() for name in names)
    return ", ".join(f"{count} {suffix or 'without an ending'}" for suffix, count in kinds.most_common())
