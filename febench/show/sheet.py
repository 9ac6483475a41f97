"""Draw a contact sheet: some images of each class, or of each person, as febench sees them before anything runs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from febench.core.dataset import Dataset
from febench.core.errors import UsageError
from febench.core.files import check_output, whole_file

FORMATS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG"}
GROUPINGS = ("class", "person")
IMAGE_PIXELS, GAP_PIXELS, LINE_PIXELS = 96, 8, 14
BACKGROUND, TEXT, CAPTION = (255, 255, 255), (0, 0, 0), (90, 90, 90)
MAX_ROWS = 200  # so that the sheet of a large set can still be opened


def draw_sheet(dataset: Dataset, columns: int = 10, by: str = "class") -> Image.Image:
    """Draw a row of images for each class or person, with the name of each image and its person or class below it.

    The images of a row are spread evenly over those of the class, or of the person in the order of classes.

    Raises
    ------
    UsageError
        If there is not at least one column, or the people of the data set are not known.
    """
    if columns < 1:
        raise UsageError(f"a sheet has at least 1 column, not {columns}")
    rows, captions = _rows_and_captions(dataset, by)
    shown = rows[:MAX_ROWS]
    cell, row_height = IMAGE_PIXELS + GAP_PIXELS, LINE_PIXELS + IMAGE_PIXELS + 2 * LINE_PIXELS + GAP_PIXELS
    footer = LINE_PIXELS if len(rows) > len(shown) else 0
    size = (GAP_PIXELS + columns * cell, GAP_PIXELS + len(shown) * row_height + footer)
    sheet = Image.new("RGB", size, BACKGROUND)
    pen = ImageDraw.Draw(sheet)
    for row, (name, members) in enumerate(shown):
        top = GAP_PIXELS + row * row_height
        pen.text((GAP_PIXELS, top), f"{_ascii(name)}: {len(members)} images", fill=TEXT)
        spread = np.linspace(0, len(members) - 1, min(columns, len(members))).astype(int)
        for column, image in enumerate(members[spread]):
            left = GAP_PIXELS + column * cell
            picture = Image.fromarray(np.asarray(dataset.images[image]))
            picture.thumbnail((IMAGE_PIXELS, IMAGE_PIXELS))
            sheet.paste(picture, (left, top + LINE_PIXELS))
            below = top + LINE_PIXELS + IMAGE_PIXELS
            for line, text in enumerate((dataset.ids[image].rsplit("/", 1)[-1], captions[image])):
                pen.text((left, below + line * LINE_PIXELS), _fitted(pen, text), fill=CAPTION)
    if footer:
        pen.text((GAP_PIXELS, size[1] - footer), f"and {len(rows) - len(shown)} more", fill=TEXT)
    return sheet


def _rows_and_captions(dataset: Dataset, by: str) -> tuple[list[tuple[str, NDArray[np.int64]]], Sequence[str]]:
    """Return name and images of each row, and the caption of each image of the data set."""
    if by not in GROUPINGS:
        raise UsageError(f"a sheet is by {' or '.join(GROUPINGS)}, not {by!r}")
    if by == "class":
        rows = [(name, np.flatnonzero(dataset.labels == label)) for label, name in enumerate(dataset.classes)]
        return rows, dataset.subjects or [""] * len(dataset)
    if dataset.subjects is None:
        raise UsageError(f"{dataset.name} does not say which images show the same person: there is no row for each")
    members: dict[str, list[int]] = {}
    for image, person in enumerate(dataset.subjects):
        members.setdefault(person, []).append(image)
    by_class = {name: sorted(images, key=lambda image: dataset.labels[image]) for name, images in members.items()}
    rows = [(name, np.asarray(by_class[name])) for name in sorted(by_class)]
    return rows, [dataset.classes[label] for label in dataset.labels]


def _ascii(text: str) -> str:
    """Return a text in the letters that Pillow's own font has."""
    return text.encode("ascii", "backslashreplace").decode()


def _fitted(pen: ImageDraw.ImageDraw, text: str) -> str:
    """Return a text, shortened at its beginning if it is wider than an image."""
    text = _ascii(text)
    if pen.textlength(text) <= IMAGE_PIXELS:
        return text
    return next(f"..{text[i:]}" for i in range(1, len(text) + 1) if pen.textlength(f"..{text[i:]}") <= IMAGE_PIXELS)


def save_sheet(dataset: Dataset, path: Path, columns: int = 10, by: str = "class") -> None:
    """Write a contact sheet to a file.

    Raises
    ------
    UsageError
        If the sheet cannot be drawn, the file cannot be written, or its suffix is not that of an image.
    """
    suffix = check_output(path, tuple(FORMATS), "a sheet")
    sheet = draw_sheet(dataset, columns, by)
    with whole_file(path) as file:
        sheet.save(file, FORMATS[suffix])
