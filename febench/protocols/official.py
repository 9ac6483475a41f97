"""Protocol `official`: the split that a data set's publisher made."""

from __future__ import annotations

from collections import Counter

import numpy as np
from numpy.typing import NDArray

from febench.core.dataset import PARTS, Dataset
from febench.core.errors import DataError
from febench.core.protocol import Deal, Roles, protocol
from febench.protocols.dealing import check_runs, count_people, deal_by_class, deal_people

TENTHS = 10


@protocol("official", version="1", together="subjects")
def official(dataset: Dataset, *, seed: int, runs: int = 1) -> Deal:
    """The data set's own split: one fold that trains, validates and tests on the parts made for that.

    Where the publisher made no validation part, a tenth of the training part is set aside for it: by person where
    people are known, else by class; each run sets another tenth aside.
    """
    check_runs(runs)
    if dataset.parts is None:
        raise DataError(f"{dataset.name} has no split of its own; choose another protocol, such as paper or subject")
    train, validation, test = (np.flatnonzero(np.asarray(dataset.parts) == part) for part in PARTS)
    for indices, part in ((train, "training"), (test, "test")):
        if not len(indices):
            there = [f"{name} ({count})" for name, count in Counter(dataset.parts).items()]
            raise DataError(f"the split of {dataset.name} has no {part} part; it has {' and '.join(sorted(there))}")
    groups = [[train, validation, test]] * runs
    if not len(validation):
        tenths = [_tenth(dataset, train, np.random.default_rng([seed, run])) for run in range(runs)]
        groups = [[train[~tenth], train[tenth], test] for tenth in tenths]
    return Deal(groups, (Roles(train=(0,), validation=(1,), test=(2,)),))


def _tenth(dataset: Dataset, train: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.bool_]:
    """Return the images of the training part that are set aside for validation."""
    labels = dataset.labels[train]
    if dataset.subjects is None:
        return np.isin(np.arange(len(train)), deal_by_class(labels, TENTHS, rng)[0])
    people, counts = count_people(np.asarray(dataset.subjects)[train], labels, len(dataset.classes))
    if len(counts) < 2:
        raise DataError(f"the training part of {dataset.name} shows one person: nobody can be set aside to validate")
    tenth: NDArray[np.bool_] = deal_people(counts, min(TENTHS, len(counts)), rng)[people] == 0
    return tenth
