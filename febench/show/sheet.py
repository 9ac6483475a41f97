"""A contact sheet: some images of each class as febench sees them, to look at before anything runs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from febench.core.dataset import Dataset
from febench.core.errors import UsageError
from febench.core.files import check_output, whole_file

FORMATS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG"}
SIDE, GAP, LINE = 96, 4, 16
PAPER, INK = 255, 0


def draw_sheet(dataset: Dataset, columns: int = 10) -> Image.Image:
    """A row a class, headed by its name and number of images, which are spread evenly over the class.

    Raises
    ------
    UsageError
        If there is not at least one column.
    """
    if columns < 1:
        raise UsageError(f"a sheet has at least 1 column, not {columns}")
    row = LINE + SIDE + GAP
    sheet = Image.new("RGB", (GAP + columns * (SIDE + GAP), GAP + len(dataset.classes) * row), (PAPER,) * 3)
    pen = ImageDraw.Draw(sheet)
    for label, name in enumerate(dataset.classes):
        members = np.flatnonzero(dataset.labels == label)
        top = GAP + label * row
        plain = name.encode("ascii", "backslashreplace").decode()
        pen.text((GAP, top), f"{plain}: {len(members)} images", fill=(INK,) * 3)
        chosen = (
            members[np.linspace(0, len(members) - 1, min(columns, len(members))).astype(int)] if len(members) else []
        )
        for column, image in enumerate(chosen):
            picture = Image.fromarray(np.asarray(dataset.images[image]))
            picture.thumbnail((SIDE, SIDE))
            sheet.paste(picture, (GAP + column * (SIDE + GAP), top + LINE))
    return sheet


def save_sheet(dataset: Dataset, path: Path, columns: int = 10) -> None:
    """Write a sheet to a file.

    Raises
    ------
    UsageError
        If the file cannot be written, or its ending is none of an image.
    """
    suffix = check_output(path, tuple(FORMATS), "a sheet")
    sheet = draw_sheet(dataset, columns)
    with whole_file(path) as file:
        sheet.save(file, FORMATS[suffix])
