"""Answers to the questions of a verdict: by how much, is it real, at what cost, on new faces, for whom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from febench.results.costs import Cost, hosts
from febench.results.floor import floor_of
from febench.results.people import person_scores, said_of_faces
from febench.results.results import Results
from febench.show.compare import ALPHA, Comparison, span
from febench.show.formats import format_value, significant
from febench.show.report.lead import NOT_BETTER, Lead, listed, name_or_number
from febench.show.report.studies import Study
from febench.show.tables import Difference
from febench.stats import McNemar, p_words

NO_TIMES = "Not known: no times are stored."
HOW_TO_MEASURE = "febench run --dataset NAME --protocol subject measures it"


def answers_of(study: Study, lead: Lead, same_images: Sequence[Study]) -> dict[str, str]:
    """Return the answer to each question; none without a complete run.

    Parameters
    ----------
    study : Study
        The results that the verdict is on.
    lead : Lead
        Who leads in them.
    same_images : sequence of Study
        The studies of the same images, under any protocol.
    """
    if not study.comparison.standings:
        return {}
    answers = {
        "By how much?": by_how_much(study.comparison, lead),
        "Is it real?": is_it_real(study.comparison, lead),
        "What does it cost?": cost_of_leader(study.results, lead, study.comparison.best),
        "And on new faces?": on_new_faces(study, same_images),
    }
    if people := for_whom(study):
        answers["For whom?"] = people
    return answers


def by_how_much(comparison: Comparison, lead: Lead) -> str:
    """Return the distance to the next method and to the next that is shown to be worse, with chance."""
    metric, decimals = comparison.metric, comparison.metric.decimals
    shown = list(lead.rivals[:1])
    if shown and shown[0].outcome != "better":
        shown += [rival for rival in lead.rivals if rival.outcome == "better"][:1]
    runs = {standing.label: standing.runs for standing in comparison.standings}
    meaning = {
        "better": ", the nearest it is shown to beat",
        "equivalent": ", too little to matter",
        "undecided": ", which may be chance",
        "worse": "",
        "too few runs": ", which cannot be tested yet",
    }
    distances = []
    for rival in shown:
        if rival.ahead is None:
            distances.append(f"no run is complete in both it and {rival.label}")
            continue
        n = rival.pair.runs
        interval = " [{:+.{d}f}, {:+.{d}f}]".format(*rival.interval, d=decimals) if rival.interval else ""
        side = "ahead of" if rival.ahead >= 0 else "behind"
        common = ""  # said where the two have other runs too, whose means differ from these
        if not n == runs[rival.label] == comparison.standings[0].runs:
            common = f" over {f'the {n} runs that are' if n > 1 else 'the one run that is'} complete in both"
        distance = f"{abs(rival.ahead):.{decimals}f} {metric.difference_unit} {side} {rival.label}{interval}{common}"
        distances.append(f"{distance}{meaning[rival.outcome]}")
    sentence = ", and ".join(distances) or "There is no other method to measure it against"
    brackets = " (in brackets: 95 % intervals of the differences)" if any(rival.interval for rival in shown) else ""
    chance = ""
    if floor := floor_of(comparison.results.manifest, metric):
        chance = f" Chance is {floor.chance:.{decimals}f} {metric.unit}."
        if floor.differs:
            majority = f"{floor.summary()[0]:.{decimals}f} {metric.unit}"
            chance += f" Always answering the most frequent class of the training images has {majority}."
    return f"{sentence}{brackets}.{chance}"


def is_it_real(comparison: Comparison, lead: Lead) -> str:
    """Return what the tests say of the leader, the doubts first."""
    if not lead.rivals:
        return "There is nothing to test."

    def first_verdict(*outcomes: str) -> str:
        return next(rival.pair.verdict for rival in lead.rivals if rival.outcome in outcomes)

    beaten = lead.labels("better")
    also = f" Yes against {name_or_number(beaten)}." if beaten else ""
    match lead.kind:
        case "winner":
            closest = max(lead.rivals, key=lambda rival: rival.pair.p_holm or 0.0)
            in_closest = ", in the closest case too" if len(lead.rivals) > 1 else ""
            answer = f"Yes{in_closest}: {closest.pair.verdict}."
        case "equal":
            answer = f"Too small to matter: {first_verdict('equivalent')}.{also}"
        case "undecided":
            doubtful = lead.labels(*NOT_BETTER)
            verdict = f": {first_verdict(*NOT_BETTER)}" if len(doubtful) == 1 else ""
            answer = f"Not shown against {listed(doubtful)}{verdict}.{also}"
        case _:
            answer = f"Not known yet: {first_verdict('too few runs')}.{also}"
    tested = [pair for pair in comparison.pairs if pair.evidence.test]
    if not tested:
        return answer
    single_split = any(isinstance(pair.evidence.test, McNemar) for pair in tested)
    test = "exact McNemar test" if single_split else "corrected resampled t test"
    return f"{answer} ({test}{f', Holm over {len(tested)} pairs' if len(tested) > 1 else ''})"


@dataclass(frozen=True)
class Timed:
    """A method's cost on one host, and the median seconds of a fold's training."""

    cost: Cost
    seconds: float

    @property
    def label(self) -> str:
        """The method's label."""
        return self.cost.row.label


