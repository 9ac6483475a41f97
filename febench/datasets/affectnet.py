"""AffectNet: faces from the web, labelled by hand; the part of its releases with 8 expressions as cut-out faces."""

from __future__ import annotations

import io
from collections import Counter
from pathlib import Path

import numpy as np

from febench.core.dataset import Dataset, dataset
from febench.datasets.decoding import in_threads
from febench.datasets.loading import make_dataset
from febench.datasets.source import Picture, Source, SourceFile, ending, left_out, some, whole_number

SOURCE = Source(
    name="affectnet",
    folders=("affectnet",),
    pattern=ending(r"(?P<set>train|val)_set/(?:images/(?P<number>\d+)\.jpe?g|annotations/(?P<annotated>\d+)_exp\.npy)"),
    example="AffectNet/train_set/images/123.jpg",
    terms="get it from mohammadmahoor.com/pages/databases/affectnet (research only, on request)",
)
CODES = {
    "0": "neutral", "1": "happy", "2": "sadness", "3": "surprise", "4": "fear", "5": "disgust", "6": "anger",
    "7": "contempt",
}  # fmt: skip
OTHER = {"8": "none", "9": "uncertain", "10": "no face"}
PARTS = {"train": "train", "val": "test"}
OWN_TEST = "val_set is the test part, as in the literature: the labels of AffectNet's own test set are not published"


@dataset("affectnet", cite="Mollahosseini, Hasani & Mahoor 2017", find=SOURCE.find)
def affectnet(data_dir: Path | None = None, size: int = 0) -> Dataset:
    """Colour faces of 224x224 pixels from the web, 8 expressions with contempt; train_set, and val_set for testing.

    AffectNet's own test set has no published labels; as everywhere in the literature, its validation set stands for it.
    """
    files, notes = SOURCE.files(data_dir)
    images = {_key(file): file for file in files if file.match["number"]}
    annotations = {_key(file): file for file in files if file.match["annotated"]}
    if not annotations:
        raise SOURCE.error("found images but no annotation like train_set/annotations/123_exp.npy")
    read = in_threads(_label, list(annotations.values()), "affectnet: reading labels")
    labels = dict(zip(annotations, read, strict=True))
    pictures = [
        Picture(file.path, file.id, labels[key], part=PARTS[key[0]])
        for key, file in images.items()
        if labels.get(key, "none") not in OTHER.values()
    ]

    about = []
    others = Counter(label for key, label in labels.items() if key in images and label in OTHER.values())
    if others:
        words = ", ".join(f"{label} {count}" for label, count in others.items())
        about.append(f"left out as labelled with no expression: {words}")
    about.extend(left_out([file.id for key, file in images.items() if key not in labels], "without an annotation"))
    absent = [f"{part}_set/images/{number}" for part, number in labels if (part, number) not in images]
    if absent:
        about.append(f"{len(absent)} images are annotated but absent: {some(absent)}")
    return make_dataset("affectnet", pictures, size=size, notes=(*notes, *about, OWN_TEST))


def _key(file: SourceFile) -> tuple[str, str]:
    """What an image and its annotation have in common: the folder and the number."""
    return file.match["set"].lower(), file.match["number"] or file.match["annotated"]


def _label(file: SourceFile) -> str:
    """What an annotation says; it is read as an array and never as a pickle, which could run a program."""
    content = SOURCE.read(file.path)
    try:
        text = str(np.lib.format.read_array(io.BytesIO(content), allow_pickle=False).item())
    except Exception as error:
        raise SOURCE.error(f"{file.path} is not one number in a NumPy array ({error})") from error
    return SOURCE.look_up(file, whole_number(text), {**CODES, **OTHER})
