"""The images that most methods get wrong: which they are, as pictures where these may be shown, and their section."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from febench.core.dataset import load_dataset
from febench.core.errors import FebenchError
from febench.core.manifest import Manifest
from febench.results.results import Results
from febench.results.rows import RowResults
from febench.show.report.blocks import Part, Section, fill, note
from febench.show.report.studies import Study
from febench.show.tables import chosen

SHOWN = 12
SIDE = 112
COLOURS = 64
INTRO = (
    "Images that more than half of the methods mostly get wrong, the worst first: hard faces or doubtful labels. "
    "Every stored prediction counts."
)


@dataclass(frozen=True)
class Said:
    """An answer, and the methods that mostly gave it."""

    answer: str
    methods: tuple[str, ...]
    right: bool


@dataclass(frozen=True)
class Hard:
    """An image that most methods get wrong.

    Attributes
    ----------
    index : int
        Its place in the data set.
    id, true : str
        Its id and its class.
    wrong, methods : int
        How many methods mostly get it wrong, of how many that were tested on it.
    share : float
        Percent of predictions that are wrong, every method counting alike.
    said : tuple of Said
        What each method mostly said, the most frequent answer first.
    """

    index: int
    id: str
    true: str
    wrong: int
    methods: int
    share: float
    said: tuple[Said, ...]


def hardest(results: Results, most: int = SHOWN) -> list[Hard]:
    """The images that more than half of the methods mostly get wrong, the worst first; at most so many.

    Every stored prediction counts, also those of runs that are not whole. In a tie a method is given the right answer.
    """
    rows, labels = [row for row in chosen(results) if len(row.cells)], results.manifest.labels
    if not rows:
        return []
    votes = np.stack([_votes(row) for row in rows])
    total = votes.sum(axis=2)
    tested, right = total > 0, np.take_along_axis(votes, labels[None, :, None], axis=2)[..., 0]
    answers = np.where(right == votes.max(axis=2), labels, votes.argmax(axis=2))
    mistaken, methods = ((answers != labels) & tested).sum(axis=0), tested.sum(axis=0)
    wrong = np.where(tested, 1.0 - right / np.maximum(total, 1), 0.0)
    share = 100.0 * wrong.sum(axis=0) / np.maximum(methods, 1)
    order = np.lexsort((-share, -mistaken / np.maximum(methods, 1)))
    worst = [int(image) for image in order if 2 * mistaken[image] > methods[image]][:most]
    classes, hard = results.manifest.classes, []
    for image in worst:
        true, by_answer = int(labels[image]), dict[int, list[str]]()
        for place in np.flatnonzero(tested[:, image]):
            by_answer.setdefault(int(answers[place, image]), []).append(rows[place].label)
        given = sorted(by_answer, key=lambda answer: (-len(by_answer[answer]), answer))
        said = tuple(Said(classes[answer], tuple(by_answer[answer]), answer == true) for answer in given)
        counts = int(mistaken[image]), int(methods[image])
        hard.append(Hard(image, results.manifest.ids[image], classes[true], *counts, float(share[image]), said))
    return hard


def _votes(row: RowResults) -> NDArray[np.int64]:
    """How often each image was taken for each class, shape (images, classes); of a row with cells."""
    manifest, cells = row.manifest, row.cells
    n_images, n_classes = len(manifest.labels), len(manifest.classes)
    tests = [manifest.test(run, fold) for run, fold in zip(cells.table["run"], cells.table["fold"], strict=True)]
    said = np.concatenate(tests) * n_classes + cells.predictions(np.arange(len(cells)))
    return np.bincount(said, minlength=n_images * n_classes).reshape(n_images, n_classes)


class UnshownError(Exception):
    """Why there are no pictures."""


def pictures(manifest: Manifest, images: Sequence[int], allowed: bool, data_dir: Path | None = None) -> list[str]:
    """Some images of a data set as small PNG data URIs.

    Parameters
    ----------
    manifest : Manifest
        Names the data set.
    images : sequence of int
        Places in the data set.
    allowed : bool
        Whether images of people may be shown; those drawn by code always may.
    data_dir : Path or None
        Where data sets live.

    Raises
    ------
    UnshownError
        If they may not be shown, cannot be loaded here, or are not those the results were computed on.
    """
    if not (manifest.synthetic or allowed):
        raise UnshownError("Images of people are shown only with show_images, by who may: here are their ids")
    try:
        dataset = load_dataset(manifest.dataset, data_dir)
    except FebenchError as error:
        raise UnshownError(f"The images cannot be loaded here, so there are ids only: {error}") from error
    if dataset.fingerprint != manifest.fingerprint:
        raise UnshownError(
            "The data set here is another one than that of the results (by its fingerprint): here are ids only"
        )
    if not (dataset.synthetic or allowed):
        raise UnshownError("The data set here is not synthetic as the results say: here are ids only")
    return [png_uri(dataset.images[image]) for image in images]


def png_uri(image: NDArray[np.uint8]) -> str:
    """An image, at most `SIDE` pixels wide and high, in few colours."""
    picture = Image.fromarray(np.asarray(image))
    picture.thumbnail((SIDE, SIDE))
    out = BytesIO()
    picture.quantize(COLOURS).save(out, "PNG", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(out.getvalue()).decode()}"


def mistakes_section(studies: Sequence[Study], show_images: bool, data_dir: Path | None) -> Section:
    """The hardest images of each study, as pictures where they may be shown."""
    parts = []
    for study in studies:
        worst, manifest = hardest(study.results), study.results.manifest
        if not worst:
            parts.append(Part(study.name, (note("There is no image that most methods get wrong."),)))
            continue
        try:
            uris, why = pictures(manifest, [one.index for one in worst], show_images, data_dir), ""
        except UnshownError as unshown:
            uris, why = [""] * len(worst), f"{unshown}."
        block = fill("mistakes.html", images=list(zip(worst, uris, strict=True)))
        parts.append(Part(study.name, (note(why or "Pictures are reduced in size and colours."), block)))
    return Section("mistakes", "Images most methods get wrong", INTRO, tuple(parts))
