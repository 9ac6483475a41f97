"""CK+48: the last three frames of CK+'s labelled sequences as they are commonly distributed, cut to 48x48 pixels."""

from __future__ import annotations

from pathlib import Path

from febench.core.dataset import Dataset, dataset
from febench.datasets.alignment import EYES, MARGIN
from febench.datasets.files import IMAGE
from febench.datasets.loading import make_dataset
from febench.datasets.source import Source, ending

SOURCE = Source(
    name="ckplus48",
    folders=("CK+48", "ckplus48"),
    pattern=ending(r"(?P<code>[a-z ]+)/(?P<sequence>(?P<subject>S\d{3})_\d{3})_\d{8}" + IMAGE),
    example="CK+48/anger/S010_004_00000017.png",
    terms="it is made from CK+ (jeffcohn.net/Resources), whose agreement holds for it",
)
PUBLISHED = {
    "anger": 135, "disgust": 177, "fear": 75, "happy": 207, "sadness": 84, "surprise": 249, "contempt": 54,
}  # fmt: skip
WORDS = {name: name for name in PUBLISHED}
FRAMES = 3


@dataset("ckplus48", cite="Lucey et al. 2010", find=SOURCE.find)
def ckplus48(
    data_dir: Path | None = None,
    apex: bool = False,
    size: int = 0,
    align: bool = False,
    eyes: float = EYES,
    margin: float = MARGIN,
) -> Dataset:
    """981 grey faces of 48x48 pixels, 118 people, 7 expressions without neutral, 3 frames each of 327 sequences.

    Neighbouring frames are nearly identical; apex=true keeps the last one of each sequence.
    """
    files, notes = SOURCE.files(data_dir)
    pictures = SOURCE.pictures(files, WORDS)
    if apex:  # the dict keeps the last: pictures are sorted by names that end in the number of the frame
        pictures = list({picture.sequence: picture for picture in pictures}.values())
    published = {name: count // FRAMES if apex else count for name, count in PUBLISHED.items()}
    return make_dataset(
        "ckplus48",
        pictures,
        size=size,
        align=align,
        eyes=eyes,
        margin=margin,
        published=published,
        shape=(48, 48),
        notes=notes,
    )
