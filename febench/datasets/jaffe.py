"""JAFFE: 213 posed faces of 10 Japanese women."""

from __future__ import annotations

from pathlib import Path

from febench.core.dataset import Dataset, dataset
from febench.datasets.alignment import EYES, MARGIN
from febench.datasets.files import IMAGE
from febench.datasets.loading import make_dataset
from febench.datasets.source import Source, ending

SOURCE = Source(
    name="jaffe",
    folders=("jaffe", "jaffedbase"),
    pattern=ending(r"(?P<subject>[A-Z]{2})\.(?P<code>[A-Z]{2})\d+\.\d+" + IMAGE),
    example="jaffe/KA.AN1.39.tiff",
    terms="get it from zenodo.org/records/3451524 (research only, on request)",
)
CODES = {
    "AN": "anger", "DI": "disgust", "FE": "fear", "HA": "happy", "NE": "neutral", "SA": "sadness", "SU": "surprise",
}  # fmt: skip
PUBLISHED = {"anger": 30, "disgust": 29, "fear": 32, "happy": 31, "neutral": 30, "sadness": 31, "surprise": 30}


@dataset("jaffe", cite="Lyons, Akamatsu, Kamachi & Gyoba 1998", find=SOURCE.find)
def jaffe(
    data_dir: Path | None = None, size: int = 0, align: bool = False, eyes: float = EYES, margin: float = MARGIN
) -> Dataset:
    """213 grey faces of 256x256 pixels, 10 women, 7 emotions; the label is the posed emotion in the file name."""
    files, notes = SOURCE.files(data_dir)
    return make_dataset(
        "jaffe",
        SOURCE.pictures(files, CODES),
        size=size,
        align=align,
        eyes=eyes,
        margin=margin,
        published=PUBLISHED,
        shape=(256, 256),
        notes=notes,
    )
