"""Documents of `febench compare`: pairs with their verdicts, ranks over data sets, tests of the papers' figures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from febench.core.errors import UsageError
from febench.papers.significance import CAVEAT, RUNS, printed_pairs
from febench.results.caveats import caveats_of_data, caveats_of_rows
from febench.results.merge import pool
from febench.results.metrics import OA, Metric
from febench.results.people import faces_tested
from febench.results.results import Results
from febench.show.compare.pairs import Comparison, Pair, compare
from febench.show.compare.ranks import MIN_DATASETS, ranking_document, rankings
from febench.show.compare.verdicts import ALPHA, span
from febench.show.tables import (
    Difference,
    Document,
    Table,
    chosen,
    definition,
    floor_data,
    head_data,
    key_of,
    noted,
    origin_of,
    said_of_floor,
    titled,
)
from febench.stats import CorrectedT, McNemar, p_value

PAIRS = ("all", "best")
SHOWN_IN_FULL = 15
TESTS: dict[type[CorrectedT | McNemar], str] = {CorrectedT: "corrected resampled t", McNemar: "exact McNemar"}


def compare_documents(
    results: Sequence[Results],
    methods: Sequence[str] = (),
    rope: float | None = None,
    pairs: str | None = None,
    metric: Metric = OA,
    against: str | None = None,
) -> list[Document]:
    """Compare the methods of some results directories, and rank them where there are enough data sets.

    Parameters
    ----------
    results : sequence of Results
        Of any data sets and protocols; those of the same folds are taken together.
    methods : sequence of str
        Names or labels; all methods if none is named.
    rope : float or None
        Half the region of practical equivalence; the metric's own by default.
    pairs : str or None
        `all`, or `best`: those with the best mean and those of neighbours. By default all of up to six methods, else
        `best`. The data always hold all.
    metric : Metric
        What is compared.
    against : str or None
        A row that each other row is compared with; all pairs by default.

    Returns
    -------
    list of Document

    Raises
    ------
    UsageError
        If results of one data set and protocol are not of the same folds, or there is nothing to compare.
    MismatchError
        If two directories hold other predictions of the same cell.
    """
    if pairs is not None and pairs not in PAIRS:
        raise UsageError(f"there are no pairs {pairs!r}; choose {' or '.join(PAIRS)}")
    comparisons = [compare(one, methods, rope, metric, against) for one in pool(results)]
    if not any(one.pairs for one in comparisons):
        raise UsageError("nothing to compare: it takes two methods with a complete run each; febench status says more")
    by_protocol: dict[str, list[Comparison]] = {}
    for one in comparisons:
        by_protocol.setdefault(one.results.manifest.protocol, []).append(one)
    return [
        *(comparison_document(one, pairs, len(same)) for same in by_protocol.values() for one in same),
        *map(ranking_document, rankings(comparisons)),
    ]


def comparison_document(comparison: Comparison, pairs: str | None = None, n_datasets: int = 1) -> Document:
    """Pairs of one results directory with their verdicts.

    Parameters
    ----------
    comparison : Comparison
        What `compare` returns.
    pairs : str or None
        `all`, `best`, or None for all of up to six methods and `best` of more; the data hold all.
    n_datasets : int
        How many data sets there are under this protocol.
    """
    few = len(comparison.pairs) <= SHOWN_IN_FULL or comparison.against is not None
    in_full = few if pairs is None else pairs == "all"
    shown = comparison.pairs if in_full else comparison.leading
    metric = comparison.metric
    data = {
        **head_data(comparison.results),
        "metric": metric.title,
        "unit": metric.unit,
        **floor_data(comparison.results, metric),
        "rope": comparison.rope,
        "alpha": ALPHA,
        "test_to_train": comparison.test_to_train,
        "headline": comparison.headline,
        "methods": [
            {"method": one.label, "runs": one.runs, "mean": one.mean, "sd": one.sd} for one in comparison.standings
        ],
        "left_out": list(comparison.left_out),
        "pairs": [_pair_data(pair) for pair in comparison.pairs],
    }
    table = Table(
        title=titled(f"Which differences are real, {metric.difference_title}", comparison.results),
        columns=("Verdict", "difference", "95 % interval", "p (Holm)"),
        rows=tuple(
            (
                pair.verdict,
                None if pair.difference is None else Difference(pair.difference),
                span(pair.evidence.test, metric.decimals) if pair.evidence.test else None,
                None if pair.p_holm is None else p_value(pair.p_holm),
            )
            for pair in shown
        ),
        notes=tuple(_notes(comparison, shown, n_datasets)),
        about=(comparison.headline,),
        key=key_of("compare", comparison.results),
        decimals=metric.decimals,
    )
    return Document((table,), data)


def _pair_data(pair: Pair) -> dict[str, Any]:
    test, posterior = pair.evidence.test, pair.evidence.posterior
    return {
        "first": pair.first,
        "second": pair.second,
        "runs": pair.runs,
        "folds": pair.folds,
        "difference": pair.difference,
        "test": TESTS[type(test)] if test else None,
        "statistics": vars(test) if test else None,
        "p_holm": pair.p_holm,
        "probabilities": vars(posterior) if posterior else None,
        "outcome": pair.outcome,
        "verdict": pair.verdict,
    }


def _notes(comparison: Comparison, shown: Sequence[Pair], n_datasets: int) -> list[str]:
    """Return notes on the choice of pairs, the tests, the folds, and what rows lack."""
    results, metric, n = comparison.results, comparison.metric, len(comparison.pairs)
    labels = {*(one.label for one in comparison.standings), *comparison.left_out}
    rows = [row for row in chosen(results) if row.label in labels]
    notes = []
    if comparison.against:
        notes.append(
            f"{comparison.against} is compared with each other row, and these rows not with each other: fair if it was "
            "named before results were seen"
        )
    if len(shown) < n:
        notes.append(f"shown: {len(shown)} of {n} pairs, those with the {metric.best} mean and neighbours")
    tested = sum(pair.p_holm is not None for pair in comparison.pairs)
    if tested > 1:
        why = f", as which mean is {metric.best} was seen in the same results" if len(shown) < n else ""
        notes.append(f"p is adjusted by Holm over all {tested} pairs tested{why}; intervals are of each pair alone")
    if len(rows) < len(results.rows):
        notes.append(
            f"only {len(rows)} of {len(results.rows)} methods were asked for: fair if they were named before results "
            "were seen"
        )
    tests = {type(pair.evidence.test) for pair in comparison.pairs}
    if CorrectedT in tests:
        notes.append(
            "p and interval: corrected resampled t test (Nadeau & Bengio 2003); how sure: correlated Bayesian t test "
            f"(Corani & Benavoli 2015), equivalent within ±{comparison.rope:g}; over the test folds of the runs that "
            f"both have whole; n_test/n_train = {comparison.test_to_train:.3f}, validation images are not trained on"
        )
        notes += definition(metric, rows)
    if McNemar in tests:
        notes.append(
            "p: exact McNemar test, image by image; it speaks of these trained methods on these images, not of another "
            "training or another split; where there are several runs on the same images, each must find the difference"
        )
    if faces_tested(results.manifest) == "seen":
        protocol = results.manifest.protocol
        notes.append(
            f"under protocol {protocol} every person tested was also trained on: this says nothing of new faces"
        )
    if 1 < n_datasets < MIN_DATASETS:
        notes.append(f"tests over data sets, by ranks, need {MIN_DATASETS} under one protocol; there are {n_datasets}")
    needed = " with probabilities" if metric.of_probabilities else ""
    return [
        *notes,
        *said_of_floor(results, metric),
        *map(noted, caveats_of_data(results)),
        *(f"{label} has no complete run{needed}: it is compared with nothing" for label in comparison.left_out),
        *map(noted, caveats_of_rows(results, rows)),
        origin_of(results),
    ]


def papers_document() -> Document:
    """Welch's t of each pair of the papers' own comparison."""
    pairs = printed_pairs()
    table = Table(
        title=f"What the papers' printed means and sds can bear, n = {RUNS}, points of overall accuracy",
        columns=("Verdict", "difference", "95 % interval", "Welch's t", "p (Holm)"),
        rows=tuple(
            (pair.verdict, Difference(pair.difference), span(pair), pair.t, p_value(pair.p_holm)) for pair in pairs
        ),
        notes=(CAVEAT,),
        key=("papers",),
    )
    return Document((table,), {"runs": RUNS, "caveat": CAVEAT, "pairs": [vars(pair) for pair in pairs]})
