"""Who wins, in a sentence that claims no more than the tests bear."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from febench.show.compare import Comparison
from febench.show.compare.verdicts import points
from febench.show.report.rivals import Rival, labels, rivals_of
from febench.show.report.words import listed, percent, the_other

Kind = Literal["winner", "equal", "undecided", "too few runs", "alone", "nothing"]


@dataclass(frozen=True)
class Lead:
    """Who leads, and whether that is a win.

    Attributes
    ----------
    kind : str
        `winner` only where the best is better than every other method; `equal` where those that it is not better than
        are within the region of practical equivalence; `undecided` or `too few runs` where the tests cannot say;
        `alone` with one method, `nothing` with none.
    title : str
        The same in a few words.
    reason : str
        What it rests on, in a sentence or two.
    rivals : tuple of Rival
        The other methods, the highest mean first.
    """

    kind: Kind
    title: str
    reason: str
    rivals: tuple[Rival, ...] = ()

    @property
    def headline(self) -> str:
        """Title and reason in one line."""
        return f"{self.title}: {self.reason}"


def lead_of(comparison: Comparison) -> Lead:
    """Who wins under one protocol; where runs are missing, `so far`."""
    if not comparison.standings:
        return Lead("nothing", "Nothing to say yet", "no method has a complete run.")
    rivals = rivals_of(comparison)
    if not rivals:
        reason = f"{_top(comparison)}; no other method has a complete run, so there is nothing to compare."
        return Lead("alone", f"One method only{_so_far(comparison)}", reason)
    kind = _kind({rival.outcome for rival in rivals})
    title = _TITLES[kind].format(best=comparison.best)
    so_far = "" if kind == "too few runs" else _so_far(comparison)
    reason = f"{_top(comparison)}{_REASONS[kind](comparison, rivals)}.{_rest(rivals, kind)}"
    return Lead(kind, f"{title}{so_far}", reason, tuple(rivals))


_TITLES: dict[Kind, str] = {
    "winner": "{best} wins",
    "equal": "No difference that matters at the top",
    "undecided": "No clear winner",
    "too few runs": "Too few runs to say who wins",
}


def _kind(outcomes: set[str]) -> Kind:
    if outcomes == {"better"}:
        return "winner"
    if outcomes <= {"better", "equivalent"}:
        return "equal"
    return "undecided" if outcomes & {"undecided", "worse"} else "too few runs"


def _top(comparison: Comparison) -> str:
    top = comparison.standings[0]
    lead = "has the highest mean," if len(comparison.standings) > 1 else "has"
    return f"{top.label} {lead} {percent(top.mean, top.sd, top.runs)}"


def _winner(comparison: Comparison, rivals: Sequence[Rival]) -> str:
    whom = f"each of the other {len(rivals)} methods" if len(rivals) > 1 else rivals[0].label
    return f", and is better than {whom}"


def _equal(comparison: Comparison, rivals: Sequence[Rival]) -> str:
    near = labels(rivals, "equivalent")
    width = f"within {points(comparison.rope)} of it" if comparison.rope else "equal to it"
    return f", but {listed(near)} {'are' if len(near) > 1 else 'is'} {width}"


def _undecided(comparison: Comparison, rivals: Sequence[Rival]) -> str:
    return f", but {'; '.join(_doubts(comparison, rivals))}"


def _too_few(comparison: Comparison, rivals: Sequence[Rival]) -> str:
    return f", but runs are too few to test it against {listed(labels(rivals, 'too few runs'))}"


_REASONS: dict[Kind, Callable[[Comparison, Sequence[Rival]], str]] = {
    "winner": _winner, "equal": _equal, "undecided": _undecided, "too few runs": _too_few,
}  # fmt: skip


def _doubts(comparison: Comparison, rivals: Sequence[Rival]) -> list[str]:
    said = [
        ("undecided", "the tests do not tell it apart from {whom}"),
        ("equivalent", f"it is within {points(comparison.rope)} of {{whom}}"),
        ("worse", "it is worse than {whom} over the runs that both have whole"),
        ("too few runs", "there are too few runs to say against {whom}"),
    ]
    return [words.format(whom=listed(found)) for outcome, words in said if (found := labels(rivals, outcome))]


def _rest(rivals: Sequence[Rival], kind: Kind) -> str:
    """Whom it is better than, where that is not everybody."""
    beaten = labels(rivals, "better")
    if kind == "winner" or not beaten:
        return ""
    return f" It is better than {the_other(beaten)}."


def _so_far(comparison: Comparison) -> str:
    return "" if all(row.complete for row in comparison.results.rows) else " so far"
