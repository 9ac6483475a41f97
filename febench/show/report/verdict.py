"""The verdict: what a reader takes home, in words, before any table; it claims no more than the tests bear."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from febench.results.caveats import Caveat, caveats_of
from febench.results.costs import Host, hosts
from febench.results.floor import floor_of
from febench.results.metrics import Metric, metric_of
from febench.results.people import Faces, person_scores, said_of_faces
from febench.results.results import Results
from febench.results.twins import TWIN_SHARE_OF_ERROR
from febench.show.compare import ALPHA, Comparison, Rival, span
from febench.show.formats import format_value, significant
from febench.show.report.studies import Study, by_images
from febench.show.tables import Difference, PlusMinus
from febench.stats import McNemar, p_words

TOP = 5
"""Methods whose standing is told."""
MOST = 3
"""Names that a sentence takes."""
MOST_IN_A_CAUTION = 8
NOT_BETTER = ("equivalent", "undecided", "worse", "too few runs")
AGAINST = {
    "better": "worse", "equivalent": "no difference that matters", "undecided": "not told apart",
    "worse": "better over common runs", "too few runs": "too few runs to say",
}  # fmt: skip
ASK = "febench run --dataset NAME --protocol subject measures it"

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


@dataclass(frozen=True)
class Place:
    """A line of the standings: a method, its bar's length in percent, its metric and sensitivity, and its verdict."""

    label: str
    length: float
    value: str
    sensitivity: str
    against: str


@dataclass(frozen=True)
class Verdict:
    """What is to be said of one data set under one protocol.

    Attributes
    ----------
    protocol : str
        Its name.
    faces : str
        Whether tested faces are new.
    lead : Lead
        Who wins, and what that rests on.
    answers : dict
        By how much, whether it is real, what it costs, what is left when faces are new.
    top : tuple of Place
        The first of the standings.
    metric, short : str
        What they stand by, and its name with its unit.
    more : int
        How many methods stand behind those.
    """

    protocol: str
    faces: Faces
    lead: Lead
    answers: dict[str, str]
    top: tuple[Place, ...]
    metric: str
    short: str
    more: int


@dataclass(frozen=True)
class Judgement:
    """The verdicts on one data set, with what must be read with them."""

    dataset: str
    verdicts: tuple[Verdict, ...]
    drop: str
    cautions: tuple[Caveat, ...]

    @property
    def badges(self) -> list[tuple[str, bool]]:
        """The words of the cautions, each once, and whether it is serious."""
        return list({caution.word: (caution.word, caution.serious) for caution in self.cautions}.values())


def judge(studies: Sequence[Study]) -> list[Judgement]:
    """One judgement a data set."""
    judgements = []
    for same in by_images(studies):
        verdicts = tuple(_verdict(study, same) for study in same)
        dataset = same[0].results.manifest.title
        judgements.append(Judgement(dataset, verdicts, the_drop(same), tuple(cautions_of(same))))
    return judgements


def verdict_data(studies: Sequence[Study]) -> list[dict[str, Any]]:
    """The verdicts as data, one a data set and protocol."""
    return [
        {
            "dataset": judgement.dataset,
            "protocol": verdict.protocol,
            "faces": verdict.faces,
            "outcome": verdict.lead.kind,
            "headline": verdict.lead.headline,
            "answers": verdict.answers,
            "cautions": [{"word": one.word, "text": one.text, "serious": one.serious} for one in judgement.cautions],
        }
        for judgement in judge(studies)
        for verdict in judgement.verdicts
    ]


