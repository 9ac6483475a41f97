"""Verdicts of tests as sentences that claim no more than the numbers show."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, Protocol

from febench.results.metrics import Metric
from febench.stats import CorrectedT, McNemar, Posterior, p_words

Outcome = Literal["better", "equivalent", "undecided", "too few runs"]
ALPHA = 0.05
"""Level of the adjusted tests."""
SURE = 0.95


@dataclass(frozen=True)
class Evidence:
    """The evidence on a pair, before its verdict.

    Attributes
    ----------
    test : CorrectedT, McNemar or None
        None where there are too few runs for one.
    posterior : Posterior or None
        Of the difference; None for a single split, and where there is no test.
    lacking : str
        What there is too little of, in words; empty where there is a test.
    """

    test: CorrectedT | McNemar | None
    posterior: Posterior | None = None
    lacking: str = ""


@dataclass(frozen=True)
class Rules:
    """When a difference is called real.

    Attributes
    ----------
    metric : Metric
        What differs.
    rope : float
        Half the region of practical equivalence.
    n_pairs : int
        How many pairs the tests are adjusted over.
    """

    metric: Metric
    rope: float
    n_pairs: int


class Interval(Protocol):
    """A difference with a 95 % interval."""

    @property
    def low(self) -> float:
        """Lower end."""

    @property
    def high(self) -> float:
        """Upper end."""


def judge(first: str, second: str, evidence: Evidence, p: float | None, rules: Rules) -> tuple[Outcome, str]:
    """The outcome for a pair, and a sentence that says it.

    A method is called better only where the adjusted test says so, equivalent only where the difference is within the
    region of practical equivalence with 95 % probability (on a single split: where its whole 95 % interval is).

    Parameters
    ----------
    first, second : str
        The methods; the first has the better mean.
    evidence : Evidence
        What the test found.
    p : float or None
        Its p value, adjusted over all pairs.
    rules : Rules
        What differs, the region of practical equivalence, and the number of pairs.
    """
    test, posterior, rope = evidence.test, evidence.posterior, rules.rope
    if test is None or p is None:
        return "too few runs", f"too few runs to say which of {first} and {second} is better: {evidence.lacking}"
    where = "" if posterior else " on these test images"
    more = f" by more than {rules.metric.amount(rope)}" if rope else ""
    interval = f"{span(test, rules.metric.decimals)} {rules.metric.difference_unit}"

    within = posterior.equivalent >= SURE if posterior else -rope <= test.low and test.high <= rope
    if within:
        near = f"within {rules.metric.amount(rope)} of each other" if rope else "equal"
        said = f"{first} and {second} are {near}{where}"
        if posterior:
            said = f"{sure(posterior.equivalent)} that {said}"
        return "equivalent", f"{said}, {first} a little better ({p_words(p)})" if p <= ALPHA else said

    if p <= ALPHA:
        said = f"{first} is better than {second}"
        if posterior and posterior.better >= SURE:
            return "better", f"{sure(posterior.better)} that {said}{more}"
        said = f"{said}{where} ({p_words(p)}), by {interval}"
        return "better", f"{said}; only {sure(posterior.better)} that it is{more}" if posterior else said

    said = f"undecided whether {first} is better than {second}{where}"
    alone = interval if test.p <= ALPHA else ""  # what would be said if it were the only pair
    if posterior and posterior.better >= SURE:
        alone = f"{sure(posterior.better)}{more}"
    if not alone:
        return "undecided", f"{said}: {interval}"
    among = f" among {rules.n_pairs} pairs" if rules.n_pairs > 1 else ""
    return "undecided", f"{said}: taken alone {alone}, but not significant{among} ({p_words(p)})"


def sure(probability: float) -> str:
    """A probability as people say it, rounded down, never certain."""
    return "more than 99 % sure" if probability > 0.99 else f"{math.floor(100 * probability)} % sure"


def span(test: Interval, decimals: int = 2) -> str:
    """The 95 % interval of a difference."""
    return f"{test.low:+.{decimals}f} to {test.high:+.{decimals}f}"
