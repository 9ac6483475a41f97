"""The method with the highest mean, and every other one as it sees them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from febench.show.compare import Comparison, Pair

NOT_BETTER = ("equivalent", "undecided", "worse", "too few runs")


@dataclass(frozen=True)
class Rival:
    """A method against the one with the highest mean.

    Attributes
    ----------
    label : str
        The rival.
    ahead : float or None
        How far the best is ahead over the runs that both have whole, in points; None without such a run.
    interval : tuple of float, or None
        Its 95 % interval; None where there is no test.
    outcome : str
        What the best is against it: `better`, `equivalent`, `undecided`, `worse` or `too few runs`.
    pair : Pair
        What the tests say.
    """

    label: str
    ahead: float | None
    interval: tuple[float, float] | None
    outcome: str
    pair: Pair


def rivals_of(comparison: Comparison) -> list[Rival]:
    """Every other method with a complete run, the highest mean first."""
    found = {rival.label: rival for pair in comparison.pairs if (rival := _rival(pair, comparison.best))}
    return [found[one.label] for one in comparison.standings if one.label in found]


def labels(rivals: Sequence[Rival], *outcomes: str) -> list[str]:
    """The rivals with one of these outcomes."""
    return [rival.label for rival in rivals if rival.outcome in outcomes]


def _rival(pair: Pair, best: str | None) -> Rival | None:
    if best not in (pair.first, pair.second):
        return None
    turned = pair.second == best
    sign, test = (-1.0 if turned else 1.0), pair.evidence.test
    ahead = None if pair.difference is None else sign * pair.difference
    interval = (min(sign * test.low, sign * test.high), max(sign * test.low, sign * test.high)) if test else None
    outcome = "worse" if turned and pair.outcome == "better" else str(pair.outcome)
    return Rival(pair.first if turned else pair.second, ahead, interval, outcome, pair)
