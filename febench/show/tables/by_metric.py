"""What tables of a metric share: the data of their rows, the values laid out from these, and the notes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from febench.results.metrics import OA, Metric
from febench.results.people import faces_tested, said_of_faces
from febench.results.results import Results
from febench.results.rows import RowResults
from febench.show.tables.table import (
    BY_PERSON,
    SPREAD,
    Difference,
    PlusMinus,
    caveat_notes,
    head_data,
    lacks_data,
    not_run,
    origin_of,
    run_counts,
)

Data = dict[str, Any]


def rows_data(results: Results, rows: Sequence[RowResults], metric: str, unit: str, facts: Sequence[Data]) -> Data:
    """The data of a table with a row a method: its head, and the facts of each row."""
    return {
        **head_data(results),
        "metric": metric,
        "unit": unit,
        "spread": SPREAD,
        "complete": bool(rows) and all(row.complete for row in rows),
        "not_run": not_run(results, rows),
        "rows": [{"method": row.label, **own, **lacks_data(row)} for row, own in zip(rows, facts, strict=True)],
    }


def summary_data(row: RowResults, metric: Metric) -> Data:
    """Number of complete runs, mean, sd and interval of a row."""
    summary = row.summary(metric)
    interval = dict(zip(("low", "high"), summary.interval, strict=True)) if summary.interval else None
    return {"runs": summary.runs, "mean": summary.mean, "sd": summary.sd, "interval_by_person": interval}


def plus_minus(facts: Data | None) -> PlusMinus | None:
    """The value of a mean in data; None where there is none."""
    if facts is None or facts["mean"] is None:
        return None
    interval = facts.get("interval_by_person") or {}
    return PlusMinus(facts["mean"], facts["sd"], interval.get("low"), interval.get("high"))


def difference(value: float | None) -> Difference | None:
    """The value of a difference in data; None where there is none."""
    return None if value is None else Difference(value)


def about_of(results: Results, rows: Sequence[RowResults], facts: Iterable[Data] = ()) -> tuple[str, str]:
    """What the values of a table are, and where they come from."""
    return (
        f"± is the {SPREAD}{and_by_person(facts)}; only complete runs count: {run_counts(rows)}",
        origin_of(results),
    )


def and_by_person(facts: Iterable[Data | None]) -> str:
    """What the brackets are, where some data have an interval over people."""
    return f"; {BY_PERSON}" if any(one and one.get("interval_by_person") for one in facts) else ""


def notes_of(
    results: Results, rows: Sequence[RowResults], metric: Metric = OA, *, printed: bool = False
) -> tuple[str, ...]:
    """The notes of a table of one results directory; `printed` says whether papers' numbers stand in it."""
    said = [] if rows else ["no cell is stored here yet"]
    said += definition(metric, rows)
    if printed:
        said.append("paper: printed by the authors for their own 700 photographs, which are not public")
    if faces_tested(results.manifest) in ("seen", "partly seen"):
        faces = said_of_faces(results.manifest)
        said.append(f"under protocol {results.manifest.protocol} {faces}; new faces: table 4")
    said += caveat_notes(results, rows)
    if metric.by_class:
        said += _absent_classes(results, rows)
    if absent := not_run(results, rows):
        said.append(f"in the papers' tables and not run here: {', '.join(absent)}")
    return tuple(said)


def definition(metric: Metric, rows: Sequence[RowResults]) -> list[str]:
    """What a metric is, where it is not the papers' own; and which methods it cannot be told of."""
    if metric is OA:
        return []
    better = "" if metric.higher_is_better else "; less is better"
    said = [f"{metric.title}: {metric.about}{better}"]
    without = list(dict.fromkeys(row.label for row in rows if row.runs and not row.scores(metric)))
    return said + [f"no probabilities, and so no {metric.title}: {', '.join(without)}"] * bool(without)


def _absent_classes(results: Results, rows: Sequence[RowResults]) -> list[str]:
    """Classes that no test image of a run shows."""
    classes = results.manifest.classes
    absent = {
        (run, classes[place])
        for row in rows
        for run, confusion in row.confusions.items()
        for place in np.flatnonzero(confusion.sum(axis=1) == 0)
    }
    named = ", ".join(sorted({f"{name} (run {run})" for run, name in absent}))
    return [f"left out of the mean, for no image of them is tested: {named}"] if named else []
