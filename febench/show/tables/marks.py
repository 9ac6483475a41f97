"""Signs behind a method's name that keep a row from looking whole or fair when it is not."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from febench.results.results import RowResults


@dataclass(frozen=True)
class Mark:
    """A sign, what it says in a word, and which rows it belongs to."""

    sign: str
    word: str
    applies: Callable[[RowResults], bool]


PRETRAINED = Mark("†", "pretrained", lambda row: row.weights is not None)
PARTIAL = Mark("‡", "partial", lambda row: not row.complete)
FAILED = Mark("§", "failed cells", lambda row: bool(row.failed))
SINGLE = Mark("¶", "single run", lambda row: len(row.accuracies) == 1)
MARKS = (PRETRAINED, PARTIAL, FAILED, SINGLE)


def words_of(row: RowResults) -> list[str]:
    """What the marks of a row say."""
    return [mark.word for mark in MARKS if mark.applies(row)]


def words_of_signs(signs: str) -> list[str]:
    """What signs say."""
    return [mark.word for mark in MARKS if mark.sign in signs]


def signs_of(rows: Iterable[RowResults]) -> dict[str, str]:
    """For each label, its signs; a label with several rows (protocols) has those of all."""
    by_label: dict[str, list[RowResults]] = {}
    for row in rows:
        by_label.setdefault(row.label, []).append(row)
    signs = {label: _signs(same) for label, same in by_label.items()}
    return {label: found for label, found in signs.items() if found}


def mark_notes(rows: Sequence[RowResults], under: str = "") -> list[str]:
    """A note for each sign that is used: which rows, and what is the matter with each.

    Parameters
    ----------
    rows : sequence of RowResults
        The rows shown.
    under : str
        Of which protocol, where a table shows several: `, paper`.
    """
    notes = [
        _note(
            PRETRAINED, under, "did not start from random weights", [(row, f"weights {row.weights}") for row in rows]
        ),
        _note(PARTIAL, under, "not every run is in", [(row, _runs(row)) for row in rows]),
    ]
    notes += [f"{PARTIAL.sign} {row.label} is incomplete{under}: {'; '.join(row.gaps)}" for row in rows if row.gaps]
    notes += [_failures(row, under) for row in rows if row.failed]
    notes.append(_note(SINGLE, under, "so there is no sd", [(row, "") for row in rows]))
    return [note for note in notes if note]


def _signs(rows: Sequence[RowResults]) -> str:
    return "".join(mark.sign for mark in MARKS if any(map(mark.applies, rows)))


def _note(mark: Mark, under: str, says: str, rows: Iterable[tuple[RowResults, str]]) -> str:
    """One note for all rows of a mark; those of which the same is to be said stand together."""
    by_word: dict[str, list[str]] = {}
    for row, word in rows:
        if mark.applies(row):
            by_word.setdefault(word, []).append(row.label)
    named = "; ".join(", ".join(labels) + (f" ({word})" if word else "") for word, labels in by_word.items())
    return f"{mark.sign} {mark.word}{under}, {says}: {named}" if named else ""


def _runs(row: RowResults) -> str:
    return f"{len(row.accuracies)} of {row.manifest.n_runs} runs"


def _failures(row: RowResults, under: str) -> str:
    last, what = row.failed[-1], f"{len(row.failed)} cells failed"
    where = f"(run {last.run}, fold {last.fold})"
    return f"{FAILED.sign} {row.label}{under}: {what}, the last {where}: {last.status}, {last.error}"
