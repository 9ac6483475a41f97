"""Protocol `loso`: leave one subject out, a fold a person."""

from __future__ import annotations

import numpy as np

from febench.core.dataset import Dataset
from febench.core.errors import DataError
from febench.core.protocol import Deal, protocol, rotating
from febench.protocols.dealing import FEWEST, check_runs, people_of


@protocol("loso", version="1", together="subjects")
def loso(dataset: Dataset, *, seed: int, runs: int = 1) -> Deal:
    """Leave one subject out: each fold tests on one person, validates on another and trains on all others.

    Each run puts the people in another order, so that another person validates.
    """
    check_runs(runs)
    people, counts = people_of(dataset)
    if len(counts) < FEWEST:
        few = f"{dataset.name} has {len(counts)} people"
        raise DataError(f"{few}; loso needs at least {FEWEST} (test, validation, training)")
    orders = [np.random.default_rng([seed, run]).permutation(len(counts)) for run in range(runs)]
    return Deal([[np.flatnonzero(people == one) for one in order] for order in orders], rotating(len(counts)))
