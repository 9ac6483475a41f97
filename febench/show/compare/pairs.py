"""Methods compared pair by pair on the same folds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations, pairwise
from math import isfinite

import numpy as np
from numpy.typing import NDArray

from febench.core.errors import UsageError
from febench.core.manifest import Manifest
from febench.results.metrics import OA, Metric
from febench.results.results import Results
from febench.results.rows import RowResults
from febench.show.compare.verdicts import Evidence, Outcome, Rules, judge
from febench.show.tables import chosen
from febench.stats import corrected_resampled_t, correlated_bayes_t, holm, mcnemar, mcnemar_in_every_run

MIN_FOLDS = 10
MIN_RUNS = 2

HEADLINE: dict[str, str] = {
    "better": "better than {whom}",
    "equivalent": "within {near} of {whom}",
    "undecided": "undecided against {whom}",
    "worse": "worse than {whom} over the runs that both have whole",
    "too few runs": "too few runs to say against {whom}",
}


@dataclass(frozen=True)
class Standing:
    """A row in the standings: complete runs, and the mean and sample sd of the metric over them."""

    label: str
    runs: int
    mean: float
    sd: float | None


@dataclass(frozen=True)
class Pair:
    """Two methods compared.

    Attributes
    ----------
    first, second : str
        The methods; over the runs that both have whole, the first has the better mean.
    runs, folds : int
        Runs that are whole in both, and differences that the test rests on.
    difference : float or None
        By how much the first is better on average; None without a common run.
    evidence : Evidence
        The test, and what it gives.
    p_holm : float or None
        p of the test, adjusted by Holm over all pairs; None where there is no test.
    outcome : str
        `better`, `equivalent`, `undecided` or `too few runs`.
    verdict : str
        The same as a sentence.
    """

    first: str
    second: str
    runs: int
    folds: int
    difference: float | None
    evidence: Evidence
    p_holm: float | None
    outcome: Outcome
    verdict: str


@dataclass(frozen=True)
class Rival:
    """A method as the one with the best mean sees it.

    Attributes
    ----------
    label : str
        The rival.
    ahead : float or None
        How far the best is ahead over the runs that both have whole; None without such a run.
    interval : tuple of float, or None
        Its 95 % interval; None where there is no test.
    outcome : str
        What the best is against it: `better`, `equivalent`, `undecided`, `too few runs`, or `worse`: over the runs
        that both have whole it may be.
    pair : Pair
        What the tests say.
    """

    label: str
    ahead: float | None
    interval: tuple[float, float] | None
    outcome: str
    pair: Pair


@dataclass(frozen=True)
class Comparison:
    """The methods of a results directory, compared.

    Attributes
    ----------
    results : Results
        What was compared.
    metric : Metric
        By what.
    standings : tuple of Standing
        Methods with a complete run, the best mean first.
    left_out : tuple of str
        Methods without a complete run, or without the probabilities that the metric needs: compared with nothing.
    pairs : tuple of Pair
        All pairs of the standings, or those with `against`.
    rope : float
        Half the region of practical equivalence.
    test_to_train : float
        Test images over training images of a fold: how much the tests are widened.
    against : str or None
        The only row that others are compared with; None where all pairs are compared.
    """

    results: Results
    metric: Metric
    standings: tuple[Standing, ...]
    left_out: tuple[str, ...]
    pairs: tuple[Pair, ...]
    rope: float
    test_to_train: float
    against: str | None = None

    @cached_property
    def best(self) -> str | None:
        """The method with the best mean; whether it is better is another question."""
        return self.standings[0].label if self.standings else None

    @property
    def leading(self) -> tuple[Pair, ...]:
        """Pairs with the best, and of neighbours in the standings."""
        labels = [one.label for one in self.standings]
        near = {frozenset(two) for two in pairwise(labels)}
        return tuple(
            pair
            for pair in self.pairs
            if self.best in (pair.first, pair.second) or frozenset((pair.first, pair.second)) in near
        )

    @cached_property
    def rivals(self) -> tuple[Rival, ...]:
        """Every other method with a complete run, the best mean first."""
        rivals = {}
        for pair in self.pairs:
            if self.best not in (pair.first, pair.second):
                continue
            turned, test = pair.second == self.best, pair.evidence.test
            label, sign = (pair.first, -1.0) if turned else (pair.second, 1.0)
            ends = sorted((sign * test.low, sign * test.high)) if test else []
            rivals[label] = Rival(
                label=label,
                ahead=None if pair.difference is None else sign * pair.difference,
                interval=(ends[0], ends[1]) if ends else None,
                outcome="worse" if turned and pair.outcome == "better" else str(pair.outcome),
                pair=pair,
            )
        return tuple(rivals[one.label] for one in self.standings if one.label in rivals)

    @property
    def headline(self) -> str:
        """A sentence on the row with the best mean and its pairs."""
        if not self.pairs:
            return "nothing to compare: fewer than two methods have a complete run"
        words = []
        for outcome, sentence in HEADLINE.items():
            met = [rival.label for rival in self.rivals if rival.outcome == outcome]
            whom = f"each of the other {len(met)}" if len(met) == len(self.rivals) > 1 else ", ".join(met)
            if met:
                words.append(sentence.format(whom=whom, near=self.metric.amount(self.rope)))
        top, metric = self.standings[0], self.metric
        value = f"{top.mean:.{metric.decimals}f} {metric.unit}"
        return f"{metric.best} mean {metric.title}: {top.label}, {value}; {'; '.join(words)}"


@dataclass(frozen=True, eq=False)
class Folds:
    """The properties of a manifest's folds that tests need.

    Attributes
    ----------
    n_test, n_train : float arrays, shape (runs, folds)
        Test and training images; validation images are not trained on, and not counted.
    group : int64 array, shape (runs, folds)
        Number of the test fold of each cell: the same for the same images.
    by_person : bool
        Whether each fold tests one person, so that a run deals nothing at random.
    """

    n_test: NDArray[np.float64]
    n_train: NDArray[np.float64]
    group: NDArray[np.int64]
    by_person: bool

    @classmethod
    def of(cls, manifest: Manifest) -> Folds:
        """The folds of a manifest."""
        folds = range(1, manifest.n_folds + 1)
        tests = [[manifest.test(run, fold) for fold in folds] for run in range(1, manifest.n_runs + 1)]
        known: dict[bytes, int] = {}
        group = [[known.setdefault(test.tobytes(), len(known)) for test in run] for run in tests]
        people, everyone = manifest.people, np.zeros_like(manifest.labels)
        return cls(
            manifest.test_sizes.astype(np.float64),
            np.stack([counts[:, 0] for counts in manifest.counted("train", everyone)]).astype(np.float64),
            np.array(group, dtype=np.int64),
            people is not None and all(len(np.unique(people[1][test])) <= 1 for test in tests[0]),
        )

    @cached_property
    def test_to_train(self) -> float:
        """Test images over training images of a fold, on average."""
        return float(self.n_test.mean() / self.n_train.mean())

    @cached_property
    def dealt_once(self) -> bool:
        """Whether every run tests the same groups, so that further runs bring no new images."""
        return all(set(run) == set(self.group[0]) for run in self.group.tolist())

    def one_group(self, runs: Sequence[int]) -> bool:
        """Return whether runs, counted from 1, test one group of images, as a publisher's own split does."""
        tested = self.group[[run - 1 for run in runs]]
        return bool((tested == tested[0, 0]).all())


