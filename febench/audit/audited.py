"""What all checks look at: a data set, its folds if a protocol is given, and what is found out once for several."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from febench.audit.groups import Groups, Indices
from febench.audit.likeness import Likeness
from febench.audit.near import Near, near_groups
from febench.core.dataset import PARTS, Dataset
from febench.core.manifest import Manifest

Bits = NDArray[np.uint8]

TRAIN, VALIDATION, TEST = BITS = (1, 2, 4)
ANY = TRAIN | VALIDATION | TEST
SHOWN = 3


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
    parts: Bits


@dataclass(frozen=True, eq=False)
class Audited:
    """A data set under audit; a notebook can ask it for all that a finding shows only examples of.

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
        """What is remembered of each image."""
        return Likeness.of(self.dataset.images)

    @cached_property
    def copies(self) -> Groups:
        """Images by their pixels; most groups have one image."""
        return Groups.by(self.likeness.digests)

    @cached_property
    def identical(self) -> Groups:
        """Groups of two images and more with the same pixels."""
        return self.copies.of_several

    @cached_property
    def near(self) -> Near:
        """Groups of images that are nearly the same."""
        return near_groups(self.likeness, self.people)

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

    def splits(self) -> Iterator[Split]:
        """The folds of every run; without a protocol the data set's own split, if it has one."""
        if self.manifest is not None:
            yield from self._folds(self.manifest)
        elif self.dataset.parts is not None:
            bits = dict(zip(PARTS, BITS, strict=True))
            yield Split("the set's own split", np.array([bits[part] for part in self.dataset.parts], np.uint8))

    def runs(self) -> Iterator[list[Indices]]:
        """The groups of each run of the protocol."""
        for groups in self.manifest.content["runs"] if self.manifest else ():
            yield [np.asarray(group, dtype=np.int64) for group in groups]

    def _folds(self, manifest: Manifest) -> Iterator[Split]:
        for run, groups in enumerate(self.runs(), start=1):
            for fold, roles in enumerate(manifest.content["folds"], start=1):
                parts = np.zeros(len(self.dataset), np.uint8)
                for part, bit in zip(PARTS, BITS, strict=True):
                    for group in roles[part]:
                        parts[groups[group]] |= bit
                yield Split(f"run {run}, fold {fold}", parts)

    def spanning(self, groups: Groups, parts: int = ANY) -> dict[int, str]:
        """The groups with images in two of some parts, and for each where that is first so, in words."""
        where: dict[int, str] = {}
        new = np.ones(len(groups), bool)
        for split in self.splits():
            in_parts = groups.united(split.parts) & parts
            several = (in_parts & (in_parts - 1)) > 0
            for group in np.flatnonzero(several & new):
                where[int(group)] = f"in {in_words(int(in_parts[group]))} of {split.name}"
            new &= ~several
        return where


def in_words(bits: int) -> str:
    """Parts by name."""
    return " and ".join(part for part, bit in zip(PARTS, BITS, strict=True) if bits & bit)


def equal(names: list[str], sign: str = " = ") -> str:
    """Names of things that are the same, the first of them."""
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return sign.join(names[:SHOWN]) + more
