"""Tables 1 to 4, of people, the ladder: a metric by class, run, protocol, person, training, and beside the papers.

Each gathers its data first, what JSON holds; its tables are laid out from these data.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from febench.core.errors import UsageError
from febench.papers import DETAILED, comparison, sensitivity
from febench.results.caveats import caveats_of_data, caveats_of_rows, signs_of, words_of
from febench.results.metrics import OA, Metric, mean_and_sd
from febench.results.people import ORDER, PersonScores, faces_tested, person_scores, said_of_faces
from febench.results.results import Results
from febench.results.rows import RowResults
from febench.show.tables.table import (
    BY_PERSON,
    MAJORITY,
    SPREAD,
    Difference,
    Document,
    PlusMinus,
    Table,
    Value,
    chosen,
    dataset_of,
    floor_data,
    head_data,
    key_of,
    lacks_data,
    not_run,
    noted,
    origin_of,
    run_counts,
    said_of_floor,
    titled,
)

Data = dict[str, Any]

LADDERS = {"cso": "CSO.OriginalCSO", "bbo": "BBO.OriginalBBO", "jaya": "JA.OriginalJA"}
"""The methods whose network a search trains, each with mealpy's class of that search's name."""


def table_1(results: Results, rows: Sequence[RowResults]) -> Document:
    """Sensitivity of each class in each run, a table a method."""
    classes = results.manifest.classes
    data = _rows_data(results, rows, "sensitivity", "%", [_by_class(row) for row in rows])
    if not rows:
        title = titled("Table 1. Sensitivity of each class, %", results)
        return Document((Table(title, ("Run", *classes), (), _notes(results, rows, printed=False)),), data)
    tables = []
    for row, facts in zip(rows, data["rows"], strict=True):
        body: list[tuple[Value, ...]] = [
            (one["run"], *(one["sensitivity"][name] for name in classes)) for one in facts["by_run"]
        ]
        spreads = {name: _plus_minus({"mean": facts["mean"][name], "sd": facts["sd"][name]}) for name in classes}
        summaries: list[tuple[Value, ...]] = [("mean ± sd", *spreads.values())]
        if printed := facts["published"]:
            summaries.append(("paper", *(_plus_minus(printed.get(name)) for name in classes)))
            summaries.append(("difference", *(_difference(facts["difference"][name]) for name in classes)))
        signs = signs_of([row]).get(row.label, "")
        tables.append(
            Table(
                title=titled(f"Table 1. Sensitivity of each class, {f'{row.label} {signs}'.rstrip()}, %", results),
                columns=("Run", *classes),
                rows=(*body, *summaries),
                notes=_notes(results, [row], printed=row.method in DETAILED),
                about=(f"± is the {SPREAD}; only complete runs count: {run_counts([row])}", origin_of(results)),
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
            "by_run": [{"run": run, _key(metric): value} for run, value in row.scores(metric).items()],
        }
        for row in rows
    ]
    data = {**_rows_data(results, rows, metric.title, metric.unit, facts), **floor_data(results, metric)}
    by_run = [{one["run"]: one[_key(metric)] for one in row["by_run"]} for row in data["rows"]]
    body: list[tuple[Value, ...]] = [
        (run, *(values.get(run) for values in by_run)) for run in sorted({run for values in by_run for run in values})
    ]
    summaries: list[tuple[Value, ...]] = [("mean ± sd", *map(_plus_minus, data["rows"]))]
    if metric is OA:
        summaries.append(("paper", *(_plus_minus(row["published"]) for row in data["rows"])))
        summaries.append(("difference", *(_difference(row["difference"]) for row in data["rows"])))
    table = Table(
        title=titled(f"Table 2. {_capital(metric.title)} of each run, {metric.unit}", results),
        columns=("Run", *(row.label for row in rows)),
        rows=(*body, *summaries),
        notes=(*_notes(results, rows, metric=metric, printed=_printed(rows, metric)), *said_of_floor(results, metric)),
        about=_about(results, rows, data["rows"]),
        marks=signs_of(rows),
        summaries=len(summaries),
        key=key_of("2", results, *_more(metric)),
        decimals=metric.decimals,
    )
    return Document((table,), data)


def table_3(results: Results, rows: Sequence[RowResults], metric: Metric = OA) -> Document:
    """Comparison of methods: ours, the papers', and the difference; what was not run here stands last."""
    facts = [_compared(row, metric) for row in rows]
    data = {**_rows_data(results, rows, metric.title, metric.unit, facts), **floor_data(results, metric)}
    n_runs = results.manifest.n_runs
    body: list[tuple[Value, ...]] = [
        (row["method"], f"{row['runs']}/{n_runs}", _plus_minus(row)) for row in data["rows"]
    ]
    columns: tuple[str, ...] = ("Method", "Runs", "febench")
    if metric is OA:
        columns = (*columns, "paper", "difference")
        body = [
            (*values, _plus_minus(row["published"]), _difference(row["difference"]))
            for values, row in zip(body, data["rows"], strict=True)
        ]
        body += [(method, f"0/{n_runs}", None, _plus_minus(_published(method)), None) for method in data["not_run"]]
    table = Table(
        title=titled(f"Table 3. Comparison of methods by {metric.title}, {metric.unit}", results),
        columns=columns,
        rows=tuple(body),
        notes=(*_notes(results, rows, metric=metric, printed=_printed(rows, metric)), *said_of_floor(results, metric)),
        about=_about(results, rows, data["rows"]),
        marks=signs_of(rows),
        key=key_of("3", results, *_more(metric)),
        decimals=metric.decimals,
    )
    return Document((table,), data)


