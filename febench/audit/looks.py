"""Whether two small images show nearly the same picture, and not only the same face in the same studio."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import NDArray

from febench.audit.groups import Groups, Indices
from febench.audit.likeness import Floats, Pixels

ALIKE = 0.95
ALIKE_OF_ONE = 0.97
TINY = 1.5


@dataclass(frozen=True, eq=False)
class Looks:
    """Small images, and what the images of one person have in common.

    Attributes
    ----------
    small : uint8 array, shape (n, pixels)
        The images.
    person : int64 array, shape (n,)
        The person of each, a number below `len(counts)`; -1 for those of whom there are no other images than two.
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
        people = people.only(people.sizes > 2)
        sums = [flat[people[one]].sum(axis=0, dtype=np.float32) for one in range(len(people))]
        return cls(flat, people.of_each(len(flat)), np.array(sums, np.float32).reshape(-1, flat.shape[1]), people.sizes)

    def alike(self, low: Indices, high: Indices) -> NDArray[np.bool_]:
        """Whether each two images correlate at 0.95 or more.

        In a studio all photographs of a person do; so those of one person must correlate at 0.97 when what the person's
        other images share is taken off, or differ by 1.5 grey levels at most, as if compressed anew.
        """
        a, b = self.small[low].astype(np.float32), self.small[high].astype(np.float32)
        alike = correlations(a, b) >= ALIKE
        same = np.flatnonzero(alike & (self.person[low] == self.person[high]) & (self.person[low] >= 0))
        alike[same] = self._stand_out(self.person[low[same]], a[same], b[same])
        return alike

    def _stand_out(self, person: Indices, a: Floats, b: Floats) -> NDArray[np.bool_]:
        n_others = self.counts[person].astype(np.float32)[:, np.newaxis] - 2
        others = (self.sums[person] - a - b) / n_others
        different = (a - b).std(axis=1)
        found: NDArray[np.bool_] = (correlations(a - others, b - others) >= ALIKE_OF_ONE) | (different <= TINY)
        return found


def correlations(a: Floats, b: Floats) -> Floats:
    """Pearson correlation of each two rows; 0 where one of them is constant."""
    x, y = a - a.mean(axis=1, keepdims=True), b - b.mean(axis=1, keepdims=True)
    scale = np.sqrt((x * x).sum(axis=1) * (y * y).sum(axis=1))
    found: Floats = (x * y).sum(axis=1) / np.where(scale > 0, scale, np.inf)
    return found
