"""The papers' tables from stored results, with the papers' own numbers beside. A table never trains."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np

from febench.convergence import Curve, curves
from febench.errors import UsageError
from febench.measures import mean_and_sd
from febench.published import DETAILED, comparison, sensitivity
from febench.results import Results, RowResults


@dataclass(frozen=True)
class PlusMinus:
    """A mean and its sample standard deviation over runs, in percent; sd is None for a single run."""

    mean: float
    sd: float | None


Value = str | int | float | PlusMinus | None


@dataclass(frozen=True)
class Table:
    """A table of values, not yet of text.

    Attributes
    ----------
    title : str
        Says what, of which data set, under which protocol.
    columns : tuple of str
        Headings.
    rows : tuple of tuples
        Values in the order of the columns.
    notes : tuple of str
        What a reader must know to read it right.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Document:
    """What one `febench table` command shows: tables for people, and the same as data for programs."""

    tables: tuple[Table, ...]
    data: dict[str, Any]


def make_table(name: str | int, results: Sequence[Results], method: str | None = None) -> list[Document]:
    """Table 1, 2, 3, 4 or `convergence` of some results directories: one document each, of table 4 one of all.

    Raises
    ------
    UsageError
        If there is no such table, no such method in the results, or they are not of one data set (table 4).
    """
    if str(name) == "4":
        return [table_4(results, method)]
    makers: dict[str, Callable[[Results, Sequence[RowResults]], Document]] = {
        "1": table_1, "2": table_2, "3": table_3, "convergence": convergence_table,
    }  # fmt: skip
    if str(name) not in makers:
        raise UsageError(f"there is no table {name}; choose 1, 2, 3, 4 or convergence")
    return [makers[str(name)](one, chosen(one, method)) for one in results]


def table_1(results: Results, rows: Sequence[RowResults]) -> Document:
    """Sensitivity of each class in each run, a table a method."""
    tables = tuple(_sensitivity_table(results, row) for row in rows)
    return Document(tables, _data(results, rows, "sensitivity", _sensitivity_data))


def table_2(results: Results, rows: Sequence[RowResults]) -> Document:
    """Overall accuracy of each run, a column a method."""
    runs = sorted({run for row in rows for run in row.accuracies})
    body: list[tuple[Value, ...]] = [(run, *(row.accuracies.get(run) for row in rows)) for run in runs]
    ours = [_spread(row) for row in rows]
    printed = [_printed_oa(row.method) for row in rows]
    differences = [_difference(a, b) for a, b in zip(ours, printed, strict=True)]
    body += [("mean ± sd", *ours), ("paper", *printed), ("difference", *differences)]
    title = _title("Table 2. Overall accuracy of each run, %", results)
    table = Table(title, ("Run", *(row.label for row in rows)), tuple(body), _notes(results, rows))
    return Document((table,), _data(results, rows, "overall accuracy", _accuracy_data))


def table_3(results: Results, rows: Sequence[RowResults]) -> Document:
    """Comparison of methods: ours, the papers', and the difference."""
    body = []
    for row in rows:
        ours, printed = _spread(row), _printed_oa(row.method)
        runs = f"{len(row.accuracies)}/{row.manifest.n_runs}"
        body.append((row.label, runs, ours, printed, _difference(ours, printed)))
    title = _title("Table 3. Comparison of methods by overall accuracy, %", results)
    columns = ("Method", "Runs", "febench", "paper", "difference")
    return Document(
        (Table(title, columns, tuple(body), _notes(results, rows)),),
        _data(results, rows, "overall accuracy", _comparison_data),
    )


