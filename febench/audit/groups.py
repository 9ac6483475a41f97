"""Images that belong together: of one person, of one sequence, or with the same pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

Indices = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Groups:
    """Images in groups.

    Attributes
    ----------
    members : int64 array
        Indices of images, group after group.
    starts : int64 array
        Where in `members` each group begins.
    """

    members: Indices
    starts: Indices

    @classmethod
    def by(cls, keys: NDArray[Any], among: Indices | None = None) -> Groups:
        """Images with equal keys, otherwise in the order they come in; `among` names the images the keys are of."""
        order = np.argsort(keys, kind="stable").astype(np.int64)
        sorted_keys = keys[order]
        starts = np.flatnonzero(np.concatenate([np.ones(1, bool), sorted_keys[1:] != sorted_keys[:-1]])[: len(keys)])
        return cls(order if among is None else among[order], starts)

    @classmethod
    def named(cls, names: Sequence[str]) -> Groups:
        """Images with equal names."""
        known: dict[str, int] = {}
        return cls.by(np.fromiter((known.setdefault(name, len(known)) for name in names), np.int64, len(names)))

    def __len__(self) -> int:
        return len(self.starts)

    def __getitem__(self, group: int) -> Indices:
        return self.members[self.starts[group] : self.starts[group] + self.sizes[group]]

    @cached_property
    def sizes(self) -> Indices:
        """Number of images in each group."""
        return np.diff(self.starts, append=len(self.members))

    @property
    def numbers(self) -> Indices:
        """The group of each member."""
        return np.repeat(np.arange(len(self)), self.sizes)

    def of_each(self, n_images: int) -> Indices:
        """The group of each image, -1 of those in none."""
        groups = np.full(n_images, -1, np.int64)
        groups[self.members] = self.numbers
        return groups

    def only(self, wanted: NDArray[np.bool_]) -> Groups:
        """Some of the groups."""
        sizes = self.sizes[wanted]
        return Groups(self.members[wanted[self.numbers]], np.cumsum(sizes) - sizes)

    @property
    def of_several(self) -> Groups:
        """The groups of two images and more."""
        return self.only(self.sizes > 1)

    def united(self, bits: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The bits that any image of each group has."""
        return np.bitwise_or.reduceat(bits[self.members], self.starts) if len(self) else np.empty(0, np.uint8)

    def differ(self, values: NDArray[Any]) -> NDArray[np.bool_]:
        """Return whether the images of each group differ in a value."""
        if not len(self):
            return np.empty(0, np.bool_)
        own = values[self.members]
        differ: NDArray[np.bool_] = np.maximum.reduceat(own, self.starts) > np.minimum.reduceat(own, self.starts)
        return differ
