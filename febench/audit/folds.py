"""Checks of the folds: is every class and every image asked about, and fairly."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from febench.audit.audited import TEST, TRAIN, VALIDATION, Audited, Split, in_words
from febench.audit.checks import Found, check, found
from febench.audit.groups import Indices


@check(
    "FEB009",
    severity="error",
    title="A class is missing in a part of a fold",
    detected="Labels of the images in training, validation and test of each fold.",
    why="A class that is not trained on cannot be recognised; one that is not tested has no sensitivity there.",
    action="Use fewer groups, another protocol, or leave the class out; missing in validation alone is a lesser harm.",
)
def classes_missing_in_parts(audited: Audited) -> Found | None:
    """Classes missing, fold by fold; training and test first."""
    used = list(_missing(audited, [TRAIN, TEST]))
    whole = found(len(used), used)
    spare = list(_missing(audited, [VALIDATION]))
    if whole is None:
        told = found(len(spare), spare)
        return told and replace(told, severity="warning")
    return replace(whole, detail=f"and {len(spare)} in validation, such as {spare[0]}") if spare else whole


@check(
    "FEB010",
    severity="warning",
    title="There are fewer images than groups",
    detected="Images of each class, and of the set, against the protocol's number of groups.",
    why="Some groups cannot hold such a class, and what is measured there rests on one image or none.",
    action="Use fewer groups, such as paper[groups=5], or leave the class out.",
)
def fewer_images_than_groups(audited: Audited) -> Found | None:
    """Classes, or the set."""
    groups = max((len(run) for run in audited.runs()), default=0)
    counts = np.bincount(audited.dataset.labels, minlength=len(audited.dataset.classes))
    named = [(audited.dataset.name, len(audited.dataset)), *zip(audited.dataset.classes, counts, strict=True)]
    few = [f"{name} has {count} images for {groups} groups" for name, count in named if count < groups]
    return found(len(few), few)


@check(
    "FEB011",
    severity="error",
    title="Images are not tested exactly once in a run",
    detected="How often each image is in a test part, run by run, in protocols of several folds.",
    why="A run's accuracy then leaves images out or counts them twice: it is not the accuracy on the set.",
    action="Mend the protocol: the test parts of a run's folds must hold every image once.",
)
def not_tested_once(audited: Audited) -> Found | None:
    """Images, each with the first run in which it is so."""
    if audited.manifest is None or audited.manifest.n_folds < 2:
        return None
    wrong: dict[int, str] = {}
    for run, times in enumerate(_times_tested(audited), start=1):
        for image in np.flatnonzero(times != 1):
            wrong.setdefault(int(image), f"tested {times[image]} times in run {run}")
    return found(len(wrong), (f"{audited.dataset.ids[image]}, {words}" for image, words in wrong.items()))


def _missing(audited: Audited, parts: list[int]) -> Iterator[str]:
    for split in audited.splits():
        for part in parts:
            for name in _absent(audited, split, part):
                yield f"{name} is missing in {in_words(part)} of {split.name}"


def _absent(audited: Audited, split: Split, part: int) -> list[str]:
    """The classes of which a part has no image; none of an empty validation part."""
    labels = audited.dataset.labels[(split.parts & part) > 0]
    if part == VALIDATION and not len(labels):
        return []
    counts = np.bincount(labels, minlength=len(audited.dataset.classes))
    return [audited.dataset.classes[label] for label in np.flatnonzero(counts == 0)]


def _times_tested(audited: Audited) -> Iterator[Indices]:
    """How often each image is tested, run by run."""
    assert audited.manifest is not None
    for groups in audited.runs():
        times = np.zeros(len(audited.dataset), np.int64)
        for roles in audited.manifest.content["folds"]:
            for group in roles["test"]:
                np.add.at(times, groups[group], 1)
        yield times