def cost_of_leader(results: Results, lead: Lead, best: str | None) -> str:
    """Return the leader's training and prediction time, beside the quickest of all and of those not shown to be worse.

    Only times of one host and one kind of device are compared: a share of a GPU is not a thread of a processor.
    """
    all_hosts = hosts(results)
    host = [Timed(cost, float(np.median(cost.fit))) for cost in all_hosts[0].costs] if all_hosts else []
    own = [timed for timed in host if timed.label == best]
    if not own:
        return f"Not known: no times of {best} are stored on the host of most cells." if host else NO_TIMES
    leader = max(own, key=lambda timed: timed.cost.cells)
    predict = significant(float(np.median(leader.cost.predict)))
    answer = (
        f"{format_seconds(leader.seconds)} to train {leader.label} on a fold ({leader.cost.device}), {predict} ms to "
        "predict an image"
    )
    device, threads = leader.cost.device, leader.cost.threads
    comparable = [timed for timed in host if (timed.cost.device, timed.cost.threads) == (device, threads)]
    quickest = min(comparable, key=lambda timed: timed.seconds)
    if quickest is leader:
        answer += "; no other method trains faster" if len(comparable) > 1 else ""
    elif quickest.label != leader.label and quickest.seconds:
        factor = leader.seconds / quickest.seconds
        times = "about" if factor < 1.05 else f"{significant(float(f'{factor:.2g}'))} times"
        answer += f"; {times} the training time of {quickest.label}, the quickest"
    sentences = [f"{answer}."]
    as_good = lead.labels(*NOT_BETTER)
    quicker = [timed for timed in comparable if timed.label in as_good and timed.seconds < leader.seconds]
    if quicker:
        least = min(quicker, key=lambda timed: timed.seconds)
        sentences.append(f"{least.label}, not shown to be worse, takes {format_seconds(least.seconds)}.")
    incomparable = {timed.label for timed in host} - {timed.label for timed in comparable}
    if incomparable:
        devices = dict.fromkeys(timed.cost.device for timed in host if timed.label in incomparable)
        others = f"{len(incomparable)} other method{'s' * (len(incomparable) > 1)}"
        sentences.append(f"The times of {others} are of {' or '.join(devices)} and are not compared.")
    if more := len(all_hosts) - 1:
        sentences.append(f"Times of {more} other environment{'s' * (more > 1)} stand in tables of their own.")
    return " ".join(sentences)


def on_new_faces(study: Study, same_images: Sequence[Study]) -> str:
    """Return what a study says of new faces, or how its leader changes under a protocol that tests them."""
    if study.faces == "new":
        return f"This is on new faces: {said_of_faces(study.results.manifest)}."
    if study.faces == "not known":
        return "Not known: the data set does not tell its people apart."
    new = next((other for other in same_images if other.faces == "new"), None)
    if new is None:
        return f"Not measured here: {said_of_faces(study.results.manifest)} ({HOW_TO_MEASURE})."
    return change_of(study.comparison.best, study, new)


def drop_of_leaders(studies: Sequence[Study]) -> str:
    """Return how the leaders on seen and on new faces change between the two; empty without such a pair of studies."""
    seen = next((study for study in studies if study.faces in ("seen", "partly seen")), None)
    new = next((study for study in studies if study.faces == "new"), None)
    if seen is None or new is None:
        return ""
    leaders = dict.fromkeys(study.comparison.best for study in (seen, new) if study.comparison.best is not None)
    return " ".join(change_of(label, seen, new) for label in leaders)


def change_of(label: str | None, seen: Study, new: Study) -> str:
    """Return how a method's metric changes from seen to new faces, with the interval and the test of table 4."""
    metric = seen.metric
    drop = seen.drops_to(new).get(label or "")
    rows = [study.results.row(label) if label is not None else None for study in (seen, new)]
    if drop is None or rows[0] is None or rows[1] is None:
        protocols = " and ".join(study.results.manifest.protocol for study in (seen, new))
        return f"{label or 'No method'} does not have a complete run under each of {protocols}."
    change = round(drop.value, metric.decimals)
    verb = "falls" if change < 0 else "rises" if change > 0 else "goes"
    gain = ", a gain" if (change > 0 if metric.higher_is_better else change < 0) else ""
    means = [f"{format_value(row.summary(metric).mean, metric.decimals)} {metric.unit}" for row in rows if row]
    distance = format_value(Difference(drop.value), metric.decimals)
    sentence = f"{label} {verb} from {means[0]} to {means[1]}: {distance} {metric.difference_unit}{gain}"
    if drop.interval is None or drop.p_holm is None:
        return f"{sentence}."
    tests = sum(other.interval is not None for other in seen.drops_to(new).values())
    adjusted = f", adjusted over {tests} methods" if tests > 1 else ""
    chance = "; it may be chance" if drop.p_holm > ALPHA else ""
    return (
        f"{sentence} (95 % interval {span(drop.interval, metric.decimals)} for other people of this kind, trained and "
        f"tested; {p_words(drop.p_holm)}{adjusted}{chance})."
    )


def for_whom(study: Study) -> str:
    """Return how well the leader recognises the median person and the worst tenth; empty if people are not known."""
    row = study.results.row(study.comparison.best or "")
    scores = person_scores(row, study.metric) if row else None
    if scores is None or len(scores.names) < 2:
        return ""
    metric = study.metric
    median, worst = (f"{value:.{metric.decimals}f} {metric.unit}" for value in (scores.median, scores.worst_tenth))
    return (
        f"Of {len(scores.names)} people, {study.comparison.best} has {median} for the median person, and {worst} on "
        "average for the tenth that it recognises worst."
    )


def format_seconds(seconds: float) -> str:
    """Return a time in seconds, from two minutes on in minutes."""
    return f"{significant(seconds)} s" if seconds < 120 else f"{significant(seconds / 60)} min"
