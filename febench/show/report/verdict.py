"""The verdict: what a reader takes home, in words, before any table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from febench.show.compare import Comparison, Ranking, rank
from febench.show.report.cautions import Caution, cautions_of
from febench.show.report.faces import Faces
from febench.show.report.gap import by_how_much, is_it_real
from febench.show.report.lead import Kind, Lead, lead_of
from febench.show.report.left import the_drop, when_faces_are_new
from febench.show.report.price import what_it_costs
from febench.show.report.sources import Source, by_images
from febench.show.tables import PlusMinus

TOP = 5
_AGAINST = {
    "better": "worse", "equivalent": "no difference that matters", "undecided": "not told apart",
    "worse": "better over common runs", "too few runs": "too few runs to say",
}  # fmt: skip


@dataclass(frozen=True)
class Place:
    """A line of the standings: a method, its accuracy, and what it is against the first."""

    label: str
    accuracy: PlusMinus
    against: str


@dataclass(frozen=True)
class Verdict:
    """What is to be said of one data set under one protocol.

    Attributes
    ----------
    number : int
        Of the source.
    protocol : str
        Protocol.
    faces : str
        Whether tested faces are new.
    kind : str
        As in `Lead`.
    title, reason : str
        Who wins, and what that rests on.
    answers : dict
        By how much, whether it is real, what it costs, what is left when faces are new.
    top : tuple of Place
        The first of the standings.
    more : int
        How many methods stand behind those.
    """

    number: int
    protocol: str
    faces: Faces
    kind: Kind
    title: str
    reason: str
    answers: dict[str, str]
    top: tuple[Place, ...]
    more: int


@dataclass(frozen=True)
class Judgement:
    """The verdicts on one data set, with what must be read with them."""

    dataset: str
    verdicts: tuple[Verdict, ...]
    drop: str
    cautions: tuple[Caution, ...]

    @property
    def badges(self) -> list[tuple[str, bool]]:
        """The words of the cautions, each once, and whether it is serious."""
        return list({caution.word: (caution.word, caution.serious) for caution in self.cautions}.values())


def judge(sources: Sequence[Source]) -> list[Judgement]:
    """One judgement a data set."""
    return [_judgement(same) for same in by_images(sources)]


def rankings(sources: Sequence[Source]) -> list[Ranking]:
    """Over data sets, for each protocol with enough of them."""
    by_protocol: dict[str, list[Comparison]] = {}
    for source in sources:
        by_protocol.setdefault(source.results.manifest.protocol, []).append(source.comparison)
    return [found for same in by_protocol.values() if (found := rank(same))]


def verdict_data(sources: Sequence[Source]) -> list[dict[str, Any]]:
    """The verdicts as data, one a data set and protocol."""
    return [
        {
            "dataset": judgement.dataset,
            "protocol": verdict.protocol,
            "faces": verdict.faces,
            "outcome": verdict.kind,
            "headline": f"{verdict.title}: {verdict.reason}",
            "answers": verdict.answers,
            "cautions": [vars(caution) for caution in judgement.cautions],
        }
        for judgement in judge(sources)
        for verdict in judgement.verdicts
    ]


def _judgement(sources: Sequence[Source]) -> Judgement:
    verdicts = tuple(_verdict(source, sources) for source in sources)
    dataset = sources[0].results.manifest.dataset
    return Judgement(dataset, verdicts, the_drop(sources), tuple(cautions_of(sources)))


def _verdict(source: Source, siblings: Sequence[Source]) -> Verdict:
    comparison = source.comparison
    lead = lead_of(comparison)
    top = _top(comparison, lead)
    return Verdict(
        source.number,
        source.results.manifest.protocol,
        source.faces,
        lead.kind,
        lead.title,
        lead.reason,
        _answers(source, siblings, lead) if comparison.standings else {},
        top,
        len(comparison.standings) - len(top),
    )


def _answers(source: Source, siblings: Sequence[Source], lead: Lead) -> dict[str, str]:
    return {
        "By how much?": by_how_much(source.comparison, lead),
        "Is it real?": is_it_real(source.comparison, lead),
        "What does it cost?": what_it_costs(source.results, source.comparison.best, lead),
        "And on new faces?": when_faces_are_new(source, siblings),
    }


def _top(comparison: Comparison, lead: Lead) -> tuple[Place, ...]:
    against = {rival.label: _AGAINST[rival.outcome] for rival in lead.rivals}
    return tuple(
        Place(one.label, PlusMinus(one.mean, one.sd), against.get(one.label, "highest mean"))
        for one in comparison.standings[:TOP]
    )
