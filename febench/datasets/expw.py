"""ExpW, Expression in the Wild: 91,793 faces in photographs from the web, each in a box."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from febench.core.dataset import Dataset, dataset
from febench.datasets.alignment import EYES, MARGIN
from febench.datasets.fer2013 import CODES
from febench.datasets.files import IMAGE, Picture
from febench.datasets.loading import make_dataset
from febench.datasets.notes import count_absent, note_left_out
from febench.datasets.source import Source, ending

SOURCE = Source(
    name="expw",
    folders=("expw", "ExpW_image"),
    pattern=ending(rf"(?P<list>label\.lst)|(?P<image>(?:[^/]+/)?[^/]+{IMAGE})"),
    example="ExpW/label.lst, with photographs in ExpW/image/origin",
    terms="get it from mmlab.ie.cuhk.edu.hk/projects/socialrelation (research only)",
    distinctive=ending(r"label\.lst"),
)
FIELDS = 8
FACE_PIXELS = 128
MAX_LIST_BYTES = 2**26
PEOPLE_UNKNOWN = "the people are not known: each photograph counts as a person, so that its faces stay together"


@dataset("expw", cite="Zhang, Luo, Loy & Tang 2018", find=SOURCE.find)
def expw(
    data_dir: Path | None = None,
    size: int = FACE_PIXELS,
    align: bool = False,
    eyes: float = EYES,
    margin: float = MARGIN,
) -> Dataset:
    """91,793 faces cut from photographs by their boxes, 7 expressions; the faces of a photograph stay together."""
    files, notes = SOURCE.files(data_dir)
    lists = [file.path for file in files if file.match["list"]]
    if not lists:
        raise SOURCE.error(f"found images but no label.lst; {SOURCE.terms}")
    images = {file.path.name.lower(): file.path for file in files if file.match["image"]}
    rows = list(_rows(lists[0]))
    labels = SOURCE.labels([(f"{lists[0]} line {line}", row[-1]) for line, row in rows], CODES)
    pictures, absent = [], set()
    for (line, row), label in zip(rows, labels, strict=True):
        path = images.get(row[0].lower())
        if path is None:
            absent.add(row[0])
            continue
        if not all(re.fullmatch(r"-?\d+", side) for side in row[2:6]):
            raise SOURCE.error(f"{lists[0]} line {line}: {' '.join(row[2:6])} is not the box of a face")
        top, left, right, bottom = map(int, row[2:6])
        if not (left < right and top < bottom):
            raise SOURCE.error(f"{lists[0]} line {line}: a box from {left}, {top} to {right}, {bottom} holds nothing")
        box = (max(left, 0), max(top, 0), right, bottom)
        pictures.append(Picture(path, f"{row[0]}#{row[1]}", label, row[0], row[0], box=box))
    used = {picture.subject for picture in pictures}
    unlisted = sorted(path.name for path in images.values() if path.name not in used)
    return make_dataset(
        "expw",
        pictures,
        size=size or FACE_PIXELS,
        align=align,
        eyes=eyes,
        margin=margin,
        absent=count_absent(sorted(absent), "in label.lst"),
        notes=(*notes, PEOPLE_UNKNOWN, *note_left_out(unlisted, "not in label.lst")),
    )


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield number and fields of each line: name, number of the face, top, left, right, bottom, confidence, label."""
    for line, text in enumerate(SOURCE.read(path, MAX_LIST_BYTES).decode("utf-8-sig", "replace").splitlines(), 1):
        fields = text.split()
        if fields and len(fields) != FIELDS:
            raise SOURCE.error(f"{path} line {line} has {len(fields)} words, not {FIELDS}: {text[:80]!r}")
        if fields:
            yield line, fields