def table_4(results: Sequence[Results], method: str | None = None, metric: Metric = OA) -> Document:
    """The drop: each method's metric under each protocol, side by side, with chance; new faces stand last.

    Where a method is better on new faces, that is called a gain. Where always answering the most frequent class is not
    what chance is, it stands below the methods.

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
    results = sorted(results, key=lambda one: ORDER.index(faces_tested(one.manifest)))
    rows = [chosen(one, method) for one in results]
    protocols = [one.manifest.protocol for one in results]
    labels = dict.fromkeys(row.label for under in rows for row in under)
    by_label = {label: [next((row for row in under if row.label == label), None) for under in rows] for label in labels}
    floors = {one.manifest.protocol: floor_data(one, metric) for one in results}
    chance = floors[protocols[0]]["chance"]
    facts = [_under_each(label, under, protocols, metric) for label, under in by_label.items()]
    better = 1.0 if metric.higher_is_better else -1.0
    drops = {row["method"]: row["drop"] for row in facts if row["drop"] is not None}
    changes = {label: better * round(drop, metric.decimals) for label, drop in drops.items()}
    gains = [label for label, change in changes.items() if change > 0]
    change = "drop" if not gains else "drop or gain" if min(changes.values()) < 0 else "gain"
    data = {
        **head_data(results[0]),
        "protocol": None,
        "protocols": protocols,
        "manifest": {one.manifest.protocol: one.manifest.sha256 for one in results},
        "metric": metric.title,
        "unit": metric.unit,
        "spread": SPREAD,
        "complete": all(row is not None and row.complete for under in by_label.values() for row in under),
        "change": change,
        "chance": chance,
        "majority": {protocol: floor["majority"] for protocol, floor in floors.items()},
        "audit": {one.manifest.protocol: head_data(one)["audit"] for one in results},
        "rows": facts,
        "set_aside": [one.set_aside for one in results if one.set_aside],
    }
    counts = [f"{protocol}: {run_counts(under)}" for protocol, under in zip(protocols, rows, strict=True)]
    notes = [*_definition(metric, [row for under in rows for row in under]), _said_of_protocols(results)]
    if gains:
        notes.append(f"a gain, better under {protocols[-1]} than under {protocols[0]}: {', '.join(gains)}")
    notes += map(noted, [one for one in caveats_of_data(results[0]) if one.word == "synthetic"])
    for one, under in zip(results, rows, strict=True):
        named = f", {one.manifest.protocol}"
        of_folds = [caveat for caveat in caveats_of_data(one) if caveat.word in ("audit error", "foreign cells")]
        notes += [noted(caveat, named) for caveat in of_folds]
        notes += [noted(caveat, named) for caveat in caveats_of_rows(one, under)]
    title = f"Table 4. The {change} on {dataset_of(results[0])}: {metric.title} under {' and '.join(protocols)}"
    body: list[tuple[Value, ...]] = [
        (row["method"], *map(_plus_minus, row["protocols"].values()), _difference(row["drop"]), chance) for row in facts
    ]
    summaries: list[tuple[Value, ...]] = []
    if any(said_of_floor(one, metric) for one in results):
        means = [floor["majority"]["mean"] for floor in floors.values()]
        spreads = [_plus_minus(floor["majority"]) for floor in floors.values()]
        summaries.append((MAJORITY, *spreads, Difference(means[-1] - means[0]), chance))
        notes.append(f"{MAJORITY}: of the training images of each fold, answered for every test image")
    table = Table(
        title=f"{title}, {metric.unit}",
        columns=("Method", *protocols, change, "chance"),
        rows=(*body, *summaries),
        notes=tuple(notes),
        about=(
            f"± is the {SPREAD}{_and_by_person(one for row in data['rows'] for one in row['protocols'].values())}; "
            f"complete runs, {'; '.join(counts)}",
            *(f"{one.manifest.protocol}: {origin_of(one)}" for one in results),
        ),
        marks=signs_of(row for under in rows for row in under),
        summaries=len(summaries),
        key=("4", *_more(metric), results[0].manifest.dataset, *protocols),
        decimals=metric.decimals,
    )
    return Document((table,), data)


def rungs_of(method: str) -> dict[str, str]:
    """The rows of a method's ladder by their labels, and what each makes of the same features, from the top down."""
    return {
        f"{method}[search=rbf-svm]": "RBF SVM",
        f"{method}[search=l-bfgs]": "the network, by gradient",
        f"{method}[select=false]": "the network, by the search",
        f"{method}[search=mealpy:{LADDERS[method]},select=false]": "the network, by mealpy's class",
        method: "what is open selected, by the search",
    }


