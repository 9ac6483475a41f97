"""Caveats: facts that change how results are read, such as missing runs, leaks, or synthetic images.

Said once, here: tables put signs to it, the report badges, figures notes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from febench.results.floor import Floor, floor_of, likeness_misleads
from febench.results.metrics import OA, mean_and_sd
from febench.results.people import faces_tested, said_of_faces
from febench.results.results import SHOWN_OF_HASH, Results
from febench.results.rows import RowResults
from febench.results.twins import TWIN_SHARE_OF_ERROR

ROUNDING = 1e-9
"""Of means in percent: what is nearer than that is equal."""
MISLED_BY_PERSONS = (
    "most people tested were trained on with other classes than the one they are tested with, so that the likeness of "
    "persons speaks against the right class"
)


@dataclass(frozen=True)
class RowCaveat:
    """A fault of single rows.

    Attributes
    ----------
    word : str
        What it is called.
    sign : str
        Stands behind a row's name in tables; empty where the name itself says it.
    says : str
        What it means, in a few words.
    applies : callable
        Whether a row has it.
    detail : callable
        What is the matter with a row that has it; may be empty.
    """

    word: str
    sign: str
    says: str
    applies: Callable[[RowResults], bool]
    detail: Callable[[RowResults], str] = lambda _: ""

    def of(self, rows: Sequence[RowResults]) -> str:
        """Return the rows that have it, those of which the same is to be said together; empty if none has."""
        by_detail: dict[str, list[str]] = {}
        for row in rows:
            if self.applies(row):
                by_detail.setdefault(self.detail(row), []).append(row.label)
        everything = len(by_detail) == 1 and sum(map(len, by_detail.values())) == len(rows) > 1
        return "; ".join(
            ("every row" if everything else ", ".join(labels)) + (f" ({word})" if word else "")
            for word, labels in by_detail.items()
        )


def _last_failure(row: RowResults) -> str:
    last = row.failed[-1]
    return f"{len(row.failed)} cells failed, the last (run {last.run}, fold {last.fold}): {last.status}, {last.error}"


def _accuracy(row: RowResults) -> float | None:
    return mean_and_sd(np.asarray(list(row.accuracies.values())))[0]


def _floor(row: RowResults) -> Floor:
    floor = floor_of(row.manifest, OA)
    assert floor is not None
    return floor


def _majority(row: RowResults) -> float | None:
    """The overall accuracy of always answering the most frequent class, over the runs that the row has whole."""
    return _floor(row).summary(row.runs)[0]


def _is_no_better(value: float | None, bound: float | None) -> bool:
    """Return whether a value is at or below a bound, both as they are printed."""
    return value is not None and bound is not None and round(value, OA.decimals) <= round(bound, OA.decimals)


def _is_misled_by_persons(row: RowResults) -> bool:
    """Return whether the likeness of persons speaks against the right class, and a row is below chance and majority.

    Below both: random folds can put even the majority, which looks at no image, below chance.
    """
    accuracy, bounds = _accuracy(row), (_floor(row).chance, _majority(row))
    below = accuracy is not None and all(bound is not None and accuracy < bound - ROUNDING for bound in bounds)
    return below and likeness_misleads(row.manifest)


def _against(row: RowResults, bound: float | None) -> str:
    return f"OA {_accuracy(row):.2f} % against {bound:.2f} %"


def _against_chance(row: RowResults) -> str:
    words = _against(row, _floor(row).chance)
    return f"{words}; {MISLED_BY_PERSONS}" if _is_misled_by_persons(row) else words


def _contradicting(row: RowResults) -> list[int]:
    """Of each cell whose probabilities contradict its predictions, the number of such images."""
    counts: list[int] = row.cells.table["contradictions"].tolist()
    return [count for count in counts if count]


ROW_CAVEATS = (
    RowCaveat(
        "pretrained", "†", "did not start from random weights",
        lambda row: row.weights is not None, lambda row: f"weights {row.weights}",
    ),
    RowCaveat(
        "partial", "‡", "not every run is in",
        lambda row: not row.complete, lambda row: f"{len(row.runs)} of {row.manifest.n_runs} runs",
    ),
    RowCaveat("failed cells", "§", "they count in nothing", lambda row: len(row.failed) > 0, _last_failure),
    RowCaveat("single run", "¶", "so there is no sd", lambda row: len(row.runs) == 1),
    RowCaveat(
        "not above majority", "‖", "always answering the most frequent class of the training images does as well or "
        "better",
        lambda row: _is_no_better(_accuracy(row), _majority(row)), lambda row: _against(row, _majority(row)),
    ),
    RowCaveat(
        "not above chance", "#", "guessing does as well or better",
        lambda row: _is_no_better(_accuracy(row), _floor(row).chance), _against_chance,
    ),
    RowCaveat(
        "constant answer", "⋄", "all test images of a fold are given the same class",
        lambda row: row.answers_constantly,
    ),
    RowCaveat(
        "contradicting probabilities", "", "they are of other answers than the predictions, and count in no metric",
        lambda row: bool(_contradicting(row)),
        lambda row: f"{sum(_contradicting(row))} images in {len(_contradicting(row))} of {len(row.cells)} cells",
    ),
    RowCaveat("quick", "", "trained on a short budget", lambda row: "(quick)" in row.label),
    RowCaveat(
        "mixed precision", "", "cells were computed in more than one", lambda row: len(row.precisions) > 1,
        lambda row: ", ".join(f"{count} in {name}" for name, count in row.precisions.most_common()),
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Caveat:
    """Something that must be read with results, as a word and a sentence.

    Attributes
    ----------
    word : str
        What it is called.
    text : str
        What is to be said.
    sign : str
        The sign of the rows it is about; empty where it is about all of them.
    serious : bool
        Whether numbers mislead without it, or are not whole.
    code : str
        Of an error or a warning of the audit, its code.
    """

    word: str
    text: str
    sign: str = ""
    serious: bool = True
    code: str = ""


def caveats_of(results: Results, rows: Sequence[RowResults] | None = None) -> list[Caveat]:
    """Return all caveats of some rows of results; of all rows by default."""
    return [*caveats_of_data(results), *caveats_of_rows(results, results.rows if rows is None else rows)]


def caveats_of_data(results: Results) -> list[Caveat]:
    """Return the caveats of the images and the folds, which hold for every row."""
    caveats = []
    if results.manifest.synthetic:
        name = results.manifest.title
        caveats.append(
            Caveat("synthetic", f"{name} is synthetic, drawn by code: it shows how methods behave, not people")
        )
    if faces_tested(results.manifest) == "not known":
        caveats.append(Caveat("people not known", f"{results.manifest.title}: {said_of_faces(results.manifest)}"))
    if results.set_aside:
        caveats.append(Caveat("foreign cells", results.set_aside))
    if results.faults is None:
        caveats.append(
            Caveat("not audited", "nobody looked for leaks and duplicates in these folds: febench audit does")
        )
    count = results.twin_count
    if results.manifest.scored is not None:
        text = f"left out are the {count} that have an identical or nearly identical image in training"
        caveats.append(Caveat("without twins", text, serious=False))
    elif count and count.images:
        text = f"at least {count} have an identical or nearly identical image in training: with them, memory scores too"
        caveats.append(Caveat("twins", text, serious=count.share >= TWIN_SHARE_OF_ERROR))
    for fault in results.faults or ():
        caveats.append(
            Caveat("audit error", f"{fault['code']} {fault['title']} ({fault['count']})", code=fault["code"])
        )
    for doubt in results.doubts:
        text = f"{doubt['code']} {doubt['title']} ({doubt['count']}): what is said about people may not hold"
        caveats.append(Caveat("audit warning", text, code=doubt["code"]))
    return caveats


def caveats_of_rows(results: Results, rows: Sequence[RowResults]) -> list[Caveat]:
    """Return the caveats of single rows: signs, missing runs, and cells that are left out."""
    caveats = []
    for one in ROW_CAVEATS:
        if named := one.of(rows):
            caveats.append(Caveat(one.word, f"{one.says}: {named}", one.sign))
        if one.word == "partial":
            caveats += [
                Caveat("incomplete", f"{row.label} is incomplete: {'; '.join(row.gaps)}", one.sign)
                for row in rows
                if row.gaps
            ]
    shown = {row.label: row for row in rows}
    every = len(shown) >= len(results.rows)
    for label, versions in results.outdated.items():
        others = ", ".join(f"version {version[:SHOWN_OF_HASH]} ({count} cells)" for version, count in versions.items())
        if label in shown:
            version = shown[label].records.last.version[:SHOWN_OF_HASH]
            text = f"{label} is shown at version {version}; also stored: {others}, see --version"
            caveats.append(Caveat("other versions", text, serious=False))
        elif every:
            text = f"{label} has no cell yet at the version asked for last; also stored: {others}, see --version"
            caveats.append(Caveat("other versions", text))
    return caveats


def signs_of(rows: Iterable[RowResults]) -> dict[str, str]:
    """For each label, the signs of its rows; a label with several rows (protocols) has those of all."""
    by_label: dict[str, list[RowResults]] = {}
    for row in rows:
        by_label.setdefault(row.label, []).append(row)
    signs = {
        label: "".join(one.sign for one in ROW_CAVEATS if any(map(one.applies, same)))
        for label, same in by_label.items()
    }
    return {label: found for label, found in signs.items() if found}


def words_of(row: RowResults) -> list[str]:
    """The caveats of a row that have a sign, by their words."""
    return [one.word for one in ROW_CAVEATS if one.sign and one.applies(row)]


def words_of_signs(signs: str) -> list[str]:
    """The words of the caveats that some signs stand for."""
    return [one.word for one in ROW_CAVEATS if one.sign and one.sign in signs]
