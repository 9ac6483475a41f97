"""The papers' own arithmetic, and what their figures can bear."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import ROUND_HALF_UP, Decimal
from importlib.resources.abc import Traversable

from febench.papers import DETAILED, PrintedRuns, comparison, overall_accuracy, sensitivity
from febench.papers.significance import CAVEAT, printed_pairs
from febench.results.verify import Verification
from febench.stats import p_words


def verify_papers(folder: Traversable | None = None) -> list[Verification]:
    """Recompute every printed mean, sd and per-run overall accuracy of both papers from their rows.

    Parameters
    ----------
    folder : Traversable or None
        Where the tables are; the package's own by default.
    """
    checks: list[Verification] = []
    for method in DETAILED:
        table_1, table_2 = sensitivity(method, folder), overall_accuracy(method, folder)
        checks += _summaries(f"{method} Table 1", table_1)
        for run, (row, printed) in enumerate(zip(table_1.runs, table_2.runs, strict=True), start=1):
            checks.append(_agree(f"{method} Table 2, run {run} from its sensitivities", _mean(row), printed[0]))
        checks += _summaries(f"{method} Table 2", table_2)
        cited, runs = comparison()[method], [run[0] for run in table_2.runs]
        checks.append(_agree(f"{method} Table 3, mean from the runs", _mean(runs), cited.mean))
        checks.append(_agree(f"{method} Table 3, sd from the runs", _sd(runs), cited.sd))
    return checks


def weigh_papers() -> list[Verification]:
    """Test the papers' printed means and sds: Welch's t of each pair of their comparison."""
    told = []
    for pair in printed_pairs():
        bears = "significant" if pair.significant else "not significant"
        told.append(
            Verification(
                f"Table 3, {pair.first} against {pair.second}",
                None,
                f"{pair.difference:+.2f} points ({pair.low:+.2f} to {pair.high:+.2f}), Welch's t = {pair.t:.2f} "
                f"({pair.df:.1f} df), {p_words(pair.p)}, with Holm {p_words(pair.p_holm)}: {bears}",
            )
        )
    return [*told, Verification("Table 3, what that can bear", None, CAVEAT)]


def _summaries(where: str, table: PrintedRuns) -> Iterator[Verification]:
    for i, column in enumerate(table.columns):
        values = [run[i] for run in table.runs]
        yield _agree(f"{where}, mean of {column}", _mean(values), table.mean[i])
        yield _agree(f"{where}, sd of {column}", _sd(values), table.sd[i])


def _agree(what: str, computed: Decimal, printed: Decimal) -> Verification:
    rounded = computed.quantize(printed, ROUND_HALF_UP)
    return Verification(what, rounded == printed, f"printed {printed}, recomputed {rounded} ({computed:.5f})")


def _mean(values: Sequence[Decimal]) -> Decimal:
    return sum(values, Decimal(0)) / len(values)


def _sd(values: Sequence[Decimal]) -> Decimal:
    mean = _mean(values)
    return (sum(((v - mean) ** 2 for v in values), Decimal(0)) / (len(values) - 1)).sqrt()
