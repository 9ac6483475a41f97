"""Tables 1 to 3: sensitivities of each class, a metric of each run, and the comparison of methods.

Each gathers its data first, what JSON holds; its tables are laid out from these data. The papers' numbers stand beside
results on the data set and under the protocol that stand for the papers' own, elsewhere only where they are asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from febench.papers import DETAILED, comparison, is_papers_setting, sensitivity
from febench.results.caveats import signs_of
from febench.results.metrics import OA, Metric, mean_and_sd
from febench.results.people import faces_tested, novelty
from febench.results.results import Results
from febench.results.rows import RowResults
from febench.show.tables.by_metric import Data, about_of, difference, notes_of, plus_minus, rows_data, summary_data
from febench.show.tables.drop import word_of_changes
from febench.show.tables.table import MAJORITY, Document, Table, Value, floor_data, key_of, said_of_floor, titled


def table_1(results: Results, rows: Sequence[RowResults], *, paper: bool = False) -> Document:
    """Return the sensitivity of each class in each run, a table a method; `paper` as in `table_3`."""
    classes = results.manifest.classes
    beside_papers = shows_papers(results, paper)
    data = rows_data(results, rows, "sensitivity", "%", [_by_class(row, beside_papers) for row in rows])
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
                notes=notes_of(results, [row], printed=bool(facts["published"])),
                about=about_of(results, [row]),
                summaries=len(summaries),
                key=key_of("1", results, row.label),
            )
        )
    return Document(tuple(tables), data)


def _by_class(row: RowResults, beside_papers: bool) -> Data:
    """Return a row's sensitivities run by run, their mean and sd, and the papers' where they stand beside them."""
    classes = row.manifest.classes

    def named(values: Iterable[float]) -> Data:
        return {name: None if np.isnan(value) else float(value) for name, value in zip(classes, values, strict=True)}

    spreads, runs = class_spreads(row), row.sensitivities
    published: dict[str, Data] = {}
    if beside_papers and row.method in DETAILED:
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


def table_2(results: Results, rows: Sequence[RowResults], metric: Metric = OA, *, paper: bool = False) -> Document:
    """Return a metric in each run, a column a method; `paper` as in `table_3`."""
    beside_papers = shows_papers(results, paper, metric)
    facts = [
        {
            **_compared(row, metric, beside_papers),
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
    if printed := any(row["published"] for row in data["rows"]):
        summaries.append(("paper", *(plus_minus(row["published"]) for row in data["rows"])))
        summaries.append(("difference", *(difference(row["difference"]) for row in data["rows"])))
    table = Table(
        title=titled(f"Table 2. {metric.heading} of each run, {metric.unit}", results),
        columns=("Run", *(row.label for row in rows)),
        rows=(*body, *summaries),
        notes=(*notes_of(results, rows, metric, printed=printed), *said_of_floor(results, metric)),
        about=about_of(results, rows, data["rows"]),
        marks=signs_of(rows),
        summaries=len(summaries),
        key=key_of("2", results, metric=metric),
        decimals=metric.decimals,
    )
    return Document((table,), data)


def table_3(
    results: Results,
    rows: Sequence[RowResults],
    metric: Metric = OA,
    *,
    paper: bool = False,
    every: Sequence[Results] = (),
) -> Document:
    """Return the comparison of methods: beside the papers' values, or above chance, the majority and with the drop.

    Parameters
    ----------
    results : Results
        Of one data set under one protocol.
    rows : sequence of RowResults
        The methods.
    metric : Metric
        What they are compared by; the papers print overall accuracies alone.
    paper : bool
        Whether the papers' values stand beside results of other images or folds too; a note says that they differ.
    every : sequence of Results
        What is shown together with these results; with another protocol on the same images the drop is known.
    """
    beside_papers = shows_papers(results, paper, metric)
    drop = None if beside_papers else _drop(results, every, metric)
    facts = [{**_compared(row, metric, beside_papers), "drop": drop and drop.by_label.get(row.label)} for row in rows]
    data = {**rows_data(results, rows, metric.title, metric.unit, facts), **floor_data(results, metric)}
    data["drop_between"] = drop and list(drop.protocols)
    printed = any(row["published"] for row in data["rows"])
    n_runs, about_floor = results.manifest.n_runs, said_of_floor(results, metric)
    columns: tuple[str, ...] = ("Method", "Runs", "febench")
    body: list[tuple[Value, ...]] = [
        (row["method"], f"{row['runs']}/{n_runs}", plus_minus(row)) for row in data["rows"]
    ]
    summaries: list[tuple[Value, ...]] = []
    notes = [*notes_of(results, rows, metric, printed=printed), *about_floor]
    if printed:
        columns = (*columns, "paper", "difference")
        body = [
            (*values, plus_minus(row["published"]), difference(row["difference"]))
            for values, row in zip(body, data["rows"], strict=True)
        ]
    if paper and not printed:
        notes.append("the papers print none of these methods")
    if data["chance"] is not None and not (printed and is_papers_setting(results.manifest)):
        summaries.append(("chance", None, data["chance"]))
        summaries += [(MAJORITY, None, plus_minus(data["majority"]))] * bool(about_floor)
    if drop:
        first, last = drop.protocols
        change = word_of_changes(drop.by_label.values(), metric)
        columns = (*columns, change)
        body = [(*values, difference(row["drop"])) for values, row in zip(body, data["rows"], strict=True)]
        notes.append(f"{change}: {metric.title} under {last} minus that under {first}; febench table 4 has both")
    table = Table(
        title=titled(f"Table 3. Comparison of methods by {metric.title}, {metric.unit}", results),
        columns=columns,
        rows=(*body, *((*values, *[None] * (len(columns) - len(values))) for values in summaries)),
        notes=tuple(notes),
        about=about_of(results, rows, data["rows"]),
        marks=signs_of(rows),
        summaries=len(summaries),
        key=key_of("3", results, metric=metric),
        decimals=metric.decimals,
    )
    return Document((table,), data)


def shows_papers(results: Results, paper: bool = False, metric: Metric = OA) -> bool:
    """Return whether the papers' values stand beside results: in the papers' setting, or where they are asked for."""
    return metric is OA and (paper or is_papers_setting(results.manifest))


@dataclass(frozen=True)
class _Drop:
    """The change of a metric from seen people to new ones.

    Attributes
    ----------
    protocols : tuple of str
        The one under which faces were seen, and the one under which they are new.
    by_label : dict
        For each row's label, its mean under the latter minus that under the former.
    """

    protocols: tuple[str, str]
    by_label: dict[str, float]


def _drop(results: Results, every: Sequence[Results], metric: Metric) -> _Drop | None:
    """Return the drop of each row where other results hold it; None without both kinds of protocols on the images.

    Of several results under one protocol (parts of a table that are not merged) none can be chosen: None too.
    """
    images = (results.manifest.dataset, results.manifest.fingerprint)
    same = [one for one in every if (one.manifest.dataset, one.manifest.fingerprint) == images]
    same.sort(key=lambda one: novelty(one.manifest))
    protocols = [one.manifest.protocol for one in same]
    if len(same) < 2 or len(set(protocols)) < len(same):
        return None
    first, last = same[0], same[-1]
    if faces_tested(first.manifest) not in ("seen", "partly seen") or faces_tested(last.manifest) != "new":
        return None
    before, after = ({row.label: row.summary(metric).mean for row in one.rows} for one in (first, last))
    by_label = {
        label: mean - seen
        for label, mean in after.items()
        if mean is not None and (seen := before.get(label)) is not None
    }
    return _Drop((protocols[0], protocols[-1]), by_label)


def _compared(row: RowResults, metric: Metric, beside_papers: bool) -> Data:
    """Return a row's summary and, where the papers' values stand beside it, what they print and the difference."""
    summary, published = summary_data(row, metric), _published(row.method) if beside_papers else None
    difference = None if summary["mean"] is None or published is None else summary["mean"] - published["mean"]
    return {**summary, "published": published, "difference": difference}


def _published(method: str) -> Data | None:
    """The overall accuracy that the papers print; None where they print none."""
    printed = comparison().get(method)
    return {"mean": float(printed.mean), "sd": float(printed.sd)} if printed else None
