"""The verdict on each data set: who leads, the standings, the answers, and what must be read with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from febench.results.caveats import Caveat, caveats_of
from febench.results.metrics import metric_of
from febench.results.people import Faces
from febench.results.results import Results
from febench.results.twins import TWIN_SHARE_OF_ERROR
from febench.show.formats import format_value
from febench.show.report.answers import answers_of, drop_of_leaders
from febench.show.report.lead import Lead, lead_of, listed
from febench.show.report.studies import Study, by_images
from febench.show.tables import INTERVAL_OF_PEOPLE, PlusMinus
from febench.show.tables.table import SPREAD

MAX_STANDINGS = 5
"""In a card; the others are counted."""
MAX_NAMES_IN_CAUTION = 8
AGAINST_LEADER = {
    "better": "worse",
    "equivalent": "no difference that matters",
    "undecided": "not told apart",
    "worse": "better over common runs",
    "too few runs": "too few runs to say",
}
"""What a rival is called, by the leader's outcome against it."""


@dataclass(frozen=True)
class StandingsRow:
    """A row of the standings.

    Attributes
    ----------
    label : str
        The method.
    length : float
        Of its bar, in percent of the longest possible.
    low, high : float or None
        Ends of its interval over people on the same scale.
    value : str
        Its metric, with the interval over people where people are known, else the sd over runs.
    sensitivity : str
        Its mean sensitivity.
    against : str
        What it is against the leader.
    """

    label: str
    length: float
    low: float | None
    high: float | None
    value: str
    sensitivity: str
    against: str


@dataclass(frozen=True)
class Verdict:
    """The verdict on one data set under one protocol.

    Attributes
    ----------
    protocol : str
        Its name.
    faces : str
        Whether tested faces are new.
    lead : Lead
        Who leads.
    answers : dict
        By how much, whether it is real, what it costs, what is left on new faces, for whom it works.
    top : tuple of StandingsRow
        The first of the standings.
    metric, short : str
        The metric's title, and its name with its unit.
    spread : str
        What the brackets or ± in the standings are.
    more : int
        How many methods stand behind the top.
    """

    protocol: str
    faces: Faces
    lead: Lead
    answers: dict[str, str]
    top: tuple[StandingsRow, ...]
    metric: str
    short: str
    spread: str
    more: int


@dataclass(frozen=True)
class Judgement:
    """The verdicts on one data set, the drop of its leaders, and what must be read with them."""

    dataset: str
    verdicts: tuple[Verdict, ...]
    drop: str
    cautions: tuple[Caveat, ...]

    @property
    def badges(self) -> list[tuple[str, bool]]:
        """The words of the cautions, each once, and whether it is serious."""
        return list({caution.word: (caution.word, caution.serious) for caution in self.cautions}.values())


def judge(studies: Sequence[Study]) -> list[Judgement]:
    """Return a judgement on each data set."""
    return [
        Judgement(
            same_images[0].results.manifest.title,
            tuple(_verdict(study, same_images) for study in same_images),
            drop_of_leaders(same_images),
            tuple(cautions_of(same_images)),
        )
        for same_images in by_images(studies)
    ]


def verdict_data(studies: Sequence[Study]) -> list[dict[str, Any]]:
    """Return the verdicts as data, one for each data set and protocol."""
    return [
        {
            "dataset": judgement.dataset,
            "protocol": verdict.protocol,
            "faces": verdict.faces,
            "outcome": verdict.lead.kind,
            "headline": verdict.lead.headline,
            "answers": verdict.answers,
            "cautions": [
                {"word": caution.word, "text": caution.text, "serious": caution.serious}
                for caution in judgement.cautions
            ],
        }
        for judgement in judge(studies)
        for verdict in judgement.verdicts
    ]


def _verdict(study: Study, same_images: Sequence[Study]) -> Verdict:
    metric, lead = study.metric, lead_of(study.comparison)
    if lead.kind != "nothing":
        lead = replace(lead, reason=f"{lead.reason}{_sentence_on_twins(study.results)}")
    top = _standings(study, lead)
    return Verdict(
        protocol=study.results.manifest.protocol,
        faces=study.faces,
        lead=lead,
        answers=answers_of(study, lead, same_images),
        top=top,
        metric=metric.title,
        short=f"{metric.name.upper()}, {metric.unit}",
        spread=f"in brackets: {INTERVAL_OF_PEOPLE}" if any(row.low is not None for row in top) else f"±: {SPREAD}",
        more=len(study.comparison.standings) - len(top),
    )


def _standings(study: Study, lead: Lead) -> tuple[StandingsRow, ...]:
    """Return the methods with the best means, the best first."""
    metric, standings = study.metric, study.comparison.standings
    longest = 100.0 if metric.unit == "%" else max((standing.mean for standing in standings), default=1.0)
    against = {rival.label: AGAINST_LEADER[rival.outcome] for rival in lead.rivals}
    rows = []
    for standing in standings[:MAX_STANDINGS]:
        row = study.results.row(standing.label)
        assert row is not None
        summary = row.summary(metric)
        low = high = None
        value = format_value(PlusMinus(standing.mean, standing.sd), metric.decimals)
        if summary.interval:
            low, high = (100.0 * min(end / longest, 1.0) for end in summary.interval)
            interval = ", ".join(format_value(end, metric.decimals) for end in summary.interval)
            value = f"{format_value(summary.mean, metric.decimals)} [{interval}]"
        rows.append(
            StandingsRow(
                label=standing.label,
                length=100.0 * standing.mean / longest,
                low=low,
                high=high,
                value=value,
                sensitivity=format_value(row.summary(metric_of("uar")).mean),
                against=against.get(standing.label, f"{metric.best} mean"),
            )
        )
    return tuple(rows)


def _sentence_on_twins(results: Results) -> str:
    """Return a sentence on the test images that have a twin in training; it begins with a space, or is empty."""
    count = results.twin_count
    if results.manifest.scored is not None:
        return f" The {count} that were found to have a twin in training are left out."
    if count is None or count.share < TWIN_SHARE_OF_ERROR:
        return ""
    return f" But at least {count} have a twin in training, so that memory may explain these numbers."


def cautions_of(studies: Sequence[Study]) -> list[Caveat]:
    """Return what must be read with the verdicts on a data set; what holds only under some protocols names them."""
    protocols_of: dict[Caveat, list[str]] = {}
    for study in studies:
        why = {finding["code"]: finding.get("why", "") for finding in study.audit or ()}
        for caveat in caveats_of(study.results, study.rows):
            if caveat.word == "audit error":
                caveat = replace(caveat, text=f"{caveat.text}. {why.get(caveat.code, '')}".rstrip())
            protocols_of.setdefault(caveat, []).append(study.results.manifest.protocol)
        if study.comparison.left_out:
            names = listed(study.comparison.left_out, MAX_NAMES_IN_CAUTION)
            caveat = Caveat("no verdict", f"without a complete run, so not compared: {names}")
            protocols_of.setdefault(caveat, []).append(study.results.manifest.protocol)
    cautions = []
    for caveat, protocols in protocols_of.items():
        where = "" if len(protocols) == len(studies) else f" (protocol {listed(protocols)})"
        word = caveat.word[:1].upper() + caveat.word[1:]
        cautions.append(replace(caveat, word=word, text=f"{caveat.text}{where}"))
    return cautions
