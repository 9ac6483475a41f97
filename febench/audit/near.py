"""Images that are nearly the same: a perceptual hash proposes pairs, the pixels confirm them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations, pairwise
from math import prod

import numpy as np
from numpy.typing import NDArray

from febench.audit.groups import Groups, Indices
from febench.audit.likeness import Floats, Hashes, Likeness, Pixels

LOWEST_CONTRAST = 4.0  # grey levels
ALIKE = 0.95  # correlation of two images
ALIKE_OF_ONE_PERSON = 0.97  # the same, when what the person's other images share is taken off
ALIKE_OF_TWO_PEOPLE = 0.985  # correlation of two images that carry different names
RECOMPRESSED = 1.5  # grey levels

LIMITS = (64, 16, 4, 1)  # with how many images of a hash each is compared: the first of these that is affordable
HASHES_AT_ONCE = 256
IMAGES_AT_ONCE = 4096

DISTANCE = 3  # bits
WINDOW = 2048  # hashes that each is compared with, for each two bands
PAIRS_EACH = 64  # pairs compared, for each image or hash
EDGES = (0, 13, 26, 39, 52, 64)
BANDS = tuple((1 << high) - (1 << low) for low, high in pairwise(EDGES))
MASKS = tuple(np.uint64(a | b) for a, b in combinations(BANDS, 2))
"""3 differing bits touch at most 3 of 5 bands: such hashes agree in at least one pair of bands."""


@dataclass(frozen=True, eq=False)
class Near:
    """Groups of images that are nearly the same.

    Attributes
    ----------
    groups : Groups
        Images that are linked by such pairs; a group may be a chain.
    n_pairs : int
        Pairs of distinct images that are nearly the same.
    whole : bool
        Whether all candidate pairs were compared; False if there were too many.
    """

    groups: Groups
    n_pairs: int
    whole: bool


def near_groups(likeness: Likeness, people: Groups) -> Near:
    """Groups of distinct images that are nearly the same, each with all copies of its images.

    Two images are if their hashes differ in at most 3 bits and their small versions are `alike`; images of hardly any
    contrast are left out, for their hash is noise.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    copies = Groups.by(likeness.digests)
    firsts = copies.members[copies.starts]
    among = np.sort(firsts[likeness.contrasts[firsts] >= LOWEST_CONTRAST])
    search = Search.among(likeness.hashes[among], likeness.tones[among])
    looks = Looks.of(likeness.small[among], people.of_each(len(likeness.small))[among])
    pairs = [np.empty((0, 2), np.int64)]
    for low, high in search.candidates():
        alike = looks.alike(low, high)
        pairs.append(np.stack([low[alike], high[alike]], axis=1))
    edges = among[np.concatenate(pairs)]

    count = len(copies.members)
    first = np.empty(count, np.int64)
    first[copies.members] = np.repeat(firsts, copies.sizes)
    graph = coo_array((np.ones(len(edges), bool), edges.T), (count, count))
    _, component = connected_components(graph, directed=False)
    connected = np.zeros(count, bool)
    connected[edges] = True
    members = np.flatnonzero(connected[first])
    return Near(Groups.by(component[first[members]], members), len(edges), search.whole)