def table_4(results: Sequence[Results], method: str | None = None) -> Document:
    """The drop: each method's overall accuracy under each protocol, side by side, with chance."""
    _refuse_mixed(results)
    rows = [chosen(one, method) for one in results]
    first, protocols = results[0].manifest, [one.manifest.protocol for one in results]
    chance = 100.0 / len(first.classes)
    found = _by_label(rows)
    spreads = {label: [_spread(row) if row else None for row in under] for label, under in found.items()}
    body = tuple((label, *values, _difference(values[-1], values[0]), chance) for label, values in spreads.items())
    title = f"Table 4. The drop on {first.dataset}: overall accuracy under {' and '.join(protocols)}, %"
    columns = ("Method", *protocols, "drop", "chance")
    return Document(
        (Table(title, columns, body, tuple(_drop_notes(results, rows))),),
        {
            "dataset": first.dataset,
            "protocols": protocols,
            "metric": "overall accuracy",
            "unit": "%",
            "spread": _SPREAD,
            "complete": all(row is not None and row.complete for under in found.values() for row in under),
            "chance": chance,
            "synthetic": first.synthetic,
            "audit": {one.manifest.protocol: _faults(one) for one in results},
            "rows": [_drop_data(label, under, protocols) for label, under in found.items()],
        },
    )


def _by_label(rows: Sequence[Sequence[RowResults]]) -> dict[str, list[RowResults | None]]:
    """For each label, its row under each protocol, None where it was not run."""
    labels = dict.fromkeys(row.label for under in rows for row in under)
    return {label: [next((row for row in under if row.label == label), None) for under in rows] for label in labels}


def _drop_notes(results: Sequence[Results], rows: Sequence[Sequence[RowResults]]) -> list[str]:
    counts = [f"{one.manifest.protocol}: {_run_counts(under)}" for one, under in zip(results, rows, strict=True)]
    notes = [f"complete runs, {'; '.join(counts)}", _DROP_NOTE, *_shared_notes(results[0])]
    notes += [note for one in results for note in _fault_notes(one, f", {one.manifest.protocol}")]
    return notes + [note for one, under in zip(results, rows, strict=True) for note in _gap_notes(one, under)]


def _drop_data(label: str, under: Sequence[RowResults | None], protocols: Sequence[str]) -> dict[str, Any]:
    first, last = (_spread(row) if row else None for row in (under[0], under[-1]))
    return {
        "method": label,
        "protocols": {p: _summary(row) if row else None for p, row in zip(protocols, under, strict=True)},
        "drop": _difference(last, first),
    }


def convergence_table(results: Results, rows: Sequence[RowResults]) -> Document:
    """How far each training had come after so many objective evaluations, means over its cells."""
    found = [curve for curve in curves(results) if curve.label in {row.label for row in rows}]
    moments = [moment for moment in MOMENTS if any(moment <= curve.spent for curve in found)]
    title = _title("Convergence: training error after so many objective evaluations", results)
    columns = ("Method", "Cells", "Evaluations", *(f"{moment:,}" for moment in moments), "end", "validation OA, %")
    notes = (*_CONVERGENCE_NOTES, *_shared_notes(results))
    table = Table(title, columns, tuple(_course(curve, moments) for curve in found), notes)
    return Document((table,), {**_head(results), "rows": [_course_data(curve, moments) for curve in found]})


def _course(curve: Curve, moments: Sequence[int]) -> tuple[Value, ...]:
    error, accuracy = curve.at(curve.spent)
    errors = [curve.at(moment)[0] if moment <= curve.spent else np.nan for moment in moments]
    shown = [None if np.isnan(value) else f"{value:.4f}" for value in (*errors, error)]
    return (curve.label, len(curve.error), curve.spent, *shown, _or_none(accuracy))


def _course_data(curve: Curve, moments: Sequence[int]) -> dict[str, Any]:
    return {
        "method": curve.label,
        "cells": len(curve.error),
        "evaluations": curve.spent,
        "error": {str(moment): _or_none(curve.at(moment)[0]) for moment in [*moments, curve.spent]},
        "validation_accuracy": _or_none(curve.at(curve.spent)[1]),
    }


_CONVERGENCE_NOTES = (
    "errors are mean squared errors of the best network found so far, means over cells",
    "an evaluation of l-bfgs is one of error and gradient: it is the line to beat",
)
MOMENTS = (1_000, 5_000, 20_000)
_SPREAD = "sample sd over runs"
_DROP_NOTE = (
    "under paper every person tested was also trained on; under subject nobody is in two parts: "
    "only the latter says what to expect of new faces"
)


