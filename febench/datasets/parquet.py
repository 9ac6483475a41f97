"""`parquet`: images in Parquet files, as Hugging Face's `datasets` writes and passes them round."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from febench.core.dataset import Dataset, dataset
from febench.core.errors import DataError, printable
from febench.core.files import parsed
from febench.datasets.alignment import EYES, MARGIN
from febench.datasets.folder import PARTS
from febench.datasets.loading import make_dataset
from febench.datasets.source import Picture, data_folder, looks_like, portable, some, walk
from febench.datasets.words import expression

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
    """Parquet files of Hugging Face: a column of images, one of labels; class names from the files, or given.

    Parts are told by names of files, such as `train-00000-of-00001.parquet`; people by a column `subject`.

    Parameters
    ----------
    data_dir : Path
        The folder that holds the files, at any depth.
    path : str
        A folder in it to use instead.
    image, label : str
        Names of the columns, where they are not the usual ones.
    class_names : str
        Comma-separated, in the order of the numbers that stand for them.
    size : int
        Height and width in pixels; 0 leaves images as they are, and then all must be of one size.
    align, eyes, margin
        As in `folder`.
    """
    import pyarrow as pa

    home = data_folder("parquet", data_dir, "holds files like train-00000-of-00001.parquet") / path
    if not home.is_dir():
        raise _error(f"there is no folder {home}")
    tables = [file for file in walk(home) if file.suffix.lower() in (".parquet", ".pq")]
    if not tables:
        raise _error(f"there is no .parquet file in {home}{looks_like(home)}")
    pictures, wanted = [], [name.strip() for name in class_names.split(",") if name.strip()]
    for table in tables:
        try:
            pictures += _pictures(table, portable(table, home), image, label, wanted)
        except (pa.ArrowException, OSError) as error:
            raise _error(f"{table} cannot be read: {error}") from error
    partless = sorted({picture.id.rsplit("/", 2)[0] for picture in pictures if picture.part is None})
    split = any(picture.part for picture in pictures)
    notes = [f"of no part, so that there is no split: {some(partless)}"] if partless and split else []
    return make_dataset("parquet", pictures, size=size, align=align, eyes=eyes, margin=margin, notes=notes)


@dataclass(frozen=True)
class Cell:
    """An image in a table: it is read when it is asked for."""

    table: Path
    column: str
    group: int
    row: int

    def __str__(self) -> str:
        return f"{self.table}, group {self.group}, row {self.row}"

    def read_bytes(self) -> bytes:
        """The image file."""
        value = _column(self.table, self.column, self.group)[self.row].as_py()
        content = value.get("bytes") if isinstance(value, dict) else value
        if isinstance(content, list):
            content = bytes(content)
        return content or b""


@lru_cache(maxsize=4)
def _column(table: Path, column: str, group: int) -> Any:
    """A column of a group of rows; images are asked for in order, so that few groups need be kept."""
    import pyarrow.parquet as pq

    return pq.ParquetFile(table).read_row_group(group, columns=[column]).column(column)


def _pictures(table: Path, name: str, image: str, label: str, given: Sequence[str]) -> list[Picture]:
    """The rows of a file."""
    import pyarrow.parquet as pq

    file = pq.ParquetFile(table)
    columns = file.schema_arrow.names
    image = _one_of(table, columns, image, IMAGES, "images")
    label = _one_of(table, columns, label, LABELS, "labels")
    subject = next((column for column in columns if column.casefold() in SUBJECTS), None)
    part = next((PARTS[word] for word in re.split(r"[^a-z]+", name.casefold()) if word in PARTS), None)
    pictures = []
    for group in range(file.num_row_groups):
        rows = file.read_row_group(group, columns=[label, *([subject] if subject else [])])
        values = rows.column(label).to_pylist()
        people = rows.column(subject).to_pylist() if subject else [None] * len(values)
        names = _names(file, table, label, given, values)
        for row, (value, person) in enumerate(zip(values, people, strict=True)):
            where = Cell(table, image, group, row)
            if value not in names:
                raise _error(f"{where} has the label {value!r}, for which there is no class name")
            who = None if person is None else str(person)
            pictures.append(Picture(where, f"{name}/{group}/{row}", names[value], who, part=part))
    return pictures


def _one_of(table: Path, columns: Sequence[str], asked: str, usual: Sequence[str], what: str) -> str:
    """The column of a name that was asked for, or of a usual one."""
    by_name = {column.casefold(): column for column in columns}
    wanted = [asked] if asked else usual
    found = next((by_name[word.casefold()] for word in wanted if word.casefold() in by_name), None)
    if found is None:
        raise _error(f"{table} has no column {' or '.join(wanted[:3])} of {what}; its columns are {some(columns)}")
    return found


def _names(file: Any, table: Path, label: str, given: Sequence[str], values: Sequence[Any]) -> dict[Any, str]:
    """The class name of each label: itself where it is a word, else by its number."""
    if any(isinstance(value, list | dict) for value in values):
        raise _error(f"the column {label} of {table} holds several values a row, not one label: name another column")
    if all(isinstance(value, str) and not value.strip().isdecimal() for value in values):
        return {value: expression(value) or printable(value) for value in values}
    names = given
    if not given:
        with contextlib.suppress(ValueError, LookupError, TypeError):  # other metadata, or none
            about = parsed((file.schema_arrow.metadata or {})[b"huggingface"])
            names = [str(name) for name in about["info"]["features"][label]["names"]]
    if not names:
        raise DataError(
            f"data set parquet: the labels of {table} are numbers, and nothing in it says which expressions they mean",
            option="class_names",
        )
    named = {number: expression(name) or printable(name) for number, name in enumerate(names)}
    return {value: named[int(value)] for value in values if str(value).isdecimal() and int(value) in named}


def _error(text: str) -> DataError:
    return DataError(f"data set parquet: {text}")
