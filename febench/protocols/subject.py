"""Protocol `subject`: as `paper`, but no person is in two groups, so that every tested face is new."""

from __future__ import annotations

import numpy as np

from febench.core.dataset import Dataset
from febench.core.errors import DataError
from febench.core.protocol import Deal, protocol, rotating
from febench.protocols.dealing import FEWEST, check_counts, deal_people, people_of


@protocol("subject", version="1", together="subjects")
def subject(dataset: Dataset, *, seed: int, runs: int = 10, groups: int = 10) -> Deal:
    """People dealt anew in each run into groups as alike in classes as can be; nobody is in two groups.

    Fold g tests on group g, validates on group g+1 and trains on the others.
    """
    people, counts = people_of(dataset)
    check_counts(dataset, runs, groups)
    if len(counts) < groups:
        few = f"{dataset.name} has {len(counts)} people, too few for {groups} groups"
        raise DataError(f"{few}; try subject[groups={len(counts)}]" if len(counts) >= FEWEST else few)
    dealt = [deal_people(counts, groups, np.random.default_rng([seed, run])) for run in range(runs)]
    return Deal([[np.flatnonzero(group[people] == g) for g in range(groups)] for group in dealt], rotating(groups))
