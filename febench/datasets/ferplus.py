"""FER+: the pictures of FER2013 with the votes of ten people on each.

What the paper and its code (github.com/microsoft/FERPlus) call the majority label, and what is done here:

- The rows of `fer2013new.csv` belong to those of `fer2013.csv` in their order; names of images say nothing.
- A row without a name of an image has no picture worth a label: it is skipped.
- A label with a single vote is taken for a slip: the vote does not count.
- The label with more than half of the votes that count is the picture's. Where none has that many, where it is
  `unknown` and where it is `NF` (no face), the picture is left out.
"""

from __future__ import annotations

import io
from collections import Counter
from pathlib import Path

import numpy as np

from febench.core.dataset import Dataset, dataset
from febench.datasets.fer2013 import SOURCE as FER2013
from febench.datasets.fer2013 import FaceCsv
from febench.datasets.loading import ORDER
from febench.datasets.source import Source, ending

SOURCE = Source(
    name="ferplus",
    folders=("ferplus", "fer+", *FER2013.folders),
    pattern=ending(r"fer2013new\.csv"),
    example="fer2013/fer2013new.csv",
    terms="get it from github.com/microsoft/FERPlus; its pictures are those of fer2013",
)
COLUMNS = {
    "neutral": "neutral", "happiness": "happy", "surprise": "surprise", "sadness": "sadness", "anger": "anger",
    "disgust": "disgust", "fear": "fear", "contempt": "contempt", "unknown": "unknown", "NF": "no face",
}  # fmt: skip
HEADER = ["Usage", "Image name", *COLUMNS]
MOST_BYTES = 2**26
NAMELESS, DIVIDED = "no name of an image", "no majority"


@dataset("ferplus", cite="Barsoum, Zhang, Canton Ferrer & Zhang 2016", find=SOURCE.find)
def ferplus(data_dir: Path | None = None) -> Dataset:
    """The faces of fer2013 by the majority label of ten votes, 8 expressions; those without a majority left out."""
    votes = SOURCE.files(data_dir)[0][0].path
    tables = [file.path for file in FER2013.files(data_dir)[0] if file.match["table"]]
    if not tables:
        raise SOURCE.error(
            f"found no fer2013.csv or icml_face_data.csv in {data_dir}; votes belong to rows of it, not to image files"
        )
    faces = FaceCsv.read(tables[0])
    labels = _labels(votes, faces)
    ids, parts = faces.ids, faces.parts
    rows = [row for row, label in enumerate(labels) if label in ORDER]
    if not rows:
        raise SOURCE.error(f"{votes} gives no picture a majority label")
    others = Counter(label for label in labels if label not in ORDER)
    words = ", ".join(f"{label} {count}" for label, count in others.most_common())
    return Dataset(
        name="ferplus",
        images=np.asarray(faces.images())[rows],
        labels=np.asarray([ORDER.index(labels[row]) for row in rows], dtype=np.int64),
        classes=ORDER,
        ids=tuple(ids[row] for row in rows),
        parts=tuple(parts[row] for row in rows),
        notes=(f"{others.total()} of {len(labels)} rows of fer2013 left out: {words}",) if others else (),
    )


def majority(votes: list[int]) -> str:
    """The label that ten votes, in the order of the columns, give a picture."""
    counted = [count if count > 1 else 0 for count in votes]
    most = max(counted)
    return list(COLUMNS.values())[counted.index(most)] if 2 * most > sum(counted) else DIVIDED


def _labels(path: Path, faces: FaceCsv) -> list[str]:
    """The label of each row of the faces by their rows of votes, or why it has none."""
    rows = SOURCE.csv_rows(path, io.StringIO(SOURCE.read(path, MOST_BYTES).decode("utf-8-sig", "replace")))
    if [name.strip() for name in next(rows, (0, []))[1]] != HEADER:
        raise SOURCE.error(f"{path} does not begin with the columns {','.join(HEADER)}")
    labels, usages = [], []
    for line, row in rows:
        votes = [int(field) for field in row[2:] if field.strip().isdecimal()]
        if len(row) != len(HEADER) or len(votes) != len(COLUMNS):
            raise SOURCE.error(f"{path} line {line} does not hold {len(COLUMNS)} numbers of votes after two names")
        labels.append(majority(votes) if row[1].strip() else NAMELESS)
        usages.append((line, row[0].strip()))
    if len(labels) != len(faces.usages):
        raise SOURCE.error(
            f"{path} has {len(labels)} rows but {faces.path} has {len(faces.usages)}; "
            "they belong together in their order"
        )
    for (line, usage), other in zip(usages, faces.usages, strict=True):
        if usage.casefold() != other.casefold():
            raise SOURCE.error(f"{path} line {line} is of {usage!r} but the row of {faces.path} of {other!r}")
    return labels