@dataclass(frozen=True, eq=False)
class Looks:
    """Small images, and what the images of one person have in common.

    Attributes
    ----------
    small : uint8 array, shape (n, pixels)
        The images.
    person : int64 array, shape (n,)
        The person of each, a number below `len(counts)`; -1 where unknown.
    sums : float32 array, shape (people, pixels)
        The sum of each person's images.
    counts : int64 array, shape (people,)
        Their number.
    """

    small: Pixels
    person: Indices
    sums: Floats
    counts: Indices

    @classmethod
    def of(cls, small: Pixels, person: Indices) -> Looks:
        """Small images, and the person of each, -1 where unknown."""
        flat = small.reshape(len(small), prod(small.shape[1:]))
        known = np.flatnonzero(person >= 0)
        people = Groups.by(person[known], known)
        sums = [flat[people[one]].sum(axis=0, dtype=np.float32) for one in range(len(people))]
        return cls(flat, people.of_each(len(flat)), np.array(sums, np.float32).reshape(-1, flat.shape[1]), people.sizes)

    def alike(self, low: Indices, high: Indices) -> NDArray[np.bool_]:
        """Return whether each two images are nearly the same.

        Images of which nobody says whom they show are if they correlate at 0.95. Where names are known, that is too
        little: in a studio all photographs of a person correlate so, and people who look alike do too. So images with
        one name must correlate at 0.97 when what the person's other images share is taken off, or their difference must
        have a standard deviation of at most 1.5 grey levels, as if recompressed; images with two names must correlate
        at 0.985. docs/data-sets.md has the false alarms of each on pictures that are known to be distinct.
        """
        a, b = self.small[low].astype(np.float32), self.small[high].astype(np.float32)
        correlation = correlations(a, b)
        alike = correlation >= ALIKE
        named = (self.person[low] >= 0) & (self.person[high] >= 0)
        two_people = named & (self.person[low] != self.person[high])
        alike[two_people] &= correlation[two_people] >= ALIKE_OF_TWO_PEOPLE

        same = np.flatnonzero(alike & named & ~two_people)
        same = same[self.counts[self.person[low[same]]] > 2]  # of two images nothing is left to compare them with
        person, a, b = self.person[low[same]], a[same], b[same]
        others = (self.sums[person] - a - b) / (self.counts[person].astype(np.float32)[:, np.newaxis] - 2)
        recompressed = (a - b).std(axis=1) <= RECOMPRESSED
        alike[same] = (correlations(a - others, b - others) >= ALIKE_OF_ONE_PERSON) | recompressed
        return alike


def correlations(a: Floats, b: Floats) -> Floats:
    """Pearson correlation of each two rows; 0 where one of them is constant."""
    x, y = a - a.mean(axis=1, keepdims=True), b - b.mean(axis=1, keepdims=True)
    scale = np.sqrt((x * x).sum(axis=1) * (y * y).sum(axis=1))
    correlation: Floats = (x * y).sum(axis=1) / np.where(scale > 0, scale, np.inf)
    return correlation


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
        """Whether all candidate pairs were compared."""
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


@dataclass(frozen=True, eq=False)
class Pairs:
    """Pairs of things by their numbers, and whether none was passed over."""

    low: Indices
    high: Indices
    whole: bool

    def __len__(self) -> int:
        return len(self.low)


def close_pairs(hashes: Hashes) -> Pairs:
    """Every pair of hashes that differ in at most 3 bits; the hashes are distinct.

    Each pair agrees in two of five bands, so only hashes that do are compared: for each two bands the hashes are sorted
    by them, and each is compared with those after it, at most `WINDOW`. Beyond that, and beyond `PAIRS_EACH` pairs a
    hash, pairs are passed over, so that no set of hashes makes it quadratic; `whole` then is False.
    """
    codes, whole = np.empty(0, np.int64), True
    for mask in MASKS:
        agreeing, all_of_them = _agreeing(hashes, mask)
        codes, whole = np.union1d(codes, agreeing), whole and all_of_them
    return Pairs(*np.divmod(codes, max(1, len(hashes))), whole=whole)


def _agreeing(hashes: Hashes, mask: np.uint64) -> tuple[Indices, bool]:
    """The close pairs that agree under a mask, each as low * n + high, and whether none was passed over."""
    keys = hashes & mask
    order = np.argsort(keys, kind="stable").astype(np.int64)
    codes, room = [np.empty(0, np.int64)], PAIRS_EACH * len(hashes)
    for low, high in neighbours(keys[order], WINDOW):
        different = hashes[order[low]] ^ hashes[order[high]]
        for _ in range(DISTANCE):
            different &= different - np.uint64(1)  # clears the lowest bit
        near = different == 0
        codes.append(order[low[near]] * len(hashes) + order[high[near]])
        room -= len(codes[-1])
        if room < 0:
            return np.concatenate(codes), False
    return np.concatenate(codes), longest_run(keys[order]) <= WINDOW + 1


def neighbours(keys: Hashes, window: int) -> Iterator[tuple[Indices, Indices]]:
    """Pairs of places of equal keys, among sorted keys, at most `window` apart."""
    at = np.arange(len(keys))
    for apart in range(1, window + 1):
        at = at[: np.searchsorted(at, len(keys) - apart)]
        at = at[keys[at] == keys[at + apart]]
        if not len(at):
            return
        yield at, at + apart


def longest_run(keys: Hashes) -> int:
    """The largest number of equal keys, among sorted keys."""
    starts = np.flatnonzero(np.concatenate([np.ones(1, bool), keys[1:] != keys[:-1]]))
    return int(np.diff(starts, append=len(keys)).max())
