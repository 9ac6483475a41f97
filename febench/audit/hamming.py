"""Pairs of 64-bit hashes that differ in a few bits, without comparing all with all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, pairwise

import numpy as np
from numpy.typing import NDArray

from febench.audit.groups import Indices

Hashes = NDArray[np.uint64]

DISTANCE = 3
WINDOW = 2048
PAIRS_EACH = 64
EDGES = (0, 13, 26, 39, 52, 64)
BANDS = tuple((1 << high) - (1 << low) for low, high in pairwise(EDGES))
MASKS = tuple(np.uint64(a | b) for a, b in combinations(BANDS, 2))
"""3 differing bits touch at most 3 of 5 bands: such hashes agree in at least one pair of bands."""


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
        found, all_found = _agreeing(hashes, mask)
        codes, whole = np.union1d(codes, found), whole and all_found
    return Pairs(*np.divmod(codes, max(1, len(hashes))), whole=whole)


def _agreeing(hashes: Hashes, mask: np.uint64) -> tuple[Indices, bool]:
    """The close pairs that agree under a mask, each as low * n + high, and whether none was passed over."""
    keys = hashes & mask
    order = np.argsort(keys, kind="stable").astype(np.int64)
    codes, room = [np.empty(0, np.int64)], PAIRS_EACH * len(hashes)
    for low, high in neighbours(keys[order], WINDOW):
        near = _close(hashes[order[low]] ^ hashes[order[high]])
        codes.append(order[low[near]] * len(hashes) + order[high[near]])
        room -= len(codes[-1])
        if room < 0:
            return np.concatenate(codes), False
    return np.concatenate(codes), longest_run(keys[order]) <= WINDOW + 1


def neighbours(keys: Hashes, window: int) -> Iterator[tuple[Indices, Indices]]:
    """Of sorted keys, the places of equal ones, two and two, at most `window` apart."""
    at = np.arange(len(keys))
    for apart in range(1, window + 1):
        at = at[: np.searchsorted(at, len(keys) - apart)]
        at = at[keys[at] == keys[at + apart]]
        if not len(at):
            return
        yield at, at + apart


def longest_run(keys: Hashes) -> int:
    """Of sorted keys, how many are equal at most."""
    starts = np.flatnonzero(np.concatenate([np.ones(1, bool), keys[1:] != keys[:-1]]))
    return int(np.diff(starts, append=len(keys)).max())


def _close(different: Hashes) -> NDArray[np.bool_]:
    for _ in range(DISTANCE):
        different = different & (different - np.uint64(1))  # clears the lowest bit
    near: NDArray[np.bool_] = different == 0
    return near
