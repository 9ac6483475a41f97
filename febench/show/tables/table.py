"""Tables before they are text, and the notes of every table: data set, folds, n, the audit, what rows lack."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from febench.core import __version__
from febench.core.errors import UsageError
from febench.core.manifest import Manifest
from febench.papers import place
from febench.results.caveats import ROW_CAVEATS, Caveat, caveats_of, words_of
from febench.results.floor import floor_of
from febench.results.metrics import OA, Metric
from febench.results.results import Results
from febench.results.rows import RowResults

SPREAD = "sample sd over runs"
INTERVAL_OF_PEOPLE = "95 % interval for other people of this kind, trained and tested"
BY_PERSON = f"in brackets: {INTERVAL_OF_PEOPLE}"
MAJORITY = "most frequent class"
"""The label of always answering the most frequent class of a fold's training images."""
SIGNS = tuple(caveat.sign for caveat in ROW_CAVEATS if caveat.sign)
SHORT = 12
"""Digits of a manifest's hash that are shown."""


@dataclass(frozen=True)
class PlusMinus:
    """A mean and its sample standard deviation over runs; sd is None for a single run.

    `low` and `high` are the 95 % interval for other people, trained and tested, where people are known.
    """

    mean: float
    sd: float | None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Median:
    """A measured quantity: the median of its cells and, where known, the quartiles around it."""

    median: float
    low: float | None = None
    high: float | None = None


class Difference(float):
    """A difference, shown with its sign.

    `low` and `high` are its 95 % interval for other people, trained and tested, where there is one.
    """

    low: float | None
    high: float | None

    def __new__(cls, value: float, low: float | None = None, high: float | None = None) -> Difference:
        """Make a difference, with or without an interval."""
        made = super().__new__(cls, value)
        made.low, made.high = low, high
        return made


Value = str | int | float | PlusMinus | Median | None

MAX_SHORT_NOTES = 4
"""Notes below a table, beside the line that says what its values are; signed ones share a line where there are more."""


class Detail(str):
    """A note that is shown only where all notes are: it defines a term, or another note implies it."""


class InTitle(str):
    """A note on what the title says in a word: the first to go where there are more notes than lines."""


@dataclass(frozen=True)
class Table:
    """A table of values, not yet of text.

    Attributes
    ----------
    title : str
        Says what, in which unit, of which data set, under which protocol.
    columns : tuple of str
        Headings.
    rows : tuple of tuples
        Values in the order of the columns.
    notes : tuple of str
        What a reader must know to read it right.
    about : tuple of str
        What ± means and n; from which folds and which febench the values come, and what the audit says.
    marks : mapping
        For a method's label, the signs that stand behind it wherever it heads a row or a column; notes explain them.
    summaries : int
        How many of the last rows sum up those above them.
    key : tuple of str
        What tells it from other tables: its number, the data set, the protocol.
    decimals : int
        Digits behind the point of means and differences.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]
    notes: tuple[str, ...]
    about: tuple[str, ...] = ()
    marks: Mapping[str, str] = field(default_factory=dict)
    summaries: int = 0
    key: tuple[str, ...] = ()
    decimals: int = 2

    @property
    def caption(self) -> str:
        """The title and what the values are, as sentences."""
        return " ".join(f"{text[:1].upper()}{text[1:]}." for text in (self.title, *self.about))

    def shown_notes(self, all_notes: bool = False) -> list[str]:
        """Return the notes to show: all of them, or those that change how a number is read."""
        if all_notes:
            return list(self.notes)
        notes = [note for note in self.notes if not isinstance(note, Detail)]
        signed = [note for note in notes if note.startswith(SIGNS)]
        if len(notes) > MAX_SHORT_NOTES and len(signed) > 1:
            notes = [*(note for note in notes if note not in signed), "; ".join(signed)]
        if len(notes) > MAX_SHORT_NOTES:
            notes = [note for note in notes if not isinstance(note, InTitle)]
        return notes

    def about_line(self, all_notes: bool = False) -> str:
        """Return one line on what the values are, from which folds they come, and how many notes are not shown."""
        hidden = sum(isinstance(note, Detail) for note in self.notes) * (not all_notes)
        more = [f"{hidden} more note{'s' * (hidden > 1)}: --notes all"] if hidden else []
        return "; ".join([*self.about, *more])

    @property
    def body(self) -> tuple[tuple[Value, ...], ...]:
        """The rows without those that sum up."""
        return self.rows[: len(self.rows) - self.summaries]


@dataclass(frozen=True)
class Document:
    """The output of a `febench table` command: the data, and tables made from these data alone."""

    tables: tuple[Table, ...]
    data: dict[str, Any]


def chosen(results: Results, method: str | None = None, best_first: Metric | None = None) -> list[RowResults]:
    """Return the rows of a method, by its name or by a row's label; all rows if none is named.

    They are in the papers' order, or, with `best_first`, in the order of that metric; rows without a value come last.

    Raises
    ------
    UsageError
        If there are none.
    """
    rows = sorted(results.rows, key=lambda row: place(row.method))
    if best_first is not None:
        sign = -1.0 if best_first.higher_is_better else 1.0
        means = {id(row): row.summary(best_first).mean for row in rows}
        rows.sort(key=lambda row: (means[id(row)] is None, sign * (means[id(row)] or 0.0)))
    if method is None:
        return rows
    named = [row for row in rows if method in (row.label, row.method)]
    if not named:
        there = ", ".join(row.label for row in rows) or "nothing"
        raise UsageError(f"there is no {method!r} in these results of {results.manifest.title}; there is {there}")
    return named


def titled(what: str, results: Results) -> str:
    """A title that ends with the data set and the protocol."""
    left_out = "" if results.manifest.scored is None else ", without twins"
    return f"{what} ({dataset_of(results)}, protocol {results.manifest.protocol}{left_out})"


def dataset_of(results: Results) -> str:
    """The data set's name, and whether it is synthetic."""
    manifest = results.manifest
    return f"{manifest.title}, synthetic" if manifest.synthetic else manifest.title


