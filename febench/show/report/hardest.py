"""The images that most methods get wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from febench.results.results import Results, RowResults

SHOWN = 12


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

    Every stored prediction counts, also those of runs that are not whole.
    """
    rows = [row for row in results.rows if any(record.ok for record in row.records)]
    if not rows:
        return []
    votes = np.stack([_votes(row) for row in rows])
    answers, tested = _answers(votes, results.manifest.labels), votes.sum(axis=2) > 0
    mistaken = ((answers != results.manifest.labels) & tested).sum(axis=0)
    methods = tested.sum(axis=0)
    share = _wrong_shares(votes, results.manifest.labels)
    order = np.lexsort((-share, -mistaken / np.maximum(methods, 1)))
    chosen = [int(image) for image in order if 2 * mistaken[image] > methods[image]][:most]
    names = [row.label for row in rows]
    return [_hard(results, image, _given(names, answers[:, image], tested[:, image]), share[image]) for image in chosen]


def _votes(row: RowResults) -> NDArray[np.int64]:
    """How often each image was taken for each class, shape (images, classes)."""
    manifest = row.manifest
    votes = np.zeros((len(manifest.labels), len(manifest.classes)), dtype=np.int64)
    for record in row.records:
        if record.ok:
            tested = manifest.fold(record.run, record.fold).test
            np.add.at(votes, (tested, np.asarray(record.predictions, dtype=np.int64)), 1)
    return votes


def _answers(votes: NDArray[np.int64], labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """What each method mostly takes each image for, shape (methods, images); in a tie it is given the right one."""
    right = np.take_along_axis(votes, labels[None, :, None], axis=2)[..., 0]
    return np.where(right == votes.max(axis=2), labels, votes.argmax(axis=2))


def _wrong_shares(votes: NDArray[np.int64], labels: NDArray[np.int64]) -> NDArray[np.float64]:
    """Percent of wrong predictions of each image, every method that was tested on it counting alike."""
    total = votes.sum(axis=2)
    right = np.take_along_axis(votes, labels[None, :, None], axis=2)[..., 0]
    wrong = np.where(total > 0, 1.0 - right / np.maximum(total, 1), 0.0)
    shares: NDArray[np.float64] = 100.0 * wrong.sum(axis=0) / np.maximum((total > 0).sum(axis=0), 1)
    return shares


Given = list[tuple[str, int]]


def _given(names: Sequence[str], answers: NDArray[np.int64], tested: NDArray[np.bool_]) -> Given:
    return [(name, int(answer)) for name, answer, there in zip(names, answers, tested, strict=True) if there]


def _hard(results: Results, image: int, given: Given, share: float) -> Hard:
    manifest = results.manifest
    true = int(manifest.labels[image])
    wrong = sum(answer != true for _, answer in given)
    said = _said(manifest.classes, true, given)
    return Hard(image, manifest.ids[image], manifest.classes[true], wrong, len(given), float(share), said)


def _said(classes: Sequence[str], true: int, given: Given) -> tuple[Said, ...]:
    by_answer: dict[int, list[str]] = {}
    for name, answer in given:
        by_answer.setdefault(answer, []).append(name)
    order = sorted(by_answer, key=lambda answer: (-len(by_answer[answer]), answer))
    return tuple(Said(classes[answer], tuple(by_answer[answer]), answer == true) for answer in order)