def chosen(results: Results, method: str | None) -> Sequence[RowResults]:
    """The rows of a method, by its name or by a row's label; all rows if none is named.

    Raises
    ------
    UsageError
        If there are none.
    """
    if method is None:
        return results.rows
    found = [row for row in results.rows if method in (row.label, row.method)]
    if not found:
        there = ", ".join(row.label for row in results.rows) or "nothing"
        raise UsageError(f"there is no {method!r} in these results of {results.manifest.dataset}; there is {there}")
    return found


def _title(what: str, results: Results) -> str:
    return f"{what} ({results.manifest.dataset}, protocol {results.manifest.protocol})"


def _spread(row: RowResults) -> PlusMinus | None:
    mean, sd = row.mean_and_sd
    return None if mean is None else PlusMinus(mean, sd)


def _printed_oa(method: str) -> PlusMinus | None:
    printed = comparison().get(method)
    return PlusMinus(float(printed.mean), float(printed.sd)) if printed else None


def _difference(ours: Value, other: Value) -> float | None:
    if isinstance(ours, PlusMinus) and isinstance(other, PlusMinus):
        return ours.mean - other.mean
    return None


def _printed_sensitivities(row: RowResults) -> dict[str, tuple[Decimal, Decimal]]:
    """Printed mean and sd of each class, for the methods of which the papers print it."""
    if row.method not in DETAILED:
        return {}
    printed = sensitivity(row.method)
    return dict(zip(printed.columns, zip(printed.mean, printed.sd, strict=True), strict=True))


def _sensitivity_table(results: Results, row: RowResults) -> Table:
    classes = row.manifest.classes
    body: list[tuple[Value, ...]] = [
        (run, *(None if np.isnan(value) else float(value) for value in values))
        for run, values in row.sensitivities.items()
    ]
    by_class = _class_spreads(row)
    printed = {name: PlusMinus(float(m), float(s)) for name, (m, s) in _printed_sensitivities(row).items()}
    body.append(("mean ± sd", *(by_class[name] for name in classes)))
    if printed:
        body.append(("paper", *(printed.get(name) for name in classes)))
        body.append(("difference", *(_difference(by_class[name], printed.get(name)) for name in classes)))
    title = _title(f"Table 1. Sensitivity of each class, {row.label}, %", results)
    return Table(title, ("Run", *classes), tuple(body), _notes(results, [row]))


def _class_spreads(row: RowResults) -> dict[str, PlusMinus | None]:
    runs = np.asarray(list(row.sensitivities.values())).reshape(-1, len(row.manifest.classes))
    spreads = [mean_and_sd(column[~np.isnan(column)]) for column in runs.T]
    return {
        name: None if mean is None else PlusMinus(mean, sd)
        for name, (mean, sd) in zip(row.manifest.classes, spreads, strict=True)
    }


def _data(
    results: Results, rows: Iterable[RowResults], metric: str, describe: Callable[[RowResults], dict[str, Any]]
) -> dict[str, Any]:
    rows = list(rows)
    return {
        **_head(results),
        "metric": metric,
        "unit": "%",
        "spread": _SPREAD,
        "complete": bool(rows) and all(row.complete for row in rows),
        "rows": [
            {"method": row.label, **describe(row), "missing": row.gaps, "failed": len(row.failed)} for row in rows
        ],
    }


def _head(results: Results) -> dict[str, Any]:
    """What every table's data begin with."""
    return {
        "dataset": results.manifest.dataset,
        "protocol": results.manifest.protocol,
        "synthetic": results.manifest.synthetic,
        "manifest": results.manifest.sha256,
        "audit": _faults(results),
    }


def _or_none(value: float) -> float | None:
    return None if np.isnan(value) else value


