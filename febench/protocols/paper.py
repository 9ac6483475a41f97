"""Protocol `paper`: the random groups of the two ResNet papers, in which every face is seen in training."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from febench.core.dataset import Dataset
from febench.core.errors import UsageError
from febench.core.protocol import Deal, protocol, rotating


@protocol("paper", cite="Li & Lima 2021, section 3.6", version="1")
def paper(dataset: Dataset, *, seed: int, runs: int = 10, groups: int = 10) -> Deal:
    """Images dealt anew in each run, class by class, into groups; people appear on both sides.

    Fold g tests on group g, validates on group g+1 and trains on the others.
    """
    check_counts(dataset, runs, groups)
    dealt = [deal_by_class(dataset.labels, groups, np.random.default_rng([seed, run])) for run in range(runs)]
    return Deal(dealt, rotating(groups))


def deal_by_class(labels: NDArray[np.int64], groups: int, rng: np.random.Generator) -> list[NDArray[np.int64]]:
    """Deal shuffled images round the groups, one class after the other, without starting anew at each class.

    Sizes of groups then differ by at most one, and so do their shares of each class.
    """
    shuffled = rng.permutation(len(labels))
    by_class = shuffled[np.argsort(labels[shuffled], kind="stable")]
    order = rng.permutation(groups)
    return [by_class[g::groups] for g in order]


def check_counts(dataset: Dataset, runs: int, groups: int) -> None:
    """Refuse numbers of runs and groups that cannot be dealt.

    Raises
    ------
    UsageError
        If there is no run, fewer than 3 groups (test, validation, training), or fewer images than groups.
    """
    check_runs(runs)
    if groups < 3:
        raise UsageError(f"a protocol needs at least 3 groups (test, validation, training), not {groups}")
    if len(dataset) < groups:
        raise UsageError(f"{dataset.name} has {len(dataset)} images, too few for {groups} groups")


def check_runs(runs: int) -> None:
    """Refuse a number of runs that cannot be.

    Raises
    ------
    UsageError
        If there is no run.
    """
    if runs < 1:
        raise UsageError(f"a protocol needs at least 1 run, not {runs}")
