"""Table 4, the drop: a metric of each method under each protocol, side by side."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from febench.core.errors import UsageError
from febench.results.caveats import caveats_of_data, caveats_of_rows, signs_of, words_of
from febench.results.drops import Drop, NoInterval, drops_of
from febench.results.metrics import METRICS, OA, Metric
from febench.results.people import faces_tested, novelty, said_of_faces
from febench.results.results import Results
from febench.results.rows import RowResults
from febench.show.tables.by_metric import Data, and_by_person, definition, difference, plus_minus, summary_data
from febench.show.tables.table import (
    MAJORITY,
    SPREAD,
    Detail,
    Difference,
    Document,
    Table,
    Value,
    chosen,
    dataset_of,
    floor_data,
    head_data,
    key_of,
    noted,
    origin_of,
    run_counts,
    said_of_floor,
    twins_data,
)
from febench.stats import p_value

WHY_NO_INTERVAL: dict[NoInterval, str] = {
    "people not known": "the data set does not tell its people apart",
    "other people tested": "the two protocols test different people",
    "fewer than two people": "fewer than two people are tested",
    "no value of each person": "the metric has no value without one of the people",
}
COUNTS_OF_ANSWERS = tuple(METRICS[name] for name in ("oa", "uar", "macro-f1", "weighted-f1"))
"""Metrics that `WHY_A_GAIN` explains: it speaks of right and wrong answers, not of probabilities."""
WHY_A_GAIN = (
    "where faces of one person are more alike than those of one expression, "
    "people that a method was trained on mislead it"
)


def table_4(
    results: Sequence[Results], method: str | None = None, metric: Metric = OA, *, sort: bool = False
) -> Document:
    """Return table 4: each method's metric under each protocol and its drop, with chance; new faces stand last.

    With `sort` the best under the last protocol stands first. Where a method is better on new faces, that is called a
    gain. Where always answering the most frequent class is not what chance is, it stands below the methods.

    Raises
    ------
    UsageError
        If the results are not of several protocols on one data set, or lack the method.
    """
    if len(results) < 2:
        raise UsageError("table 4 compares protocols: name the results of at least two, such as paper and subject")
    for part in ("dataset", "fingerprint"):
        values = {str(getattr(one.manifest, part)) for one in results}
        if len(values) > 1:
            raise UsageError(
                f"table 4 takes results on one data set, not several ({part}: {', '.join(sorted(values))})"
            )
    if len({one.manifest.protocol for one in results}) < len(results):
        raise UsageError("table 4 compares protocols: the directories named hold results of the same one")
    results = sorted(results, key=lambda one: novelty(one.manifest))
    rows = [chosen(one, method, metric if sort else None) for one in results]
    protocols = [one.manifest.protocol for one in results]
    labels = dict.fromkeys(row.label for under in (reversed(rows) if sort else rows) for row in under)
    by_label = {label: [next((row for row in under if row.label == label), None) for under in rows] for label in labels}
    floors = {one.manifest.protocol: floor_data(one, metric) for one in results}
    chance = floors[protocols[0]]["chance"]
    drops = drops_of(rows[0], rows[-1], metric)
    facts = [
        {**_under_each(label, under, protocols, metric), **_drop_data(drops.get(label))}
        for label, under in by_label.items()
    ]
    gains = {label: drop for label, drop in drops.items() if _gain(drop.value, metric) > 0}
    change = word_of_changes((drop.value for drop in drops.values()), metric)
    data = {
        **head_data(results[0]),
        "protocol": None,
        "protocols": protocols,
        "manifest": {one.manifest.protocol: one.manifest.sha256 for one in results},
        "metric": metric.title,
        "unit": metric.unit,
        "decimals": metric.decimals,
        "spread": SPREAD,
        "complete": all(row is not None and row.complete for under in by_label.values() for row in under),
        "change": change,
        "chance": chance,
        "majority": {protocol: floor["majority"] for protocol, floor in floors.items()},
        "audit": {one.manifest.protocol: head_data(one)["audit"] for one in results},
        "twins": {one.manifest.protocol: twins_data(one) for one in results},
        "rows": facts,
        "set_aside": [one.set_aside for one in results if one.set_aside],
    }
    counts = [f"{protocol}: {run_counts(under)}" for protocol, under in zip(protocols, rows, strict=True)]
    notes = [*definition(metric, [row for under in rows for row in under]), _said_of_protocols(results)]
    notes += _gain_notes(gains, protocols)
    if gains and metric in COUNTS_OF_ANSWERS and faces_tested(results[0].manifest) == "seen":
        notes.append(Detail(WHY_A_GAIN))
    if not metric.higher_is_better:
        notes.append("a change above 0 is a loss")
    notes += _said_of_tests(drops, change, protocols)
    notes += map(noted, [one for one in caveats_of_data(results[0]) if one.word == "synthetic"])
    for one, under in zip(results, rows, strict=True):
        named = f", {one.manifest.protocol}"
        words = ("audit error", "audit warning", "foreign cells", "twins", "without twins")
        of_folds = [caveat for caveat in caveats_of_data(one) if caveat.word in words]
        notes += [noted(caveat, named) for caveat in of_folds]
        notes += [noted(caveat, named) for caveat in caveats_of_rows(one, under)]
    title = f"Table 4. The {change} on {dataset_of(results[0])}: {metric.title} under {' and '.join(protocols)}"
    tested = any(row["drop_interval"] for row in facts)
    if any(one.manifest.scored is not None for one in results):
        title += " without twins"
    body: list[tuple[Value, ...]] = [
        (
            row["method"], *map(plus_minus, row["protocols"].values()),
            difference(row["drop"], row["drop_interval"]), *_p_column(tested, row["drop_p_holm"]), chance,
        )
        for row in facts
    ]  # fmt: skip
    summaries: list[tuple[Value, ...]] = []
    if any(said_of_floor(one, metric) for one in results):
        means = [floor["majority"]["mean"] for floor in floors.values()]
        spreads = [plus_minus(floor["majority"]) for floor in floors.values()]
        summaries.append((MAJORITY, *spreads, Difference(means[-1] - means[0]), *_p_column(tested, None), chance))
        notes.append(f"{MAJORITY}: of the training images of each fold, answered for every test image")
    table = Table(
        title=f"{title}, {metric.unit}",
        columns=("Method", *protocols, change, *["p (Holm)"] * tested, "chance"),
        rows=(*body, *summaries),
        notes=tuple(notes),
        about=(
            f"± is the {SPREAD}{and_by_person(one for row in data['rows'] for one in row['protocols'].values())}; "
            f"complete runs, {'; '.join(counts)}",
            *(f"{one.manifest.protocol}: {origin_of(one)}" for one in results),
        ),
        marks=signs_of(row for under in rows for row in under),
        summaries=len(summaries),
        key=(*key_of("4", results[0], metric=metric), *protocols[1:]),
        decimals=metric.decimals,
    )
    return Document((table,), data)


def word_of_changes(changes: Iterable[float], metric: Metric) -> str:
    """Return what changes of a metric from seen faces to new ones are called: drop, gain, or drop or gain."""
    gains = [_gain(change, metric) for change in changes]
    if not any(gain > 0 for gain in gains):
        return "drop"
    return "drop or gain" if min(gains) < 0 else "gain"


def _gain(change: float, metric: Metric) -> float:
    """Return a change as it is printed, above 0 where new faces are recognised better."""
    return (1.0 if metric.higher_is_better else -1.0) * round(change, metric.decimals)


def _under_each(label: str, under: Sequence[RowResults | None], protocols: Sequence[str], metric: Metric) -> Data:
    summaries = [summary_data(row, metric) if row else None for row in under]
    return {
        "method": label,
        "protocols": dict(zip(protocols, summaries, strict=True)),
        "weights": next((row.weights for row in under if row and row.weights), None),
        "marks": {p: words_of(row) if row else ["not run"] for p, row in zip(protocols, under, strict=True)},
    }


def _drop_data(drop: Drop | None) -> Data:
    """Return a drop with its interval and test as data."""
    test = drop.interval if drop else None
    return {
        "drop": drop.value if drop else None,
        "drop_interval": {"low": test.low, "high": test.high} if test else None,
        "drop_p": test.p if test else None,
        "drop_p_holm": drop.p_holm if drop else None,
    }


def _p_column(tested: bool, p: float | None) -> tuple[Value, ...]:
    """Return the value of the column of p, which is there if a drop is tested."""
    return (None if p is None else p_value(p),) * tested


def _gain_notes(gains: Mapping[str, Drop], protocols: Sequence[str]) -> list[str]:
    """Return notes that name the rows with a gain: those whose interval excludes 0, then the others."""
    better = f"better under {protocols[-1]} than under {protocols[0]}"
    unclear = [label for label, drop in gains.items() if drop.interval and drop.interval.low <= 0 <= drop.interval.high]
    clear = [label for label in gains if label not in unclear]
    notes = [f"a gain, {better}: {', '.join(clear)}"] if clear else []
    if unclear:
        notes.append(f"{better}, but the interval of the change holds 0, so this may be chance: {', '.join(unclear)}")
    return notes


def _said_of_tests(drops: Mapping[str, Drop], change: str, protocols: Sequence[str]) -> list[str]:
    """Say how the drops are tested, and why some are not."""
    notes: list[str] = []
    if n_tests := sum(drop.interval is not None for drop in drops.values()):
        adjusted = f", adjusted by Holm over {n_tests} tests" if n_tests > 1 else ""
        test = f"t test that there is no {change} from {protocols[0]} to {protocols[-1]}, paired by person{adjusted}"
        notes.append(Detail(f"p: {test}; intervals are of each method alone"))
    for lacking in dict.fromkeys(drop.lacking for drop in drops.values() if drop.lacking):
        labels = [label for label, drop in drops.items() if drop.lacking == lacking]
        which = "" if len(labels) == len(drops) else f" of {', '.join(labels)}"
        notes.append(f"no interval of the {change}{which}: {WHY_NO_INTERVAL[lacking]}")
    return notes


def _said_of_protocols(results: Sequence[Results]) -> str:
    """Return a note on who was tested under each protocol, and which protocol has new people."""
    clauses = [f"under {one.manifest.protocol} {said_of_faces(one.manifest)}" for one in results]
    new = [one.manifest.protocol for one in results if faces_tested(one.manifest) == "new"]
    if not new or len(new) == len(results):
        return "; ".join(clauses)
    which = "only the latter says" if len(new) == 1 else f"only {' and '.join(new)} say"
    return f"{'; '.join(clauses)}: {which} what to expect of new faces"