def _verdict(study: Study, siblings: Sequence[Study]) -> Verdict:
    comparison, metric = study.comparison, study.metric
    lead = lead_of(comparison)
    if lead.kind != "nothing":
        lead = replace(lead, reason=f"{lead.reason}{about_twins(study.results)}")
    against = {rival.label: AGAINST[rival.outcome] for rival in lead.rivals}
    uar, top = metric_of("uar"), []
    whole = 100.0 if metric.unit == "%" else max((one.mean for one in comparison.standings), default=1.0)
    for one in comparison.standings[:TOP]:
        row = study.results.row(one.label)
        sensitivity = row.summary(uar) if row else None
        top.append(
            Place(
                one.label,
                100.0 * one.mean / whole,
                format_value(PlusMinus(one.mean, one.sd), metric.decimals),
                format_value(sensitivity.mean if sensitivity else None),
                against.get(one.label, f"{metric.best} mean"),
            )
        )
    answers = {}
    if comparison.standings:
        answers = {
            "By how much?": by_how_much(comparison, lead),
            "Is it real?": is_it_real(comparison, lead),
            "What does it cost?": what_it_costs(study.results, comparison.best, lead),
            "And on new faces?": when_faces_are_new(study, siblings),
        }
        if people := for_whom(study):
            answers["For whom?"] = people
    return Verdict(
        protocol=study.results.manifest.protocol,
        faces=study.faces,
        lead=lead,
        answers=answers,
        top=tuple(top),
        metric=metric.title,
        short=f"{metric.name.upper()}, {metric.unit}",
        more=len(comparison.standings) - len(top),
    )


def about_twins(results: Results) -> str:
    """Return a sentence on the test images that have a twin in training; it begins with a space, or is empty."""
    count = results.twin_count
    if results.manifest.scored is not None:
        return f" This is without the {count} that have a twin in training."
    if count is None or count.share < TWIN_SHARE_OF_ERROR:
        return ""
    return f" But at least {count} have a twin in training, so that memory may explain these numbers."


def lead_of(comparison: Comparison) -> Lead:
    """Who wins under one protocol; where runs are missing, `so far`."""
    if not comparison.standings:
        return Lead("nothing", "Nothing to say yet", "no method has a complete run.")
    top, rivals, metric = comparison.standings[0], comparison.rivals, comparison.metric
    so_far = "" if all(row.complete for row in comparison.results.rows) else " so far"
    best = f"has the {metric.best} mean," if len(comparison.standings) > 1 else "has"
    reached = f"{top.label} {best} {over_runs(metric, top.mean, top.sd, top.runs)}"
    if not rivals:
        reason = f"{reached}; no other method has a complete run, so there is nothing to compare."
        return Lead("alone", f"One method only{so_far}", reason)

    met = {outcome: labels(rivals, outcome) for outcome in ("better", *NOT_BETTER)}
    within = f"within {metric.amount(comparison.rope)} of" if comparison.rope else "equal to"
    outcomes = {outcome for outcome, names in met.items() if names}
    if outcomes == {"better"}:
        whom = f"each of the other {len(rivals)} methods" if len(rivals) > 1 else rivals[0].label
        return Lead("winner", f"{top.label} wins{so_far}", f"{reached}, and is better than {whom}.", rivals)
    rest = f" It is better than {the_other(met['better'])}." if met["better"] else ""
    if outcomes <= {"better", "equivalent"}:
        near = met["equivalent"]
        reason = f"{reached}, but {listed(near)} {'are' if len(near) > 1 else 'is'} {within} it.{rest}"
        return Lead("equal", f"No difference that matters at the top{so_far}", reason, rivals)
    if outcomes & {"undecided", "worse"}:
        said = (
            ("undecided", "the tests do not tell it apart from {whom}"),
            ("equivalent", f"it is {within} {{whom}}"),
            ("worse", "it is worse than {whom} over the runs that both have whole"),
            ("too few runs", "there are too few runs to say against {whom}"),
        )
        doubts = "; ".join(sentence.format(whom=listed(met[outcome])) for outcome, sentence in said if met[outcome])
        return Lead("undecided", f"No clear winner{so_far}", f"{reached}, but {doubts}.{rest}", rivals)
    untested = listed(met["too few runs"])
    reason = f"{reached}, but runs are too few to test it against {untested}.{rest}"
    return Lead("too few runs", "Too few runs to say who wins", reason, rivals)