@dataclass(frozen=True, eq=False)
class Scored:
    """A metric of a row, fold by fold.

    Attributes
    ----------
    row : RowResults
        The row.
    metric : Metric
        The metric.
    folds : Folds
        Of the manifest.
    """

    row: RowResults
    metric: Metric
    folds: Folds

    @cached_property
    def runs(self) -> NDArray[np.int64]:
        """The runs that have the metric, counted from 1."""
        return np.array(list(self.row.scores(self.metric)), dtype=np.int64)

    @cached_property
    def by_fold(self) -> NDArray[np.float64]:
        """The values of the folds of each of these runs, shape (runs, folds): `RowResults.fold_values`."""
        return np.array(list(self.row.fold_values(self.metric).values()))

    def in_runs(self, runs: NDArray[np.int64]) -> NDArray[np.float64]:
        """`by_fold` of some of these runs."""
        return self.by_fold if len(runs) == len(self.runs) else self.by_fold[np.isin(self.runs, runs)]

    def right(self, run: int) -> NDArray[np.bool_]:
        """Return whether each test image of a run is recognised."""
        answers = self.row.answers([run])
        right: NDArray[np.bool_] = answers.labels == answers.predictions
        return right


def common_runs(first: Scored, second: Scored) -> NDArray[np.int64]:
    """The runs that both have whole, counted from 1, rising."""
    if np.array_equal(first.runs, second.runs):  # as a rule; of very many pairs it is quicker to look
        return first.runs
    return np.intersect1d(first.runs, second.runs, assume_unique=True)


def differences(first: Scored, second: Scored) -> NDArray[np.float64]:
    """Return by how much the first is better, one difference a test fold of the runs that both have whole.

    They are differences of the values that each row's folds have in `RowResults.fold_values`: their mean is the
    difference of the two rows' means over these runs, whatever the metric and the sizes of the folds. Folds in which
    the metric has no value are left out. Where every run tests the same groups, a group's differences are averaged
    over runs: the same images again are no new evidence.

    Returns
    -------
    float array, shape (runs * folds,), or (folds,) where every run tests the same groups
    """
    runs = common_runs(first, second)
    by_fold = first.in_runs(runs) - second.in_runs(runs)
    by_fold = by_fold if first.metric.higher_is_better else -by_fold
    told = ~np.isnan(by_fold)
    values: NDArray[np.float64] = by_fold[told]
    if first.folds.dealt_once:
        _, group = np.unique(first.folds.group[runs - 1][told], return_inverse=True)
        values = np.bincount(group.ravel(), weights=values) / np.bincount(group.ravel())
    # where runs have different numbers of folds with a value, the mean over folds is not yet the mean over runs
    centred: NDArray[np.float64] = values + (np.nanmean(by_fold, axis=1).mean() - values.mean())
    return centred


