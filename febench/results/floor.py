"""The floor: the metric of guessing, and of always answering the most frequent class.

And why a method may reach even less: folds in which the likeness of persons speaks against the right class.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from febench.core.manifest import Manifest
from febench.results.metrics import Answers, Metric, mean_and_sd


@lru_cache(maxsize=64)
def _always_the_most_frequent(manifest: Manifest) -> dict[int, Answers]:
    """For each run, the most frequent training class of each fold as the answer to its images; of equals the first."""
    n_classes, sizes, given = len(manifest.classes), manifest.test_sizes, {}
    for run, trained_on in enumerate(manifest.counted("train", manifest.labels), start=1):
        answers = np.repeat(trained_on.argmax(axis=1), sizes[run - 1])
        given[run] = Answers(manifest.labels[manifest.tests([run])], answers, None, n_classes)
    return given


@dataclass(frozen=True)
class Floor:
    """The floor of a metric under some folds.

    Attributes
    ----------
    chance : float
        By guessing, each class as often.
    majority : dict
        For each run, by always answering the most frequent class of each fold's training part; empty where the metric
        needs probabilities.
    decimals : int
        Of the metric.
    """

    chance: float
    majority: dict[int, float]
    decimals: int

    def summary(self, runs: Iterable[int] | None = None) -> tuple[float | None, float | None]:
        """Mean and sample sd of the majority's over some runs; over all by default."""
        return mean_and_sd(np.asarray([self.majority[run] for run in (self.majority if runs is None else runs)]))

    @property
    def differs(self) -> bool:
        """Whether the majority's mean, as it is shown, differs from chance."""
        mean, _ = self.summary()
        return mean is not None and f"{mean:.{self.decimals}f}" != f"{self.chance:.{self.decimals}f}"


@lru_cache(maxsize=64)
def floor_of(manifest: Manifest, metric: Metric) -> Floor | None:
    """The floor of a metric under some folds; None where guessing has no one value."""
    if metric.chance is None:
        return None
    answers = {} if metric.of_probabilities else _always_the_most_frequent(manifest)
    by_run = {run: metric.score(one) for run, one in answers.items()}
    return Floor(metric.chance(len(manifest.classes)), by_run, metric.decimals)


@dataclass(frozen=True)
class Acquaintance:
    """Counts of test images whose person is in training, with the same class or with others.

    Attributes
    ----------
    images : int
        Test images.
    met : int
        Those whose person is in training.
    same : int
        Those whose person is in training with the image's class.
    """

    images: int
    met: int
    same: int

    @classmethod
    def of(
        cls, people: NDArray[np.int64], labels: NDArray[np.int64], train: NDArray[Any], test: NDArray[Any]
    ) -> Acquaintance:
        """Of a fold: person and class of each image, shape (n,); training and test images as indices or a mask."""
        pairs = people * (labels.max(initial=0) + 1) + labels
        met, same = (np.isin(one[test], one[train]).sum() for one in (people, pairs))
        return cls(len(labels[test]), int(met), int(same))

    @property
    def misleads(self) -> bool:
        """Whether most images have met their person in training, but less than half of these with their class.

        The training face most like a test face is then likely to be the same person's, with another expression.
        """
        return 2 * self.met > self.images and 2 * self.same < self.met


@lru_cache(maxsize=64)
def likeness_misleads(manifest: Manifest) -> bool:
    """Return whether likeness of persons speaks against the right class, over all folds together."""
    if manifest.people is None:
        return False
    people, labels = manifest.people[1], manifest.labels
    _, pairs = np.unique(people * (labels.max(initial=0) + 1) + labels, return_inverse=True)
    met, same = (
        sum(
            int(tested[trained_on > 0].sum())
            for tested, trained_on in zip(manifest.counted("test", own), manifest.counted("train", own), strict=True)
        )
        for own in (people, pairs.ravel())
    )
    return Acquaintance(len(manifest.tested[0]), met, same).misleads
