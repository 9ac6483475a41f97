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
from febench.results.results import Results, RowResults
from febench.show.compare.cells import Cells, Scored, common_runs, differences
from febench.show.compare.verdicts import Evidence, Outcome, Rules, judge, points
from febench.show.tables import chosen
from febench.stats import (
    McNemar,
    corrected_resampled_t,
    correlated_bayes_t,
    holm,
    mcnemar,
    mcnemar_in_every_run,
)

ALPHA = 0.05
MIN_FOLDS = 10
MIN_RUNS = 2


@dataclass(frozen=True)
class Standing:
    """Where a method stands before any test: complete runs, mean and sample sd of their overall accuracy in percent."""

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
        The methods; over the runs that both have whole, the first has the higher mean.
    runs, folds : int
        Runs that are whole in both, and differences that the test rests on.
    difference : float or None
        Mean difference of overall accuracy, first less second, in points; None without a common run.
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
class Comparison:
    """The methods of a results directory, compared.

    Attributes
    ----------
    results : Results
        What was compared.
    standings : tuple of Standing
        Methods with a complete run, the highest mean first.
    left_out : tuple of str
        Methods without a complete run: compared with nothing.
    pairs : tuple of Pair
        All pairs of the standings.
    rope, alpha : float
        Region of practical equivalence in points, and level of the adjusted tests.
    test_to_train : float
        Test images over training images of a fold: how much the tests are widened.
    """

    results: Results
    standings: tuple[Standing, ...]
    left_out: tuple[str, ...]
    pairs: tuple[Pair, ...]
    rope: float
    alpha: float
    test_to_train: float

    @cached_property
    def best(self) -> str | None:
        """The method with the highest mean; whether it is better is another question."""
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

    @property
    def headline(self) -> str:
        """Who wins, in a sentence or two: what the pairs with the highest mean say."""
        if not self.pairs:
            return "nothing to compare: fewer than two methods have a complete run"
        top = self.standings[0]
        words = [words for outcome in _HEADLINE if (words := self._against_best(outcome))]
        return f"highest mean overall accuracy: {top.label}, {top.mean:.2f} %; {'; '.join(words)}"

    def _against_best(self, outcome: str) -> str:
        met = [pair for pair in self.pairs if self.best in (pair.first, pair.second)]
        rivals = [
            pair.second if pair.first == self.best else pair.first for pair in met if self._of_best(pair) == outcome
        ]
        whom = f"each of the other {len(met)}" if len(rivals) == len(met) > 1 else ", ".join(rivals)
        return _HEADLINE[outcome].format(whom=whom, near=points(self.rope)) if rivals else ""

    def _of_best(self, pair: Pair) -> str:
        """The outcome as the highest mean sees it: over the runs both have whole, it may be the worse one."""
        return "worse" if pair.outcome == "better" and pair.second == self.best else pair.outcome


_HEADLINE: dict[str, str] = {
    "better": "better than {whom}",
    "equivalent": "within {near} of {whom}",
    "undecided": "undecided against {whom}",
    "worse": "worse than {whom} over the runs that both have whole",
    "too few runs": "too few runs to say against {whom}",
}


def compare(results: Results, methods: Sequence[str] = (), rope: float = 1.0, alpha: float = ALPHA) -> Comparison:
    """Compare methods pair by pair on the folds that they share.

    Parameters
    ----------
    results : Results
        Of one results directory, or of several of the same folds (`pool`).
    methods : sequence of str
        Names or labels; all methods if none is named.
    rope : float
        Half the region of practical equivalence, in points of overall accuracy.
    alpha : float
        Level of the adjusted tests.

    Returns
    -------
    Comparison

    Raises
    ------
    UsageError
        If a method is not there, or the region is no width.
    """
    if not (isfinite(rope) and 0 <= rope < 100):
        raise UsageError(f"the region of practical equivalence is some points from 0 to below 100, not {rope:g}")
    cells = Cells.of(results.manifest)
    scored = [Scored.of(row, cells) for row in _asked(results, methods)]
    whole = sorted((one for one in scored if one.right), key=lambda one: -(one.mean_and_sd[0] or 0.0))
    return Comparison(
        results,
        tuple(_standing(one) for one in whole),
        tuple(one.label for one in scored if not one.right),
        _pairs([_measured(a, b, rope) for a, b in combinations(whole, 2)], rope, alpha),
        rope,
        alpha,
        cells.test_to_train,
    )


def _asked(results: Results, methods: Sequence[str]) -> list[RowResults]:
    found = [row for method in methods or (None,) for row in chosen(results, method)]
    return list({id(row): row for row in found}.values())


def _standing(scored: Scored) -> Standing:
    mean, sd = scored.mean_and_sd
    return Standing(scored.label, len(scored.right), mean or 0.0, sd)


@dataclass(frozen=True)
class _Measured:
    """A pair before the pairs are looked at together."""

    first: Scored
    second: Scored
    runs: int
    folds: int
    difference: float | None
    evidence: Evidence


def _pairs(measured: Sequence[_Measured], rope: float, alpha: float) -> tuple[Pair, ...]:
    tested = [one.evidence.test.p for one in measured if one.evidence.test]
    adjusted = iter(holm(tested))
    rules = Rules(rope, alpha, len(tested))
    return tuple(_pair(one, float(next(adjusted)) if one.evidence.test else None, rules) for one in measured)


def _pair(one: _Measured, p: float | None, rules: Rules) -> Pair:
    outcome, verdict = judge(one.first.label, one.second.label, one.evidence, p, rules)
    return Pair(
        one.first.label, one.second.label, one.runs, one.folds, one.difference, one.evidence, p, outcome, verdict
    )


def _measured(first: Scored, second: Scored, rope: float) -> _Measured:
    """A pair's difference and test, the better mean first."""
    runs = common_runs(first, second)
    if not runs:
        return _Measured(first, second, 0, 0, None, Evidence(None, lacking="no run is whole in both"))
    found = differences(first, second)
    mean = float(found.mean())
    if mean < 0:
        first, second, found, mean = second, first, -found, -mean
    return _Measured(first, second, len(runs), len(found), mean, _evidence(first, second, found, rope))


def _evidence(first: Scored, second: Scored, found: NDArray[np.float64], rope: float) -> Evidence:
    runs = common_runs(first, second)
    if first.cells.one_group(runs):
        return Evidence(mcnemar_in_every_run([_on_images(first, second, run) for run in runs]))
    lacking = _lacking(len(runs), len(found), first.cells)
    if lacking:
        return Evidence(None, lacking=lacking)
    ratio = first.cells.test_to_train
    return Evidence(corrected_resampled_t(found, ratio), correlated_bayes_t(found, ratio, rope))


def _on_images(first: Scored, second: Scored, run: int) -> McNemar:
    return mcnemar(np.concatenate(first.right[run]), np.concatenate(second.right[run]))


def _lacking(runs: int, folds: int, cells: Cells) -> str:
    """What there is too little of for a test; a run of leave-one-subject-out deals nothing at random: one is enough."""
    if runs < MIN_RUNS and not cells.by_person:
        return f"{runs} run is whole in both, {MIN_RUNS} are needed"
    return f"{folds} test folds are whole in both, {MIN_FOLDS} are needed" if folds < MIN_FOLDS else ""