def compare(
    results: Results,
    methods: Sequence[str] = (),
    rope: float | None = None,
    metric: Metric = OA,
    against: str | None = None,
) -> Comparison:
    """Compare methods pair by pair on the folds that they share.

    Parameters
    ----------
    results : Results
        Of one results directory, or of several of the same folds (`pool`).
    methods : sequence of str
        Names or labels; all methods if none is named.
    rope : float or None
        Half the region of practical equivalence; the metric's own by default, for percentages a point.
    metric : Metric
        What is compared.
    against : str or None
        A row, by name or label: only its pairs are compared, and p is adjusted over these alone.

    Returns
    -------
    Comparison

    Raises
    ------
    UsageError
        If a method is not there, `against` names several rows, or the region is no width.
    """
    rope = metric.rope if rope is None else rope
    if not (isfinite(rope) and 0 <= rope < 100):
        raise UsageError(f"the region of practical equivalence is some points from 0 to below 100, not {rope:g}")
    folds = Folds.of(results.manifest)
    asked = {id(row): row for method in methods or (None,) for row in chosen(results, method)}
    if against is not None:
        references = chosen(results, against)
        if len(references) > 1:
            labels = ", ".join(row.label for row in references)
            raise UsageError(f"{against} names several rows: name one of {labels}")
        asked.setdefault(id(references[0]), references[0])
        against = references[0].label
    scored = [Scored(row, metric, folds) for row in asked.values()]
    means = {id(one): one.row.summary(metric) for one in scored}
    best_first = -1.0 if metric.higher_is_better else 1.0
    whole = sorted((one for one in scored if len(one.runs)), key=lambda one: best_first * (means[id(one)].mean or 0.0))
    compared = [two for two in combinations(whole, 2) if against is None or against in {one.row.label for one in two}]
    measured = [_measured(a, b, rope) for a, b in compared]
    tested = [evidence.test.p for _, _, _, _, evidence in measured if evidence.test]
    adjusted = iter(holm(tested))
    rules = Rules(metric, rope, len(tested))
    pairs = []
    for first, second, runs, values, evidence in measured:
        p = float(next(adjusted)) if evidence.test else None
        outcome, verdict = judge(first.row.label, second.row.label, evidence, p, rules)
        difference = float(values.mean()) if len(values) else None
        pairs.append(
            Pair(first.row.label, second.row.label, runs, len(values), difference, evidence, p, outcome, verdict)
        )
    return Comparison(
        results,
        metric,
        tuple(Standing(one.row.label, len(one.runs), means[id(one)].mean or 0.0, means[id(one)].sd) for one in whole),
        tuple(one.row.label for one in scored if not len(one.runs)),
        tuple(pairs),
        rope,
        folds.test_to_train,
        against,
    )


def _measured(first: Scored, second: Scored, rope: float) -> tuple[Scored, Scored, int, NDArray[np.float64], Evidence]:
    """A pair, the better first: how many common runs, their differences, and what the test makes of them."""
    runs: list[int] = common_runs(first, second).tolist()
    values = differences(first, second) if runs else np.empty(0)
    if len(values) and values.mean() < 0:
        first, second, values = second, first, -values
    return first, second, len(runs), values, _evidence(first, second, runs, values, rope)


def _evidence(first: Scored, second: Scored, runs: Sequence[int], values: NDArray[np.float64], rope: float) -> Evidence:
    """The test of a pair over its common runs, or what there is too little of for one."""
    folds = first.folds
    if not runs:
        return Evidence(None, lacking="no run is whole in both")
    if folds.one_group(runs):
        if first.metric is not OA:
            return Evidence(None, lacking="a single split is tested by overall accuracy alone, image by image")
        return Evidence(mcnemar_in_every_run([mcnemar(first.right(run), second.right(run)) for run in runs]))
    if len(runs) < MIN_RUNS and not folds.by_person:  # a run of leave-one-subject-out deals nothing at random
        return Evidence(None, lacking=f"{len(runs)} run is whole in both, {MIN_RUNS} are needed")
    if len(values) < MIN_FOLDS:
        return Evidence(None, lacking=f"{len(values)} test folds are whole in both, {MIN_FOLDS} are needed")
    ratio = folds.test_to_train
    return Evidence(corrected_resampled_t(values, ratio), correlated_bayes_t(values, ratio, rope))
