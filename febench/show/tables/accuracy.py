"""Tables 1 to 3: sensitivities of each class, a metric of each run, and of each method beside the papers.

Each gathers its data first, what JSON holds; its tables are laid out from these data.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from febench.papers import DETAILED, comparison, sensitivity
from febench.results.caveats import signs_of
from febench.results.metrics import OA, Metric, mean_and_sd
from febench.results.results import Results
from febench.results.rows import RowResults
from febench.show.tables.by_metric import Data, about_of, difference, notes_of, plus_minus, rows_data, summary_data
from febench.show.tables.table import Document, Table, Value, floor_data, key_of, said_of_floor, titled


def table_1(results: Results, rows: Sequence[RowResults]) -> Document:
    """Sensitivity of each class in each run, a table a method."""
    classes = results.manifest.classes
    data = rows_data(results, rows, "sensitivity", "%", [_by_class(row) for row in rows])
    if not rows:
        title = titled("Table 1. Sensitivity of each class, %", results)
        return Document((Table(title, ("Run", *classes), (), notes_of(results, rows)),), data)
    tables = []
    for row, facts in zip(rows, data["rows"], strict=True):
        body: list[tuple[Value, ...]] = [
            (one["run"], *(one["sensitivity"][name] for name in classes)) for one in facts["by_run"]
        ]
        spreads = {name: plus_minus({"mean": facts["mean"][name], "sd": facts["sd"][name]}) for name in classes}
        summaries: list[tuple[Value, ...]] = [("mean ± sd", *spreads.values())]
        if printed := facts["published"]:
            summaries.append(("paper", *(plus_minus(printed.get(name)) for name in classes)))
            summaries.append(("difference", *(difference(facts["difference"][name]) for name in classes)))
        signs = signs_of([row]).get(row.label, "")
        tables.append(
            Table(
                title=titled(f"Table 1. Sensitivity of each class, {f'{row.label} {signs}'.rstrip()}, %", results),
                columns=("Run", *classes),
                rows=(*body, *summaries),
                notes=notes_of(results, [row], printed=row.method in DETAILED),
                about=about_of(results, [row]),
                summaries=len(summaries),
                key=key_of("1", results, row.label),
            )
        )
    return Document(tuple(tables), data)


def _by_class(row: RowResults) -> Data:
    """A row's sensitivities run by run, their mean and sd, and the papers' where they print them."""
    classes = row.manifest.classes

    def named(values: Iterable[float]) -> Data:
        return {name: None if np.isnan(value) else float(value) for name, value in zip(classes, values, strict=True)}

    spreads, runs = class_spreads(row), row.sensitivities
    published: dict[str, Data] = {}
    if row.method in DETAILED:
        printed = sensitivity(row.method)
        columns = zip(printed.columns, printed.mean, printed.sd, strict=True)
        published = {name: {"mean": float(mean), "sd": float(sd)} for name, mean, sd in columns}
    return {
        "runs": len(runs),
        "by_run": [{"run": run, "sensitivity": named(values)} for run, values in runs.items()],
        "mean": {name: mean for name, (mean, _) in spreads.items()},
        "sd": {name: sd for name, (_, sd) in spreads.items()},
        "published": published or None,
        "difference": {
            name: None if mean is None or name not in published else mean - published[name]["mean"]
            for name, (mean, _) in spreads.items()
        },
    }


def class_spreads(row: RowResults) -> dict[str, tuple[float | None, float | None]]:
    """Mean and sample sd over complete runs of the sensitivity of each class."""
    classes = row.manifest.classes
    runs = np.asarray(list(row.sensitivities.values())).reshape(-1, len(classes))
    return {name: mean_and_sd(column[~np.isnan(column)]) for name, column in zip(classes, runs.T, strict=True)}


def table_2(results: Results, rows: Sequence[RowResults], metric: Metric = OA) -> Document:
    """A metric in each run, a column a method."""
    facts = [
        {
            **_compared(row, metric),
            "by_run": [{"run": run, metric.key: value} for run, value in row.scores(metric).items()],
        }
        for row in rows
    ]
    data = {**rows_data(results, rows, metric.title, metric.unit, facts), **floor_data(results, metric)}
    by_run = [{one["run"]: one[metric.key] for one in row["by_run"]} for row in data["rows"]]
    body: list[tuple[Value, ...]] = [
        (run, *(values.get(run) for values in by_run)) for run in sorted({run for values in by_run for run in values})
    ]
    summaries: list[tuple[Value, ...]] = [("mean ± sd", *map(plus_minus, data["rows"]))]
    if metric is OA:
        summaries.append(("paper", *(plus_minus(row["published"]) for row in data["rows"])))
        summaries.append(("difference", *(difference(row["difference"]) for row in data["rows"])))
    table = Table(
        title=titled(f"Table 2. {metric.heading} of each run, {metric.unit}", results),
        columns=("Run", *(row.label for row in rows)),
        rows=(*body, *summaries),
        notes=(*notes_of(results, rows, metric, printed=_printed(rows, metric)), *said_of_floor(results, metric)),
        about=about_of(results, rows, data["rows"]),
        marks=signs_of(rows),
        summaries=len(summaries),
        key=key_of("2", results, metric=metric),
        decimals=metric.decimals,
    )
    return Document((table,), data)


def table_3(results: Results, rows: Sequence[RowResults], metric: Metric = OA) -> Document:
    """Comparison of methods: ours, the papers', and the difference; what was not run here stands last."""
    facts = [_compared(row, metric) for row in rows]
    data = {**rows_data(results, rows, metric.title, metric.unit, facts), **floor_data(results, metric)}
    n_runs = results.manifest.n_runs
    body: list[tuple[Value, ...]] = [
        (row["method"], f"{row['runs']}/{n_runs}", plus_minus(row)) for row in data["rows"]
    ]
    columns: tuple[str, ...] = ("Method", "Runs", "febench")
    if metric is OA:
        columns = (*columns, "paper", "difference")
        body = [
            (*values, plus_minus(row["published"]), difference(row["difference"]))
            for values, row in zip(body, data["rows"], strict=True)
        ]
        body += [(method, f"0/{n_runs}", None, plus_minus(_published(method)), None) for method in data["not_run"]]
    table = Table(
        title=titled(f"Table 3. Comparison of methods by {metric.title}, {metric.unit}", results),
        columns=columns,
        rows=tuple(body),
        notes=(*notes_of(results, rows, metric, printed=_printed(rows, metric)), *said_of_floor(results, metric)),
        about=about_of(results, rows, data["rows"]),
        marks=signs_of(rows),
        key=key_of("3", results, metric=metric),
        decimals=metric.decimals,
    )
    return Document((table,), data)


def _compared(row: RowResults, metric: Metric) -> Data:
    """A row's summary, what the papers print and the difference; they print overall accuracies alone."""
    summary, published = summary_data(row, metric), _published(row.method) if metric is OA else None
    difference = None if summary["mean"] is None or published is None else summary["mean"] - published["mean"]
    return {**summary, "published": published, "difference": difference}


def _published(method: str) -> Data | None:
    """The overall accuracy that the papers print; None where they print none."""
    printed = comparison().get(method)
    return {"mean": float(printed.mean), "sd": float(printed.sd)} if printed else None


def _printed(rows: Sequence[RowResults], metric: Metric) -> bool:
    return metric is OA and any(row.method in comparison() for row in rows)
