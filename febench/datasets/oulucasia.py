"""Oulu-CASIA: films of 80 people under two cameras and three lights, from neutral to the apex of an expression."""

from __future__ import annotations

from pathlib import Path

from febench.core.dataset import Dataset, dataset
from febench.datasets.alignment import EYES, MARGIN
from febench.datasets.files import IMAGE, Picture
from febench.datasets.loading import check_frames, choose, labelled_frames, make_dataset
from febench.datasets.source import Source, SourceFile, ending
from febench.datasets.words import WORDS, expression

SOURCE = Source(
    name="oulu-casia",
    folders=("oulu-casia", "oulu_casia", "oulucasia", "Oulu_CASIA_NIR_VIS"),
    pattern=ending(
        rf"(?P<film>(?P<camera>NI|VL)[^/]*/(?P<light>Strong|Weak|Dark)/(?P<subject>P\d+)/(?P<code>{WORDS}))/(?P<frame>\d+){IMAGE}"
    ),
    example="Oulu-CASIA/VL/Strong/P001/Anger/000.jpeg",
    terms="get it from oulu.fi/en/university/faculties-and-units (research only, after an agreement is signed)",
)
CAMERAS = {"all": ("NI", "VL"), "VL": ("VL",), "NI": ("NI",)}
LIGHTS = {"all": ("Strong", "Weak", "Dark"), "Strong": ("Strong",), "Weak": ("Weak",), "Dark": ("Dark",)}
CLASSES = ("anger", "disgust", "fear", "happy", "sadness", "surprise")
PEOPLE = 80


@dataset("oulu-casia", cite="Zhao, Huang, Taini, Li & Pietikainen 2011", find=SOURCE.find)
def oulu_casia(
    data_dir: Path | None = None,
    cameras: str = "all",
    lights: str = "all",
    frames: int = 3,
    neutral: bool = False,
    size: int = 0,
    align: bool = False,
    eyes: float = EYES,
    margin: float = MARGIN,
) -> Dataset:
    """The last 3 frames of each film of 80 people, 6 expressions, 2 cameras, 3 lights; neutral=true adds each first.

    A person keeps one name under both cameras. Most papers use cameras=VL, lights=Strong: 480 films.

    Parameters
    ----------
    data_dir : Path
        The folder that holds `NI` and `VL`.
    cameras : str
        `VL` (visible light), `NI` (near infrared) or `all`.
    lights : str
        `Strong`, `Weak`, `Dark` or `all`.
    frames : int
        How many of the last frames of each film to use; the very last one is the apex.
    neutral : bool
        Whether to use the first frame of each film too, as neutral.
    size, align, eyes, margin
        As in `jaffe`.
    """
    check_frames("oulu-casia", frames)
    chosen_cameras = choose("oulu-casia", "cameras", cameras, CAMERAS)
    chosen_lights = choose("oulu-casia", "lights", lights, LIGHTS)
    files, notes = SOURCE.files(data_dir)
    SOURCE.refuse_copies(files, "camera", "light", "subject", "code", "frame")
    films: dict[str, list[SourceFile]] = {}
    for file in files:
        if file.match["camera"].upper() in chosen_cameras and file.match["light"].title() in chosen_lights:
            films.setdefault(file.match["film"], []).append(file)
    pictures = []
    for name, film in films.items():
        label = expression(film[0].match["code"]) or ""
        for file, frame_label in labelled_frames(film, label, frames, neutral):
            pictures.append(Picture(file.path, file.id, frame_label, file.match["subject"].upper(), name))
    n_films = PEOPLE * len(chosen_cameras) * len(chosen_lights)
    published = dict.fromkeys(CLASSES, n_films * frames) | ({"neutral": n_films * len(CLASSES)} if neutral else {})
    return make_dataset(
        "oulu-casia", pictures, size=size, align=align, eyes=eyes, margin=margin, published=published, notes=notes
    )