def ladder_table(results: Results, rows: Sequence[RowResults], metric: Metric = OA) -> Document:
    """Where on the way a search loses accuracy: on the same features a machine, and the network trained in other ways.

    A rung that was not run has a dash, and a note has the command that runs all that are missing.

    Raises
    ------
    UsageError
        If no row is of a method whose network a search trains.
    """
    by_label = {row.label: row for row in rows}
    ladders = [rungs_of(method) for method in LADDERS if any(row.method == method for row in rows)]
    if not ladders:
        raise UsageError(f"no row here is of a method whose network a search trains: {', '.join(LADDERS)}")
    shown = [by_label[label] for ladder in ladders for label in ladder if label in by_label]
    facts: list[Data] = []
    for ladder in ladders:
        top: float | None = None
        for label, what in ladder.items():
            row = by_label.get(label)
            summary = _summary_data(row, metric) if row else {"runs": 0, "mean": None, "sd": None}
            top = summary["mean"] if what == "RBF SVM" else top
            below = None if top is None or summary["mean"] is None or what == "RBF SVM" else summary["mean"] - top
            marked = lacks_data(row) if row else {}
            facts.append({"method": label, "rung": what, **summary, "difference": below, **marked})
    missing = [one["method"] for one in facts if not one["runs"]]
    command = _command(results, missing, max(one["runs"] for one in facts)) if missing else None
    notes = ["a ladder's rows have the same features, those without selection; only the last may select others"]
    if command:
        notes.append(f"not run, or no run complete, where a dash stands; this computes it: {command}")
    if any("mealpy:" in label for label in missing):
        notes.append("rows of mealpy need the extra: pip install 'febench[mealpy]'")
    data = {
        **head_data(results),
        "metric": metric.title,
        "unit": metric.unit,
        "spread": SPREAD,
        "complete": not missing and all(row.complete for row in shown),
        "command": command,
        "rows": facts,
    }
    n_runs = results.manifest.n_runs
    table = Table(
        title=titled(f"The ladder: where searches lose {metric.title}, {metric.unit}", results),
        columns=("Method", "same features, then", "Runs", metric.title, "against the SVM"),
        rows=tuple(
            (one["method"], one["rung"], f"{one['runs']}/{n_runs}", _plus_minus(one), _difference(one["difference"]))
            for one in facts
        ),
        notes=(*notes, *_notes(results, shown or rows, metric=metric, printed=False)),
        about=_about(results, shown, facts),
        marks=signs_of(shown),
        key=key_of("ladder", results, *_more(metric)),
        decimals=metric.decimals,
    )
    return Document((table,), data)