def by_how_much(comparison: Comparison, lead: Lead) -> str:
    """The distance to the next method, to the next one that is really worse, and what guessing gets."""
    shown = list(lead.rivals[:1])
    if shown and shown[0].outcome != "better":  # and the next that is beaten for certain
        shown += [rival for rival in lead.rivals if rival.outcome == "better"][:1]
    runs, metric = {one.label: one.runs for one in comparison.standings}, comparison.metric
    nearness = {
        "better": ", the nearest it is shown to beat", "equivalent": ", too little to matter",
        "undecided": ", which may be chance", "worse": "", "too few runs": ", which nobody can test yet",
    }  # fmt: skip
    told = []
    for rival in shown:
        if rival.ahead is None:
            told.append(f"no run is whole in both it and {rival.label}")
            continue
        decimals, n = metric.decimals, rival.pair.runs
        interval = " [{:+.{d}f}, {:+.{d}f}]".format(*rival.interval, d=decimals) if rival.interval else ""
        where = "ahead of" if rival.ahead >= 0 else "behind"
        common = ""  # which runs, where one of the two has more of them: means of other runs differ otherwise
        if not n == runs[rival.label] == comparison.standings[0].runs:
            common = f" over the {f'{n} runs' if n > 1 else 'one run'} that both have whole"
        distance = f"{abs(rival.ahead):.{decimals}f} {metric.difference_unit} {where} {rival.label}{interval}{common}"
        told.append(f"{distance}{nearness[rival.outcome]}")
    said = ", and ".join(told) or "There is no other method to measure it against"
    brackets = " (in brackets: 95 % intervals)" if any(rival.interval for rival in shown) else ""
    guessing = ""
    if floor := floor_of(comparison.results.manifest, metric):
        guessing = f" Chance is {floor.chance:.{metric.decimals}f} {metric.unit}."
        if floor.differs:
            majority = f"{floor.summary()[0]:.{metric.decimals}f} {metric.unit}"
            guessing += f" Always answering the most frequent class of the training images has {majority}."
    return f"{said}{brackets}.{guessing}"


def is_it_real(comparison: Comparison, lead: Lead) -> str:
    """What the tests say of the method with the best mean, the doubts first."""
    rivals = lead.rivals
    if not rivals:
        return "There is nothing to test."

    def first(*outcomes: str) -> str:
        return next(rival.pair.verdict for rival in rivals if rival.outcome in outcomes)

    beaten = labels(rivals, "better")
    also = f" Yes against {the_other(beaten)}." if beaten else ""
    match lead.kind:
        case "winner":
            closest = max(rivals, key=lambda rival: rival.pair.p_holm or 0.0)
            said = f"Yes{', in the closest case too' if len(rivals) > 1 else ''}: {closest.pair.verdict}."
        case "equal":
            said = f"Too small to matter: {first('equivalent')}.{also}"
        case "undecided":
            doubted = labels(rivals, *NOT_BETTER)
            why = f": {first(*NOT_BETTER)}" if len(doubted) == 1 else ""
            said = f"Not shown against {listed(doubted)}{why}.{also}"
        case _:
            said = f"Nobody can say yet: {first('too few runs')}.{also}"
    tested = [pair for pair in comparison.pairs if pair.evidence.test]
    if not tested:
        return said
    single = any(isinstance(pair.evidence.test, McNemar) for pair in tested)
    name = "exact McNemar test" if single else "corrected resampled t test"
    return f"{said} ({name}{f', Holm over {len(tested)} pairs' if len(tested) > 1 else ''})"


