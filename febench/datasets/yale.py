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
CLASSES = {"happy": "happy", "normal": "neutral", "sad": "sadness", "surprised": "surprise"}
OTHER = ("", "centerlight", "glasses", "leftlight", "noglasses", "rightlight", "sleepy", "wink")
PEOPLE = 15
CORRUPTED = "subject04.sad"


@dataset("yale", cite="Belhumeur, Hespanha & Kriegman 1997", find=SOURCE.find)
def yale(
    data_dir: Path | None = None, size: int = 0, align: bool = False, eyes: float = EYES, margin: float = MARGIN
) -> Dataset:
    """60 grey photographs of 320x243 pixels, 15 people, 4 expressions; the other 105 show no expression.

    Their files are GIF images with or without the suffix `.gif`.
    """
    files, notes = SOURCE.files(data_dir)
    selected = [file for file in files if (file.match["word"] or "").lower() not in OTHER]
    others = [file.id for file in files if file not in selected]
    about = note_left_out(others, "other conditions than the four expressions")
    if any(file.id.lower().startswith(CORRUPTED) for file in files):
        about = (*about, f"the publisher says that {CORRUPTED} was corrupted; it is a copy of subject04.normal")
    labels = SOURCE.labels([(file.path, file.match["word"]) for file in selected], CLASSES)
    pictures = [
        Picture(
            path=file.path,
            id=f"{file.match['subject']}.{file.match['word']}".lower(),
            label=label,
            subject=file.match["subject"].lower(),
        )
        for file, label in zip(selected, labels, strict=True)
    ]
    return make_dataset(
        "yale",
        pictures,
        size=size,
        align=align,
        eyes=eyes,
        margin=margin,
        published=dict.fromkeys(CLASSES.values(), PEOPLE),
        shape=(243, 320),
        notes=(*notes, *about),
    )
