"""The number of training people of a fold, which intervals over people need."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from febench.core.manifest import Manifest


@lru_cache(maxsize=64)
def training_people(manifest: Manifest) -> float:
    """Return how many different people the training part of a fold shows, on average over folds of all runs.

    People must be known.
    """
    assert manifest.people is not None
    return float(np.mean([(counts > 0).sum(axis=1) for counts in manifest.counted("train", manifest.people[1])]))