def what_it_costs(results: Results, best: str | None, lead: Lead) -> str:
    """Training and prediction time of the best, beside the quickest of its equals and of all.

    Of one host, and there of one kind of device: a share of a GPU and a thread of a processor are no equals.
    """
    every = hosts(results)
    mine = [cost for cost in every[0].costs if cost.row.label == best] if every else []
    if not mine:
        return "Not known: no times are stored" + (f" of {best} on the host of most cells." if every else ".")
    host, cost = every[0], max(mine, key=lambda one: one.cells)
    seconds = _median_seconds(host)
    predict = significant(float(np.median(cost.predict)))
    spent = seconds[id(cost)]
    told = f"{time_of(spent)} to train {cost.row.label} on a fold ({cost.device}), {predict} ms to predict an image"
    alike = [one for one in host.costs if (one.device, one.threads) == (cost.device, cost.threads)]
    quickest = min(alike, key=lambda one: seconds[id(one)])
    if quickest is cost:
        told += "; no other method trains faster" if len(alike) > 1 else ""
    elif quickest.row.label != cost.row.label and seconds[id(quickest)]:
        factor = spent / seconds[id(quickest)]
        times = "about" if factor < 1.05 else f"{significant(float(f'{factor:.2g}'))} times"
        told += f"; {times} the training time of {quickest.row.label}, the quickest"
    equals = labels(lead.rivals, *NOT_BETTER)
    quicker = [one for one in alike if one.row.label in equals and seconds[id(one)] < spent]
    said = [f"{told}."]
    if quicker:
        least = min(quicker, key=lambda one: seconds[id(one)])
        said.append(f"{least.row.label}, not shown to be worse, takes {time_of(seconds[id(least)])}.")
    elsewhere = {one.row.label for one in host.costs} - {one.row.label for one in alike}
    if elsewhere:
        devices = dict.fromkeys(one.device for one in host.costs if one.row.label in elsewhere)
        others = f"{len(elsewhere)} other method{'s' * (len(elsewhere) > 1)}"
        said.append(f"Of {others} the times are of {' or '.join(devices)}: no comparison.")
    if more := len(every) - 1:
        said.append(f"Times of {more} other environment{'s' * (more > 1)} stand in tables of their own.")
    return " ".join(said)


def _median_seconds(host: Host) -> dict[int, float]:
    """Median seconds of a fold's training, by the identity of the cost."""
    return {id(cost): float(np.median(cost.fit)) for cost in host.costs}


def when_faces_are_new(study: Study, siblings: Sequence[Study]) -> str:
    """What one protocol says of new faces, with those of the same images beside it."""
    if study.faces == "new":
        return f"This is on new faces: {said_of_faces(study.results.manifest)}."
    if study.faces == "not known":
        return "Nobody can say: the data set does not tell its people apart."
    new = next((one for one in siblings if one.faces == "new"), None)
    if new is None:
        return f"Not measured here: {said_of_faces(study.results.manifest)} ({ASK})."
    return _fall(study.comparison.best, study, new)


def the_drop(studies: Sequence[Study]) -> str:
    """The best on seen faces and the best on new ones, each under both; empty where there is no such pair."""
    seen = next((one for one in studies if one.faces in ("seen", "partly seen")), None)
    new = next((one for one in studies if one.faces == "new"), None)
    if seen is None or new is None:
        return ""
    best = dict.fromkeys(one.comparison.best for one in (seen, new) if one.comparison.best is not None)
    return " ".join(_fall(label, seen, new) for label in best)


