"""FER+: the pictures of FER2013 with the votes of ten people on each.

What the paper and its code (github.com/microsoft/FERPlus) call the majority label, and what is done here:

- The rows of `fer2013new.csv` belong to those of `fer2013.csv` in their order; names of images say nothing.
- A row without a name of an image has no picture worth a label: it is skipped.
- A label with a single vote is taken for a slip: the vote does not count.
- The label with more than half of the votes that count is the picture's. Where none has that many, where it is
  `unknown` and where it is `NF` (no face), the picture is left out.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from febench.core.dataset import Dataset, dataset
from febench.datasets.expressions import ORDER
from febench.datasets.fer2013 import SOURCE as FER2013
from febench.datasets.fer2013 import Table
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


@dataset("ferplus", cite="Barsoum, Zhang, Canton Ferrer & Zhang 2016")
def ferplus(data_dir: Path | None = None) -> Dataset:
    """The faces of fer2013 by the majority label of ten votes, 8 expressions; those without a majority left out."""
    votes = _votes(data_dir)
    table = _table(data_dir)
    labels = _labels(votes, table)
    ids, parts = table.ids, table.parts
    rows = [row for row, label in enumerate(labels) if label in ORDER]
    if not rows:
        raise SOURCE.error(f"{votes} gives no picture a majority label")
    return Dataset(
        name="ferplus",
        images=np.asarray(table.images())[rows],
        labels=np.asarray([ORDER.index(labels[row]) for row in rows], dtype=np.int64),
        classes=ORDER,
        ids=tuple(ids[row] for row in rows),
        parts=tuple(parts[row] for row in rows),
        notes=tuple(_about(labels)),
    )


def majority(votes: list[int]) -> str:
    """The label that ten votes, in the order of the columns, give a picture."""
    counted = [count if count > 1 else 0 for count in votes]
    most = max(counted)
    return list(COLUMNS.values())[counted.index(most)] if 2 * most > sum(counted) else DIVIDED


def _votes(data_dir: Path | None) -> Path:
    files, _ = SOURCE.files(SOURCE.home(data_dir))
    return files[0].path


def _table(data_dir: Path | None) -> Table:
    files, _ = FER2013.files(FER2013.home(data_dir))
    tables = [file.path for file in files if file.named["table"]]
    if not tables:
        raise SOURCE.error(
            f"found no fer2013.csv or icml_face_data.csv in {data_dir}; votes belong to rows of it, not to image files"
        )
    return Table.read(tables[0])


def _labels(path: Path, table: Table) -> list[str]:
    """The label of each row of the table, or why it has none."""
    rows = list(_rows(path))
    if len(rows) != len(table.usages):
        raise SOURCE.error(
            f"{path} has {len(rows)} rows but {table.path} has {len(table.usages)}; they belong together in their order"
        )
    for (line, usage, _), other in zip(rows, table.usages, strict=True):
        if usage.casefold() != other.casefold():
            raise SOURCE.error(f"{path} line {line} is of {usage!r} but the row of {table.path} of {other!r}")
    return [label for _, _, label in rows]


def _rows(path: Path) -> Iterator[tuple[int, str, str]]:
    """Line number, usage and label of each row."""
    reader = csv.reader(io.StringIO(SOURCE.read(path, MOST_BYTES).decode("utf-8-sig", "replace")), strict=True)
    try:
        if [name.strip() for name in next(reader, [])] != HEADER:
            raise SOURCE.error(f"{path} does not begin with the columns {','.join(HEADER)}")
        for row in reader:
            yield reader.line_num, row[0].strip() if row else "", _label(path, reader.line_num, row)
    except csv.Error as error:
        raise SOURCE.error(f"{path} line {reader.line_num} is not CSV: {error}") from error


def _label(path: Path, line: int, row: list[str]) -> str:
    votes = [int(field) for field in row[2:] if field.strip().isdecimal()]
    if len(row) != len(HEADER) or len(votes) != len(COLUMNS):
        raise SOURCE.error(f"{path} line {line} does not hold {len(COLUMNS)} numbers of votes after two names")
    return majority(votes) if row[1].strip() else NAMELESS


def _about(labels: list[str]) -> Iterator[str]:
    others = Counter(label for label in labels if label not in ORDER)
    if others:
        words = ", ".join(f"{label} {count}" for label, count in others.most_common())
        yield f"{others.total()} of {len(labels)} rows of fer2013 left out: {words}"
