"""CK+, the extended Cohn-Kanade set: films of people who start neutral and end at the apex of an expression."""

from __future__ import annotations

from pathlib import Path

from febench.core.dataset import Dataset, dataset
from febench.datasets.alignment import EYES, MARGIN
from febench.datasets.files import IMAGE, Picture
from febench.datasets.loading import check_frames, labelled_frames, make_dataset
from febench.datasets.notes import first_few, one_value_each, whole_number
from febench.datasets.source import Source, SourceFile, ending

SOURCE = Source(
    name="ckplus",
    folders=("CK+", "ckplus", "cohn-kanade-plus"),
    pattern=ending(
        r"(?P<subject>S\d{3})/\d{3}/(?P<sequence>S\d{3}_\d{3})_\d{8}(?:" + IMAGE + r"|(?P<emotion>_emotion\.txt))"
    ),
    example="CK+/cohn-kanade-images/S005/001/S005_001_00000011.png",
    terms="get it by way of jeffcohn.net/Resources (research only, after an agreement is signed)",
)
CODES = {
    "0": "neutral", "1": "anger", "2": "contempt", "3": "disgust", "4": "fear", "5": "happy", "6": "sadness",
    "7": "surprise",
}  # fmt: skip
PUBLISHED = {
    "anger": 45, "disgust": 59, "fear": 25, "happy": 69, "sadness": 28, "surprise": 83, "contempt": 18,
}  # fmt: skip


@dataset("ckplus", cite="Lucey et al. 2010", find=SOURCE.find)
def ckplus(
    data_dir: Path | None = None,
    frames: int = 1,
    neutral: bool = False,
    size: int = 128,
    align: bool = False,
    eyes: float = EYES,
    margin: float = MARGIN,
) -> Dataset:
    """327 photographs at the apex of an expression, 118 people, 7 expressions; neutral=true adds each film's first.

    The other 266 of the 593 sequences have no label. Some photographs are 640x490 and grey, some 640x480 and in colour:
    all are cut to their central square and resized to 128x128 RGB, unless `size` says otherwise.

    Parameters
    ----------
    data_dir : Path
        The folder that holds `cohn-kanade-images` and `Emotion`.
    frames : int
        How many of the last frames of each sequence to use; the very last one is the apex.
    neutral : bool
        Whether to use the first frame of each sequence too, as neutral.
    size, align, eyes, margin
        As in `jaffe`.
    """
    check_frames("ckplus", frames)
    files, notes = SOURCE.files(data_dir)
    coded: list[tuple[SourceFile, str]] = []
    films: dict[str, list[SourceFile]] = {}
    for file in files:
        sequence = file.match["sequence"].upper()
        if file.match["emotion"]:
            coded.append((file, whole_number(SOURCE.read(file.path).decode("ascii", "replace").strip())))
        else:
            films.setdefault(sequence, []).append(file)
    if not coded:
        raise SOURCE.error(
            "found no file like Emotion/S005/001/S005_001_00000011_emotion.txt; the folder Emotion must lie beside "
            "cohn-kanade-images"
        )
    classes = SOURCE.labels([(file.path, code) for file, code in coded], CODES)
    sequences = [file.match["sequence"].upper() for file, _ in coded]
    labels = one_value_each(zip(sequences, classes, strict=True), "the folder Emotion", SOURCE.error)
    SOURCE.refuse_copies(file for film in films.values() for file in film)
    pictures = []
    for sequence, label in labels.items():
        if label == "neutral" and not neutral:
            continue
        for file, frame_label in labelled_frames(films.get(sequence, []), label, frames, neutral):
            pictures.append(Picture(file.path, file.id, frame_label, file.match["subject"].upper(), sequence))

    about = []
    absent = [sequence for sequence in labels if sequence not in films]
    missing = {f"{len(absent)} labelled sequences have no images: {first_few(absent)}": len(absent)} if absent else {}
    neutral_films = [sequence for sequence, label in labels.items() if label == "neutral"]
    if neutral_films and not neutral:
        about.append(f"left out as labelled neutral: {first_few(neutral_films)}")
    published = {name: frames * count for name, count in PUBLISHED.items()}
    if neutral:
        published["neutral"] = sum(PUBLISHED.values())
    return make_dataset(
        "ckplus",
        pictures,
        size=size,
        align=align,
        eyes=eyes,
        margin=margin,
        published=published,
        absent=missing,
        notes=(*notes, *about),
    )
