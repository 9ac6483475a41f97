"""Checks of who is seen in training and in the test."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from febench.audit.checks import EXAMPLES, TEST, TRAIN, Audited, Result, check, joined, result
from febench.audit.groups import Indices
from febench.core.manifest import mostly_single
from febench.results.floor import Acquaintance
from febench.results.twins import TWIN_SHARE_OF_ERROR

NAMELESS = frozenset({"", "?", "unknown", "none", "nan", "null", "n/a"})
KDEF = re.compile(r"(?P<take>[AB])(?P<person>[FM]\d\d)", re.IGNORECASE)
IN_WORDS = re.compile(r"(?P<person>.+?)[-_. ]*(?P<take>(?:session|sess|ses|take|visit|day)[-_. ]?\d+)", re.IGNORECASE)
NUMBERED = re.compile(r"(?P<person>.+)[-_. ](?P<take>[stvd]?\d{1,3})", re.IGNORECASE)
FEW_TAKES = 3
MAX_COMPARED_IMAGES, MIN_COMPARED_IMAGES = 2_000, 30
"""Images whose likeness is compared by name: no more for the time it takes, no fewer for a test to tell anything."""
SHUFFLES = 200


@check(
    "FEB001",
    severity="error",
    title="The same person is in training and test",
    detected="Subjects of the training images of each fold against those of its test images.",
    why="A method can know the face instead of the expression; accuracy on new faces is often tens of points lower.",
    action="Use a protocol that keeps people apart, such as subject, or print both side by side (febench table 4).",
)
def people_in_training_and_test(audited: Audited) -> Result | None:
    """People, each with the first fold in which they are in both."""
    where = audited.spanning(audited.people, TRAIN | TEST)
    names = audited.dataset.subjects or ()
    return result(len(where), (f"{names[audited.people[who][0]]} is {place}" for who, place in where.items()))


@check(
    "FEB002",
    severity="error",
    title="Frames of one sequence are in two parts",
    detected="Sequences of the images in training, validation and test of each fold.",
    why="Neighbouring frames are nearly the same picture: testing on one after training on the other tests memory.",
    action="Keep one frame of each sequence, or deal by person (protocol subject).",
)
def sequences_in_two_parts(audited: Audited) -> Result | None:
    """Sequences, each with the first fold in which they are in two parts."""
    where = audited.spanning(audited.sequences)
    names = audited.dataset.sequences or ()
    return result(len(where), (f"{names[audited.sequences[which][0]]} is {place}" for which, place in where.items()))


@check(
    "FEB003",
    severity="warning",
    title="One person seems to go under several names",
    detected="Subject names equal but for a mark of session or take, where most names are so; "
    "identical images of two subjects.",
    why="No protocol can keep a person out of training whom it takes for two.",
    action="Give each person one name in the data set's subjects, for instance by another value of the parameter"
    " subject_pattern of data set folder.",
)
def people_with_several_names(audited: Audited) -> Result | None:
    """People by their names."""
    if audited.dataset.subjects is None:
        return None
    suspects = {**sharing_images(audited), **marked_names(audited.dataset.subjects)}
    return result(len(suspects), suspects.values())


@check(
    "FEB012",
    severity="warning",
    title="Nobody can say who is who",
    detected="The data set has no subjects.",
    why="Whether a tested face was seen in training cannot be told, nor what accuracy on new faces would be.",
    action="Do not claim results for new people; where names are in the files, have them read as subjects.",
)
def no_people(audited: Audited) -> Result | None:
    """The data set."""
    return result(int(audited.dataset.subjects is None), [f"{audited.dataset.name} has no subjects"])


@check(
    "FEB015",
    severity="warning",
    title="Some images have no person's name",
    detected=f"Subjects that are blank or a word for unknown: {', '.join(sorted(NAMELESS - {''}))}.",
    why="They count as one person, though they may be many, or be people who have a name elsewhere.",
    action="Name them, or leave these images out.",
)
def nameless(audited: Audited) -> Result | None:
    """Images without a name."""
    names = enumerate(audited.dataset.subjects or ())
    blank = np.array([i for i, name in names if name.strip().lower() in NAMELESS], np.int64)
    return result(len(blank), audited.names(blank))


@check(
    "FEB016",
    severity="warning",
    title="People are in training with other classes than the one they are tested with",
    detected="Subjects and labels of each fold: folds in which most test images show someone who is in training, but "
    "less than half of these images someone who is there with the same class.",
    why="The training face most like a test face is then the same person with another expression: likeness of persons "
    "speaks against the right class, and a method can fall below chance that does well on new faces.",
    action="Use a protocol that keeps people apart, such as subject or loso; read a result below chance under these "
    "folds as a sign that the method sees persons.",
)
def likeness_of_persons_misleads(audited: Audited) -> Result | None:
    """Folds."""
    if audited.dataset.subjects is None:
        return None
    people = audited.people.of_each(len(audited.dataset))
    told = []
    for split in audited.splits():
        train, test = ((split.parts & part) > 0 for part in (TRAIN, TEST))
        known = Acquaintance.of(people, audited.dataset.labels, train, test)
        if known.misleads:
            told.append(
                f"{split.name}: {known.met} of {known.images} test images show someone who is in training, "
                f"{known.same} of these someone who is there with the same class"
            )
    return result(len(told), told)


@check(
    "FEB017",
    severity="warning",
    title="People have images of one class alone, or classes are of one person",
    detected="Classes of each subject's images, where a subject has several; subjects of each class's.",
    why="Who has a single class gives it away: a method that knows the face knows the answer. A class of one person "
    "cannot be told from that person.",
    action="Look whether subjects are read rightly; say how many there are, or leave them out.",
)
def people_of_one_class(audited: Audited) -> Result | None:
    """People, then classes."""
    if audited.dataset.subjects is None:
        return None
    classes: dict[str, list[int]] = {}
    people: dict[int, set[str]] = {}
    for name, label in zip(audited.dataset.subjects, audited.dataset.labels.tolist(), strict=True):
        classes.setdefault(name, []).append(label)
        people.setdefault(label, set()).add(name)
    names = audited.dataset.classes
    told = [
        f"{name} has {len(labels)} images, all of {names[labels[0]]}"
        for name, labels in classes.items()
        if len(labels) > 1 and len(set(labels)) == 1
    ]
    told += [f"{names[label]} is of one person, {min(who)}" for label, who in sorted(people.items()) if len(who) == 1]
    return result(len(told), told)


@check(
    "FEB020",
    severity="error",
    title="Most names of people have a single image",
    detected="Images of each subject: more than half of the names occur once.",
    why="A name of a single image is likely the number of a photograph and not a person. A protocol that keeps such "
    "names apart keeps nobody apart, and nothing can be said about new faces or about people.",
    action="Have the person read from the names of files, for instance by another subject pattern, and not the number "
    "of the photograph; if nobody knows who is who, give no subjects.",
)
def names_of_single_images(audited: Audited) -> Result | None:
    """Names of a single image."""
    names = audited.dataset.subjects or ()
    if not names or not mostly_single(names):
        return None
    single = [name for name, count in Counter(names).items() if count == 1]
    people = len(set(names))
    return result(len(single), single, f"{len(single)} of {people} names have one image each, in {len(names)} images")


@check(
    "FEB021",
    severity="warning",
    title="Nearly identical images are of different people",
    detected="Groups of images nearly the same (FEB006) against their subjects; an error where "
    f"{100 * TWIN_SHARE_OF_ERROR:g} % or more of all images are in such groups.",
    why="Two people do not look the same: the names are likely not those of people, such as numbers of shots, or one "
    "person has several. Then no protocol keeps people apart.",
    action="Look at the examples, and have the person read from the names of files, for instance by another subject "
    "pattern.",
)
def twins_of_different_people(audited: Audited) -> Result | None:
    """Groups of images nearly the same with several names."""
    if audited.dataset.subjects is None:
        return None
    groups, names = audited.near.groups, audited.dataset.subjects
    of_several = groups.only(groups.differ(audited.people.of_each(len(names))))
    examples = (
        joined(
            [f"{audited.dataset.ids[image]} ({names[image]})" for image in _one_a_name(of_several[group], names)], " ~ "
        )
        for group in range(len(of_several))
    )
    share = len(of_several.members) / max(1, len(names))
    found = result(len(of_several), examples, f"{len(of_several.members)} of {len(names)} images ({100 * share:.1f} %)")
    return replace(found, severity="error") if found and share >= TWIN_SHARE_OF_ERROR else found


def _one_a_name(images: Indices, names: Sequence[str]) -> list[int]:
    """Return the first image of each name."""
    return list({names[image]: image for image in reversed(images.tolist())}.values())[::-1]


@check(
    "FEB022",
    severity="warning",
    title="There are as many people as classes",
    detected="The number of subjects against the number of classes.",
    why="A pattern that takes the name of the class, or its code, for the person gives exactly as many.",
    action="Look whether subjects are read rightly.",
)
def as_many_people_as_classes(audited: Audited) -> Result | None:
    """The people, where there are as many as classes."""
    people = sorted(set(audited.dataset.subjects or ()))
    return result(len(people), people) if len(people) == len(audited.dataset.classes) else None


@check(
    "FEB023",
    severity="warning",
    title="Images of one name are no more alike than images of different names",
    detected=f"For each of up to {MAX_COMPARED_IMAGES:,} images, whether the most similar other image (correlation of "
    f"32 x 32 grey cells) has the same name, against {SHUFFLES} random orders of the names.",
    why="Images of one person look alike. If those of one name do not, the names are likely not of people, such as "
    "numbers of shots that each person has. Then no protocol keeps people apart.",
    action="Look at the images of one name, and have the person read from the names of files, for instance by another "
    "subject pattern.",
)
def names_without_likeness(audited: Audited) -> Result | None:
    """Return the images whose most similar image has the same name, where shuffled names have as many."""
    rng = np.random.default_rng(0)
    images = np.sort(rng.permutation(len(audited.dataset.subjects or ()))[:MAX_COMPARED_IMAGES])
    people = audited.people.of_each(len(audited.dataset))[images] if len(images) else images
    counts = np.unique(people, return_counts=True)[1]
    if len(images) < MIN_COMPARED_IMAGES or len(counts) < 2 or counts.max() < 2:
        return None
    pixels = audited.likeness.small[images].reshape(len(images), -1).astype(np.float32)
    pixels -= pixels.mean(axis=1, keepdims=True)
    pixels /= np.maximum(np.linalg.norm(pixels, axis=1, keepdims=True), 1e-6)
    similarity = pixels @ pixels.T
    np.fill_diagonal(similarity, -np.inf)
    nearest = similarity.argmax(axis=1)
    same = int((people == people[nearest]).sum())
    shuffled = [int((order == order[nearest]).sum()) for order in (rng.permutation(people) for _ in range(SHUFFLES))]
    if same > max(shuffled):
        return None
    detail = f"{same} of {len(images)} images, {np.mean(shuffled):.0f} if names are shuffled"
    return Result(len(counts), tuple(sorted(set(audited.dataset.subjects or ()))[:EXAMPLES]), detail)


def sharing_images(audited: Audited) -> dict[frozenset[str], str]:
    """Subjects with an identical image, blank ones aside."""
    shared = audited.identical.only(audited.identical.differ(audited.people.of_each(len(audited.dataset))))
    suspects: dict[frozenset[str], str] = {}
    for group in range(len(shared)):
        images = shared[group]
        names = sorted({(audited.dataset.subjects or ())[i] for i in images})
        if not audited.likeness.blank[images[0]]:
            suspects.setdefault(frozenset(names), f"{joined(names)}? both have {joined(audited.names(images))}")
    return suspects


def marked_names(subjects: Iterable[str]) -> dict[frozenset[str], str]:
    """Subjects who would be one person without a mark of session or take, if most names are so.

    `AF01` and `BF01` of KDEF are one person, `F01` and `M01` are two; `p1_s1` and `p1_s2` are one if there is also
    `p2_s1` and `p2_s2`, while in `subject_1`, `subject_2` the number is the person.
    """
    names = sorted(set(subjects))
    for pattern in (KDEF, IN_WORDS, NUMBERED):
        people: dict[str, list[str]] = {}
        for name in names:
            marked = pattern.fullmatch(name)
            if marked:  # a name that is itself what is left without the mark is one of the person's
                person = marked["person"]
                people.setdefault(person, [person] if person in names else []).append(name)
        several = {person: takes for person, takes in people.items() if len(takes) > 1}
        if several and 2 * len(several) >= len(people) and (pattern is not NUMBERED or _are_takes(several)):
            return {frozenset(takes): f"{joined(takes)}: one person, {person}?" for person, takes in several.items()}
    return {}


def _are_takes(people: dict[str, list[str]]) -> bool:
    """Return whether trailing numbers are takes, not people: several people share them, few each."""
    most = max(map(len, people.values()))
    few, more_people = most <= FEW_TAKES, most < len(people)
    by_number = all(re.search(r"\d", person) for person in people)
    return len(people) > 1 and ((few or more_people) if by_number else (few and more_people))
