"""The checks of the audit: their registry, the data they get, and their results."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from febench.audit.groups import Groups, Indices
from febench.audit.likeness import Likeness
from febench.audit.near import Near, near_groups
from febench.core.dataset import PARTS, Dataset
from febench.core.manifest import Manifest
from febench.results.twins import TwinCount

Severity = Literal["error", "warning", "info"]
EXAMPLES = 20
SHOWN = 3

TRAIN, VALIDATION, TEST = BITS = (1, 2, 4)
ANY = TRAIN | VALIDATION | TEST


@dataclass(frozen=True, eq=False)
class Split:
    """The parts of one fold, or of the data set's own split.

    Attributes
    ----------
    name : str
        Which fold.
    parts : uint8 array, shape (n,)
        The parts each image is in, a bit each.
    """

    name: str
    parts: NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Audited:
    """A data set under audit, its folds if a protocol is given, and what is found out once for several checks.

    A notebook can ask it for all that a finding shows only examples of.

    Attributes
    ----------
    dataset : Dataset
        The data set.
    manifest : Manifest or None
        Its folds under a protocol. Without one, the data set's own split counts where it has one.
    pretrained : frozenset of str
        Hashes of the images that a network was trained on before.
    """

    dataset: Dataset
    manifest: Manifest | None = None
    pretrained: frozenset[str] = frozenset()

    @cached_property
    def likeness(self) -> Likeness:
        """The digest, hash and small version of each image."""
        return Likeness.of(self.dataset.images)

    @cached_property
    def by_pixels(self) -> Groups:
        """Images with the same pixels, those without a copy as groups of one."""
        return Groups.by(self.likeness.digests)

    @cached_property
    def identical(self) -> Groups:
        """Groups of two or more images with the same pixels."""
        return self.by_pixels.of_several

    @cached_property
    def near(self) -> Near:
        """Groups of images that are nearly the same."""
        return near_groups(self.likeness, self.people)

    @property
    def twins(self) -> dict[str, list[list[int]]]:
        """Groups of images that are twins of each other, by kind, as they are stored with the findings."""
        kinds = {"identical": self.identical, "nearly identical": self.near.groups}
        return {kind: [groups[group].tolist() for group in range(len(groups))] for kind, groups in kinds.items()}

    def tests_with_twin(self, groups: Groups) -> tuple[dict[int, str], TwinCount]:
        """Return the test images whose group has an image in training, each with the first fold, and their count."""
        where: dict[int, str] = {}
        group, images, tested = groups.of_each(len(self.dataset)), 0, 0
        for split in self.splits():
            test = np.flatnonzero((split.parts & TEST) > 0)
            trained_on = (groups.united(split.parts) & TRAIN) > 0
            with_twin = test[(group[test] >= 0) & trained_on[group[test]]] if len(groups) else test[:0]
            for image in with_twin.tolist():
                where.setdefault(image, split.name)
            images, tested = images + len(with_twin), tested + len(test)
        return where, TwinCount(images, tested)

    @cached_property
    def people(self) -> Groups:
        """Images by person."""
        return Groups.named(self.dataset.subjects or ())

    @cached_property
    def sequences(self) -> Groups:
        """Images by the recording they are frames of."""
        return Groups.named(self.dataset.sequences or ())

    def names(self, images: Indices) -> list[str]:
        """Ids of images."""
        return [self.dataset.ids[i] for i in images]

    def runs(self) -> Iterator[list[Indices]]:
        """The groups of each run of the protocol."""
        if self.manifest is not None:
            yield from map(self.manifest.groups, range(1, self.manifest.n_runs + 1))

    def splits(self) -> Iterator[Split]:
        """The folds of every run; without a protocol the data set's own split, if it has one."""
        if self.manifest is None:
            if self.dataset.parts is not None:
                bits = dict(zip(PARTS, BITS, strict=True))
                yield Split("the set's own split", np.array([bits[part] for part in self.dataset.parts], np.uint8))
            return
        for run, groups in enumerate(self.runs(), start=1):
            for fold, roles in enumerate(self.manifest.roles, start=1):
                parts = np.zeros(len(self.dataset), np.uint8)
                for numbers, bit in ((roles.train, TRAIN), (roles.validation, VALIDATION), (roles.test, TEST)):
                    for number in numbers:
                        parts[groups[number]] |= bit
                yield Split(f"run {run}, fold {fold}", parts)

    def spanning(self, groups: Groups, parts: int = ANY) -> dict[int, str]:
        """The groups with images in two or more of these parts, each with the first split where it is so, in words."""
        where: dict[int, str] = {}
        new = np.ones(len(groups), bool)
        for split in self.splits():
            in_parts = groups.united(split.parts) & parts
            several = (in_parts & (in_parts - 1)) > 0
            for group in np.flatnonzero(several & new):
                where[int(group)] = f"in {in_words(int(in_parts[group]))} of {split.name}"
            new &= ~several
        return where


@dataclass(frozen=True)
class Result:
    """The result of a check.

    Attributes
    ----------
    count : int
        How many, in the unit of the examples.
    examples : tuple of str
        The first of them, in words.
    detail : str
        Further facts, in words.
    severity : str or None
        If it differs from the check's own.
    """

    count: int
    examples: tuple[str, ...]
    detail: str = ""
    severity: Severity | None = None


@dataclass(frozen=True)
class Finding:
    """One finding of an audit.

    Attributes
    ----------
    code : str
        Which check: `FEB001`, ….
    severity : str
        `error`: numbers made like this mislead; `warning`: they may; `info`.
    title : str
        What was found, in a few words.
    count : int
        How many.
    examples : tuple of str
        The first of them; they quote names as the data set has them.
    detail : str
        Further facts, in words.
    detected, why, action : str
        How the check looks, why it matters, and what to do.
    """

    code: str
    severity: Severity
    title: str
    count: int
    examples: tuple[str, ...]
    detail: str
    detected: str
    why: str
    action: str


Look = Callable[[Audited], Result | None]


@dataclass(frozen=True)
class Check:
    """A coded check: `look` gives its result, or None where there is nothing to find."""

    code: str
    severity: Severity
    title: str
    detected: str
    why: str
    action: str
    look: Look

    def __call__(self, audited: Audited) -> Finding | None:
        """Run the check and return its finding, or None; an error of the check is a finding too."""
        title = self.title
        try:
            result = self.look(audited)
        except Exception as error:
            title = f"This check could not be done: {title[0].lower()}{title[1:]}"
            result = Result(1, (f"{type(error).__name__}: {error}",), severity="warning")
        if result is None:
            return None
        severity = result.severity or self.severity
        texts = (result.detail, self.detected, self.why, self.action)
        return Finding(self.code, severity, title, result.count, result.examples, *texts)


CHECKS: dict[str, Check] = {}


def check(code: str, *, severity: Severity, title: str, detected: str, why: str, action: str) -> Callable[[Look], Look]:
    """Register a function `(Audited) -> Result | None` as the check of that code."""

    def register(look: Look) -> Look:
        CHECKS[code] = Check(code, severity, title, detected, why, action, look)
        return look

    return register


def result(count: int, examples: Iterable[str], detail: str = "") -> Result | None:
    """A result with the first examples; None where there is nothing."""
    return Result(count, tuple(islice(examples, EXAMPLES)), detail) if count else None


def in_words(bits: int) -> str:
    """The names of these parts."""
    return " and ".join(part for part, bit in zip(PARTS, BITS, strict=True) if bits & bit)


def joined(names: list[str], sign: str = " = ") -> str:
    """The first few names with a sign between them, and how many more there are."""
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return sign.join(names[:SHOWN]) + more
