"""CK+, the extended Cohn-Kanade set: films of people who start neutral and end at the apex of an expression."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from febench.core.dataset import Dataset, dataset
from febench.core.errors import UsageError
from febench.datasets.pictures import Picture, Wanted, make_dataset
from febench.datasets.source import Found, Source, ending, some, whole

SOURCE = Source(
    name="ckplus",
    folders=("CK+", "ckplus", "cohn-kanade-plus"),
    pattern=ending(r"(?P<subject>S\d{3})/\d{3}/(?P<sequence>S\d{3}_\d{3})_\d{8}(?:\.png|(?P<emotion>_emotion\.txt))"),
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


@dataset("ckplus", cite="Lucey et al. 2010")
def ckplus(
    data_dir: Path | None = None,
    frames: int = 1,
    neutral: bool = False,
    size: int = 128,
    crop: str = "none",
    margin: float = 0.2,
) -> Dataset:
    """327 photographs at the apex of an expression, 118 people, 7 expressions; neutral=true adds each film's first.

    The other 266 of the 593 sequences have no label. Some photographs are 640x490 and grey, some 640x480 and in colour:
    all are cut to the square in their middle and brought to 128x128 RGB unless another size is asked for.

    Parameters
    ----------
    data_dir : Path
        The folder that holds `cohn-kanade-images` and `Emotion`.
    frames : int
        How many of the last frames of each sequence to take; the last of all is the apex.
    neutral : bool
        Whether to take the first frame of each sequence as well, as neutral.
    size, crop, margin
        As in `jaffe`.
    """
    if frames < 1:
        raise UsageError(f"data set ckplus: frames must be at least 1, not {frames}")
    files, notes = SOURCE.files(SOURCE.home(data_dir))
    labels = _labels(files)
    films = _films(files)
    pictures = [
        picture
        for sequence, label in labels.items()
        if label != "neutral" or neutral
        for picture in _taken(films.get(sequence, []), label, frames, neutral)
    ]
    published = {name: frames * count for name, count in PUBLISHED.items()}
    return make_dataset(
        "ckplus", pictures, Wanted(size, crop, margin),
        published={**published, "neutral": sum(PUBLISHED.values())} if neutral else published,
        notes=(*notes, *_about(labels, films, neutral)),
    )  # fmt: skip


def _labels(files: list[Found]) -> dict[str, str]:
    """The expression of each labelled sequence."""
    found = {_sequence(file): _label(file) for file in files if file.named["emotion"]}
    if not found:
        raise SOURCE.error(
            "found no file like Emotion/S005/001/S005_001_00000011_emotion.txt; the folder Emotion must lie beside "
            "cohn-kanade-images"
        )
    return found


def _label(file: Found) -> str:
    text = SOURCE.read(file.path).decode("ascii", "replace").strip()
    return SOURCE.look_up(file, whole(text), CODES)


def _films(files: list[Found]) -> dict[str, list[Found]]:
    """The frames of each sequence in their order."""
    films: dict[str, list[Found]] = {}
    for file in files:
        if not file.named["emotion"]:
            films.setdefault(_sequence(file), []).append(file)
    return films


def _sequence(file: Found) -> str:
    return file.named["sequence"].upper()


def _taken(film: list[Found], label: str, frames: int, neutral: bool) -> Iterator[Picture]:
    last = film[-frames:]
    if neutral and len(film) > frames:
        yield _picture(film[0], "neutral")
    yield from (_picture(file, label) for file in last)


def _picture(file: Found, label: str) -> Picture:
    return Picture(file.path, file.id, label, file.named["subject"].upper(), _sequence(file))


def _about(labels: Mapping[str, str], films: Mapping[str, list[Found]], neutral: bool) -> Iterator[str]:
    absent = [sequence for sequence in labels if sequence not in films]
    if absent:
        yield f"{len(absent)} labelled sequences have no images: {some(absent)}"
    calm = [sequence for sequence, label in labels.items() if label == "neutral"]
    if calm and not neutral:
        yield f"left out as labelled neutral: {some(calm)}"
