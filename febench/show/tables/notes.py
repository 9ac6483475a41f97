"""What is said with every table: the data set, the folds, n, the audit, and what the rows lack."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Sequence
from typing import Any

from febench.papers import tabulated
from febench.results.results import Results, RowResults
from febench.show.tables.marks import mark_notes, words_of

SPREAD = "sample sd over runs"
SHORT = 12
"""Digits of a manifest's hash that are shown."""


def title(what: str, results: Results) -> str:
    """A title that ends with the data set and the protocol."""
    return f"{what} ({dataset(results)}, protocol {results.manifest.protocol})"


def dataset(results: Results) -> str:
    """The data set's name, and whether it is synthetic."""
    manifest = results.manifest
    return f"{manifest.dataset}, synthetic" if manifest.synthetic else manifest.dataset


def key(name: str, results: Results, *more: str) -> tuple[str, ...]:
    """What tells one table from another."""
    return (name, *more, results.manifest.dataset, results.manifest.protocol)


def spread_of(rows: Sequence[RowResults]) -> str:
    """What ± means, and over how many runs."""
    return f"± is the {SPREAD}; only complete runs count: {run_counts(rows)}"


def origin(results: Results) -> str:
    """From which folds and which febench, and what the audit says."""
    return f"manifest {results.manifest.sha256[:SHORT]}; {versions(results)}; {_audited(results)}"


def versions(results: Results) -> str:
    """Which febench computed the cells and which one makes the table."""
    from febench import __version__

    used = {str(one.get("packages", {}).get("febench", "")) for one in results.environments.values()} - {""}
    if used <= {__version__}:
        return f"febench {__version__}"
    return f"computed with febench {' and '.join(sorted(used))}, printed by febench {__version__}"


def about_rows(results: Results, rows: Sequence[RowResults]) -> tuple[str, str]:
    """What the values of a table of accuracies are, and where they come from."""
    return spread_of(rows), origin(results)


def notes_of(results: Results, rows: Sequence[RowResults], printed: Container[str]) -> tuple[str, ...]:
    """The notes of a table of one results directory; `printed` are the methods that papers print in such a table."""
    notes = [] if rows else ["no cell is stored here yet"]
    if any(row.method in printed for row in rows):
        notes.append("paper: printed by the authors for their own 700 photographs, which are not public")
    if results.manifest.protocol.startswith("paper"):
        notes.append("under protocol paper every person tested was also trained on; the drop on new faces: table 4")
    return (*notes, *shared_notes(results), *fault_notes(results), *row_notes(results, rows))


def shared_notes(results: Results) -> list[str]:
    """Whether the data set is synthetic."""
    if not results.manifest.synthetic:
        return []
    return [f"{results.manifest.dataset} is synthetic, drawn by code: it shows how methods behave, not people"]


def fault_notes(results: Results, under: str = "") -> list[str]:
    """What the audit found to mislead."""
    return [
        f"audit{under}: {fault['code']} {fault['title']} ({fault['count']}); see febench audit"
        for fault in results.faults or ()
    ]


def row_notes(results: Results, rows: Sequence[RowResults], under: str = "") -> list[str]:
    """What marks stand for, and which cells are left out."""
    left_out = [
        f"{row.label}{under}: {results.outdated[row.label]} cells of an older version are left out"
        for row in rows
        if row.label in results.outdated
    ]
    return mark_notes(rows, under) + left_out


def not_run(results: Results, rows: Sequence[RowResults]) -> list[str]:
    """The methods of the papers' tables that these results lack; none where only some rows are shown, or no paper's."""
    here = {row.method for row in rows}
    if len(rows) < len(results.rows) or not here & set(tabulated()):
        return []
    return [method for method in tabulated() if method not in here]


def not_run_note(absent: Sequence[str]) -> list[str]:
    """One note of the methods that were not run."""
    return [f"in the papers' tables and not run here: {', '.join(absent)}"] if absent else []


def run_counts(rows: Sequence[RowResults]) -> str:
    """How many runs are complete, rows of the same count together."""
    by_count: dict[str, list[str]] = {}
    for row in rows:
        by_count.setdefault(f"{len(row.accuracies)} of {row.manifest.n_runs}", []).append(row.label)
    if len(by_count) == 1:
        return f"n = {next(iter(by_count))}"
    return ", ".join(f"n = {count} ({', '.join(labels)})" for count, labels in by_count.items()) or "n = 0"


def head_data(results: Results) -> dict[str, Any]:
    """What every table's data begin with."""
    from febench import __version__

    return {
        "dataset": results.manifest.dataset,
        "protocol": results.manifest.protocol,
        "synthetic": results.manifest.synthetic,
        "manifest": results.manifest.sha256,
        "febench": __version__,
        "audit": faults_data(results),
    }


def faults_data(results: Results) -> list[dict[str, Any]] | None:
    """What the audit found to mislead; None where there was no audit."""
    return None if results.faults is None else list(results.faults)


def rows_data(
    results: Results, rows: Iterable[RowResults], metric: str, describe: Callable[[RowResults], dict[str, Any]]
) -> dict[str, Any]:
    """The data of a table of accuracies: its head, and what `describe` says of each row."""
    rows = list(rows)
    return {
        **head_data(results),
        "metric": metric,
        "unit": "%",
        "spread": SPREAD,
        "complete": bool(rows) and all(row.complete for row in rows),
        "not_run": not_run(results, rows),
        "rows": [{"method": row.label, **describe(row), **lacks_data(row)} for row in rows],
    }


def lacks_data(row: RowResults) -> dict[str, Any]:
    """What a row lacks, and what marks it."""
    return {"missing": row.gaps, "failed": len(row.failed), "weights": row.weights, "marks": words_of(row)}


def _audited(results: Results) -> str:
    if results.faults is None:
        return "not audited"
    codes = ", ".join(str(fault["code"]) for fault in results.faults)
    return f"audit errors: {codes}" if codes else "audit: no errors"
