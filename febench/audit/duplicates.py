"""Checks of pictures that are the same, or nearly, and of where they stand."""

from __future__ import annotations

from febench.audit.audited import Audited, equal
from febench.audit.checks import Found, check, found
from febench.audit.groups import Indices


@check(
    "FEB004",
    severity="warning",
    title="Images are identical to others",
    detected="Groups of images with equal pixels.",
    why="Each copy counts again in training and in the score, as if it were one more observation.",
    action="Keep one image of each group, or tell how many there are.",
)
def identical_images(audited: Audited) -> Found | None:
    """Groups of copies."""
    groups = audited.identical
    detail = f"{len(groups.members)} images in all" if len(groups) else ""
    return found(len(groups), (equal(audited.names(groups[g])) for g in range(len(groups))), detail)


@check(
    "FEB005",
    severity="error",
    title="Identical images are in two parts",
    detected="Groups of images with equal pixels against training, validation and test of each fold.",
    why="An image tested or chosen by that was also trained on tests memory, not recognition.",
    action="Keep one image of each group; with a split of the set's own, tell the accuracy without them too.",
)
def identical_in_two_parts(audited: Audited) -> Found | None:
    """Groups of copies, each with the first fold in which they are in two parts."""
    where = audited.spanning(audited.copies)
    copies = ((audited.names(audited.copies[group]), place) for group, place in where.items())
    return found(len(where), (f"{equal(names)}, {place}" for names, place in copies))


@check(
    "FEB006",
    severity="warning",
    title="Images are nearly the same as others",
    detected="Groups of images whose 64-bit difference hashes differ in at most 3 bits and whose 32x32 grey versions "
    "correlate at 0.95 or more; of one person, when what the person's other images share is taken off. "
    "Identical images are FEB004.",
    why="The same photograph, cropped or compressed anew, or the next frame: nearly as good for memory as a copy.",
    action="Look at the examples; keep one image of each group, or keep each group in one part.",
)
def nearly_identical_images(audited: Audited) -> Found | None:
    """Groups of images nearly the same."""
    groups = audited.near.groups
    details = [f"{len(groups.members)} images in all"]
    if any(True for _ in audited.splits()):
        details.append(f"{len(audited.spanning(groups))} groups are in two parts")
    if not audited.near.whole:
        details.append("so many images look alike that not every two were compared: there may be more")
    return found(len(groups), (equal(audited.names(groups[g]), " ~ ") for g in range(len(groups))), "; ".join(details))


@check(
    "FEB007",
    severity="warning",
    title="Identical images have different labels",
    detected="Groups of images with equal pixels against their labels.",
    why="At most one label can be right: such images cannot all be learnt, nor be tested fairly.",
    action="Decide by looking, or leave them out; tell how many there are.",
)
def identical_with_different_labels(audited: Audited) -> Found | None:
    """Groups of copies, each image with its label."""
    groups = audited.identical.only(audited.identical.differ(audited.dataset.labels))
    return found(len(groups), (equal(_labelled(audited, groups[g])) for g in range(len(groups))))


def _labelled(audited: Audited, images: Indices) -> list[str]:
    """Ids with labels; the first two differ in label."""
    labels = audited.dataset.labels[images]
    other = int((labels != labels[0]).argmax())
    order = [0, other, *(i for i in range(1, len(images)) if i != other)]
    return [f"{audited.dataset.ids[images[i]]} ({audited.dataset.classes[labels[i]]})" for i in order]
