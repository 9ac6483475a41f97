"""The metrics: what each one counts, and which quantity its tables, intervals, tests, figures and exports show.

For every metric the shown quantity is the mean over complete runs of the run's figure. The run's figure is

- `oa`, `uar`, `macro-f1`, `weighted-f1`, `log-loss`, `ece`: the value of the counts summed over the run's test folds;
- `auc`: the mean over the run's folds of the fold's area. Each fold has a model of its own, and probabilities of
  different models are never ranked together. A class without a test image in a fold is left out of the fold's mean,
  and a fold that tests a single class is left out of the run's mean; the tables name both.

`Metric.estimand` says this in words, and `Metric.of_runs` computes the run's figure. A new metric is an entry of
`METRICS` and a test; tables, comparisons, figures, the report and exports take it by its name.
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
"""The log-loss takes smaller probabilities as this one.

Cells of older versions store probabilities in four decimals; 0.00005 is half of the last one. A stored 0 may stand for
any probability below it.
"""
BINS = 15
"""Number of bins of the calibration error."""


@dataclass(frozen=True)
class Answers:
    """The answers of a method for some test images.

    Attributes
    ----------
    labels, predictions : int64 arrays, shape (n,)
        Class indices: the true ones, and the answers.
    probabilities : float array, shape (n, n_classes), or None
        Where the method gives them.
    n_classes : int
        Number of classes of the data set.
    models : int64 array, shape (n,), or None
        Number, from 0, of the trained model that answered; None where a single model answered all.
    """

    labels: NDArray[np.int64]
    predictions: NDArray[np.int64]
    probabilities: Floats | None
    n_classes: int
    models: NDArray[np.int64] | None = None


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
    tally : callable
        `tally(answers, groups, n_groups)`: the counts of each group of images, shape (n_groups, ...); `groups` is the
        group of each image, shape (n,). The counts of a set of images, less those of a group of them, are the counts
        of the other images.
    value : callable
        `value(counts)`: the figure, of counts of shape (..., *counts) an array of shape (...); NaN where it has none.
    about : str
        Its definition and source, in a sentence.
    higher_is_better : bool
        Whether more of it is better.
    of_probabilities : bool
        Whether it needs them; a method without has no value.
    averaged_over_folds : bool
        Whether a run's figure is the mean over its folds, because the metric ranks the probabilities of one model
        against each other; otherwise it is the value of the counts summed over the run's test folds.
    by_class : bool
        Whether it is a mean over classes, from which those without a test image are left out.
    needs_many_images : bool
        Whether chance moves it far on the images of one person.
    chance : callable or None
        `chance(n_classes)`: what guessing gets, each class as often; None where that has no one value.
    bounds : tuple of float
        The least and the greatest value that it can have; intervals end there.
    decimals : int
        Digits behind the point when it is shown.
    rope : float
        Half the region of practical equivalence, unless another is asked for: a difference that does not matter.
    """

    name: str
    title: str
    unit: str
    tally: Callable[[Answers, NDArray[np.int64], int], Floats]
    value: Callable[[Floats], Floats]
    about: str
    higher_is_better: bool = True
    of_probabilities: bool = False
    averaged_over_folds: bool = False
    by_class: bool = False
    needs_many_images: bool = False
    chance: Callable[[int], float] | None = None
    bounds: tuple[float, float] = (0.0, 100.0)
    decimals: int = 2
    rope: float = 1.0

    def score(self, answers: Answers) -> float:
        """Return the figure of the answers of one model or, for a metric of summed counts, of several; NaN if none."""
        if self.of_probabilities and answers.probabilities is None:
            return float("nan")
        return float(self.value(self.counts(answers)))

    def counts(self, answers: Answers) -> Floats:
        """Count all answers as one group."""
        counts: Floats = self.tally(answers, np.zeros(len(answers.labels), dtype=np.int64), 1)[0]
        return counts

    def of_runs(self, by_fold: Floats) -> Floats:
        """Return the figure of each run from the counts of its folds.

        Parameters
        ----------
        by_fold : float array, shape (runs, folds, *counts)

        Returns
        -------
        float array, shape (runs,)
            NaN for a run that has none.
        """
        if self.averaged_over_folds:
            values = self.value(by_fold)
            return _mean(values, np.ones(values.shape))
        return self.value(by_fold.sum(axis=1))

    @property
    def estimand(self) -> str:
        """The shown quantity, in words."""
        if self.averaged_over_folds:
            return (
                "shown is the mean over runs of a run's mean over its folds; "
                "probabilities of different trained models are not ranked together"
            )
        return "shown is the mean over runs of its value on all test images of a run together"

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
        """`highest` or `lowest`: the best mean."""
        return "highest" if self.higher_is_better else "lowest"

    @property
    def difference_unit(self) -> str:
        """The unit of its differences: points, if it is a percentage."""
        return "points" if self.unit == "%" else self.unit

    @property
    def difference_title(self) -> str:
        """As differences of it are headed: `points of overall accuracy`, `log-loss, nats`."""
        return f"points of {self.title}" if self.unit == "%" else f"{self.title}, {self.unit}"

    def amount(self, value: float) -> str:
        """A difference of it in words: `a point`, `2 points`, `0.01 nats`."""
        return "a point" if self.unit == "%" and value == 1 else f"{value:g} {self.difference_unit}"


