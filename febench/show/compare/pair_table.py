"""A comparison as a table of verdicts, and as data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from febench.results.results import RowResults
from febench.show.compare.across import MIN_DATASETS
from febench.show.compare.pairs import Comparison, Pair
from febench.show.compare.verdicts import span
from febench.show.tables import Difference, Document, Table, Value, notes
from febench.stats import CorrectedT, McNemar, p_value

PAIRS = ("all", "best")
SHOWN_IN_FULL = 15


def comparison_document(comparison: Comparison, pairs: str | None = None, n_datasets: int = 0) -> Document:
    """Pairs of one results directory with their verdicts.

    Parameters
    ----------
    comparison : Comparison
        What `compare` returns.
    pairs : str or None
        `all`, `best`, or None for all of up to six methods and `best` of more; the data hold all.
    n_datasets : int
        How many data sets there are under this protocol, where they are too few to be ranked; else 0.
    """
    shown = _shown(comparison, pairs)
    table = Table(
        title=notes.title("Which differences are real, points of overall accuracy", comparison.results),
        columns=("Verdict", "difference", "95 % interval", "p (Holm)"),
        rows=tuple(_row(pair) for pair in shown),
        notes=tuple(_notes(comparison, shown, n_datasets)),
        about=(comparison.headline,),
        key=notes.key("compare", comparison.results),
    )
    return Document((table,), comparison_data(comparison))


def comparison_data(comparison: Comparison) -> dict[str, Any]:
    """A comparison as data, with all pairs."""
    return {
        **notes.head_data(comparison.results),
        "metric": "overall accuracy",
        "unit": "%",
        "rope": comparison.rope,
        "alpha": comparison.alpha,
        "test_to_train": comparison.test_to_train,
        "headline": comparison.headline,
        "methods": [
            {"method": one.label, "runs": one.runs, "mean": one.mean, "sd": one.sd} for one in comparison.standings
        ],
        "left_out": list(comparison.left_out),
        "pairs": [_pair_data(pair) for pair in comparison.pairs],
    }


def _shown(comparison: Comparison, pairs: str | None) -> tuple[Pair, ...]:
    in_full = len(comparison.pairs) <= SHOWN_IN_FULL if pairs is None else pairs == "all"
    return comparison.pairs if in_full else comparison.leading


def _row(pair: Pair) -> tuple[Value, ...]:
    interval = span(pair.evidence.test) if pair.evidence.test else None
    p = None if pair.p_holm is None else p_value(pair.p_holm)
    difference = None if pair.difference is None else Difference(pair.difference)
    return pair.verdict, difference, interval, p


def _pair_data(pair: Pair) -> dict[str, Any]:
    test, posterior = pair.evidence.test, pair.evidence.posterior
    return {
        "first": pair.first,
        "second": pair.second,
        "runs": pair.runs,
        "folds": pair.folds,
        "difference": pair.difference,
        "test": _TESTS[type(test)] if test else None,
        "statistics": vars(test) if test else None,
        "p_holm": pair.p_holm,
        "probabilities": vars(posterior) if posterior else None,
        "outcome": pair.outcome,
        "verdict": pair.verdict,
    }


_TESTS: dict[type[CorrectedT | McNemar], str] = {CorrectedT: "corrected resampled t", McNemar: "exact McNemar"}


def _rows(comparison: Comparison) -> list[RowResults]:
    """The rows that are compared, or would be if they had a complete run."""
    labels = {*(one.label for one in comparison.standings), *comparison.left_out}
    return [row for row in comparison.results.rows if row.label in labels]


def _notes(comparison: Comparison, shown: Sequence[Pair], n_datasets: int) -> list[str]:
    return [
        *_pair_notes(comparison, shown),
        *_test_notes(comparison),
        *_folds_notes(comparison, n_datasets),
        *notes.shared_notes(comparison.results),
        *notes.fault_notes(comparison.results),
        *(f"{label} has no complete run: it is compared with nothing" for label in comparison.left_out),
        *notes.row_notes(comparison.results, _rows(comparison)),
        notes.origin(comparison.results),
    ]


def _pair_notes(comparison: Comparison, shown: Sequence[Pair]) -> list[str]:
    n, named, there = len(comparison.pairs), len(_rows(comparison)), len(comparison.results.rows)
    said = []
    if len(shown) < n:
        said.append(
            f"shown: {len(shown)} of {n} pairs, those with the highest mean and neighbours (--pairs all: every pair)"
        )
    said += _holm_notes(sum(pair.p_holm is not None for pair in comparison.pairs), seen=len(shown) < n)
    if named < there:
        said.append(f"only {named} of {there} methods were asked for: fair if they were named before results were seen")
    return said


def _holm_notes(tested: int, seen: bool) -> list[str]:
    if tested < 2:
        return []
    why = ", as which mean is highest was seen in the same results" if seen else ""
    return [f"p is adjusted by Holm over all {tested} pairs tested{why}; intervals are of each pair alone"]


def _test_notes(comparison: Comparison) -> list[str]:
    tests = {type(pair.evidence.test) for pair in comparison.pairs}
    said = []
    if CorrectedT in tests:
        said.append(
            "p and interval: corrected resampled t test (Nadeau & Bengio 2003); how sure: correlated Bayesian t test "
            f"(Corani & Benavoli 2015), equivalent within ±{comparison.rope:g}; over the test folds of the runs that "
            f"both have whole; n_test/n_train = {comparison.test_to_train:.3f}, validation images are not trained on"
        )
    if McNemar in tests:
        said.append(
            "p: exact McNemar test, image by image; it speaks of these trained methods on these images, not of another "
            "training or another split; where there are several runs on the same images, each must find the difference"
        )
    return said


def _folds_notes(comparison: Comparison, n_datasets: int) -> list[str]:
    said = []
    if comparison.results.manifest.protocol.startswith("paper"):
        said.append("under protocol paper every person tested was also trained on: this says nothing of new faces")
    if n_datasets:
        said.append(f"tests over data sets, by ranks, need {MIN_DATASETS} under one protocol; there are {n_datasets}")
    return said
