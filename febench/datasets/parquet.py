"""`parquet`: images in Parquet files, as Hugging Face's `datasets` writes them."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from febench.core.dataset import Dataset, dataset
from febench.core.errors import DataError, printable
from febench.core.files import parsed
from febench.datasets.alignment import EYES, MARGIN
from febench.datasets.files import Picture, data_folder, portable, walk
from febench.datasets.loading import make_dataset
from febench.datasets.notes import first_few
from febench.datasets.source import name_sets_in
from febench.datasets.words import expression, part_in_words

IMAGES = ("image", "img", "picture", "pixel_values", "bytes")
LABELS = ("label", "labels", "emotion", "expression", "class", "target")
SUBJECTS = ("subject", "subject_id", "person", "identity")


@dataset("parquet")
def parquet(
    data_dir: Path | None = None,
    path: str = "",
    image: str = "",
    label: str = "",
    class_names: str = "",
    size: int = 0,
    align: bool = False,
    eyes: float = EYES,
    margin: float = MARGIN,
) -> Dataset:
    """Parquet files of Hugging Face: a column of images, one of labels; class names from the files or `class_names`.

    File names such as `train-00000-of-00001.parquet` name the part, a column `subject` the people.

    Parameters
    ----------
    data_dir : Path
        The folder that holds the files, at any depth.
    path : str
        A folder in it to use instead.
    image, label : str
        Names of these columns, if they are not the usual ones.
    class_names : str
        Comma-separated, in the order of the numbers that stand for them.
    size : int
        Height and width in pixels; 0 leaves images as they are, and then all must have one size.
    align, eyes, margin
        As in `folder`.
    """
    import pyarrow as pa

    home = data_folder("parquet", data_dir, "holds files like train-00000-of-00001.parquet") / path
    if not home.is_dir():
        raise _error(f"there is no folder {home}")
    tables = [file for file in walk(home) if file.suffix.lower() in (".parquet", ".pq")]
    if not tables:
        raise _error(f"there is no .parquet file in {home}{name_sets_in(home)}")
    pictures, names = [], [name.strip() for name in class_names.split(",") if name.strip()]
    for table in tables:
        try:
            pictures += _pictures(table, portable(table, home), image, label, names)
        except (pa.ArrowException, OSError) as error:
            raise _error(f"{table} cannot be read: {error}") from error
    without_part = sorted({picture.id.rsplit("/", 2)[0] for picture in pictures if picture.part is None})
    split = any(picture.part for picture in pictures)
    notes = [f"of no part, so that there is no split: {first_few(without_part)}"] if without_part and split else []
    return make_dataset("parquet", pictures, size=size, align=align, eyes=eyes, margin=margin, notes=notes)


@dataclass(frozen=True)
class StoredImage:
    """An image in a table, read when it is needed."""

    table: Path
    column: str
    group: int
    row: int

    def __str__(self) -> str:
        return f"{self.table}, group {self.group}, row {self.row}"

    def read_bytes(self) -> bytes:
        """Return the bytes of the image file."""
        value = _column(self.table, self.column, self.group)[self.row].as_py()
        content = value.get("bytes") if isinstance(value, dict) else value
        if isinstance(content, list):
            content = bytes(content)
        return content or b""


@lru_cache(maxsize=4)
def _column(table: Path, column: str, group: int) -> Any:
    """Return a column of a group of rows; images are read in order, so a cache of few groups suffices."""
    import pyarrow.parquet as pq

    return pq.ParquetFile(table).read_row_group(group, columns=[column]).column(column)


def _pictures(table: Path, name: str, image: str, label: str, class_names: Sequence[str]) -> list[Picture]:
    """Return the pictures of a file."""
    import pyarrow.parquet as pq

    file = pq.ParquetFile(table)
    columns = file.schema_arrow.names
    image = _column_name(table, columns, image, IMAGES, "images")
    label = _column_name(table, columns, label, LABELS, "labels")
    subject = next((column for column in columns if column.casefold() in SUBJECTS), None)
    part = part_in_words(name)
    pictures = []
    for group in range(file.num_row_groups):
        rows = file.read_row_group(group, columns=[label, *([subject] if subject else [])])
        values = rows.column(label).to_pylist()
        people = rows.column(subject).to_pylist() if subject else [None] * len(values)
        names = _class_of_label(file, table, label, class_names, values)
        for row, (value, person) in enumerate(zip(values, people, strict=True)):
            stored = StoredImage(table, image, group, row)
            if value not in names:
                raise _error(f"{stored} has the label {value!r}, for which there is no class name")
            subject_name = None if person is None else str(person)
            pictures.append(Picture(stored, f"{name}/{group}/{row}", names[value], subject_name, part=part))
    return pictures


def _column_name(table: Path, columns: Sequence[str], requested: str, usual: Sequence[str], content: str) -> str:
    """Return the name of the requested column, or of the first usual one."""
    by_name = {column.casefold(): column for column in columns}
    names = [requested] if requested else usual
    column = next((by_name[name.casefold()] for name in names if name.casefold() in by_name), None)
    if column is None:
        raise _error(
            f"{table} has no column {' or '.join(names[:3])} of {content}; its columns are {first_few(columns)}"
        )
    return column


def _class_of_label(
    file: Any, table: Path, label: str, class_names: Sequence[str], values: Sequence[Any]
) -> dict[Any, str]:
    """Return the class of each label: a word names it itself, a number stands for a class name."""
    if any(isinstance(value, list | dict) for value in values):
        raise _error(f"the column {label} of {table} holds several values a row, not one label: name another column")
    if all(isinstance(value, str) and not value.strip().isdecimal() for value in values):
        return {value: expression(value) or printable(value) for value in values}
    names = class_names
    if not names:
        with contextlib.suppress(ValueError, LookupError, TypeError):  # no metadata, or of another kind
            metadata = parsed((file.schema_arrow.metadata or {})[b"huggingface"])
            names = [str(name) for name in metadata["info"]["features"][label]["names"]]
    if not names:
        raise DataError(
            f"data set parquet: the labels of {table} are numbers, and nothing in it says which expressions they mean",
            option="class_names",
        )
    named = {number: expression(name) or printable(name) for number, name in enumerate(names)}
    return {value: named[int(value)] for value in values if str(value).isdecimal() and int(value) in named}


def _error(text: str) -> DataError:
    return DataError(f"data set parquet: {text}")
