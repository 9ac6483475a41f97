"""The Yale face database: 15 people under 11 conditions, four of which are expressions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from febench.core.dataset import Dataset, dataset
from febench.datasets.pictures import Picture, Wanted, make_dataset
from febench.datasets.source import Found, Source, ending, left_out

SOURCE = Source(
    name="yale",
    folders=("yale", "yalefaces"),
    pattern=ending(r"(?P<subject>subject\d\d)(?:\.(?!gif$|txt$)(?P<word>[a-z]+))?(?:\.gif)?"),
    example="yalefaces/subject01.happy",
    terms="get it from cvc.cs.yale.edu/cvc/projects/yalefaces (research only)",
)
WORDS = {"happy": "happy", "normal": "neutral", "sad": "sadness", "surprised": "surprise"}
OTHER = ("centerlight", "glasses", "leftlight", "noglasses", "rightlight", "sleepy", "wink")
PEOPLE = 15
COPY = "subject04.sad"


@dataset("yale", cite="Belhumeur, Hespanha & Kriegman 1997")
def yale(data_dir: Path | None = None, size: int = 0, crop: str = "none", margin: float = 0.2) -> Dataset:
    """60 grey photographs of 320x243 pixels, 15 people, 4 expressions; of 165, those under other conditions left out.

    The files are GIF images with or without `.gif` at the end of their names.
    """
    files, notes = SOURCE.files(SOURCE.home(data_dir))
    pictures = [
        Picture(
            path=found.path,
            id=f"{found.named['subject']}.{found.named['word']}".lower(),
            label=SOURCE.look_up(found, found.named["word"], WORDS),
            subject=found.named["subject"].lower(),
        )
        for found in files
        if not _is_other(found)
    ]
    return make_dataset(
        "yale", pictures, Wanted(size, crop, margin),
        published=dict.fromkeys(WORDS.values(), PEOPLE), shape=(243, 320), notes=(*notes, *_about(files)),
    )  # fmt: skip


def _is_other(found: Found) -> bool:
    word = found.named["word"]
    return word is None or word.lower() in OTHER


def _about(files: list[Found]) -> Iterator[str]:
    yield from left_out([found.id for found in files if _is_other(found)], "other conditions than the four expressions")
    if any(found.id.lower().startswith(COPY) for found in files):
        yield f"the publisher says that {COPY} was corrupted and is subject04.normal once more"
