"""Checks of the images: the same or nearly the same as others, blank, not as published, or seen in pretraining."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

import numpy as np
from PIL import Image

from febench.audit.checks import TEST, Audited, Result, check, joined, result
from febench.audit.groups import Indices
from febench.audit.likeness import BLANK, chunks
from febench.core.errors import UsageError
from febench.core.provenance import image_hashes
from febench.datasets.alignment import find_faces
from febench.datasets.decoding import in_threads
from febench.results.twins import TWIN_SHARE_OF_ERROR

R = TypeVar("R")

LOOKED_AT = 60
FEW = 10
SCATTERED = 0.05


@check(
    "FEB004",
    severity="warning",
    title="Images are identical to others",
    detected="Groups of images with equal pixels.",
    why="Each copy counts again in training and in the score, as if it were one more observation.",
    action="Keep one image of each group, or tell how many there are.",
)
def identical_images(audited: Audited) -> Result | None:
    """Groups of copies."""
    groups = audited.identical
    detail = f"{len(groups.members)} images in all" if len(groups) else ""
    return result(len(groups), (joined(audited.names(groups[g])) for g in range(len(groups))), detail)


@check(
    "FEB005",
    severity="error",
    title="Identical images are in two parts",
    detected="Groups of images with equal pixels against training, validation and test of each fold.",
    why="An image tested or chosen by that was also trained on tests memory, not recognition.",
    action="Keep one image of each group; with a split of the set's own, tell the accuracy without them too.",
)
def identical_in_two_parts(audited: Audited) -> Result | None:
    """Groups of copies, each with the first fold in which they are in two parts."""
    groups = audited.by_pixels
    where = audited.spanning(groups)
    return result(len(where), (f"{joined(audited.names(groups[group]))}, {place}" for group, place in where.items()))


@check(
    "FEB006",
    severity="warning",
    title="Images are nearly the same as others",
    detected="Groups of images whose 64-bit difference hashes differ in at most 3 bits and whose 32x32 grey versions "
    "correlate at 0.95 or more. Where people are named: those of one person at 0.97 when what the person's other "
    "images share is taken off, those of two people at 0.985. Identical images are FEB004.",
    why="The same photograph, cropped or compressed anew, or the next frame, is nearly as good for memory as a copy. "
    "Different photographs of one person can be as alike, above all where nobody is named; then a group may be a chain "
    "whose ends are not alike.",
    action="Look at the examples, and keep each group in one part. Delete an image only if it is the same photograph.",
)
def nearly_identical_images(audited: Audited) -> Result | None:
    """Groups of images nearly the same."""
    groups = audited.near.groups
    details = [f"{audited.near.n_pairs} pairs, {len(groups.members)} images in all"]
    if any(True for _ in audited.splits()):
        details.append(f"{len(audited.spanning(groups))} groups are in two parts")
    if not audited.near.whole:
        details.append("so many images look alike that not every two were compared: there may be more")
    examples = (joined(audited.names(groups[g]), " ~ ") for g in range(len(groups)))
    return result(len(groups), examples, "; ".join(details))


@check(
    "FEB019",
    severity="error",
    title="Test images have a nearly identical image in training",
    detected="Groups of images nearly the same (FEB006) against the training and test images of each fold: "
    f"{100 * TWIN_SHARE_OF_ERROR:g} % or more of the test images of all folds have one in the training part. The "
    "share is a lower bound: copies moved by 2 %, cropped by 4 %, turned by 5 degrees or mirrored are mostly missed.",
    why="The next frame of a film, or the same photograph compressed anew, is recognised from memory: accuracy on such "
    "images says nothing about new ones. Where nobody is named, photographs of one person that look alike count too, "
    "for then the same people are in training and test.",
    action="Keep the frames of a film, or the images of a person, in one part (protocol subject, where people are "
    "named), or read the results without these images (--without-twins).",
)
def nearly_identical_in_training(audited: Audited) -> Result | None:
    """Test images, each with the first fold in which it is so."""
    where, count = audited.tests_with_twin(audited.near.groups)
    if count.share < TWIN_SHARE_OF_ERROR:
        return None
    groups = audited.near.groups
    group = groups.of_each(len(audited.dataset))
    examples = (
        f"{joined([audited.dataset.ids[image], *audited.names(others[others != image])], ' ~ ')}, in test of {fold}"
        for image, fold in where.items()
        for others in [groups[group[image]]]
    )
    return result(len(where), examples, str(count))


@check(
    "FEB007",
    severity="warning",
    title="Identical images have different labels",
    detected="Groups of images with equal pixels against their labels.",
    why="At most one label can be right: such images cannot all be learnt, nor be tested fairly.",
    action="Decide by looking, or leave them out; tell how many there are.",
)
def identical_with_different_labels(audited: Audited) -> Result | None:
    """Groups of copies, each image with its label."""
    groups = audited.identical.only(audited.identical.differ(audited.dataset.labels))
    return result(len(groups), (joined(_labelled(audited, groups[g])) for g in range(len(groups))))


def _labelled(audited: Audited, images: Indices) -> list[str]:
    """Ids with labels; the first two differ in label."""
    labels = audited.dataset.labels[images]
    other = int((labels != labels[0]).argmax())
    order = [0, other, *(i for i in range(1, len(images)) if i != other)]
    return [f"{audited.dataset.ids[images[i]]} ({audited.dataset.classes[labels[i]]})" for i in order]


@check(
    "FEB008",
    severity="warning",
    title="Images are blank",
    detected=f"Every channel spans at most {BLANK} grey levels over the whole image.",
    why="There is no face to recognise: whatever the label, it can only be guessed.",
    action="Leave them out, or say how many there are; no method can be right about them.",
)
def blank_images(audited: Audited) -> Result | None:
    """Images."""
    blank = np.flatnonzero(audited.likeness.blank)
    return result(len(blank), audited.names(blank))


@check(
    "FEB013",
    severity="error",
    title="The network was pretrained on images that are tested",
    detected="Hashes of the images, named in the header of the weights file, against those of the test images; "
    "without a protocol, against all images of the set.",
    why="A network that has seen the test images, labels or not, is not tested on anything new.",
    action="Use weights that were trained without these images, or leave these images out of the test.",
)
def pretrained_on_test_images(audited: Audited) -> Result | None:
    """Images."""
    if not audited.pretrained:
        return None
    tested = np.ones(len(audited.dataset), bool)
    if audited.manifest is not None:
        tested[:] = False
        for split in audited.splits():
            tested |= (split.parts & TEST) > 0
    seen = [
        audited.dataset.ids[i]
        for start, chunk in chunks(audited.dataset.images)
        for i, digest in enumerate(image_hashes(chunk), start=start)
        if tested[i] and digest in audited.pretrained
    ]
    return result(len(seen), seen)


@check(
    "FEB014",
    severity="warning",
    title="Images are missing, or too many",
    detected="The images of each class against the set as published, where that is known; the images against the lists "
    "that lie beside them.",
    why="Results on other files than the published ones cannot be held against anybody else's.",
    action="Get the missing files, or tell with every result what was left out.",
)
def not_as_published(audited: Audited) -> Result | None:
    """Return how many images depart from what is published."""
    departures = audited.dataset.departures
    return result(sum(departures.values()), departures)


@check(
    "FEB018",
    severity="info",
    title="Faces are not aligned",
    detected=f"The eyes that a detector finds in {LOOKED_AT} images spread over the set: the standard deviation of "
    f"their places, if it is more than {SCATTERED} of the image's side. Done where febench[align] is installed.",
    why="Methods then see where a head is and how it is held before they see what it expresses; on posed sets, aligned "
    "faces gave some twenty points more than whole photographs.",
    action="Try --align, look at what it makes of them (febench show), and compare.",
)
def unaligned(audited: Audited) -> Result | None:
    """The set."""
    images = audited.dataset.images
    if not len(images) or audited.dataset.detector or audited.dataset.synthetic:
        return None
    some = np.unique(np.linspace(0, len(images) - 1, LOOKED_AT).astype(int))

    def each(work: Callable[[int, Image.Image], R], text: str) -> Iterator[R]:
        return in_threads(lambda i: work(i, Image.fromarray(images[some[i]])), range(len(some)), f"audit: {text}")

    try:
        found = find_faces(each, ["audit", audited.dataset.fingerprint], len(some))
    except UsageError:  # no detector is installed
        return None
    seen = found.counts > 0
    if seen.sum() < FEW:
        return None
    places = found.points[seen, :2] / found.sides[seen, np.newaxis]
    scatter = float(np.sqrt(places.var(axis=0).mean()))
    words = f"the eyes lie {scatter:.2f} of a side from their mean, in {seen.sum()} of {len(some)} images looked at"
    return result(int(scatter > SCATTERED), [words])
