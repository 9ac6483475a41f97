"""Deal images into groups by class, or whole people so that groups are as alike as possible."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from febench.core.dataset import Dataset
from febench.core.errors import DataError, UsageError

Counts = NDArray[np.float64]
FEWEST = 3  # groups: test, validation, training
PARTNERS = 256  # people, of all, with whom an exchange is tried
PASSES = 20  # rounds of exchanges, at most


def check_runs(runs: int) -> None:
    """Raise `UsageError` if there is no run."""
    if runs < 1:
        raise UsageError(f"a protocol needs at least 1 run, not {runs}")


def check_counts(dataset: Dataset, runs: int, groups: int) -> None:
    """Refuse numbers of runs and groups that cannot be dealt.

    Raises
    ------
    UsageError
        If there is no run, fewer than 3 groups (test, validation, training), or fewer images than groups.
    """
    check_runs(runs)
    if groups < FEWEST:
        raise UsageError(f"a protocol needs at least {FEWEST} groups (test, validation, training), not {groups}")
    if len(dataset) < groups:
        few = f"{dataset.name} has {len(dataset)} images, too few for {groups} groups"
        raise UsageError(f"{few}; try groups={len(dataset)}" if len(dataset) >= FEWEST else few)


def deal_by_class(labels: NDArray[np.int64], groups: int, rng: np.random.Generator) -> list[NDArray[np.int64]]:
    """Deal shuffled images round the groups, one class after the other, without starting anew at each class.

    Sizes of groups then differ by at most one, and so do their shares of each class.
    """
    shuffled = rng.permutation(len(labels))
    by_class = shuffled[np.argsort(labels[shuffled], kind="stable")]
    order = rng.permutation(groups)
    return [by_class[g::groups] for g in order]


def people_of(dataset: Dataset) -> tuple[NDArray[np.int64], Counts]:
    """The person of each image, shape (n,), and the images of each person by class, shape (people, classes).

    Raises
    ------
    DataError
        If the data set does not say who is who.
    """
    if dataset.subjects is None:
        other = "official, its own split" if dataset.parts is not None else "paper, which deals at random"
        raise DataError(f"{dataset.name} does not say which images show the same person: use protocol {other}")
    return count_people(np.asarray(dataset.subjects), dataset.labels, len(dataset.classes))


def count_people(
    subjects: NDArray[np.str_], labels: NDArray[np.int64], n_classes: int
) -> tuple[NDArray[np.int64], Counts]:
    """The person of each image by number, shape (n,), and the images of each by class, shape (people, classes)."""
    names, people = np.unique(subjects, return_inverse=True)
    counts = np.zeros((len(names), n_classes))
    np.add.at(counts, (people, labels), 1)
    return people.astype(np.int64), counts


def deal_people(counts: Counts, groups: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Deal people into groups: the largest first, each where it fits best, then exchanges until none helps.

    Parameters
    ----------
    counts : array, shape (people, classes)
        Images of each person by class.
    groups : int
        Number of groups.
    rng : numpy.random.Generator
        Orders people of equal size, and the exchanges tried.

    Returns
    -------
    array, shape (people,)
        The group of each person.
    """
    seating = Seating(counts, groups)
    shuffled = rng.permutation(len(counts))
    for person in shuffled[np.argsort(-counts[shuffled].sum(axis=1), kind="stable")]:
        costs = seating.cost(seating.sums + counts[person]) - seating.cost(seating.sums)
        seating.seat(int(person), int(rng.choice(np.flatnonzero(costs <= costs.min() + 1e-9))))
    for _ in range(PASSES):
        if sum(seating.improve(int(person), rng) for person in rng.permutation(len(counts))) == 0:
            break
    return seating.group


@dataclass
class Seating:
    """An assignment of people to groups, and how far the groups' class counts are from equal shares.

    Attributes
    ----------
    counts : array, shape (people, classes)
        Images of each person by class.
    groups : int
        Number of groups.
    group : int64 array, shape (people,)
        The group of each person, -1 while there is none.
    sums, share : arrays, shapes (groups, classes) and (classes,)
        Images of each group by class, and as many as each would have if all were equal.
    """

    counts: Counts
    groups: int

    def __post_init__(self) -> None:
        self.group = np.full(len(self.counts), -1, dtype=np.int64)
        self.sums = np.zeros((self.groups, self.counts.shape[1]))
        self.share = np.maximum(self.counts.sum(axis=0) / self.groups, 1e-12)

    def cost(self, sums: Counts) -> Counts:
        """Cost of groups with these class counts: squared distances from the share, far more if a class is absent."""
        absent = (sums == 0) & (self.share > 1e-12)
        unequal: Counts = ((sums - self.share) ** 2 / self.share).sum(axis=-1)
        whole: Counts = unequal + 1e6 * absent.sum(axis=-1)
        return whole

    def seat(self, person: int, group: int) -> None:
        """Put a person into a group."""
        if self.group[person] >= 0:
            self.sums[self.group[person]] -= self.counts[person]
        self.group[person] = group
        self.sums[group] += self.counts[person]

    def improve(self, person: int, rng: np.random.Generator) -> bool:
        """Move a person, or exchange them with another, if that lowers the cost; says whether it did."""
        home = int(self.group[person])
        partners = rng.permutation(len(self.counts))[:PARTNERS]
        partners = partners[self.group[partners] != home]
        moves = self._gains(home, np.arange(self.groups), self.counts[person], 0.0 * self.sums)
        moves[home] = 0.0
        swaps = self._gains(home, self.group[partners], self.counts[person], self.counts[partners])
        if min(moves.min(), swaps.min(initial=0.0)) > -1e-9:
            return False
        if moves.min() <= swaps.min(initial=0.0):
            self.seat(person, int(moves.argmin()))
            return True
        partner = int(partners[swaps.argmin()])
        away = int(self.group[partner])
        self.seat(partner, home)
        self.seat(person, away)
        return True

    def _gains(self, home: int, away: NDArray[np.int64], person: Counts, partners: Counts) -> Counts:
        """Change of cost if the person left `home` for each `away` and each partner came back."""
        before = self.cost(self.sums[home]) + self.cost(self.sums[away])
        after = self.cost(self.sums[home] - person + partners) + self.cost(self.sums[away] + person - partners)
        return after - before
