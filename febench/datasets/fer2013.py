"""FER2013: 35,887 grey faces of 48x48 pixels from the web, with an official split; the people are not known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from febench.core.dataset import Dataset, dataset
from febench.datasets.alignment import EYES, MARGIN
from febench.datasets.decoding import UnreadableError, in_threads, open_image, to_array, upright
from febench.datasets.files import IMAGE, Picture
from febench.datasets.loading import make_dataset
from febench.datasets.notes import compare_labels
from febench.datasets.pixels import PARTS, SIDE, PixelTable, by_pixels, same_pictures
from febench.datasets.source import Source, SourceFile, ending
from febench.datasets.words import WORDS, expression

SOURCE = Source(
    name="fer2013",
    folders=("fer2013", "fer-2013", "archive"),
    pattern=ending(
        r"(?P<table>fer2013|icml_face_data)\.csv|"
        rf"(?P<folder>train|test|val|valid|validation)/(?P<word>{WORDS})/(?P<usage>[^/]*?)_?\d+{IMAGE}"
    ),
    example="fer2013/fer2013.csv, fer2013/icml_face_data.csv or fer2013/train/angry/Training_3908.jpg",
    terms="get it from Kaggle: Challenges in Representation Learning, Facial Expression Recognition (2013)",
    distinctive=ending(
        rf"(?:fer2013|icml_face_data)\.csv|[^/]+/(?:{WORDS})/(?:Training|PublicTest|PrivateTest)_\d+{IMAGE}"
    ),
)
CODES = {
    "0": "anger", "1": "disgust", "2": "fear", "3": "happy", "4": "sadness", "5": "surprise", "6": "neutral",
}  # fmt: skip
FOLDERS = {"train": "train", "test": "test"}
PUBLISHED = {
    "anger": 4953, "disgust": 547, "fear": 5121, "happy": 8989, "sadness": 6077, "surprise": 4002, "neutral": 6198,
}  # fmt: skip
MAX_DEPARTURE = 0.01  # share of the published number of images, where no file has a name that only FER2013 has
ONE_TEST = "no file is named after its part, so PublicTest and PrivateTest are read as one test part"


@dataset("fer2013", cite="Goodfellow et al. 2013", find=SOURCE.find)
def fer2013(
    data_dir: Path | None = None, size: int = 0, align: bool = False, eyes: float = EYES, margin: float = MARGIN
) -> Dataset:
    """35,887 faces; Training, PublicTest (validation) and PrivateTest (test); a CSV table or folders of pictures."""
    files, notes = SOURCE.files(data_dir)
    tables = [file.path for file in files if file.match["table"]]
    pictures = [file for file in files if file.match["word"]]
    if tables:
        table = PixelTable.read(SOURCE, tables[0], CODES)
        notes = (*notes, *_second_sources(table, tables[1:], pictures))
        return table.dataset(
            range(len(table.labels)),
            table.labels,
            PUBLISHED,
            notes,
            size=size,
            align=align,
            eyes=eyes,
            margin=margin,
        )
    parts = [PARTS.get(file.match["usage"].casefold()) for file in pictures]
    if not any(parts):
        total = sum(PUBLISHED.values())
        if abs(len(pictures) - total) > MAX_DEPARTURE * total:
            raise SOURCE.error(
                f"found {len(pictures)} images named like {pictures[0].id}, which could belong to any set, and FER2013 "
                f"has {total}: load them as data set folder, or with their published names such as Training_3908.jpg"
            )
        parts = [FOLDERS.get(file.match["folder"].lower(), "validation") for file in pictures]
        notes = (*notes, ONE_TEST) if "validation" not in parts else notes
    elif None in parts:
        other = pictures[parts.index(None)].path
        raise SOURCE.error(f"{other} is not named after its part, such as Training_3908.jpg, as other images are")
    return make_dataset(
        "fer2013",
        [
            Picture(file.path, file.id, expression(file.match["word"]) or "", part=part)
            for file, part in zip(pictures, parts, strict=True)
        ],
        size=size,
        align=align,
        eyes=eyes,
        margin=margin,
        published=PUBLISHED,
        shape=(SIDE, SIDE),
        notes=notes,
    )


def _second_sources(table: PixelTable, tables: Sequence[Path], pictures: Sequence[SourceFile]) -> Iterator[str]:
    """Yield a note on each further table, and on image files beside a table.

    Raises
    ------
    DataError
        If one contradicts the table that is read.
    """
    if not tables and not pictures:
        return
    read = table.by_pixels()
    for path in tables:
        other = PixelTable.read(SOURCE, path, CODES).by_pixels()
        yield compare_labels(*same_pictures(read, other), f"the table {path}", SOURCE.error)
    if pictures:

        def pixels(file: SourceFile) -> NDArray[np.uint8]:
            try:
                return to_array(upright(open_image(file.path)), colour=False)
            except UnreadableError:
                return np.empty(0, np.uint8)

        decoded = in_threads(pixels, pictures, "fer2013: comparing with image files")
        labelled = (
            (file.id, expression(file.match["word"]) or "", image)
            for file, image in zip(pictures, decoded, strict=True)
        )
        where = f"the {len(pictures)} image files beside {table.path}"
        yield compare_labels(*same_pictures(read, by_pixels(labelled)), where, SOURCE.error)
