"""The Yale face database: 15 people under 11 conditions, four of which are expressions."""

from __future__ import annotations

from pathlib import Path

from febench.core.dataset import Dataset, dataset
from febench.datasets.alignment import EYES, MARGIN
from febench.datasets.files import IMAGE, Picture
from febench.datasets.loading import make_dataset
from febench.datasets.notes import note_left_out
from febench.datasets.source import Source, ending

SOURCE = Source(
    name="yale",
    folders=("yale", "yalefaces"),
    pattern=ending(rf"(?P<subject>subject\d\d)(?:(?!{IMAGE}$|\.txt$)\.(?P<word>[a-z]+))?(?:{IMAGE})?"),
    example="yalefaces/subject01.happy",
    terms="get it from cvc.cs.yale.edu/cvc/projects/yalefaces (research only)",
    distinctive=ending(
        r"subject\d\d\.(?:centerlight|glasses|happy|leftlight|noglasses|normal|rightlight|sad|sleepy|surprised|wink)"
        rf"(?:{IMAGE})?"
    ),
)
WORDS = {"happy": "happy", "normal": "neutral", "sad": "sadness", "surprised": "surprise"}
OTHER = ("", "centerlight", "glasses", "leftlight", "noglasses", "rightlight", "sleepy", "wink")
PEOPLE = 15
COPY = "subject04.sad"


@dataset("yale", cite="Belhumeur, Hespanha & Kriegman 1997", find=SOURCE.find)
def yale(
    data_dir: Path | None = None, size: int = 0, align: bool = False, eyes: float = EYES, margin: float = MARGIN
) -> Dataset:
    """60 grey photographs of 320x243 pixels, 15 people, 4 expressions; of 165, those under other conditions left out.

    The files are GIF images with or without `.gif` at the end of their names.
    """
    files, notes = SOURCE.files(data_dir)
    taken = [file for file in files if (file.match["word"] or "").lower() not in OTHER]
    others = [file.id for file in files if file not in taken]
    about = note_left_out(others, "other conditions than the four expressions")
    if any(file.id.lower().startswith(COPY) for file in files):
        about = (*about, f"the publisher says that {COPY} was corrupted and is subject04.normal once more")
    labels = SOURCE.labels([(file.path, file.match["word"]) for file in taken], WORDS)
    pictures = [
        Picture(
            path=file.path,
            id=f"{file.match['subject']}.{file.match['word']}".lower(),
            label=label,
            subject=file.match["subject"].lower(),
        )
        for file, label in zip(taken, labels, strict=True)
    ]
    return make_dataset(
        "yale", pictures, size=size, align=align, eyes=eyes, margin=margin,
        published=dict.fromkeys(WORDS.values(), PEOPLE), shape=(243, 320), notes=(*notes, *about),
    )  # fmt: skip
