"""What must be read with a verdict: synthetic faces, audit errors, and all that is not whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from febench.results.results import RowResults
from febench.show.report.sources import Source
from febench.show.report.words import listed
from febench.show.tables.marks import PRETRAINED
from febench.show.tables.notes import not_run, shared_notes

MOST = 8
"""Methods that are named one by one."""


@dataclass(frozen=True)
class Caution:
    """A word for the eye and a sentence; `serious` where numbers mislead or are not whole."""

    word: str
    text: str
    serious: bool = True


def cautions_of(sources: Sequence[Source]) -> list[Caution]:
    """The cautions of some protocols of one data set; what holds under several is said once, with their names."""
    under: dict[Caution, list[str]] = {}
    for source in sources:
        for caution in _of(source):
            under.setdefault(caution, []).append(source.results.manifest.protocol)
    if len(sources) == 1:
        return list(under)
    return [_named(caution, protocols, len(sources)) for caution, protocols in under.items()]


def _named(caution: Caution, protocols: Sequence[str], n: int) -> Caution:
    where = "" if len(protocols) == n else f" (protocol {listed(protocols)})"
    return Caution(caution.word, f"{caution.text}{where}", caution.serious)


def _of(source: Source) -> Iterator[Caution]:
    results = source.results
    yield from (Caution("Synthetic", note) for note in shared_notes(results))
    yield from _audit(source)
    yield from _rows(results.rows)
    if source.comparison.left_out:
        yield Caution(
            "No verdict", f"without a complete run, compared with nothing: {_names(source.comparison.left_out)}"
        )
    for label, count in results.outdated.items():
        yield Caution("Old cells", f"{label}: {count} cells of an older version are left out")
    absent = not_run(results, results.rows)
    if absent:
        yield Caution("Not run", f"in the papers' tables and not run here: {_names(absent)}", serious=False)


def _audit(source: Source) -> Iterator[Caution]:
    if source.results.faults is None:
        yield Caution("Not audited", "nobody looked for leaks and duplicates in these folds: febench audit does")
    why = {one["code"]: one.get("why", "") for one in source.audit or ()}
    for fault in source.results.faults or ():
        told = f"{fault['code']} {fault['title']} ({fault['count']})."
        yield Caution("Audit error", f"{told} {why.get(fault['code'], '')}".rstrip())


def _rows(rows: Sequence[RowResults]) -> Iterator[Caution]:
    yield from _those(rows, "Partial", "not every run is in", lambda row: not row.complete, _runs)
    yield from _those(rows, "Failed", "cells failed, and count in nothing", lambda row: bool(row.failed), _failures)
    yield from _those(rows, "Single run", "so there is no sd", lambda row: len(row.accuracies) == 1)
    yield from _those(
        rows, PRETRAINED.word.capitalize(), "did not start from random weights", PRETRAINED.applies, _weights
    )
    quick = [row.label for row in rows if "(quick)" in row.label]
    if quick:
        yield Caution("Quick", f"trained on a short budget: {_names(quick)}")


def _those(
    rows: Sequence[RowResults],
    word: str,
    says: str,
    applies: Callable[[RowResults], bool],
    more: Callable[[RowResults], str] = lambda _: "",
) -> Iterator[Caution]:
    found = [f"{row.label}{more(row)}" for row in rows if applies(row)]
    if found:
        yield Caution(word, f"{says}: {_names(found)}")


def _runs(row: RowResults) -> str:
    return f" ({len(row.accuracies)} of {row.manifest.n_runs} runs)"


def _failures(row: RowResults) -> str:
    return f" ({len(row.failed)}, the last: {row.failed[-1].status}, {row.failed[-1].error})"


def _weights(row: RowResults) -> str:
    return f" (weights {row.weights})"


def _names(names: Sequence[str]) -> str:
    return listed(list(names), MOST)
