"""What the tests say, in words: never more than the numbers bear."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, Protocol

from febench.stats import CorrectedT, McNemar, Posterior, p_words

Outcome = Literal["better", "equivalent", "undecided", "too few runs"]
SURE = 0.95


@dataclass(frozen=True)
class Evidence:
    """What is known of a pair before words.

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
    rope : float
        Half the region of practical equivalence, in points of overall accuracy.
    alpha : float
        Level of the adjusted tests.
    n_pairs : int
        How many pairs the tests are adjusted over.
    """

    rope: float
    alpha: float
    n_pairs: int


def judge(first: str, second: str, evidence: Evidence, p: float | None, rules: Rules) -> tuple[Outcome, str]:
    """The outcome for a pair, and a sentence that says it.

    A method is called better only where the adjusted test says so, equivalent only where the difference is within the
    region of practical equivalence with 95 % probability (on a single split: where its whole 95 % interval is).

    Parameters
    ----------
    first, second : str
        The methods; the first has the higher mean.
    evidence : Evidence
        What the test found.
    p : float or None
        Its p value, adjusted over all pairs.
    rules : Rules
        Region of practical equivalence and level.
    """
    test = evidence.test
    if test is None or p is None:
        return "too few runs", f"too few runs to say which of {first} and {second} is better: {evidence.lacking}"
    if _within(evidence, test, rules.rope):
        return "equivalent", _equivalent(first, second, evidence, p, rules)
    if p <= rules.alpha:
        return "better", _better(first, second, evidence, test, p, rules.rope)
    return "undecided", _undecided(first, second, evidence, test, p, rules)


def _within(evidence: Evidence, test: CorrectedT | McNemar, rope: float) -> bool:
    if evidence.posterior is None:
        return -rope <= test.low and test.high <= rope
    return evidence.posterior.equivalent >= SURE


def _equivalent(first: str, second: str, evidence: Evidence, p: float, rules: Rules) -> str:
    near = f"within {points(rules.rope)} of each other" if rules.rope else "equal"
    said = f"{first} and {second} are {near}{_where(evidence)}"
    if evidence.posterior:
        said = f"{sure(evidence.posterior.equivalent)} that {said}"
    return f"{said}, {first} a little better ({p_words(p)})" if p <= rules.alpha else said


def _better(first: str, second: str, evidence: Evidence, test: CorrectedT | McNemar, p: float, rope: float) -> str:
    said = f"{first} is better than {second}"
    if evidence.posterior and evidence.posterior.better >= SURE:
        return f"{sure(evidence.posterior.better)} that {said}{_more(rope)}"
    said = f"{said}{_where(evidence)} ({p_words(p)}), by {span(test)} points"
    return f"{said}; only {sure(evidence.posterior.better)} that it is{_more(rope)}" if evidence.posterior else said


def _undecided(
    first: str, second: str, evidence: Evidence, test: CorrectedT | McNemar, p: float, rules: Rules
) -> str:  # fmt: skip
    said = f"undecided whether {first} is better than {second}{_where(evidence)}"
    alone = _alone(evidence, test, rules)
    if alone:
        among = f" among {rules.n_pairs} pairs" if rules.n_pairs > 1 else ""
        return f"{said}: taken alone {alone}, but not significant{among} ({p_words(p)})"
    return f"{said}: {span(test)} points"


def _alone(evidence: Evidence, test: CorrectedT | McNemar, rules: Rules) -> str:
    """What would be said of an undecided pair if it were the only one; empty if nothing."""
    if evidence.posterior and evidence.posterior.better >= SURE:
        return f"{sure(evidence.posterior.better)}{_more(rules.rope)}"
    return f"{span(test)} points" if test.p <= rules.alpha else ""


def _more(rope: float) -> str:
    return f" by more than {points(rope)}" if rope else ""


def _where(evidence: Evidence) -> str:
    return "" if evidence.posterior else " on these test images"


def sure(probability: float) -> str:
    """A probability as people say it, rounded down, never certain."""
    return "more than 99 % sure" if probability > 0.99 else f"{math.floor(100 * probability)} % sure"


def points(rope: float) -> str:
    """So many points of overall accuracy."""
    return "a point" if rope == 1 else f"{rope:g} points"


class Interval(Protocol):
    """A difference with a 95 % interval."""

    @property
    def low(self) -> float:
        """Lower end, in points."""

    @property
    def high(self) -> float:
        """Upper end, in points."""


def span(test: Interval) -> str:
    """The 95 % interval of a difference."""
    return f"{test.low:+.2f} to {test.high:+.2f}"
