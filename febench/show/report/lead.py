"""Who leads under one protocol, in words that claim no more than the tests show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from febench.results.metrics import Metric
from febench.results.rows import Summary
from febench.show.compare import Comparison, Rival
from febench.show.formats import format_value

NOT_BETTER = ("equivalent", "undecided", "worse", "too few runs")
"""Outcomes in which the leader is not shown to be better than a rival."""
OUTCOMES = ("better", *NOT_BETTER)
MAX_NAMES = 3
"""In a list of names within a sentence."""

Kind = Literal["winner", "equal", "undecided", "too few runs", "alone", "nothing"]


@dataclass(frozen=True)
class Lead:
    """Who leads, and whether that is a win.

    Attributes
    ----------
    kind : str
        `winner` only if the leader is better than every other method; `equal` if those that it is not better than are
        within the region of practical equivalence; `undecided` or `too few runs` if the tests cannot say; `alone` with
        one method, `nothing` with none.
    title : str
        The same in a few words.
    reason : str
        The numbers and tests behind it, in a sentence or two.
    rivals : tuple of Rival
        The other methods, the best mean first.
    """

    kind: Kind
    title: str
    reason: str
    rivals: tuple[Rival, ...] = ()

    @property
    def headline(self) -> str:
        """Title and reason in one line."""
        return f"{self.title}: {self.reason}"

    def labels(self, *outcomes: str) -> list[str]:
        """Return the rivals against which the leader has one of these outcomes."""
        return [rival.label for rival in self.rivals if rival.outcome in outcomes]


def lead_of(comparison: Comparison) -> Lead:
    """Return who leads under one protocol; the title says `so far` while runs are missing."""
    if not comparison.standings:
        return Lead("nothing", "Nothing to say yet", "no method has a complete run.")
    first, rivals, metric = comparison.standings[0], comparison.rivals, comparison.metric
    so_far = "" if all(row.complete for row in comparison.results.rows) else " so far"
    row = comparison.results.row(first.label)
    assert row is not None
    verb = f"has the {metric.best} mean," if rivals else "has"
    mean = f"{first.label} {verb} {mean_with_spread(row.summary(metric), metric)}"
    if not rivals:
        reason = f"{mean}; no other method has a complete run, so there is nothing to compare."
        return Lead("alone", f"One method only{so_far}", reason)

    by_outcome = {outcome: [rival.label for rival in rivals if rival.outcome == outcome] for outcome in OUTCOMES}
    outcomes = {outcome for outcome, labels in by_outcome.items() if labels}
    within = f"within {metric.amount(comparison.rope)} of" if comparison.rope else "equal to"
    better = by_outcome["better"]
    if outcomes == {"better"}:
        others = f"each of the other {len(rivals)} methods" if len(rivals) > 1 else rivals[0].label
        return Lead("winner", f"{first.label} wins{so_far}", f"{mean}, and is better than {others}.", rivals)
    also = f" It is better than {name_or_number(better)}." if better else ""
    if outcomes <= {"better", "equivalent"}:
        near = by_outcome["equivalent"]
        reason = f"{mean}, but {listed(near)} {'are' if len(near) > 1 else 'is'} {within} it.{also}"
        return Lead("equal", f"No difference that matters at the top{so_far}", reason, rivals)
    if outcomes & {"undecided", "worse"}:
        clauses = {
            "undecided": "the tests do not tell it apart from {labels}",
            "equivalent": f"it is {within} {{labels}}",
            "worse": "it is worse than {labels} over the runs that are complete in both",
            "too few runs": "there are too few runs to compare it with {labels}",
        }
        doubts = [text.format(labels=listed(by_outcome[key])) for key, text in clauses.items() if by_outcome[key]]
        return Lead("undecided", f"No clear winner{so_far}", f"{mean}, but {'; '.join(doubts)}.{also}", rivals)
    untested = listed(by_outcome["too few runs"])
    reason = f"{mean}, but there are too few runs to test it against {untested}.{also}"
    return Lead("too few runs", "Too few runs to say who wins", reason, rivals)


def mean_with_spread(summary: Summary, metric: Metric) -> str:
    """Return a mean with its interval over people where people are known, its sd over runs, and the number of runs."""
    spread = "a single run, no sd"
    if summary.runs > 1:
        spread = f"sd over runs {format_value(summary.sd, metric.decimals)}, {summary.runs} runs"
    if summary.interval:
        low, high = (format_value(end, metric.decimals) for end in summary.interval)
        spread = f"95 % interval over people {low} to {high}; {spread}"
    return f"{format_value(summary.mean, metric.decimals)} {metric.unit} ({spread})"


def listed(names: Sequence[str], max_names: int = MAX_NAMES) -> str:
    """Return names as a list within a sentence; of many names the first ones, and how many more there are."""
    if len(names) > max_names:
        return f"{', '.join(names[:max_names])} and {len(names) - max_names} more"
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def name_or_number(names: Sequence[str]) -> str:
    """Return a single name, or how many other methods there are."""
    return names[0] if len(names) == 1 else f"the other {len(names)}"
