"""Checks that stand behind the tables: the papers' arithmetic, and the integrity of a results directory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from importlib.resources.abc import Traversable

from febench.papers import DETAILED, PrintedRuns, Published, comparison, overall_accuracy, sensitivity
from febench.papers.significance import CAVEAT, PrintedPair, printed_pairs
from febench.results.store import Record, Store
from febench.run.tasks import InvalidPredictionsError, check_predictions
from febench.stats import p_words


@dataclass(frozen=True)
class Finding:
    """One thing that was checked; `ok` is None where there is nothing to agree with and something is only told."""

    what: str
    ok: bool | None
    detail: str

    def __str__(self) -> str:
        mark = "note" if self.ok is None else "ok" if self.ok else "MISMATCH"
        return f"{mark:8} {self.what}: {self.detail}"


def verify_papers(folder: Traversable | None = None) -> list[Finding]:
    """Recompute every printed mean, sd and per-run overall accuracy of both papers from their rows.

    Parameters
    ----------
    folder : Traversable or None
        Where the tables are; the package's own by default.
    """
    found: list[Finding] = []
    for method in DETAILED:
        table_1, table_2 = sensitivity(method, folder), overall_accuracy(method, folder)
        found += _summaries(f"{method} Table 1", table_1)
        found += _runs(f"{method} Table 2", table_1, table_2)
        found += _summaries(f"{method} Table 2", table_2)
        found += _comparison(f"{method} Table 3", comparison()[method], table_2)
    return found


def weigh_papers() -> list[Finding]:
    """What the papers' printed means and sds can bear: Welch's t of each pair of their comparison."""
    found = [Finding(f"Table 3, {pair.first} against {pair.second}", None, _borne(pair)) for pair in printed_pairs()]
    return [*found, Finding("Table 3, what that can bear", None, CAVEAT)]


def verify_store(store: Store) -> list[Finding]:
    """Check a results directory: hashes and checksums (already read), one fold each cell, sound predictions."""
    manifest, records = store.manifest, store.records
    problems = [problem for record in records if record.ok for problem in _record_problems(store, record)]
    counts = [len(manifest.fold(r, f).test) for r in range(1, manifest.n_runs + 1) for f in _folds(store)]
    return [
        Finding("manifest.json", True, f"{manifest.n_runs} runs of {manifest.n_folds} folds, {manifest.sha256[:12]}"),
        Finding("folds", min(counts) > 0, f"{sum(counts)} test images in all"),
        Finding("cells.jsonl", not store.torn, f"{len(records)} cells, {store.torn} bytes of a torn last line"),
        Finding("predictions", not problems, problems[0] if problems else "one class for each test image"),
    ]


def compare_stores(mine: Store, reference: Store) -> list[Finding]:
    """Hold the cells of one directory against the same cells of another, prediction by prediction."""
    same_folds = mine.manifest.sha256 == reference.manifest.sha256
    found = [Finding("folds", same_folds, "the same" if same_folds else "not the same folds: nothing to compare")]
    theirs = {record.key: record for record in reference.records if record.ok}
    pairs = [(record, theirs[record.key]) for record in mine.records if record.ok and record.key in theirs]
    for label in dict.fromkeys(record.label for record, _ in pairs):
        own = [(a, b) for a, b in pairs if a.label == label]
        differ = sum(a.predictions != b.predictions for a, b in own)
        found.append(Finding(label, differ == 0, f"{len(own)} cells in both, {differ} with other predictions"))
    return found


def _folds(store: Store) -> range:
    return range(1, store.manifest.n_folds + 1)


def _record_problems(store: Store, record: Record) -> Iterator[str]:
    place = f"{record.label} run {record.run} fold {record.fold}"
    if not (1 <= record.run <= store.manifest.n_runs and record.fold in _folds(store)):
        yield f"{place} is not a fold of the manifest"
        return
    n_images = len(store.manifest.fold(record.run, record.fold).test)
    try:
        check_predictions(record.predictions, n_images, len(store.manifest.classes))
    except InvalidPredictionsError as error:
        yield f"{place}: {error}"


def _summaries(where: str, table: PrintedRuns) -> Iterator[Finding]:
    for i, column in enumerate(table.columns):
        values = [run[i] for run in table.runs]
        yield _agree(f"{where}, mean of {column}", _mean(values), table.mean[i])
        yield _agree(f"{where}, sd of {column}", _sd(values), table.sd[i])


def _runs(where: str, by_class: PrintedRuns, overall: PrintedRuns) -> Iterator[Finding]:
    for run, (row, printed) in enumerate(zip(by_class.runs, overall.runs, strict=True), start=1):
        yield _agree(f"{where}, run {run} from its sensitivities", _mean(row), printed[0])


def _comparison(where: str, cited: Published, overall: PrintedRuns) -> Iterator[Finding]:
    yield _agree(f"{where}, mean from the runs", _mean([run[0] for run in overall.runs]), cited.mean)
    yield _agree(f"{where}, sd from the runs", _sd([run[0] for run in overall.runs]), cited.sd)


def _borne(pair: PrintedPair) -> str:
    bears = "significant" if pair.significant else "not significant"
    return (
        f"{pair.difference:+.2f} points ({pair.low:+.2f} to {pair.high:+.2f}), Welch's t = {pair.t:.2f} "
        f"({pair.df:.1f} df), {p_words(pair.p)}, with Holm {p_words(pair.p_holm)}: {bears}"
    )


def _agree(what: str, computed: Decimal, printed: Decimal) -> Finding:
    rounded = computed.quantize(printed, ROUND_HALF_UP)
    return Finding(what, rounded == printed, f"printed {printed}, recomputed {rounded} ({computed:.5f})")


def _mean(values: Sequence[Decimal]) -> Decimal:
    return sum(values, Decimal(0)) / len(values)


def _sd(values: Sequence[Decimal]) -> Decimal:
    mean = _mean(values)
    return (sum(((v - mean) ** 2 for v in values), Decimal(0)) / (len(values) - 1)).sqrt()
