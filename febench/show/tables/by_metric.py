"""Parts that the tables of a metric share: the data of rows, the values made from them, and notes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from febench.papers import note_on_papers
from febench.results.metrics import OA, Metric
from febench.results.people import faces_tested, said_of_faces
from febench.results.results import Results
from febench.results.rows import RowResults
from febench.show.tables.table import (
    BY_PERSON,
    SPREAD,
    Detail,
    Difference,
    PlusMinus,
    caveat_notes,
    head_data,
    lacks_data,
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
        "not_run": [],  # no row is listed that was not run; the key is kept for readers of older JSON
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


def difference(value: float | None, interval: Data | None = None) -> Difference | None:
    """Return the value of a difference in data, with its interval if it has one; None where there is none."""
    return None if value is None else Difference(value, **(interval or {}))


def about_of(results: Results, rows: Sequence[RowResults], facts: Iterable[Data] = ()) -> tuple[str, str]:
    """Return what the values of a table are, and which results they come from."""
    return (
        f"± is the {SPREAD}{and_by_person(facts)}; only complete runs count: {run_counts(rows)}",
        origin_of(results),
    )


def and_by_person(facts: Iterable[Data | None]) -> str:
    """Return a clause on the brackets, if some rows have an interval over people."""
    return f"; {BY_PERSON}" if any(one and one.get("interval_by_person") for one in facts) else ""


def notes_of(
    results: Results, rows: Sequence[RowResults], metric: Metric = OA, *, printed: bool = False
) -> tuple[str, ...]:
    """The notes of a table of one results directory; `printed` says whether papers' numbers stand in it."""
    notes = [] if rows else ["no cell is stored here yet"]
    notes += definition(metric, rows)
    if printed:
        notes.append(note_on_papers(results.manifest))
    if faces_tested(results.manifest) in ("seen", "partly seen"):
        faces = said_of_faces(results.manifest)
        notes.append(f"under protocol {results.manifest.protocol} {faces}; new faces: febench table 4")
    notes += caveat_notes(results, rows)
    if metric.by_class:
        notes += _absent_classes(results, rows, metric)
    return tuple(notes)


def definition(metric: Metric, rows: Sequence[RowResults]) -> list[str]:
    """Say what a metric is and which quantity is shown, unless it is the papers' own; and which methods lack it."""
    if metric is OA:
        return []
    notes: list[str] = [] if metric.higher_is_better else [f"less {metric.title} is better"]
    notes.append(Detail(f"{metric.title}: {metric.about}; {metric.estimand}"))
    without = list(dict.fromkeys(row.label for row in rows if row.runs and not row.scores(metric)))
    return notes + [f"no probabilities, and so no {metric.title}: {', '.join(without)}"] * bool(without)


def _absent_classes(results: Results, rows: Sequence[RowResults], metric: Metric) -> list[str]:
    """Name the classes that a run, or for a metric averaged over folds a fold, tests no image of."""
    manifest, n_classes = results.manifest, len(results.manifest.classes)
    cells = np.repeat(np.arange(manifest.test_sizes.size), manifest.test_sizes.ravel())
    tested = np.bincount(
        cells * n_classes + manifest.labels[manifest.tested[0]], minlength=manifest.test_sizes.size * n_classes
    ).reshape(manifest.n_runs, manifest.n_folds, n_classes)
    runs = np.unique([run for row in rows for run in row.runs]).astype(np.int64)
    absent = np.argwhere(tested[runs - 1].sum(axis=1) == 0)
    named = sorted(f"{manifest.classes[index]} (run {runs[at]})" for at, index in absent)
    notes = [f"left out of the mean, for no image of them is tested: {', '.join(named)}"] * bool(named)
    if metric.averaged_over_folds and len(runs):
        in_folds = tested[runs - 1].reshape(-1, n_classes) > 0
        n_folds, single = len(in_folds), in_folds.sum(axis=1) < 2
        lacking = (~in_folds[~single]).sum(axis=0)
        named = [f"{manifest.classes[index]} ({lacking[index]} of {n_folds})" for index in np.flatnonzero(lacking)]
        notes += [f"left out of the means of folds that test no image of them: {', '.join(named)}"] * bool(named)
        notes += [f"left out, for they test a single class: {single.sum()} of {n_folds} folds"] * bool(single.any())
    return notes