OTHER_NAMES = {
    "accuracy": "oa",
    "overall-accuracy": "oa",
    "war": "oa",
    "balanced-accuracy": "uar",
    "f1": "macro-f1",
    "f1-macro": "macro-f1",
    "f1-weighted": "weighted-f1",
    "roc-auc": "auc",
}
"""Names that the field and scikit-learn have for metrics, and febench's own."""


def metric_of(name: str) -> Metric:
    """Return the metric of that name, in any case, with _ for -, or of another name in `OTHER_NAMES`.

    Raises
    ------
    UsageError
        If there is none.
    """
    plain = name.lower().replace("_", "-")
    plain = OTHER_NAMES.get(plain, plain)
    if plain not in METRICS:
        raise UsageError(f"there is no metric {name!r}; there is {', '.join(METRICS)}", option="metric")
    return METRICS[plain]


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
    """Return the sum of losses and the number of images of each group, shape (n_groups, 2)."""
    assert answers.probabilities is not None
    own = answers.probabilities[np.arange(len(answers.labels)), answers.labels]
    lost = -np.log(np.clip(own, LEAST_PROBABILITY, 1.0))
    return np.stack([np.bincount(groups, values, minlength=n_groups) for values in (lost, np.ones(len(own)))], axis=1)


def _bins(answers: Answers, groups: NDArray[np.int64], n_groups: int) -> Floats:
    """Sum hits, confidences and images in bins of equal width of the confidence, shape (n_groups, 3, BINS)."""
    assert answers.probabilities is not None
    confidence = answers.probabilities[np.arange(len(answers.labels)), answers.predictions]
    index = np.clip(np.ceil(confidence * BINS).astype(np.int64) - 1, 0, BINS - 1)
    hits = (answers.labels == answers.predictions).astype(np.float64)
    sums = [
        np.bincount(groups * BINS + index, values, minlength=n_groups * BINS).reshape(n_groups, BINS)
        for values in (hits, confidence, np.ones(len(confidence)))
    ]
    return np.stack(sums, axis=1)


def _calibration_error(counts: Floats) -> Floats:
    """Return the expected calibration error less its bias, in percent, shape (...) of counts (..., 3, BINS).

    Even a calibrated method has gaps between accuracy and confidence by chance, so the sum of absolute gaps is too
    large, the more so the fewer images there are. Kumar, Liang & Ma (2019, "Verified uncertainty calibration", NeurIPS)
    estimate the excess by drawing each bin's accuracy anew from a normal distribution about the observed one. The mean
    of their draws has the closed form of a folded normal distribution, which is used here. Of a calibrated method four
    tenths of the excess are removed, of others nearly all; the figure can fall a little below 0.
    """
    from scipy.special import erf

    hits, confidence, images = counts[..., 0, :], counts[..., 1, :], counts[..., 2, :]
    accuracy = _divided(hits, images)
    gap = np.where(images > 0, _divided(hits - confidence, images), 0.0)
    sd = np.where(images > 0, np.sqrt(_divided(accuracy * (1 - accuracy), images)), 0.0)
    ratio = np.divide(gap, sd, out=np.zeros_like(gap), where=sd > 0)
    drawn = np.where(
        sd > 0, sd * np.sqrt(2 / np.pi) * np.exp(-(ratio**2) / 2) + gap * erf(ratio / np.sqrt(2)), np.abs(gap)
    )
    return _percent((images * (2 * np.abs(gap) - drawn)).sum(axis=-1), images.sum(axis=-1))


