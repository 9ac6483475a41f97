"""Protocol `paper`: the random groups of the two ResNet papers, in which every face is seen in training."""

from __future__ import annotations

import numpy as np

from febench.core.dataset import Dataset
from febench.core.protocol import Deal, protocol, rotating
from febench.protocols.dealing import check_counts, deal_by_class


@protocol("paper", cite="Li & Lima 2021, section 3.6", version="1")
def paper(dataset: Dataset, *, seed: int, runs: int = 10, groups: int = 10) -> Deal:
    """Images dealt anew in each run, class by class, into groups; people appear on both sides.

    Fold g tests on group g, validates on group g+1 and trains on the others.
    """
    check_counts(dataset, runs, groups)
    dealt = [deal_by_class(dataset.labels, groups, np.random.default_rng([seed, run])) for run in range(runs)]
    return Deal(dealt, rotating(groups))
