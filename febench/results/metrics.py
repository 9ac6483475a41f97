"""What is measured: metrics as objects, over confusion matrices or over probabilities.

A new one is an entry of `METRICS` and a test; tables, comparisons, figures, the report and exports take it by its name.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from febench.core.errors import UsageError

Floats = NDArray[np.float64]

LEAST_PROBABILITY = 5e-5
"""What a smaller probability counts as: half of the last digit that cells of older versions store, which may say 0."""
BINS = 15


@dataclass(frozen=True)
class Answers:
    """What a method said of some test images.

    Attributes
    ----------
    labels, predictions : int64 arrays, shape (n,)
        Class indices: the true ones, and the answers.
    probabilities : float array, shape (n, n_classes), or None
        Where the method gives them.
    n_classes : int
        Number of classes of the data set.
    """

    labels: NDArray[np.int64]
    predictions: NDArray[np.int64]
    probabilities: Floats | None
    n_classes: int


@dataclass(frozen=True)
class Metric:
    """A figure of merit.

    Attributes
    ----------
    name : str
        As it is asked for: `oa`.
    title : str
        As it is written: `overall accuracy`.
    unit : str
        `%`, or what else its values are in.
    tally : callable or None
        `tally(answers, groups, n_groups)`: what it counts in each group of images, shape (n_groups, ...); `groups` is
        the group of each image, shape (n,). Counts of several groups add up. None where it needs all images at once.
    value : callable
        `value(counts)`: the figure, of counts of shape (..., *counts) an array of shape (...). Where there is no
        `tally`, `value(answers)` is a float.
    about : str
        Its definition and source, in a sentence.
    higher_is_better : bool
        Whether more of it is better.
    of_probabilities : bool
        Whether it needs them; a method without has no value.
    total : callable or None
        `total(counts)`: of a figure that is a mean over images, their sum, so that folds can count by their images.
    by_class : bool
        Whether it is a mean over classes, from which those without a test image are left out.
    chance : callable or None
        `chance(n_classes)`: what guessing gets, each class as often; None where that has no one value.
    decimals : int
        Digits behind the point when it is shown.
    rope : float
        Half the region of practical equivalence, unless another is asked for: a difference that does not matter.
    """

    name: str
    title: str
    unit: str
    tally: Callable[[Answers, NDArray[np.int64], int], Floats] | None
    value: Callable[..., Floats]
    about: str
    higher_is_better: bool = True
    of_probabilities: bool = False
    total: Callable[[Floats], Floats] | None = None
    by_class: bool = False
    chance: Callable[[int], float] | None = None
    decimals: int = 2
    rope: float = 1.0

    def score(self, answers: Answers) -> float:
        """The figure of some answers; NaN where it cannot be told: no images, or no probabilities."""
        if self.of_probabilities and answers.probabilities is None:
            return float("nan")
        return float(self.value(answers if self.tally is None else self.counts(answers)))

    def counts(self, answers: Answers) -> Floats:
        """What it counts of all answers together; only where it has a `tally`."""
        assert self.tally is not None
        counts: Floats = self.tally(answers, np.zeros(len(answers.labels), dtype=np.int64), 1)[0]
        return counts

    @property
    def heading(self) -> str:
        """Its title as it begins a heading or a sentence."""
        return self.title[:1].upper() + self.title[1:]

    @property
    def key(self) -> str:
        """The name of its values in data."""
        return self.title.replace(" ", "_").replace("-", "_")

    @property
    def best(self) -> str:
        """What the best mean is."""
        return "highest" if self.higher_is_better else "lowest"

    @property
    def difference_unit(self) -> str:
        """What differences of it are in: points, if it is a percentage."""
        return "points" if self.unit == "%" else self.unit

    @property
    def difference_title(self) -> str:
        """As differences of it are headed: `points of overall accuracy`, `log-loss, nats`."""
        return f"points of {self.title}" if self.unit == "%" else f"{self.title}, {self.unit}"

    def amount(self, value: float) -> str:
        """A difference of it in words: `a point`, `2 points`, `0.01 nats`."""
        return "a point" if self.unit == "%" and value == 1 else f"{value:g} {self.difference_unit}"


def metric_of(name: str) -> Metric:
    """The metric of that name.

    Raises
    ------
    UsageError
        If there is none.
    """
    if name not in METRICS:
        raise UsageError(f"there is no metric {name!r}; there is {', '.join(METRICS)}", option="metric")
    return METRICS[name]


def confusion_matrix(labels: NDArray[np.int64], predictions: NDArray[np.int64], n_classes: int) -> NDArray[np.int64]:
    """H of equation 7: entry (i, j) counts images of class i recognised as class j.

    Parameters
    ----------
    labels, predictions : int64 arrays, shape (n,)
        Class indices.
    n_classes : int
        Number of classes.

    Returns
    -------
    int64 array, shape (n_classes, n_classes)
    """
    flat = np.bincount(labels * n_classes + predictions, minlength=n_classes * n_classes)
    return flat.reshape(n_classes, n_classes).astype(np.int64)


def overall_accuracy(confusion: NDArray[Any]) -> Floats:
    """OA of equation 11, in percent, shape (...) of matrices (..., c, c); NaN without images."""
    return _percent(np.trace(confusion, axis1=-2, axis2=-1), confusion.sum(axis=(-2, -1)))


def sensitivities(confusion: NDArray[Any]) -> Floats:
    """E(t) of equation 10, in percent, shape (..., c) of matrices (..., c, c); NaN for a class without images."""
    return _percent(np.diagonal(confusion, axis1=-2, axis2=-1), confusion.sum(axis=-1))


def f1_scores(confusion: NDArray[Any]) -> Floats:
    """Harmonic mean of precision and sensitivity of each class, in percent; NaN for a class without images."""
    hits, images = np.diagonal(confusion, axis1=-2, axis2=-1), confusion.sum(axis=-1)
    scores: Floats = np.where(images > 0, _percent(2 * hits, images + confusion.sum(axis=-2)), np.nan)
    return scores


def mean_and_sd(values: Floats) -> tuple[float | None, float | None]:
    """Mean and sample standard deviation (n-1) over runs; None where there are too few runs to have one."""
    mean = float(np.mean(values)) if len(values) else None
    sd = float(np.std(values, ddof=1)) if len(values) > 1 else None
    return mean, sd


def _percent(part: NDArray[Any], whole: NDArray[Any]) -> Floats:
    whole = np.asarray(whole, dtype=np.float64)
    return _divided(100.0 * np.asarray(part, dtype=np.float64), whole)


def _divided(part: Floats, whole: Floats) -> Floats:
    """Quotients; NaN where there is nothing to divide by."""
    quotients: Floats = np.divide(part, whole, out=np.full(np.shape(whole), np.nan), where=whole > 0)
    return quotients


def _confusion(answers: Answers, groups: NDArray[np.int64], n_groups: int) -> Floats:
    n = answers.n_classes
    flat = np.bincount((groups * n + answers.labels) * n + answers.predictions, minlength=n_groups * n * n)
    return flat.reshape(n_groups, n, n).astype(np.float64)


def _mean(values: Floats, weights: Floats) -> Floats:
    """Weighted mean over the last axis, of what is a number."""
    known = ~np.isnan(values)
    total = np.where(known, weights, 0.0).sum(axis=-1)
    return _divided(np.where(known, values * weights, 0.0).sum(axis=-1), total)


def _unweighted(per_class: Callable[[NDArray[Any]], Floats]) -> Callable[[Floats], Floats]:
    def mean_over_classes(confusion: Floats) -> Floats:
        values = per_class(confusion)
        return _mean(values, np.ones(values.shape))

    return mean_over_classes


def _losses(answers: Answers, groups: NDArray[np.int64], n_groups: int) -> Floats:
    """How much is lost in each group, and of how many images, shape (n_groups, 2)."""
    assert answers.probabilities is not None
    own = answers.probabilities[np.arange(len(answers.labels)), answers.labels]
    lost = -np.log(np.clip(own, LEAST_PROBABILITY, 1.0))
    return np.stack([np.bincount(groups, values, minlength=n_groups) for values in (lost, np.ones(len(own)))], axis=1)


def _bins(answers: Answers, groups: NDArray[np.int64], n_groups: int) -> Floats:
    """Hits, probabilities of the answers, and images, in bins of equal width of those; shape (n_groups, 3, BINS)."""
    assert answers.probabilities is not None
    sure = answers.probabilities[np.arange(len(answers.labels)), answers.predictions]
    place = np.clip(np.ceil(sure * BINS).astype(np.int64) - 1, 0, BINS - 1)
    hits = (answers.labels == answers.predictions).astype(np.float64)
    counted = [
        np.bincount(groups * BINS + place, values, minlength=n_groups * BINS)
        for values in (hits, sure, np.ones(len(sure)))
    ]
    return np.stack([one.reshape(n_groups, BINS) for one in counted], axis=1)


def _calibration_error(counts: Floats) -> Floats:
    hits, sure, images = counts[..., 0, :], counts[..., 1, :], counts[..., 2, :]
    return _percent(np.abs(hits - sure).sum(axis=-1), images.sum(axis=-1))


def _area_under_curves(answers: Answers) -> Floats:
    """Mean over the classes that are there, of how often one of its images ranks before one of another class."""
    assert answers.probabilities is not None
    areas = []
    for one, beliefs in enumerate(answers.probabilities.T):
        ranked, own = np.sort(beliefs), beliefs[answers.labels == one]
        n, others = len(own), len(beliefs) - len(own)
        if n and others:
            # of equal probabilities each has the mean of their ranks
            ranks = (np.searchsorted(ranked, own, "left") + np.searchsorted(ranked, own, "right") + 1) / 2
            areas.append((ranks.sum() - n * (n + 1) / 2) / (n * others))
    return np.asarray(100.0 * np.mean(areas) if areas else np.nan)


def _uniform(n_classes: int) -> float:
    return 100.0 / n_classes


METRICS = {
    metric.name: metric
    for metric in (
        Metric(
            "oa", "overall accuracy", "%", _confusion, overall_accuracy,
            "share of images recognised (equation 11 of the ResNet-50 paper; weighted average recall, accuracy)",
            total=lambda confusion: 100.0 * np.trace(confusion, axis1=-2, axis2=-1), chance=_uniform,
        ),
        Metric(
            "uar", "mean sensitivity", "%", _confusion, _unweighted(sensitivities),
            "mean over classes of the share recognised (unweighted average recall, balanced accuracy)",
            by_class=True, chance=_uniform,
        ),
        Metric(
            "macro-f1", "macro F1", "%", _confusion, _unweighted(f1_scores),
            "mean over classes of the harmonic mean of precision and sensitivity", by_class=True,
        ),
        Metric(
            "weighted-f1", "weighted F1", "%", _confusion,
            lambda confusion: _mean(f1_scores(confusion), confusion.sum(axis=-1)),
            "F1 of the classes, weighted by their images",
        ),
        Metric(
            "auc", "area under the ROC curve", "%", None, _area_under_curves,
            "mean over classes of the area, each class against all others",
            of_probabilities=True, by_class=True, chance=lambda _: 50.0,
        ),
        Metric(
            "log-loss", "log-loss", "nats", _losses, lambda counts: _divided(counts[..., 0], counts[..., 1]),
            "mean of -log of the true class's probability; a stored 0 counts as 0.00005",
            of_probabilities=True, higher_is_better=False, total=lambda counts: counts[..., 0],
            chance=lambda n: float(np.log(n)), decimals=4, rope=0.01,
        ),
        Metric(
            "ece", "calibration error", "%", _bins, _calibration_error,
            f"expected calibration error of the answers over {BINS} bins of equal width (Guo et al. 2017)",
            of_probabilities=True, higher_is_better=False,
        ),
    )
}  # fmt: skip
"""Every metric by its name."""
OA = METRICS["oa"]
