"""RaFD, the Radboud Faces Database: 67 people, 8 expressions, 3 directions of gaze, 5 cameras."""

from __future__ import annotations

from pathlib import Path

from febench.core.dataset import Dataset, dataset
from febench.datasets.alignment import EYES, MARGIN
from febench.datasets.files import IMAGE
from febench.datasets.loading import choose, make_dataset
from febench.datasets.source import Source, ending
from febench.datasets.words import ORDER

SOURCE = Source(
    name="rafd",
    folders=("rafd",),
    pattern=ending(
        r"rafd(?P<camera>\d{3})_(?P<subject>\d+)_[a-z]+_(fe)?male_(?P<code>[a-z]+)_(?P<gaze>frontal|left|right)" + IMAGE
    ),
    example="rafd/Rafd090_28_Caucasian_male_angry_frontal.jpg",
    terms="get it from rafd.socsci.ru.nl (research only, on request)",
)
WORDS = {name: name for name in ORDER}
CAMERAS = {"frontal": ("090",), "all": ("000", "045", "090", "135", "180")}
GAZES = {"all": ("frontal", "left", "right"), "frontal": ("frontal",)}
PEOPLE = 67


@dataset("rafd", cite="Langner et al. 2010", find=SOURCE.find)
def rafd(
    data_dir: Path | None = None,
    cameras: str = "frontal",
    gaze: str = "all",
    size: int = 0,
    align: bool = False,
    eyes: float = EYES,
    margin: float = MARGIN,
) -> Dataset:
    """1,608 colour photographs, 67 people, 8 expressions, 3 directions of gaze; cameras=all: 8,040 from 5 cameras.

    With gaze=frontal each person shows each expression once (536 from the front); by default all gazes are used.
    """
    views = choose("rafd", "cameras", cameras, CAMERAS)
    gazes = choose("rafd", "gaze", gaze, GAZES)
    files, notes = SOURCE.files(data_dir)
    selected = [file for file in files if file.match["camera"] in views and file.match["gaze"].lower() in gazes]
    return make_dataset(
        "rafd",
        SOURCE.pictures(selected, WORDS),
        size=size,
        align=align,
        eyes=eyes,
        margin=margin,
        published={name: PEOPLE * len(views) * len(gazes) for name in WORDS.values()},
        notes=notes,
    )
