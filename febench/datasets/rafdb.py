"""RAF-DB, the Real-world Affective Faces database: its single-label set, aligned."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from febench.core.dataset import Dataset, dataset
from febench.datasets.loading import make_dataset
from febench.datasets.source import Picture, Source, SourceFile, ending, left_out, some

SOURCE = Source(
    name="rafdb",
    folders=("basic", "rafdb", "raf-db", "raf-basic", "DATASET"),
    pattern=ending(
        r"(?P<list>EmoLabel/list_par?tition_label\.txt)|"
        r"(?:Image/(?P<kind>aligned|original)|(?:train|test)/(?P<code>[^/]+))"
        r"/(?P<name>(?P<part>train|test)_\d+)(?:_aligned)?\.jpe?g"
    ),
    example="basic/Image/aligned/train_00001_aligned.jpg or DATASET/train/5/train_00001_aligned.jpg",
    terms="get it from whdeng.cn/RAF/model1.html (research only, on request)",
)
CODES = {
    "1": "surprise", "2": "fear", "3": "disgust", "4": "happy", "5": "sadness", "6": "anger", "7": "neutral",
}  # fmt: skip
PUBLISHED = {
    "anger": 867, "disgust": 877, "fear": 355, "happy": 5957, "neutral": 3204, "sadness": 2460, "surprise": 1619,
}  # fmt: skip
LINE = re.compile(r"(?P<name>(?:train|test)_\d+)\.jpe?g\s+(?P<code>[1-7])", re.IGNORECASE)
MOST_LISTED = 2**24


@dataset("rafdb", cite="Li, Deng & Du 2017", find=SOURCE.find)
def rafdb(data_dir: Path | None = None, size: int = 0) -> Dataset:
    """15,339 colour faces of 100x100 pixels from the web, 7 emotions; train (12,271) and test (3,068), no subjects."""
    files, notes = SOURCE.files(data_dir)
    lists = [file.path for file in files if file.match["list"]]
    if not lists and any(file.match["kind"] for file in files):
        raise SOURCE.error("found no EmoLabel/list_patition_label.txt beside the folder Image")
    images = [file for file in files if file.match["name"] and (file.match["kind"] or "aligned").lower() == "aligned"]
    images.sort(key=_name)
    listed = {name: code for path in lists for name, code in _listed(path)}
    coded = [(file, file.match["code"] or listed.get(_name(file))) for file in images]
    pictures = [
        Picture(file.path, _name(file), SOURCE.look_up(file, code, CODES), part=file.match["part"].lower())
        for file, code in coded
        if code
    ]

    absent = sorted(set(listed) - {_name(file) for file in images})
    about = [f"{len(absent)} images are in the list of labels but absent: {some(absent)}"] if absent else []
    about.extend(left_out([file.id for file, code in coded if not code], "not in the list of labels"))
    return make_dataset(
        "rafdb", pictures, size=size, published=PUBLISHED, shape=(100, 100), notes=(*notes, *about)
    )  # fmt: skip


def _name(file: SourceFile) -> str:
    return file.match["name"].lower()


def _listed(path: Path) -> Iterator[tuple[str, str]]:
    """Name and code of each image in the list of labels."""
    for number, line in enumerate(SOURCE.read(path, MOST_LISTED).decode("utf-8-sig", "replace").splitlines(), 1):
        entry = LINE.fullmatch(line.strip())
        if entry:
            yield entry["name"].lower(), entry["code"]
        elif line.strip():
            raise SOURCE.error(f"{path} line {number} is not like 'train_00001.jpg 5': {line[:80]!r}")
