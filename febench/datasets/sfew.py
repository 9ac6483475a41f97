"""SFEW 2.0, Static Facial Expressions in the Wild: frames of feature films."""

from __future__ import annotations

from pathlib import Path

from febench.core.dataset import Dataset, dataset
from febench.datasets.alignment import EYES, MARGIN
from febench.datasets.files import IMAGE, Picture
from febench.datasets.loading import make_dataset
from febench.datasets.source import Source, ending
from febench.datasets.words import WORDS, expression

SOURCE = Source(
    name="sfew",
    folders=("sfew", "SFEW_2", "SFEW2", "SFEW_2.0", "SFEW2.0"),
    pattern=ending(
        rf"(?P<part>train|val|test)[^/]*/(?:[^/]*/)?(?P<code>{WORDS})/(?P<name>(?P<film>[^/]+?)[_ -]*\d[\d_-]*{IMAGE})"
    ),
    example="SFEW_2/Train/Angry/AlexEmma_000103240_00000012.png",
    terms="get it from cs.anu.edu.au/few (research only, after an agreement is signed)",
    distinctive=ending(rf"(?:train|val|test)[^/]*/(?:[^/]*/)?(?:{WORDS})/[^/]+?[_ -]*\d{{9}}_\d{{8}}{IMAGE}"),
)
OWN_TEST = "Val is the test part, as in the literature: the labels of SFEW's own test set are not published"


@dataset("sfew", cite="Dhall, Goecke, Lucey & Gedeon 2011", find=SOURCE.find)
def sfew(
    data_dir: Path | None = None, size: int = 0, align: bool = False, eyes: float = EYES, margin: float = MARGIN
) -> Dataset:
    """Frames of films, or the faces cut from them, 7 expressions; Train (958), and Val (436) for testing.

    The people are not known; the film is each image's sequence.
    """
    files, notes = SOURCE.files(data_dir)
    SOURCE.refuse_copies(files, "part", "name")
    parts = {"train": "train", "val": "validation", "test": "test"}
    present = {file.match["part"].lower() for file in files}
    if "val" in present and "test" not in present:
        parts, notes = {**parts, "val": "test"}, (*notes, OWN_TEST)
    pictures = [
        Picture(
            path=file.path,
            id=file.id,
            label=expression(file.match["code"]) or "",
            sequence=file.match["film"].casefold(),
            part=parts[file.match["part"].lower()],
        )
        for file in files
    ]
    return make_dataset("sfew", pictures, size=size, align=align, eyes=eyes, margin=margin, notes=notes)
