"""By how much the best is ahead, and whether that is real."""

from __future__ import annotations

from collections.abc import Sequence

from febench.show.compare import Comparison
from febench.show.report.lead import Lead
from febench.show.report.rivals import NOT_BETTER, Rival, labels
from febench.show.report.words import listed, the_other
from febench.stats import McNemar


def by_how_much(comparison: Comparison, lead: Lead) -> str:
    """The distance to the next method, to the next one that is really worse, and what guessing gets."""
    shown = _nearest(lead.rivals)
    said = (
        ", and ".join(_ahead(rival, comparison) for rival in shown) or "There is no other method to measure it against"
    )
    brackets = " (in brackets: 95 % intervals)" if any(rival.interval for rival in shown) else ""
    return f"{said}{brackets}. Chance is {100 / len(comparison.results.manifest.classes):.2f} %."


def is_it_real(comparison: Comparison, lead: Lead) -> str:
    """What the tests say of the method with the highest mean, the doubts first."""
    if not lead.rivals:
        return "There is nothing to test."
    return f"{_ANSWERS[lead.kind](lead.rivals)} {_test(comparison)}".rstrip()


def _nearest(rivals: Sequence[Rival]) -> list[Rival]:
    """The next in the standings; if it is not beaten for certain, the next that is, too."""
    if not rivals or rivals[0].outcome == "better":
        return list(rivals[:1])
    return [rivals[0], *[rival for rival in rivals if rival.outcome == "better"][:1]]


def _ahead(rival: Rival, comparison: Comparison) -> str:
    if rival.ahead is None:
        return f"no run is whole in both it and {rival.label}"
    interval = " [{:+.2f}, {:+.2f}]".format(*rival.interval) if rival.interval else ""
    where = "ahead of" if rival.ahead >= 0 else "behind"
    told = f"{abs(rival.ahead):.2f} points {where} {rival.label}{interval}{_in_common(rival, comparison)}"
    return f"{told}{_NEARNESS[rival.outcome]}"


def _in_common(rival: Rival, comparison: Comparison) -> str:
    """Over which runs, where one of the two has more of them: means of other runs differ otherwise."""
    runs = {one.label: one.runs for one in comparison.standings}
    n = rival.pair.runs
    if n == runs[rival.label] == comparison.standings[0].runs:
        return ""
    return f" over the {n} runs that both have whole" if n > 1 else " over the one run that both have whole"


_NEARNESS = {
    "better": ", the nearest it is shown to beat", "equivalent": ", too little to matter",
    "undecided": ", which may be chance", "worse": "", "too few runs": ", which nobody can test yet",
}  # fmt: skip


def _yes(rivals: Sequence[Rival]) -> str:
    closest = max(rivals, key=lambda rival: rival.pair.p_holm or 0.0)
    return f"Yes{', in the closest case too' if len(rivals) > 1 else ''}: {closest.pair.verdict}."


def _equivalent(rivals: Sequence[Rival]) -> str:
    return f"Too small to matter: {_first(rivals, 'equivalent')}.{_also(rivals)}"


def _doubtful(rivals: Sequence[Rival]) -> str:
    doubted = labels(rivals, *NOT_BETTER)
    why = f": {_first(rivals, *NOT_BETTER)}" if len(doubted) == 1 else ""
    return f"Not shown against {listed(doubted)}{why}.{_also(rivals)}"


def _unknown(rivals: Sequence[Rival]) -> str:
    return f"Nobody can say yet: {_first(rivals, 'too few runs')}.{_also(rivals)}"


_ANSWERS = {"winner": _yes, "equal": _equivalent, "undecided": _doubtful, "too few runs": _unknown}


def _first(rivals: Sequence[Rival], *outcomes: str) -> str:
    return next(rival.pair.verdict for rival in rivals if rival.outcome in outcomes)


def _also(rivals: Sequence[Rival]) -> str:
    beaten = labels(rivals, "better")
    return f" Yes against {the_other(beaten)}." if beaten else ""


def _test(comparison: Comparison) -> str:
    tested = [pair for pair in comparison.pairs if pair.evidence.test]
    if not tested:
        return ""
    single = any(isinstance(pair.evidence.test, McNemar) for pair in tested)
    name = "exact McNemar test" if single else "corrected resampled t test"
    return f"({name}{f', Holm over {len(tested)} pairs' if len(tested) > 1 else ''})"
