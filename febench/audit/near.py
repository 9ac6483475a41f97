"""Images that are nearly the same: a perceptual hash proposes pairs, the pixels confirm them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from febench.audit.groups import Groups, Indices
from febench.audit.hamming import PAIRS_EACH, Hashes, Pairs, close_pairs, neighbours
from febench.audit.likeness import Floats, Likeness
from febench.audit.looks import Looks

LOWEST_CONTRAST = 4.0
LIMITS = (64, 16, 4, 1)
HASHES_AT_ONCE = 256
IMAGES_AT_ONCE = 4096


@dataclass(frozen=True, eq=False)
class Near:
    """Groups of images that are nearly the same, and whether every two that may be were compared."""

    groups: Groups
    whole: bool


def near_groups(likeness: Likeness, people: Groups) -> Near:
    """Groups of distinct images that are nearly the same, each with all copies of its images.

    Two images are if their hashes differ in at most 3 bits and their small versions are `alike`; images of hardly any
    contrast are left out, for their hash is noise.
    """
    copies = Groups.by(likeness.digests)
    firsts = copies.members[copies.starts]
    among = np.sort(firsts[likeness.contrasts[firsts] >= LOWEST_CONTRAST])
    search = Search.among(likeness.hashes[among], likeness.tones[among])
    looks = Looks.of(likeness.small[among], people.of_each(len(likeness.small))[among])
    edges = [np.empty((0, 2), np.int64)]
    for low, high in search.candidates():
        alike = looks.alike(low, high)
        edges.append(np.stack([low[alike], high[alike]], axis=1))
    return Near(_components(among[np.concatenate(edges)], copies), search.whole)


@dataclass(frozen=True, eq=False)
class Search:
    """The pairs of images to compare, by their hashes.

    Attributes
    ----------
    same : Groups
        Images with equal hashes, by their tones.
    close : Pairs
        Pairs of those groups whose hashes are close.
    """

    same: Groups
    close: Pairs

    @classmethod
    def among(cls, hashes: Hashes, tones: Floats) -> Search:
        """Sort images by hash, and find the hashes that are close."""
        by_tone = np.argsort(tones, kind="stable").astype(np.int64)
        same = Groups.by(hashes[by_tone], by_tone)
        return cls(same, close_pairs(hashes[same.members[same.starts]]))

    @property
    def whole(self) -> bool:
        """Whether no pair is passed over."""
        return self.close.whole and int(self.same.sizes.max(initial=0)) <= self.limit

    @cached_property
    def limit(self) -> int:
        """With how many images of a hash each is compared: as many as keep the whole in proportion to the images."""
        room = PAIRS_EACH * len(self.same.members)
        return next(limit for limit in LIMITS if self._counts(self.close.low, self.close.high, limit).sum() <= room)

    def candidates(self) -> Iterator[tuple[Indices, Indices]]:
        """Pairs of images, some thousands at a time."""
        for low, high in neighbours(self.same.numbers.astype(np.uint64), LIMITS[0]):
            yield from _pieces(self.same.members[low], self.same.members[high])
        for start in range(0, len(self.close), HASHES_AT_ONCE):
            part = slice(start, start + HASHES_AT_ONCE)
            yield from _pieces(*self._across(self.close.low[part], self.close.high[part]))

    def _across(self, low: Indices, high: Indices) -> tuple[Indices, Indices]:
        """Each image of one hash with each of another, for some pairs of hashes."""
        counts = self._counts(low, high, self.limit)
        pair = np.repeat(np.arange(len(low)), counts)
        number = np.arange(len(pair)) - np.repeat(np.cumsum(counts) - counts, counts)
        wide = np.minimum(self.same.sizes[high], self.limit)[pair]
        starts, members = self.same.starts, self.same.members
        return members[starts[low][pair] + number // wide], members[starts[high][pair] + number % wide]

    def _counts(self, low: Indices, high: Indices, limit: int) -> Indices:
        sizes = np.minimum(self.same.sizes, limit)
        counts: Indices = sizes[low] * sizes[high]
        return counts


def _pieces(low: Indices, high: Indices) -> Iterator[tuple[Indices, Indices]]:
    for start in range(0, len(low), IMAGES_AT_ONCE):
        yield low[start : start + IMAGES_AT_ONCE], high[start : start + IMAGES_AT_ONCE]


def _components(edges: Indices, copies: Groups) -> Groups:
    """What edges between images connect, each image with all its copies."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    n = len(copies.members)
    first = np.empty(n, np.int64)
    first[copies.members] = np.repeat(copies.members[copies.starts], copies.sizes)
    _, component = connected_components(coo_array((np.ones(len(edges), bool), edges.T), (n, n)), directed=False)
    connected = np.zeros(n, bool)
    connected[edges] = True
    members = np.flatnonzero(connected[first])
    return Groups.by(component[first[members]], members)