def _summary(row: RowResults) -> dict[str, Any]:
    mean, sd = row.mean_and_sd
    return {"runs": len(row.accuracies), "mean": mean, "sd": sd}


def _comparison_data(row: RowResults) -> dict[str, Any]:
    printed = _printed_oa(row.method)
    return {**_summary(row), "published": vars(printed) if printed else None}


def _accuracy_data(row: RowResults) -> dict[str, Any]:
    by_run = [{"run": run, "overall_accuracy": value} for run, value in row.accuracies.items()]
    return {**_comparison_data(row), "by_run": by_run}


def _sensitivity_data(row: RowResults) -> dict[str, Any]:
    def named(values: Iterable[float]) -> dict[str, float | None]:
        return {n: None if np.isnan(v) else float(v) for n, v in zip(row.manifest.classes, values, strict=True)}

    spreads = _class_spreads(row)
    printed = _printed_sensitivities(row)
    return {
        "runs": len(row.sensitivities),
        "by_run": [{"run": run, "sensitivity": named(values)} for run, values in row.sensitivities.items()],
        "mean": {name: spread.mean if spread else None for name, spread in spreads.items()},
        "sd": {name: spread.sd if spread else None for name, spread in spreads.items()},
        "published": {n: {"mean": float(m), "sd": float(s)} for n, (m, s) in printed.items()} or None,
    }


def _notes(results: Results, rows: Sequence[RowResults]) -> tuple[str, ...]:
    notes = [f"± is the {_SPREAD}; only complete runs count: {_run_counts(rows)}"]
    if any(row.method in comparison() for row in rows):
        notes.append("paper: printed by the authors for their own 700 photographs, which are not public")
    if results.manifest.protocol.startswith("paper"):
        notes.append("under protocol paper every person tested was also trained on; the drop on new faces: table 4")
    return (*notes, *_shared_notes(results), *_fault_notes(results), *_gap_notes(results, rows))


def _shared_notes(results: Results) -> list[str]:
    if not results.manifest.synthetic:
        return []
    return [f"{results.manifest.dataset} is synthetic, drawn by code: it shows how methods behave, not people"]


def _faults(results: Results) -> list[dict[str, Any]] | None:
    return None if results.faults is None else list(results.faults)


def _fault_notes(results: Results, under: str = "") -> list[str]:
    """What the audit found to mislead."""
    return [
        f"audit{under}: {fault['code']} {fault['title']} ({fault['count']}); see febench audit"
        for fault in results.faults or ()
    ]


def _run_counts(rows: Sequence[RowResults]) -> str:
    counts = {f"{len(row.accuracies)} of {row.manifest.n_runs}" for row in rows}
    if len(counts) == 1:
        return f"n = {counts.pop()}"
    return ", ".join(f"{row.label} n = {len(row.accuracies)} of {row.manifest.n_runs}" for row in rows)


def _gap_notes(results: Results, rows: Sequence[RowResults]) -> list[str]:
    notes = [f"{row.label} is incomplete: {'; '.join(row.gaps)}" for row in rows if row.gaps]
    for row in rows:
        if row.failed:
            last = row.failed[-1]
            notes.append(f"{row.label}: {len(row.failed)} cells failed, the last (run {last.run}, fold {last.fold}): "
                         f"{last.status}, {last.error}")  # fmt: skip
        if row.label in results.outdated:
            notes.append(f"{row.label}: {results.outdated[row.label]} cells of an older version are left out")
    return notes


def _refuse_mixed(results: Sequence[Results]) -> None:
    if len(results) < 2:
        raise UsageError("table 4 compares protocols: name the results of at least two, such as paper and subject")
    for part in ("dataset", "fingerprint", "protocol"):
        values = {str(one.manifest.content[part]) for one in results}
        if part == "protocol" and len(values) < len(results):
            raise UsageError("table 4 compares protocols: the directories named hold results of the same one")
        if part != "protocol" and len(values) > 1:
            raise UsageError(
                f"table 4 takes results on one data set, not several ({part}: {', '.join(sorted(values))})"
            )
