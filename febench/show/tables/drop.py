"""Table 4: the drop, each method's overall accuracy under each protocol, side by side, with chance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from febench.core.errors import UsageError
from febench.results.results import Results, RowResults
from febench.show.tables import notes
from febench.show.tables.choice import chosen
from febench.show.tables.marks import signs_of, words_of
from febench.show.tables.table import Document, Table, Value
from febench.show.tables.values import difference, spread, summary_data

_NOTE = (
    "under paper every person tested was also trained on; under subject nobody is in two parts: "
    "only the latter says what to expect of new faces"
)


def table_4(results: Sequence[Results], method: str | None = None) -> Document:
    """The drop: each method's overall accuracy under each protocol, side by side, with chance.

    Raises
    ------
    UsageError
        If the results are not of several protocols on one data set, or lack the method.
    """
    _refuse_mixed(results)
    rows = [chosen(one, method) for one in results]
    return Document((_table(results, rows),), _data(results, rows))


def _table(results: Sequence[Results], rows: Sequence[Sequence[RowResults]]) -> Table:
    protocols = _protocols(results)
    return Table(
        title=f"Table 4. The drop on {notes.dataset(results[0])}: overall accuracy under {' and '.join(protocols)}, %",
        columns=("Method", *protocols, "drop", "chance"),
        rows=tuple(_row(label, under, _chance(results)) for label, under in _by_label(rows).items()),
        notes=tuple(_notes(results, rows)),
        about=_about(results, rows),
        marks=signs_of(row for under in rows for row in under),
        key=("4", results[0].manifest.dataset, *protocols),
    )


def _row(label: str, under: Sequence[RowResults | None], chance: float) -> tuple[Value, ...]:
    values = [spread(row) if row else None for row in under]
    return (label, *values, difference(values[-1], values[0]), chance)


def _about(results: Sequence[Results], rows: Sequence[Sequence[RowResults]]) -> tuple[str, ...]:
    counts = [f"{p}: {notes.run_counts(under)}" for p, under in zip(_protocols(results), rows, strict=True)]
    origins = [f"{one.manifest.protocol}: {notes.origin(one)}" for one in results]
    return (f"± is the {notes.SPREAD}; complete runs, {'; '.join(counts)}", *origins)


def _notes(results: Sequence[Results], rows: Sequence[Sequence[RowResults]]) -> list[str]:
    found = [_NOTE, *notes.shared_notes(results[0])]
    for one, under in zip(results, rows, strict=True):
        named = f", {one.manifest.protocol}"
        found += [*notes.fault_notes(one, named), *notes.row_notes(one, under, named)]
    return found


def _data(results: Sequence[Results], rows: Sequence[Sequence[RowResults]]) -> dict[str, Any]:
    protocols, found = _protocols(results), _by_label(rows)
    by_protocol = {one.manifest.protocol: one for one in results}
    return {
        **notes.head_data(results[0]),
        "protocol": None,
        "protocols": protocols,
        "manifest": {protocol: one.manifest.sha256 for protocol, one in by_protocol.items()},
        "metric": "overall accuracy",
        "unit": "%",
        "spread": notes.SPREAD,
        "complete": all(row is not None and row.complete for under in found.values() for row in under),
        "chance": _chance(results),
        "audit": {protocol: notes.faults_data(one) for protocol, one in by_protocol.items()},
        "rows": [_row_data(label, under, protocols) for label, under in found.items()],
    }


def _row_data(label: str, under: Sequence[RowResults | None], protocols: Sequence[str]) -> dict[str, Any]:
    first, last = (spread(row) if row else None for row in (under[0], under[-1]))
    return {
        "method": label,
        "protocols": {p: summary_data(row) if row else None for p, row in zip(protocols, under, strict=True)},
        "drop": difference(last, first),
        "weights": next((row.weights for row in under if row and row.weights), None),
        "marks": {p: words_of(row) if row else ["not run"] for p, row in zip(protocols, under, strict=True)},
    }


def _by_label(rows: Sequence[Sequence[RowResults]]) -> dict[str, list[RowResults | None]]:
    """For each label, its row under each protocol, None where it was not run."""
    labels = dict.fromkeys(row.label for under in rows for row in under)
    return {label: [next((row for row in under if row.label == label), None) for under in rows] for label in labels}


def _protocols(results: Sequence[Results]) -> list[str]:
    return [one.manifest.protocol for one in results]


def _chance(results: Sequence[Results]) -> float:
    return 100.0 / len(results[0].manifest.classes)


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
