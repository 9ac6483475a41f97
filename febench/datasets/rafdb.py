"""RAF-DB, the Real-world Affective Faces database: its single-label set, aligned."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from febench.core.dataset import Dataset, dataset
from febench.datasets.pictures import Picture, Wanted, make_dataset
from febench.datasets.source import Found, Source, ending, left_out, some

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


@dataset("rafdb", cite="Li, Deng & Du 2017")
def rafdb(data_dir: Path | None = None, size: int = 0) -> Dataset:
    """15,339 colour faces of 100x100 pixels from the web, 7 emotions; train (12,271) and test (3,068), no subjects."""
    files, notes = SOURCE.files(SOURCE.home(data_dir))
    images = sorted((file for file in files if _is_aligned(file)), key=_name)
    listed = _listed(files)
    pictures = [
        Picture(
            path=file.path,
            id=_name(file),
            label=SOURCE.look_up(file, file.named["code"] or listed[_name(file)], CODES),
            part=file.named["part"].lower(),
        )
        for file in images
        if file.named["code"] or _name(file) in listed
    ]
    return make_dataset(
        "rafdb", pictures, Wanted(size), published=PUBLISHED, shape=(100, 100),
        notes=(*notes, *_about(images, listed)),
    )  # fmt: skip


def _is_aligned(file: Found) -> bool:
    return not file.named["list"] and (file.named["kind"] or "aligned").lower() == "aligned"


def _name(file: Found) -> str:
    return file.named["name"].lower()


def _listed(files: list[Found]) -> dict[str, str]:
    """The code of each image that the list of labels names; nothing where folders tell the labels."""
    lists = [file.path for file in files if file.named["list"]]
    if not lists and any(file.named["kind"] for file in files):
        raise SOURCE.error("found no EmoLabel/list_patition_label.txt beside the folder Image")
    return dict(line for path in lists for line in _lines(path))


def _lines(path: Path) -> Iterator[tuple[str, str]]:
    for number, line in enumerate(SOURCE.read(path, MOST_LISTED).decode("utf-8-sig", "replace").splitlines(), 1):
        found = LINE.fullmatch(line.strip())
        if found:
            yield found["name"].lower(), found["code"]
        elif line.strip():
            raise SOURCE.error(f"{path} line {number} is not like 'train_00001.jpg 5': {line[:80]!r}")


def _about(images: list[Found], listed: dict[str, str]) -> Iterator[str]:
    absent = sorted(set(listed) - {_name(file) for file in images})
    if absent:
        yield f"{len(absent)} images are in the list of labels but absent: {some(absent)}"
    yield from left_out([file.id for file in images if not file.named["code"] and _name(file) not in listed],
                        "not in the list of labels")  # fmt: skip
