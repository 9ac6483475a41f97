"""Whether tested people are new to the methods, and the scores of each person."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from febench.core.manifest import Manifest
from febench.results.metrics import OA, Metric
from febench.results.rows import RowResults

Faces = Literal["not known", "seen", "partly seen", "new"]


@lru_cache(maxsize=64)
def faces_tested(manifest: Manifest) -> Faces:
    """Return whether tested people are new, judged by the folds and not by the protocol's name.

    `new` if no fold tests a person it trains or validates on; `seen` if every fold has trained on every person it
    tests; `partly seen` if neither; `not known` if the data set does not tell its people apart.
    """
    if manifest.people is None:
        return "not known"
    some_met, all_trained_on = False, True
    parts = (manifest.counted(part, manifest.people[1]) for part in ("test", "train", "validation"))
    for test, train, validation in zip(*parts, strict=True):
        tested, trained_on = test > 0, train > 0
        some_met |= bool((tested & (trained_on | (validation > 0))).any())
        all_trained_on &= bool(trained_on[tested].all())
    if not some_met:
        return "new"
    return "seen" if all_trained_on else "partly seen"


def novelty(manifest: Manifest) -> int:
    """Return the rank of results by what they say of new faces; protocols are shown in this order."""
    return get_args(Faces).index(faces_tested(manifest))


def said_of_faces(manifest: Manifest) -> str:
    """Return a clause on whether tested people are new, such as "nobody tested was trained on"."""
    return {
        "seen": "every person tested was also trained on",
        "partly seen": "some of the people tested were also trained or validated on",
        "new": "nobody tested was trained on (by the names given)",
        "not known": f"{why_not_known(manifest)}, so those tested may have been trained on",
    }[faces_tested(manifest)]


def why_not_known(manifest: Manifest) -> str:
    """Return why nobody can say who is tested, of a manifest whose people are not known."""
    if manifest.subjects is None:
        return "the data set does not tell its people apart"
    return "the names given for people do not tell people apart (see the audit)"


@dataclass(frozen=True)
class PersonScores:
    """The scores of each person.

    Attributes
    ----------
    names : tuple of str, length n
        Who was tested in the complete runs.
    images : int64 array, shape (n,)
        How many answers there are of each.
    values : float array, shape (n,)
        The metric of each person's images, as a mean over complete runs.
    higher_is_better : bool
        Whether more of it is better.
    """

    names: tuple[str, ...]
    images: NDArray[np.int64]
    values: NDArray[np.float64]
    higher_is_better: bool = True

    @property
    def median(self) -> float:
        """The value that half of the people reach."""
        return float(np.median(self.values))

    @property
    def worst_first(self) -> NDArray[np.int64]:
        """Places of the people, the worst recognised first; of equals the first name."""
        return np.argsort(self.values if self.higher_is_better else -self.values, kind="stable")

    @property
    def in_worst_tenth(self) -> NDArray[np.int64]:
        """Places of the tenth of the people that is recognised worst, at least one of them."""
        return self.worst_first[: max(1, round(len(self.values) / 10))]

    @property
    def worst_tenth(self) -> float:
        """Mean over that tenth."""
        return float(self.values[self.in_worst_tenth].mean())


def person_scores(row: RowResults, metric: Metric = OA) -> PersonScores | None:
    """Return a metric person by person; None without known people or a complete run, or where it ranks whole folds."""
    scores = row.scores_of_people(metric)
    if scores is None or row.manifest.people is None:
        return None
    names, numbers = row.manifest.people
    images = dict(zip(names, np.bincount(numbers[row.manifest.tests(row.runs)], minlength=len(names)), strict=True))
    counted = np.array([images[name] for name in scores.names], dtype=np.int64)
    return PersonScores(scores.names, counted, scores.values, metric.higher_is_better)