def key_of(name: str, results: Results, *more: str, metric: Metric = OA) -> tuple[str, ...]:
    """Return the key of a table: its number, metric, data set and protocol."""
    by = () if metric is OA else (metric.name,)
    return (name, *by, *more, results.manifest.title, results.manifest.protocol)


def versions_of(results: Results) -> str:
    """Return the version of febench that computed the cells, and of the one that makes the table."""
    used = {str(one.get("packages", {}).get("febench", "")) for one in results.environments.values()} - {""}
    if used <= {__version__}:
        return f"febench {__version__}"
    return f"computed with febench {' and '.join(sorted(used))}, printed by febench {__version__}"


def origin_of(results: Results) -> str:
    """From which folds and which febench, and what the audit says."""
    audited = "not audited"
    if results.faults is not None:
        codes = ", ".join(str(fault["code"]) for fault in results.faults)
        audited = f"audit errors: {codes}" if codes else "audit: no errors"
    return f"manifest {results.manifest.sha256[:SHORT]}; {versions_of(results)}; {audited}"


def run_counts(rows: Sequence[RowResults]) -> str:
    """Return the number of complete runs, rows of the same number together."""
    by_count: dict[str, list[str]] = {}
    for row in rows:
        by_count.setdefault(f"{len(row.runs)} of {row.manifest.n_runs}", []).append(row.label)
    if len(by_count) == 1:
        return f"n = {next(iter(by_count))}"
    return ", ".join(f"n = {count} ({', '.join(labels)})" for count, labels in by_count.items()) or "n = 0"


def noted(caveat: Caveat, under: str = "") -> str:
    """Return a caveat as a note of a table.

    `under` names the protocol where a table shows several: `, paper`.
    """
    text = _note_text(caveat, under)
    if caveat.word == "audit error" and caveat.text.startswith("FEB001 "):
        return Detail(
            text
        )  # the line on the protocol says that people are in training and test, the first has the code
    return InTitle(text) if caveat.word == "synthetic" else text


def _note_text(caveat: Caveat, under: str) -> str:
    if caveat.word in ("audit error", "audit warning"):
        return f"audit{under}: {caveat.text}; see febench audit"
    if caveat.word in ("synthetic", "people not known", "not audited"):
        return caveat.text
    if caveat.word in ("incomplete", "other versions"):  # these name their row themselves
        return f"{caveat.sign} {caveat.text}{f' ({under[2:]})' if under else ''}".strip()
    return f"{caveat.sign} {caveat.word}{under}, {caveat.text}".strip()


def caveat_notes(results: Results, rows: Sequence[RowResults]) -> list[str]:
    """Return the caveats of some rows as notes; the caption says whether there was an audit."""
    return [noted(caveat) for caveat in caveats_of(results, rows) if caveat.word != "not audited"]


def head_data(results: Results) -> dict[str, Any]:
    """Return the fields that the data of every table begin with."""
    return {
        "dataset": results.manifest.dataset,
        "name": results.manifest.title,
        "protocol": results.manifest.protocol,
        "synthetic": results.manifest.synthetic,
        "manifest": results.manifest.sha256,
        "febench": __version__,
        "audit": None if results.faults is None else list(results.faults),
        "twins": twins_data(results),
        "set_aside": [results.set_aside] if results.set_aside else [],
    }


def twins_data(results: Results) -> dict[str, Any] | None:
    """Return how many test images have a twin in training, and whether they are left out; None if not known."""
    count = results.twin_count
    if count is None:
        return None
    return {"images": count.images, "tested": count.tested, "left_out": results.manifest.scored is not None}


def floor_data(results: Results, metric: Metric) -> dict[str, Any]:
    """Chance, and what always answering the most frequent class comes to; null where a metric has no such value."""
    floor = floor_of(results.manifest, metric)
    if floor is None:
        return {"chance": None, "majority": None}
    mean, sd = floor.summary()
    by_run = [{"run": run, "value": value} for run, value in floor.majority.items()]
    return {"chance": floor.chance, "majority": {"mean": mean, "sd": sd, "by_run": by_run} if by_run else None}


def said_of_floor(results: Results, metric: Metric) -> list[str]:
    """Return a note on chance and the most frequent class, if they differ."""
    floor = floor_of(results.manifest, metric)
    if floor is None or not floor.differs:
        return []
    mean, sd = floor.summary()
    spread = "" if sd is None else f" ± {sd:.{metric.decimals}f}"
    return [
        f"always answering the most frequent class of the training images has {mean:.{metric.decimals}f}{spread} "
        f"{metric.unit}; chance is {floor.chance:.{metric.decimals}f} {metric.unit}"
    ]


def run_command(manifest: Manifest, methods: Sequence[str], options: Sequence[str] = ()) -> str:
    """Return the command that computes rows, named by their labels, in the folds of some results."""
    name = ["--name", manifest.title] if manifest.title != manifest.dataset else []
    asked = ["--dataset", manifest.dataset, *name, "--protocol", manifest.protocol, "--seed", str(manifest.seed)]
    return shlex.join(["febench", "run", *asked, *options, "--methods", ",".join(methods), "--out", "DIR"])


def lacks_data(row: RowResults) -> dict[str, Any]:
    """Return the missing folds, failed cells, weights and marks of a row."""
    return {"missing": row.gaps, "failed": len(row.failed), "weights": row.weights, "marks": words_of(row)}
