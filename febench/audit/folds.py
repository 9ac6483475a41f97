"""Checks of the folds: is every class and every image asked about, and fairly."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from febench.audit.checks import TEST, TRAIN, VALIDATION, Audited, Result, check, in_words, result


@check(
    "FEB009",
    severity="error",
    title="A class is missing in a part of a fold",
    detected="Labels of the images in training, validation and test of each fold.",
    why="A class that is not trained on cannot be recognised; one that is not tested has no sensitivity there.",
    action="Use fewer groups, another protocol, or leave the class out; missing in validation alone is a lesser harm.",
)
def classes_missing_in_parts(audited: Audited) -> Result | None:
    """Classes missing, fold by fold; training and test first."""
    used = list(_missing(audited, [TRAIN, TEST]))
    spare = list(_missing(audited, [VALIDATION]))
    if not used:
        in_validation = result(len(spare), spare)
        return in_validation and replace(in_validation, severity="warning")
    detail = f"and {len(spare)} in validation, such as {spare[0]}" if spare else ""
    return result(len(used), used, detail)


def _missing(audited: Audited, parts: list[int]) -> Iterator[str]:
    """The classes of which a part has no image, fold by fold; none of an empty validation part."""
    for split in audited.splits():
        for part in parts:
            labels = audited.dataset.labels[(split.parts & part) > 0]
            if part == VALIDATION and not len(labels):
                continue
            counts = np.bincount(labels, minlength=len(audited.dataset.classes))
            for label in np.flatnonzero(counts == 0):
                yield f"{audited.dataset.classes[label]} is missing in {in_words(part)} of {split.name}"


@check(
    "FEB010",
    severity="warning",
    title="There are fewer images than groups",
    detected="Images of each class, and of the set, against the protocol's number of groups.",
    why="Some groups cannot hold such a class, and what is measured there rests on one image or none.",
    action="Use fewer groups, such as paper[groups=5], or leave the class out.",
)
def fewer_images_than_groups(audited: Audited) -> Result | None:
    """Classes, or the set."""
    groups = max((len(run) for run in audited.runs()), default=0)
    counts = np.bincount(audited.dataset.labels, minlength=len(audited.dataset.classes))
    named = [(audited.dataset.name, len(audited.dataset)), *zip(audited.dataset.classes, counts, strict=True)]
    few = [f"{name} has {count} images for {groups} groups" for name, count in named if count < groups]
    return result(len(few), few)


@check(
    "FEB011",
    severity="error",
    title="Images are not tested exactly once in a run",
    detected="How often each image is in a test part, run by run, in protocols of several folds.",
    why="A run's accuracy then leaves images out or counts them twice: it is not the accuracy on the set.",
    action="Mend the protocol: the test parts of a run's folds must hold every image once.",
)
def not_tested_once(audited: Audited) -> Result | None:
    """Images, each with the first run in which it is so."""
    if audited.manifest is None or audited.manifest.n_folds < 2:
        return None
    wrong: dict[int, str] = {}
    for run, groups in enumerate(audited.runs(), start=1):
        times = np.zeros(len(audited.dataset), np.int64)
        for roles in audited.manifest.roles:
            for group in roles.test:
                np.add.at(times, groups[group], 1)
        for image in np.flatnonzero(times != 1):
            wrong.setdefault(int(image), f"tested {times[image]} times in run {run}")
    return result(len(wrong), (f"{audited.dataset.ids[image]}, {words}" for image, words in wrong.items()))
