"""The ladder: a method's own features with an SVM, and with the papers' network trained by its search or otherwise."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from febench.core.errors import UsageError
from febench.results.caveats import signs_of
from febench.results.metrics import OA, Metric
from febench.results.results import Results
from febench.results.rows import RowResults
from febench.show.tables.by_metric import Data, about_of, difference, notes_of, plus_minus, summary_data
from febench.show.tables.table import SPREAD, Document, Table, head_data, key_of, lacks_data, run_command, titled

LADDERS = {"cso": "CSO.OriginalCSO", "bbo": "BBO.OriginalBBO", "jaya": "JA.OriginalJA"}
"""The methods whose network a search trains, each with mealpy's class of that search's name."""

ENTROPY_READINGS = {
    "entropy=energy": "entropy of normalised energies",
    "entropy=histogram": "entropy of histograms",
    "channels=rgb": "48 entropies of red, green and blue",
    "blocks=4": "entropies of 4 x 4 blocks of each sub-band",
}
READINGS = {
    "cso": {"mixture_ratio=0.2": "mixture ratio 0.2", "mixture_ratio=0.8": "mixture ratio 0.8"},
    "bbo": ENTROPY_READINGS,
    "jaya": ENTROPY_READINGS,
}
"""Other readings of each paper: the parameter that differs from the method's row, and what it means."""


@dataclass(frozen=True)
class Rung:
    """A row of the ladder.

    Attributes
    ----------
    label : str
        Label of the results it shows.
    classifier : str
        What is trained, and how.
    machine : str
        Label of the support vector machine on the same features.
    reading : str or None
        What differs from the method's row: another reading of its paper; None if nothing does.
    """

    label: str
    classifier: str
    machine: str
    reading: str | None = None


def rungs_of(method: str) -> dict[str, Rung]:
    """Return the rungs of a method's ladder by their labels, from the top down, then other readings of its paper."""
    machine = f"{method}[search=rbf-svm]"
    rungs = [
        Rung(machine, "RBF SVM", machine),
        Rung(f"{method}[search=l-bfgs]", "the network, by gradient", machine),
        Rung(method, "the network, by the search", machine),
        Rung(f"{method}[search=mealpy:{LADDERS[method]}]", "the network, by mealpy's class", machine),
        *(rung for parameter, reading in READINGS[method].items() for rung in _of_reading(method, parameter, reading)),
    ]
    return {rung.label: rung for rung in rungs}


def _of_reading(method: str, parameter: str, reading: str) -> Iterator[Rung]:
    """Yield the rungs of another reading; the machine has one of its own only where the features differ."""
    same_features = READINGS[method] is not ENTROPY_READINGS
    machine = f"{method}[search=rbf-svm]" if same_features else f"{method}[{parameter},search=rbf-svm]"
    if not same_features:
        yield Rung(machine, "RBF SVM", machine, reading)
    yield Rung(f"{method}[{parameter}]", "the network, by the search", machine, reading)


def ladder_table(results: Results, rows: Sequence[RowResults], metric: Metric = OA) -> Document:
    """Tabulate where a search loses accuracy: the same features with a machine, and with the network trained otherwise.

    A rung that was not run has a dash, and a note has the command that runs all that are missing.

    Raises
    ------
    UsageError
        If no row is of a method whose network a search trains.
    """
    by_label = {row.label: row for row in rows}
    ladders = [rungs_of(method) for method in LADDERS if any(row.method == method for row in rows)]
    if not ladders:
        raise UsageError(f"no row here is of a method whose network a search trains: {', '.join(LADDERS)}")
    shown = [by_label[label] for ladder in ladders for label in ladder if label in by_label]
    nothing: Data = {"runs": 0, "mean": None, "sd": None}
    summaries = {row.label: summary_data(row, metric) for row in shown}
    facts: list[Data] = []
    for rung in (rung for ladder in ladders for rung in ladder.values()):
        summary, top = summaries.get(rung.label, nothing), summaries.get(rung.machine, nothing)["mean"]
        known = top is not None and summary["mean"] is not None and rung.label != rung.machine
        facts.append(
            {
                "method": rung.label,
                "rung": rung.classifier,
                "reading": rung.reading,
                **summary,
                "difference": summary["mean"] - top if known else None,
                **(lacks_data(by_label[rung.label]) if rung.label in by_label else {}),
            }
        )
    missing = [row["method"] for row in facts if not row["runs"]]
    command, runs, n_runs = None, max(row["runs"] for row in facts), results.manifest.n_runs
    if missing:
        few = ["--runs", str(runs)] if 0 < runs < n_runs else []
        command = run_command(results.manifest, missing, few)
    notes = [
        "every row has the features, the settings and the budget of its method's own row; another reading of the paper "
        "differs in what it names alone, and stands against the SVM on its own features",
    ]
    if command:
        notes.append(f"not run, or no run complete, where a dash stands; this computes it: {command}")
    if any("mealpy:" in label for label in missing):
        notes.append("rows of mealpy need the extra: pip install 'febench[mealpy]'")
    data = {
        **head_data(results),
        "metric": metric.title,
        "unit": metric.unit,
        "spread": SPREAD,
        "complete": not missing and all(row.complete for row in shown),
        "command": command,
        "rows": facts,
    }
    table = Table(
        title=titled(f"The ladder: where searches lose {metric.title}, {metric.unit}", results),
        columns=("Method", "Another reading", "Classifier", "Runs", metric.title, "against the SVM"),
        rows=tuple(
            (
                row["method"],
                row["reading"] or "none: the row's own",
                row["rung"],
                f"{row['runs']}/{n_runs}",
                plus_minus(row),
                difference(row["difference"]),
            )
            for row in facts
        ),
        notes=(*notes, *notes_of(results, shown or rows, metric)),
        about=about_of(results, shown, facts),
        marks=signs_of(shown),
        key=key_of("ladder", results, metric=metric),
        decimals=metric.decimals,
    )
    return Document((table,), data)
