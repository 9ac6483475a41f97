"""Whether the faces a protocol tests are new to the methods: looked up in its folds, not in its name."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from febench.core.manifest import Manifest

Faces = Literal["seen", "new", "not known"]


def faces_tested(manifest: Manifest) -> Faces:
    """`new` if no fold tests a person it trains or validates on, else `seen`; `not known` if people have no names."""
    named = manifest.content["subjects"]
    if named is None:
        return "not known"
    people = np.unique(np.asarray(named, dtype=str), return_inverse=True)[1].ravel()
    folds = ((run, fold) for run in range(1, manifest.n_runs + 1) for fold in range(1, manifest.n_folds + 1))
    return "seen" if any(_shares(manifest, people, *cell) for cell in folds) else "new"


def _shares(manifest: Manifest, people: NDArray[np.intp], run: int, fold: int) -> bool:
    parts = manifest.fold(run, fold)
    known = np.zeros(people.max(initial=-1) + 1, dtype=bool)
    known[people[np.concatenate([parts.train, parts.validation])]] = True
    return bool(known[people[parts.test]].any())
