"""The section of the images that most methods get wrong, as pictures where these may be shown."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass, replace
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

MAX_SHOWN = 12
MAX_SIDE_PX = 112
N_COLOURS = 64
INTRO = (
    "Images that more than half of the methods mostly get wrong, the worst first: hard faces or doubtful labels. "
    "Every stored prediction counts."
)


@dataclass(frozen=True)
class Answer:
    """A class, and the methods that mostly answered it."""

    name: str
    methods: tuple[str, ...]
    right: bool


@dataclass(frozen=True)
class Hard:
    """An image that most methods get wrong.

    Attributes
    ----------
    index : int
        Its index in the data set.
    id, true : str
        Its id and its class.
    wrong, methods : int
        How many methods mostly get it wrong, of how many that were tested on it.
    share : float
        Percent of predictions that are wrong, every method counting alike.
    answers : tuple of Answer
        The answers of the methods, the most frequent first.
    """

    index: int
    id: str
    true: str
    wrong: int
    methods: int
    share: float
    answers: tuple[Answer, ...]


def hardest(results: Results, max_shown: int = MAX_SHOWN) -> list[Hard]:
    """Return the images that more than half of the methods mostly get wrong, the worst first.

    Every stored prediction counts, also of runs that are not complete. A tie with the right answer counts as right.
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
    worst = [int(image) for image in order if 2 * mistaken[image] > methods[image]][:max_shown]
    classes, hard = results.manifest.classes, []
    for image in worst:
        true, by_answer = int(labels[image]), dict[int, list[str]]()
        for index in np.flatnonzero(tested[:, image]):
            by_answer.setdefault(int(answers[index, image]), []).append(rows[index].label)
        order_of_answers = sorted(by_answer, key=lambda answer: (-len(by_answer[answer]), answer))
        hard.append(
            Hard(
                index=image,
                id=results.manifest.ids[image],
                true=classes[true],
                wrong=int(mistaken[image]),
                methods=int(methods[image]),
                share=float(share[image]),
                answers=tuple(
                    Answer(classes[answer], tuple(by_answer[answer]), answer == true) for answer in order_of_answers
                ),
            )
        )
    return hard


def _votes(row: RowResults) -> NDArray[np.int64]:
    """Return how often a row took each image for each class, shape (images, classes)."""
    manifest, cells = row.manifest, row.cells
    n_images, n_classes = len(manifest.labels), len(manifest.classes)
    tests = [manifest.test(run, fold) for run, fold in zip(cells.table["run"], cells.table["fold"], strict=True)]
    predicted = np.concatenate(tests) * n_classes + cells.predictions(np.arange(len(cells)))
    return np.bincount(predicted, minlength=n_images * n_classes).reshape(n_images, n_classes)


class UnshownError(Exception):
    """The images of a data set may not be shown, or are not here."""


def pictures(manifest: Manifest, images: Sequence[int], allowed: bool, data_dir: Path | None = None) -> list[str]:
    """Return images of a data set as small PNG data URIs.

    Parameters
    ----------
    manifest : Manifest
        Names the data set.
    images : sequence of int
        Indices in the data set.
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
        raise UnshownError(
            "Images of people are shown only with show_images, if you may pass them on, so there are ids only"
        )
    try:
        dataset = load_dataset(manifest.dataset, data_dir)
    except FebenchError as error:
        raise UnshownError(f"The images cannot be loaded here, so there are ids only: {error}") from error
    if dataset.fingerprint != manifest.fingerprint:
        raise UnshownError(
            "The data set here is not the one of the results (their fingerprints differ), so there are ids only"
        )
    if not (dataset.synthetic or allowed):
        raise UnshownError("The data set here is not synthetic, as the results say it is, so there are ids only")
    return [png_uri(dataset.images[image]) for image in images]


def png_uri(image: NDArray[np.uint8]) -> str:
    """Return an image as a PNG data URI, at most `MAX_SIDE_PX` wide and high, in `N_COLOURS` colours."""
    picture = Image.fromarray(np.asarray(image))
    picture.thumbnail((MAX_SIDE_PX, MAX_SIDE_PX))
    out = BytesIO()
    picture.quantize(N_COLOURS).save(out, "PNG", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(out.getvalue()).decode()}"


def mistakes_section(studies: Sequence[Study], show_images: bool, data_dir: Path | None) -> Section:
    """Return the section of the hardest images of each study, as pictures where they may be shown."""
    parts = []
    for study in studies:
        worst, manifest = hardest(study.results), study.results.manifest
        if not worst:
            parts.append(Part(study.name, (note("There is no image that most methods get wrong."),)))
            continue
        try:
            uris, remark = pictures(manifest, [image.index for image in worst], show_images, data_dir), ""
        except UnshownError as unshown:
            uris, remark = [""] * len(worst), f"{unshown}."
        named = [replace(image, id=study.people.hide(image.id)) for image in worst]
        block = fill("mistakes.html", images=list(zip(named, uris, strict=True)))
        remark = remark or "Pictures are reduced in size and colours."
        if study.people.hidden:
            remark += " People are named by their initials in the ids; febench report --names shows the names."
        parts.append(Part(study.name, (note(remark), block)))
    return Section("mistakes", "Images most methods get wrong", INTRO, tuple(parts))
