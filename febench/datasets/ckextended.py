"""CK+ as the table `ckextended.csv`: 920 grey faces of 48x48 pixels, of people who are not named."""

from __future__ import annotations

from pathlib import Path

from febench.core.dataset import Dataset, dataset
from febench.datasets.alignment import EYES, MARGIN
from febench.datasets.fer2013 import CODES as FER2013
from febench.datasets.pixels import PixelTable
from febench.datasets.source import Source, ending

SOURCE = Source(
    name="ckextended",
    folders=("ckextended", "CK+", "ckplus"),
    pattern=ending(r"ckextended\.csv"),
    example="ckextended/ckextended.csv",
    terms="it is made from CK+ (jeffcohn.net/Resources), whose agreement holds for it",
)
CODES = {**FER2013, "7": "contempt"}
PUBLISHED = {
    "anger": 45, "disgust": 59, "fear": 25, "happy": 69, "neutral": 593, "sadness": 28, "surprise": 83, "contempt": 18,
}  # fmt: skip
PEOPLE_UNKNOWN = (
    "the table names nobody, though CK+ shows its people several times: they may be in training and test; "
    "ckplus48 and ckplus know them"
)


@dataset("ckextended", cite="Lucey et al. 2010", find=SOURCE.find)
def ckextended(
    data_dir: Path | None = None, size: int = 0, align: bool = False, eyes: float = EYES, margin: float = MARGIN
) -> Dataset:
    """920 faces, 8 expressions with neutral and contempt, no subjects; Training, PublicTest and PrivateTest."""
    files, notes = SOURCE.files(data_dir)
    table = PixelTable.read(SOURCE, files[0].path, CODES)
    return table.dataset(
        range(len(table.labels)),
        table.labels,
        PUBLISHED,
        (*notes, PEOPLE_UNKNOWN),
        size=size,
        align=align,
        eyes=eyes,
        margin=margin,
    )
