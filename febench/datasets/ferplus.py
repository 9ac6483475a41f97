"""FER+: the pictures of FER2013 with the votes of ten people on each.

It is read in the form that its authors' script writes, PNG files with a `label.csv` in each part, or from their table
of votes, `fer2013new.csv`, beside the table of FER2013.

The majority label follows the paper's code (github.com/microsoft/FERPlus):

- The rows of `fer2013new.csv` belong to those of `fer2013.csv` in their order, whatever the names of their images.
- A row without the name of an image is skipped.
- As published, `label.csv` and `fer2013new.csv` differ in the votes of one picture in twenty; febench uses the latter,
  which the authors call new.
- A single vote for a label is taken for a slip and does not count.
- The picture's label is the one with more than half of the votes that count. Pictures without such a label, and those
  whose label is `unknown` or `NF` (no face), are left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from febench.core.dataset import Dataset, dataset
from febench.datasets.alignment import EYES, MARGIN
from febench.datasets.fer2013 import CODES as FER2013_CODES
from febench.datasets.fer2013 import SOURCE as FER2013
from febench.datasets.files import IMAGE, Picture
from febench.datasets.loading import make_dataset
from febench.datasets.notes import count_absent, first_few, note_left_out, one_value_each
from febench.datasets.pixels import SIDE, PixelTable
from febench.datasets.source import Source, ending
from febench.datasets.tables import read_table
from febench.datasets.words import ORDER

SOURCE = Source(
    name="ferplus",
    folders=("ferplus", "fer+", *FER2013.folders),
    pattern=ending(
        r"(?P<votes>fer2013new)\.csv|"
        rf"FER2013(?P<part>Train|Valid|Test)/(?:(?P<list>label\.csv)|(?P<name>fer\d+){IMAGE})"
    ),
    example="ferplus/FER2013Train/fer0000000.png, with label.csv in that folder, or fer2013/fer2013new.csv",
    terms="get it from github.com/microsoft/FERPlus; its pictures are those of fer2013",
)
COLUMNS = {
    "neutral": "neutral", "happiness": "happy", "surprise": "surprise", "sadness": "sadness", "anger": "anger",
    "disgust": "disgust", "fear": "fear", "contempt": "contempt", "unknown": "unknown", "NF": "no face",
}  # fmt: skip
TABLE = {name: (name.lower(),) for name in ("Usage", "Image name", *COLUMNS)}
LIST = {name: (name.lower(),) for name in ("Image name", "Box", *COLUMNS)}
PARTS = {"train": "train", "valid": "validation", "test": "test"}
MAX_REVISED_SHARE = 0.05  # of images whose label the two sources of votes may disagree on; as published, it is fewer
NAMELESS, DIVIDED = "no name of an image", "no majority"

Votes = tuple[int, ...]


@dataset("ferplus", cite="Barsoum, Zhang, Canton Ferrer & Zhang 2016", find=SOURCE.find)
def ferplus(
    data_dir: Path | None = None, size: int = 0, align: bool = False, eyes: float = EYES, margin: float = MARGIN
) -> Dataset:
    """The faces of fer2013 by the majority label of ten votes, 8 expressions; those without a majority left out."""
    files, notes = SOURCE.files(data_dir)
    images = {file.match["name"].lower(): file for file in files if file.match["name"]}
    lists = [file.path for file in files if file.match["list"]]
    tables = [file.path for file in files if file.match["votes"]]
    if not images:
        if not tables:
            raise SOURCE.error(
                f"found {first_few(list(map(str, lists)))} but no image like FER2013Train/fer0000000.png"
            )
        return _of_tables(tables[0], data_dir, notes, size=size, align=align, eyes=eyes, margin=margin)

    SOURCE.refuse_copies(file for file in files if file.match["name"])
    in_lists = [row for path in lists for row in _votes(path, LIST, headless=True)]
    in_tables = [row for path in tables for row in _votes(path, TABLE) if row.name]
    listed = one_value_each(((row.name, row.votes) for row in in_lists), "label.csv", SOURCE.error)
    named = {row.name: row.votes for row in in_tables}
    twice = {row.name for row in in_tables if named[row.name] != row.votes}  # the published table has one: fer0033120
    named = {name: counts for name, counts in named.items() if name not in twice}
    if listed and named:
        notes = (*notes, _compared(listed, named))
    votes = {**listed, **named}
    if not votes:
        raise SOURCE.error("found images but neither label.csv beside them nor fer2013new.csv")
    labels = {name: majority(votes[name]) for name in images if name in votes}
    others = Counter(label for label in labels.values() if label not in ORDER)
    pictures = [
        Picture(file.path, file.id, labels[name], part=PARTS[file.match["part"].lower()])
        for name, file in images.items()
        if labels.get(name) in ORDER
    ]
    if not pictures:
        raise SOURCE.error("the votes give no picture a majority label")
    absent = sorted(set(votes) - set(images))
    return make_dataset(
        "ferplus",
        pictures,
        size=size,
        align=align,
        eyes=eyes,
        margin=margin,
        shape=(SIDE, SIDE),
        classes=ORDER,
        absent=count_absent(absent, "among the votes"),
        notes=(
            *notes,
            *_note_others(others, f"{len(labels)} pictures"),
            *note_left_out([file.id for name, file in images.items() if name not in votes], "without votes"),
        ),
    )


def _compared(listed: Mapping[str, Votes], named: Mapping[str, Votes]) -> str:
    """Return a note on how the two sources of votes differ; as published they differ a little.

    Raises
    ------
    DataError
        If they differ by more than `MAX_REVISED_SHARE`.
    """
    both = [name for name in listed if name in named]
    wrong = [name for name in both if majority(listed[name]) != majority(named[name])]
    if len(wrong) > MAX_REVISED_SHARE * len(both):
        raise SOURCE.error(
            f"the votes in label.csv contradict those in fer2013new.csv for {len(wrong)} of {len(both)} images: "
            f"{first_few(wrong)}; remove whichever is wrong"
        )
    differ = f"they differ in the majority label of {len(wrong)} of {len(both)} images, as they do as published"
    return f"fer2013new.csv counts where label.csv says otherwise; {differ}"


def _of_tables(votes: Path, data_dir: Path | None, notes: Sequence[str], **frame: Any) -> Dataset:
    """Read the table of votes and the table of pixels."""
    tables = [file.path for file in FER2013.files(data_dir)[0] if file.match["table"]]
    if not tables:
        raise SOURCE.error(
            f"found no fer2013.csv or icml_face_data.csv in {data_dir}, nor files like FER2013Train/fer0000000.png"
        )
    faces = PixelTable.read(SOURCE, tables[0], FER2013_CODES)
    labels = _labels(votes, faces)
    rows = [row for row, label in enumerate(labels) if label in ORDER]
    if not rows:
        raise SOURCE.error(f"{votes} gives no picture a majority label")
    others = Counter(label for label in labels if label not in ORDER)
    used = [labels[row] for row in rows]
    notes = (*notes, *_note_others(others, f"{len(labels)} rows of fer2013"))
    return faces.dataset(rows, used, {name: used.count(name) for name in ORDER}, notes, **frame)


def _note_others(others: Counter[str], whole: str) -> tuple[str, ...]:
    counts = ", ".join(f"{label} {count}" for label, count in others.most_common())
    return (f"{others.total()} of {whole} left out: {counts}",) if others else ()


def majority(votes: Sequence[int]) -> str:
    """Return the majority label of ten votes, given in the order of the columns."""
    counted = [count if count > 1 else 0 for count in votes]
    most = max(counted)
    return list(COLUMNS.values())[counted.index(most)] if 2 * most > sum(counted) else DIVIDED


@dataclass(frozen=True)
class Voted:
    """A row of votes: line, usage, name of the image, votes."""

    line: int
    usage: str
    name: str
    votes: Votes


def _votes(path: Path, columns: Mapping[str, Sequence[str]], headless: bool = False) -> list[Voted]:
    """Return the rows of a table of votes; names of images are in lower case and without suffix."""
    rows = []
    for line, row in read_table(
        path, columns, SOURCE.error, optional=("Usage", "Box"), without_header=list(columns) if headless else ()
    ):
        votes = tuple(int(row[name]) for name in COLUMNS if row[name].isdecimal())
        if len(votes) != len(COLUMNS):
            raise SOURCE.error(f"{path} line {line} does not hold {len(COLUMNS)} numbers of votes after two names")
        rows.append(Voted(line, row.get("Usage", ""), row["Image name"].lower().rpartition(".")[0], votes))
    return rows


def _labels(path: Path, faces: PixelTable) -> list[str]:
    """Return the label of each row of the faces by its row of votes, or the reason why it has none."""
    rows = _votes(path, TABLE)
    if len(rows) != len(faces.usages):
        raise SOURCE.error(
            f"{path} has {len(rows)} rows but {faces.path} has {len(faces.usages)}; they belong together in their order"
        )
    for row, other in zip(rows, faces.usages, strict=True):
        if row.usage.casefold() != other.casefold():
            raise SOURCE.error(f"{path} line {row.line} is of {row.usage!r} but the row of {faces.path} of {other!r}")
    return [majority(row.votes) if row.name else NAMELESS for row in rows]