def _command(results: Results, labels: Sequence[str], runs: int) -> str:
    """What computes rows in the folds of some results, of as many runs as others have there."""
    manifest = results.manifest
    asked = ["--dataset", manifest.dataset, "--protocol", manifest.protocol, "--seed", str(manifest.seed)]
    few = ["--runs", str(runs)] if 0 < runs < manifest.n_runs else []
    return shlex.join(["febench", "run", *asked, *few, "--methods", ",".join(labels), "--out", "DIR"])


def _under_each(label: str, under: Sequence[RowResults | None], protocols: Sequence[str], metric: Metric) -> Data:
    summaries = [_summary_data(row, metric) if row else None for row in under]
    first, last = (one["mean"] if one else None for one in (summaries[0], summaries[-1]))
    return {
        "method": label,
        "protocols": dict(zip(protocols, summaries, strict=True)),
        "drop": None if first is None or last is None else last - first,
        "weights": next((row.weights for row in under if row and row.weights), None),
        "marks": {p: words_of(row) if row else ["not run"] for p, row in zip(protocols, under, strict=True)},
    }


def _said_of_protocols(results: Sequence[Results]) -> str:
    """Who was tested under each protocol, and which of them speaks of new faces."""
    clauses = [f"under {one.manifest.protocol} {said_of_faces(one.manifest)}" for one in results]
    new = [one.manifest.protocol for one in results if faces_tested(one.manifest) == "new"]
    if not new or len(new) == len(results):
        return "; ".join(clauses)
    which = "only the latter says" if len(new) == 1 else f"only {' and '.join(new)} say"
    return f"{'; '.join(clauses)}: {which} what to expect of new faces"


