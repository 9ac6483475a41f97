"""FER2013: 35,887 grey faces of 48x48 pixels from the web, with an official split and no word of who is who."""

from __future__ import annotations

import csv
import hashlib
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from febench.core.cache import cached_array
from febench.core.dataset import Dataset, dataset
from febench.datasets.decoding import track
from febench.datasets.loading import count_note, expression, in_order, make_dataset
from febench.datasets.source import Picture, Source, ending

SOURCE = Source(
    name="fer2013",
    folders=("fer2013", "fer-2013", "archive"),
    pattern=ending(
        r"(?P<table>fer2013|icml_face_data)\.csv|"
        r"(?P<folder>train|test)/(?P<word>angry|disgust|fear|happy|neutral|sad|surprise)/(?P<usage>[^/]*?)_?\d+\.(jpe?g|png)"
    ),
    example="fer2013/fer2013.csv, fer2013/icml_face_data.csv or fer2013/train/angry/Training_3908.jpg",
    terms="get it from Kaggle: Challenges in Representation Learning, Facial Expression Recognition (2013)",
)
CODES = {
    "0": "anger", "1": "disgust", "2": "fear", "3": "happy", "4": "sadness", "5": "surprise", "6": "neutral",
}  # fmt: skip
PARTS = {"training": "train", "publictest": "validation", "privatetest": "test"}
PUBLISHED = {
    "anger": 4953, "disgust": 547, "fear": 5121, "happy": 8989, "sadness": 6077, "surprise": 4002, "neutral": 6198,
}  # fmt: skip
SIDE = 48
ONE_TEST = "no file is named after its part: PublicTest and PrivateTest cannot be told apart and count as one test part"


@dataset("fer2013", cite="Goodfellow et al. 2013", find=SOURCE.find)
def fer2013(data_dir: Path | None = None) -> Dataset:
    """35,887 faces; Training, PublicTest (validation) and PrivateTest (test); a CSV table or folders of pictures."""
    files, notes = SOURCE.files(data_dir)
    tables = [file.path for file in files if file.match["table"]]
    if tables:
        faces = FaceCsv.read(tables[0])
        labels = [CODES[emotion] for emotion in faces.emotions]
        classes = in_order(PUBLISHED)
        return Dataset(
            name="fer2013",
            images=faces.images(),
            labels=np.asarray([classes.index(label) for label in labels], dtype=np.int64),
            classes=classes,
            ids=faces.ids,
            parts=faces.parts,
            notes=count_note(labels, PUBLISHED),
        )
    parts = [PARTS.get(file.match["usage"].casefold()) for file in files]
    if not any(parts):
        parts = [file.match["folder"].lower() for file in files]
        notes = (*notes, ONE_TEST)
    elif None in parts:
        other = files[parts.index(None)].path
        raise SOURCE.error(f"{other} is not named after its part (such as Training_3908.jpg) as others are")
    pictures = [
        Picture(file.path, file.id, expression(file.match["word"]) or "", part=part)
        for file, part in zip(files, parts, strict=True)
    ]
    return make_dataset("fer2013", pictures, published=PUBLISHED, shape=(SIDE, SIDE), notes=notes)


@dataclass(frozen=True)
class FaceCsv:
    """The CSV file of FER2013, a row an image; its pixels stay on disk.

    Attributes
    ----------
    path : Path
        The file.
    emotions, usages : list of str
        What each row says, as written.
    """

    path: Path
    emotions: list[str]
    usages: list[str]

    @classmethod
    def read(cls, path: Path) -> FaceCsv:
        """Read all but the pixels.

        Raises
        ------
        DataError
            If the file is not such a table, or a row has an unknown emotion or usage; the sentence names the line.
        """
        emotions, usages = [], []
        for line, row in _rows(path):
            emotion, usage = row["emotion"].strip(), row["Usage"].strip()
            if emotion not in CODES:
                raise SOURCE.error(f"{path} line {line}: {emotion!r} is no emotion; known are 0 to 6")
            if usage.casefold() not in PARTS:
                raise SOURCE.error(f"{path} line {line}: {usage!r} is no part; known are {', '.join(PARTS)}")
            emotions.append(emotion)
            usages.append(usage)
        if not emotions:
            raise SOURCE.error(f"{path} has no rows; its columns must be emotion, pixels and Usage")
        return cls(path, emotions, usages)

    @property
    def parts(self) -> tuple[str, ...]:
        """The part of the official split each row is in."""
        return tuple(PARTS[usage.casefold()] for usage in self.usages)

    @property
    def ids(self) -> tuple[str, ...]:
        """Names of the rows: what they are used for and their number, from 0."""
        return tuple(f"{usage}_{row}" for row, usage in enumerate(self.usages))

    def images(self) -> NDArray[np.uint8]:
        """The pictures, a memory map of shape (n, 48, 48); decoded once.

        Raises
        ------
        DataError
            If a row does not hold 48 x 48 numbers from 0 to 255; the sentence names the line.
        """
        with self.path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        rows = track(_rows(self.path), len(self.emotions), "fer2013: decoding")
        chunks = (self._picture(line, row["pixels"]) for line, row in rows)
        path = cached_array("images", ["fer2013", digest], chunks, len(self.emotions))
        images: NDArray[np.uint8] = np.load(path, mmap_mode="r")
        return images

    def _picture(self, line: int, text: str) -> NDArray[np.uint8]:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                values = np.fromstring(text, dtype=np.int64, sep=" ")
        except (ValueError, DeprecationWarning):
            values = np.empty(0, dtype=np.int64)
        if values.size != SIDE * SIDE or values.min() < 0 or values.max() > 255:
            raise SOURCE.error(f"{self.path} line {line}: the pixels are not {SIDE * SIDE} numbers from 0 to 255")
        return values.astype(np.uint8).reshape(1, SIDE, SIDE)


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Line number and columns of each row; blanks round the columns' names, as in one of the two tables, are cut."""
    csv.field_size_limit(2**20)
    with path.open(newline="", encoding="utf-8-sig", errors="replace") as file:
        rows = SOURCE.csv_rows(path, iter(partial(file.readline, 2**20), ""))
        names = [name.strip() for name in next(rows, (0, []))[1]]
        missing = {"emotion", "pixels", "Usage"} - set(names)
        if missing:
            raise SOURCE.error(f"{path} has no column {' and '.join(sorted(missing))}")
        for line, row in rows:
            if len(row) != len(names):
                raise SOURCE.error(f"{path} line {line} has {len(row)} columns, not {len(names)}")
            yield line, dict(zip(names, row, strict=True))