def _ranked_pairs(answers: Answers, groups: NDArray[np.int64], n_groups: int) -> Floats:
    """Count the pairs of an image of a class and one of another class, answered by one model.

    Returns
    -------
    float array, shape (n_groups, n_classes, 2)
        For each class, the pairs in which an image of the group stands, whose image of the class has the higher
        probability of it (equal probabilities count half), and all these pairs.
    """
    assert answers.probabilities is not None
    models = np.zeros(len(answers.labels), dtype=np.int64) if answers.models is None else answers.models
    # a pair within a group is met from both of its images, so that it is subtracted once
    _, inside = np.unique(groups * (models.max(initial=0) + 1) + models, return_inverse=True)
    counts = np.zeros((n_groups, answers.n_classes, 2))
    for number, probabilities in enumerate(answers.probabilities.T):
        own = answers.labels == number
        won, met = _pairs_of_each_image(probabilities, own, models)
        won_inside, met_inside = _pairs_of_each_image(probabilities, own, inside.ravel())
        for column, pairs in enumerate((won - own * won_inside, met - own * met_inside)):
            counts[:, number, column] = np.bincount(groups, pairs, minlength=n_groups)
    return counts


def _pairs_of_each_image(
    probabilities: Floats, own: NDArray[np.bool_], groups: NDArray[np.int64]
) -> tuple[Floats, Floats]:
    """Count for each image the pairs with images of the other kind in its group: those ranked rightly, and all."""
    n_own, n_all = np.bincount(groups, own)[groups], np.bincount(groups)[groups]
    below = _ranks(probabilities, groups) - _ranks(probabilities, 2 * groups + own)
    return np.where(own, below, n_own - below), np.where(own, n_all - n_own, n_own).astype(np.float64)


def _ranks(values: Floats, groups: NDArray[np.int64]) -> Floats:
    """Rank values within their groups from 1; equal values share the mean of their ranks."""
    n = len(values)
    if not n:
        return np.empty(0)
    order = np.lexsort((values, groups))
    new_group = np.concatenate([[True], np.diff(groups[order]) != 0])
    new_value = new_group | np.concatenate([[True], np.diff(values[order]) != 0])
    starts, which = np.flatnonzero(new_value), np.cumsum(new_value) - 1
    middles = starts + (np.diff(np.append(starts, n)) + 1) / 2
    group_starts = np.flatnonzero(new_group)[np.cumsum(new_group) - 1]
    ranks = np.empty(n)
    ranks[order] = middles[which] - group_starts
    return ranks


def _areas(counts: Floats) -> Floats:
    """Return the area under each class's curve, in percent, shape (..., c) of counts (..., c, 2)."""
    return _percent(counts[..., 0], counts[..., 1])


def _uniform(n_classes: int) -> float:
    return 100.0 / n_classes


METRICS = {
    metric.name: metric
    for metric in (
        Metric(
            "oa", "overall accuracy", "%", _confusion, overall_accuracy,
            "share of images recognised (equation 11 of the ResNet-50 paper; weighted average recall, accuracy)",
            chance=_uniform,
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
            "auc", "area under the ROC curve", "%", _ranked_pairs, _unweighted(_areas),
            "mean over classes of the area, each class against all others",
            of_probabilities=True, averaged_over_folds=True, by_class=True, chance=lambda _: 50.0,
        ),
        Metric(
            "log-loss", "log-loss", "nats", _losses, lambda counts: _divided(counts[..., 0], counts[..., 1]),
            "mean of -log of the true class's probability; a probability below 0.00005 counts as 0.00005, half of the "
            "last digit in which cells of older versions are stored, so that no image loses more than 9.9 nats",
            of_probabilities=True, higher_is_better=False,
            chance=lambda n: float(np.log(n)), bounds=(0.0, float(-np.log(LEAST_PROBABILITY))), decimals=4, rope=0.01,
        ),
        Metric(
            "ece", "calibration error", "%", _bins, _calibration_error,
            f"expected calibration error of the answers over {BINS} bins of equal width (Guo et al. 2017), less the "
            "part that chance alone brings into few images (Kumar, Liang & Ma 2019); it can fall a little below 0",
            of_probabilities=True, higher_is_better=False, needs_many_images=True,
        ),
    )
}  # fmt: skip
"""Every metric by its name."""
OA = METRICS["oa"]
