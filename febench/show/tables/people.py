"""The table of people: how well each method recognises each person."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from febench.core.errors import UsageError
from febench.results.caveats import signs_of
from febench.results.metrics import OA, Metric
from febench.results.people import PersonScores, person_scores
from febench.results.results import Results
from febench.results.rows import RowResults
from febench.show.tables.by_metric import Data, about_of, notes_of, plus_minus, rows_data, summary_data
from febench.show.tables.table import Document, Table, Value, key_of, titled


def people_table(results: Results, rows: Sequence[RowResults], metric: Metric = OA, *, each: bool = False) -> Document:
    """Return the table of people: the median, the worst tenth and the worst of each method, or each person.

    Parameters
    ----------
    results : Results
        Results of one data set under one protocol.
    rows : sequence of RowResults
        The methods.
    metric : Metric
        What is shown of each person.
    each : bool
        Whether to show a row a person, a column a method.

    Raises
    ------
    UsageError
        If the data set does not tell its people apart, or the metric has no value for each person.
    """
    if results.manifest.people is None:
        raise UsageError(f"{results.manifest.title} does not tell its people apart: there is no table of people")
    if metric.averaged_over_folds:
        raise UsageError(f"{metric.title} ranks the images of different people: it has no value for each person")
    scores = {row.label: person_scores(row, metric) for row in rows}
    known = {label: one for label, one in scores.items() if one is not None}
    facts = [_people_data(row, scores[row.label], metric) for row in rows]
    data = {**rows_data(results, rows, f"{metric.title} by person", metric.unit, facts), "spread": "over people"}
    columns: tuple[str, ...] = ("Method", "People", "mean", "median", "worst tenth", "worst", "worst person")
    body: list[tuple[Value, ...]] = [
        (
            row["method"], len(row["people"]), plus_minus(row), row["median"], row["worst_tenth"],
            *((row["people"][0][metric.key], row["people"][0]["person"]) if row["people"] else (None, None)),
        )
        for row in data["rows"]
    ]  # fmt: skip
    if each:
        columns = ("Person", *known)
        by_person = [dict(zip(one.names, one.values.tolist(), strict=True)) for one in known.values()]
        mean = {name: np.mean([one[name] for one in by_person if name in one]) for one in by_person for name in one}
        names = sorted(mean, key=lambda name: mean[name] if metric.higher_is_better else -mean[name])
        body = [(name, *(one.get(name) for one in by_person)) for name in names]
    table = Table(
        title=titled(f"{metric.heading} by person, {metric.unit}", results),
        columns=columns,
        rows=tuple(body),
        notes=(
            "each person: mean over complete runs; worst tenth: mean over the tenth of the people recognised worst",
            *[f"{metric.title} of one person: of so few images much of it is chance; the mean is of all images"]
            * metric.needs_many_images,
            *notes_of(results, rows, metric),
        ),
        about=about_of(results, rows, data["rows"]),
        marks=signs_of(rows),
        key=key_of("people", results, metric=metric),
        decimals=metric.decimals,
    )
    return Document((table,), data)


def _people_data(row: RowResults, scores: PersonScores | None, metric: Metric) -> Data:
    if scores is None:
        return {**summary_data(row, metric), "median": None, "worst_tenth": None, "people": []}
    people = [
        {"person": scores.names[i], "images": int(scores.images[i]), metric.key: float(scores.values[i])}
        for i in scores.worst_first
    ]
    tenth = scores.worst_tenth
    return {**summary_data(row, metric), "median": scores.median, "worst_tenth": tenth, "people": people}