def _fall(label: str | None, seen: Study, new: Study) -> str:
    """Say how a method's figure changes from seen to new faces, with the interval and the test of table 4."""
    metric = seen.metric
    drop = seen.drops_to(new).get(label or "")
    rows = [study.results.row(label) if label is not None else None for study in (seen, new)]
    if drop is None or rows[0] is None or rows[1] is None:
        protocols = " and ".join(one.results.manifest.protocol for one in (seen, new))
        return f"{label or 'No method'} has not a complete run under each of {protocols}."
    change = round(drop.value, metric.decimals)
    verb = "falls" if change < 0 else "rises" if change > 0 else "goes"
    gain = ", a gain" if (change > 0 if metric.higher_is_better else change < 0) else ""
    shown = [f"{format_value(row.summary(metric).mean, metric.decimals)} {metric.unit}" for row in rows if row]
    distance = format_value(Difference(drop.value), metric.decimals)
    said = f"{label} {verb} from {shown[0]} to {shown[1]}: {distance} {metric.difference_unit}{gain}"
    if drop.interval is None or drop.p_holm is None:
        return f"{said}."
    tests = sum(one.interval is not None for one in seen.drops_to(new).values())
    adjusted = f", adjusted over {tests} methods" if tests > 1 else ""
    chance = "; it may be chance" if drop.p_holm > ALPHA else ""
    return (
        f"{said} (95 % interval {span(drop.interval, metric.decimals)} for other people of this kind, trained and "
        f"tested; {p_words(drop.p_holm)}{adjusted}{chance})."
    )


def for_whom(study: Study) -> str:
    """How well the best method recognises the person in the middle, and those it recognises worst."""
    row = study.results.row(study.comparison.best or "")
    scores = person_scores(row, study.metric) if row else None
    if scores is None or len(scores.names) < 2:
        return ""
    metric = study.metric
    middle, worst = (f"{value:.{metric.decimals}f} {metric.unit}" for value in (scores.median, scores.worst_tenth))
    return (
        f"Of {len(scores.names)} people, {study.comparison.best} has {middle} for the one in the middle, and {worst} "
        "on average for the tenth that it recognises worst."
    )


def cautions_of(studies: Sequence[Study]) -> list[Caveat]:
    """What must be read with a verdict; what holds under several protocols is said once, with their names."""
    under: dict[Caveat, list[str]] = {}
    for study in studies:
        why = {one["code"]: one.get("why", "") for one in study.audit or ()}
        for caveat in caveats_of(study.results, study.rows):
            if caveat.word == "audit error":
                reason = why.get(caveat.text.split()[0], "")
                caveat = Caveat(caveat.word, f"{caveat.text}. {reason}".rstrip(), caveat.sign, caveat.serious)
            under.setdefault(caveat, []).append(study.results.manifest.protocol)
        if study.comparison.left_out:
            names = listed(study.comparison.left_out, MOST_IN_A_CAUTION)
            lacking = Caveat("no verdict", f"without a complete run, compared with nothing: {names}")
            under.setdefault(lacking, []).append(study.results.manifest.protocol)
    cautions = []
    for caveat, protocols in under.items():
        where = "" if len(protocols) == len(studies) else f" (protocol {listed(protocols)})"
        word = caveat.word[:1].upper() + caveat.word[1:]
        cautions.append(Caveat(word, f"{caveat.text}{where}", caveat.sign, caveat.serious))
    return cautions


def labels(rivals: Sequence[Rival], *outcomes: str) -> list[str]:
    """The rivals with one of these outcomes."""
    return [rival.label for rival in rivals if rival.outcome in outcomes]


def listed(names: Sequence[str], most: int = MOST) -> str:
    """Names as people list them; of very many the first, and how many more."""
    if len(names) > most:
        return f"{', '.join(names[:most])} and {len(names) - most} more"
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def the_other(names: Sequence[str]) -> str:
    """The one that is left by its name, several by their number."""
    return names[0] if len(names) == 1 else f"the other {len(names)}"


def over_runs(metric: Metric, mean: float, sd: float | None, runs: int) -> str:
    """A mean over runs; of a single run it is said that there is no sd."""
    value = f"{format_value(mean, metric.decimals)} {metric.unit}"
    spread = "a single run, no sd" if runs == 1 else f"sd {format_value(sd, metric.decimals)}, {runs} runs"
    return f"{value} ({spread})"


def time_of(seconds: float) -> str:
    """A time as long as it reads well."""
    return f"{significant(seconds)} s" if seconds < 120 else f"{significant(seconds / 60)} min"
