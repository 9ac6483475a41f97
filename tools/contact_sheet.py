"""Write a labelled contact sheet of the built-in faces: a column for every emotion, a row for every person.

Use: ``python tools/contact_sheet.py docs/faces700.png [--people 5] [--first 6] [--size 128] [--zoom 1] [--seed 0]``
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from febench.datasets.faces import CLASSES, draw_faces

HEADING = 18


def contact_sheet(people: int, first: int, size: int, zoom: int, seed: int) -> Image.Image:
    """The sheet as a picture; one shot of every emotion."""
    faces = draw_faces(subjects=first + people - 1, shots=1, size=size, seed=seed)
    rows = faces.images.reshape(-1, len(CLASSES), size, size, 3)[first - 1 :]
    tiles = np.concatenate(np.concatenate(rows, axis=1), axis=1)
    pixels = Image.fromarray(tiles).resize((len(CLASSES) * size * zoom, people * size * zoom), Image.Resampling.BICUBIC)
    sheet = Image.new("RGB", (pixels.width, pixels.height + HEADING), "white")
    sheet.paste(pixels, (0, HEADING))
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default()
    for column, name in enumerate(CLASSES):
        pen.text(((column + 0.5) * size * zoom, 3), name, fill="black", font=font, anchor="ma")
    return sheet


def main() -> None:
    """Read the command line and write the sheet."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("path", type=Path)
    for name, value in (("people", 5), ("first", 6), ("size", 128), ("zoom", 1), ("seed", 0)):
        parser.add_argument(f"--{name}", type=int, default=value)
    options = vars(parser.parse_args())
    path = options.pop("path")
    path.parent.mkdir(parents=True, exist_ok=True)
    sheet = np.asarray(contact_sheet(**options))
    coarse = sheet // 8 * 8 + 4  # 32 levels a channel: half the bytes, and no difference to the eye
    Image.fromarray(coarse).save(path, optimize=True)


if __name__ == "__main__":
    main()
