"""RAF-DB, the Real-world Affective Faces database: its single-label set, aligned."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from febench.core.dataset import Dataset, dataset
from febench.datasets.alignment import EYES, MARGIN
from febench.datasets.files import IMAGE, Picture
from febench.datasets.loading import make_dataset
from febench.datasets.notes import compare_labels, count_absent, first_few, note_left_out, one_value_each
from febench.datasets.source import Source, SourceFile, ending
from febench.datasets.tables import read_table
from febench.datasets.words import WORDS, meaning

SOURCE = Source(
    name="rafdb",
    folders=("basic", "rafdb", "raf-db", "raf-basic", "DATASET"),
    pattern=ending(
        r"(?P<list>EmoLabel/list_par?tition_label\.txt)|(?P<table>(?:train|test)_labels\.csv)|"
        rf"(?:Image/(?P<kind>aligned|original)|(?:train|test)/(?P<code>[1-7]|{WORDS}))"
        rf"/(?P<name>(?P<part>train|test)_\d+)(?:_aligned)?{IMAGE}"
    ),
    example="basic/Image/aligned/train_00001_aligned.jpg or DATASET/train/5/train_00001_aligned.jpg",
    terms="get it from whdeng.cn/RAF/model1.html (research only, on request)",
    distinctive=ending(
        r"EmoLabel/list_par?tition_label\.txt|"
        rf"(?:Image/(?:aligned|original)|(?:train|test)/(?:[1-7]|{WORDS}))"
        rf"/(?:train_\d{{5}}|test_\d{{4}})(?:_aligned)?{IMAGE}"
    ),
)
CODES = {
    "1": "surprise", "2": "fear", "3": "disgust", "4": "happy", "5": "sadness", "6": "anger", "7": "neutral",
}  # fmt: skip
PUBLISHED = {
    "anger": 867, "disgust": 877, "fear": 355, "happy": 5957, "neutral": 3204, "sadness": 2460, "surprise": 1619,
}  # fmt: skip
LINE = re.compile(r"(?P<name>(?:train|test)_\d+)\.jpe?g\s+(?P<code>[1-7])", re.IGNORECASE)
TABLE = {"image": ("image",), "label": ("label",)}
MAX_LIST_BYTES = 2**24


@dataset("rafdb", cite="Li, Deng & Du 2017", find=SOURCE.find)
def rafdb(
    data_dir: Path | None = None, size: int = 0, align: bool = False, eyes: float = EYES, margin: float = MARGIN
) -> Dataset:
    """15,339 colour faces of 100x100 pixels from the web, 7 emotions; train (12,271) and test (3,068), no subjects.

    The publisher's aligned images are read. Labels come from its list, or from folders named by numbers or words.
    """
    files, notes = SOURCE.files(data_dir)
    lists = [file.path for file in files if file.match["list"] or file.match["table"]]
    listed = one_value_each(
        (pair for path in lists for pair in _listed(path)), " and ".join(map(str, lists)), SOURCE.error
    )
    images = [file for file in files if file.match["name"] and (file.match["kind"] or "aligned").lower() == "aligned"]
    if not images:
        folders = Counter(f"Image/{file.match['kind'].lower()}" for file in files if file.match["kind"])
        present = ", ".join(f"{count} images in {folder}" for folder, count in folders.items()) or "a list of labels"
        raise SOURCE.error(
            f"found {present} but none in Image/aligned, which published results use; unpack aligned.zip"
        )
    SOURCE.refuse_copies(images)
    images.sort(key=_name)
    in_folders = {
        _name(file): label
        for file in images
        if file.match["code"] and (label := meaning(file.match["code"], CODES)) is not None
    }
    labels = in_folders or listed
    if not labels:
        raise SOURCE.error("found no EmoLabel/list_patition_label.txt beside the folder Image")
    about = []
    if in_folders and listed:
        about.append(compare_labels(in_folders, listed, first_few([path.name for path in lists]), SOURCE.error))
    pictures = [
        Picture(file.path, _name(file), labels[_name(file)], part=file.match["part"].lower())
        for file in images
        if _name(file) in labels
    ]

    names = {_name(file) for file in images}
    absent = sorted(set(listed) - names)
    about.extend(note_left_out([file.id for file in images if _name(file) not in labels], "not in the list of labels"))
    return make_dataset(
        "rafdb",
        pictures,
        size=size,
        align=align,
        eyes=eyes,
        margin=margin,
        published=PUBLISHED,
        shape=(100, 100),
        notes=(*notes, *about),
        absent=count_absent(absent, "in the list of labels"),
    )


def _name(file: SourceFile) -> str:
    return file.match["name"].lower()


def _listed(path: Path) -> list[tuple[str, str]]:
    """Return the name and class of each image in a list of labels."""
    if path.suffix.lower() == ".csv":
        rows = [(row["image"], row["label"]) for _, row in read_table(path, TABLE, SOURCE.error)]
        names = [name.lower().rpartition(".")[0].removesuffix("_aligned") for name, _ in rows]
        return list(zip(names, SOURCE.labels([(f"{path}, {n}", code) for n, code in rows], CODES), strict=True))
    return [(name, CODES[code]) for name, code in _lines(path)]


def _lines(path: Path) -> Iterator[tuple[str, str]]:
    for number, line in enumerate(SOURCE.read(path, MAX_LIST_BYTES).decode("utf-8-sig", "replace").splitlines(), 1):
        entry = LINE.fullmatch(line.strip())
        if entry:
            yield entry["name"].lower(), entry["code"]
        elif line.strip():
            raise SOURCE.error(f"{path} line {number} is not like 'train_00001.jpg 5': {line[:80]!r}")
