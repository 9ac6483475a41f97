"""KDEF: 70 people, each photographed twice with 7 expressions from 5 angles."""

from __future__ import annotations

from pathlib import Path

from febench.core.dataset import Dataset, dataset
from febench.datasets.alignment import EYES, MARGIN
from febench.datasets.files import IMAGE
from febench.datasets.loading import choose, make_dataset
from febench.datasets.source import Source, ending

CODES = {
    "AN": "anger", "DI": "disgust", "AF": "fear", "HA": "happy", "NE": "neutral", "SA": "sadness", "SU": "surprise",
}  # fmt: skip
VIEWS = {"straight": ("S",), "all": ("S", "HL", "HR", "FL", "FR")}
SESSIONS_OF_ALL = 2 * 70
SOURCE = Source(
    name="kdef",
    folders=("KDEF", "KDEF_and_AKDEF"),
    pattern=ending(rf"[AB](?P<subject>[FM]\d\d)(?P<code>{'|'.join(CODES)})(?P<view>{'|'.join(VIEWS['all'])}){IMAGE}"),
    example="KDEF/AF01/AF01AFS.JPG",
    terms="get it from kdef.se (research only, after registration)",
)


@dataset("kdef", cite="Lundqvist, Flykt & Ohman 1998", find=SOURCE.find)
def kdef(
    data_dir: Path | None = None,
    views: str = "straight",
    size: int = 0,
    align: bool = False,
    eyes: float = EYES,
    margin: float = MARGIN,
) -> Dataset:
    """980 colour faces of 562x762 pixels seen from the front (views=all: 4,900 from 5 angles), 70 people, 7 emotions.

    A person's two sessions (A and B) are one subject. The few files that the publisher misnamed, such as AF31V.JPG, are
    left out with a note.
    """
    chosen = choose("kdef", "views", views, VIEWS)
    files, notes = SOURCE.files(data_dir)
    return make_dataset(
        "kdef",
        SOURCE.pictures((file for file in files if file.match["view"].upper() in chosen), CODES),
        size=size,
        align=align,
        eyes=eyes,
        margin=margin,
        published={name: SESSIONS_OF_ALL * len(chosen) for name in CODES.values()},
        shape=(762, 562),
        notes=notes,
    )