def people_table(results: Results, rows: Sequence[RowResults], metric: Metric = OA, *, each: bool = False) -> Document:
    """How well each person is recognised: the median, the worst tenth and the worst of each method, or one by one.

    Parameters
    ----------
    results : Results
        Results of one data set under one protocol.
    rows : sequence of RowResults
        The methods.
    metric : Metric
        What is told of each person.
    each : bool
        Whether to show a row a person, a column a method.

    Raises
    ------
    UsageError
        If the data set does not tell its people apart, or the metric cannot be told person by person.
    """
    if results.manifest.people is None:
        raise UsageError(f"{results.manifest.dataset} does not tell its people apart: there is no table of people")
    if metric.tally is None:
        raise UsageError(f"{metric.title} is of all images at once: it cannot be told person by person")
    scores = {row.label: person_scores(row, metric) for row in rows}
    known = {label: one for label, one in scores.items() if one is not None}
    facts = [_people_data(row, scores[row.label], metric) for row in rows]
    data = {**_rows_data(results, rows, f"{metric.title} by person", metric.unit, facts), "spread": "over people"}
    columns: tuple[str, ...] = ("Method", "People", "mean", "median", "worst tenth", "worst", "worst person")
    body: list[tuple[Value, ...]] = [
        (
            row["method"], len(row["people"]), _plus_minus(row), row["median"], row["worst_tenth"],
            *((row["people"][0][_key(metric)], row["people"][0]["person"]) if row["people"] else (None, None)),
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
        title=titled(f"{_capital(metric.title)} by person, {metric.unit}", results),
        columns=columns,
        rows=tuple(body),
        notes=(
            "each person over all complete runs; worst tenth: the mean over the tenth of the people recognised worst",
            *_notes(results, rows, metric=metric, printed=False),
        ),
        about=_about(results, rows, data["rows"]),
        marks=signs_of(rows),
        key=key_of("people", results, *_more(metric)),
        decimals=metric.decimals,
    )
    return Document((table,), data)


def _people_data(row: RowResults, scores: PersonScores | None, metric: Metric) -> Data:
    if scores is None:
        return {**_summary_data(row, metric), "median": None, "worst_tenth": None, "people": []}
    people = [
        {"person": scores.names[i], "images": int(scores.images[i]), _key(metric): float(scores.values[i])}
        for i in scores.worst_first
    ]
    tenth = scores.worst_tenth
    return {**_summary_data(row, metric), "median": scores.median, "worst_tenth": tenth, "people": people}


def _rows_data(results: Results, rows: Sequence[RowResults], metric: str, unit: str, facts: Sequence[Data]) -> Data:
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


def _summary_data(row: RowResults, metric: Metric) -> Data:
    """Number of complete runs, mean, sd and interval of a row."""
    summary = row.summary(metric)
    interval = dict(zip(("low", "high"), summary.interval, strict=True)) if summary.interval else None
    return {"runs": summary.runs, "mean": summary.mean, "sd": summary.sd, "interval_by_person": interval}


def _compared(row: RowResults, metric: Metric) -> Data:
    """A row's summary, the papers' numbers and the difference; the papers print overall accuracies alone."""
    summary, published = _summary_data(row, metric), _published(row.method) if metric is OA else None
    difference = None if summary["mean"] is None or published is None else summary["mean"] - published["mean"]
    return {**summary, "published": published, "difference": difference}


def _published(method: str) -> Data | None:
    """The overall accuracy that the papers print; None where they print none."""
    printed = comparison().get(method)
    return {"mean": float(printed.mean), "sd": float(printed.sd)} if printed else None


def _printed(rows: Sequence[RowResults], metric: Metric) -> bool:
    return metric is OA and any(row.method in comparison() for row in rows)


def _plus_minus(facts: Data | None) -> PlusMinus | None:
    if facts is None or facts["mean"] is None:
        return None
    interval = facts.get("interval_by_person") or {}
    return PlusMinus(facts["mean"], facts["sd"], interval.get("low"), interval.get("high"))


def _difference(value: float | None) -> Difference | None:
    return None if value is None else Difference(value)


def _about(results: Results, rows: Sequence[RowResults], facts: Iterable[Data]) -> tuple[str, str]:
    """What the values of a table are, and where they come from."""
    return (
        f"± is the {SPREAD}{_and_by_person(facts)}; only complete runs count: {run_counts(rows)}",
        origin_of(results),
    )


def _and_by_person(facts: Iterable[Data | None]) -> str:
    return f"; {BY_PERSON}" if any(one and one.get("interval_by_person") for one in facts) else ""


def _notes(results: Results, rows: Sequence[RowResults], *, printed: bool, metric: Metric = OA) -> tuple[str, ...]:
    """The notes of a table of one results directory; `printed` says whether papers' numbers stand in it."""
    said = [] if rows else ["no cell is stored here yet"]
    said += _definition(metric, rows)
    if printed:
        said.append("paper: printed by the authors for their own 700 photographs, which are not public")
    if faces_tested(results.manifest) in ("seen", "partly seen"):
        faces = said_of_faces(results.manifest)
        said.append(f"under protocol {results.manifest.protocol} {faces}; new faces: table 4")
    said += map(noted, [one for one in caveats_of_data(results) if one.word != "not audited"])
    said += map(noted, caveats_of_rows(results, rows))
    if metric.by_class:
        said += _absent_classes(results, rows)
    if absent := not_run(results, rows):
        said.append(f"in the papers' tables and not run here: {', '.join(absent)}")
    return tuple(said)


def _definition(metric: Metric, rows: Sequence[RowResults]) -> list[str]:
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


def _key(metric: Metric) -> str:
    """The name of a metric's values in data."""
    return metric.title.replace(" ", "_").replace("-", "_")


def _more(metric: Metric) -> tuple[str, ...]:
    """What tells a table of a metric from that of overall accuracies."""
    return () if metric is OA else (metric.name,)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
