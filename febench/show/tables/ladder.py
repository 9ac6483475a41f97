"""The ladder: on the same features an SVM, and the papers' network trained by a search or otherwise."""

from __future__ import annotations

from collections.abc import Sequence

from febench.core.errors import UsageError
from febench.results.caveats import signs_of
from febench.results.metrics import OA, Metric
from febench.results.results import Results
from febench.results.rows import RowResults
from febench.show.tables.by_metric import Data, about_of, difference, notes_of, plus_minus, summary_data
from febench.show.tables.table import SPREAD, Document, Table, head_data, key_of, lacks_data, run_command, titled

LADDERS = {"cso": "CSO.OriginalCSO", "bbo": "BBO.OriginalBBO", "jaya": "JA.OriginalJA"}
"""The methods whose network a search trains, each with mealpy's class of that search's name."""


def rungs_of(method: str) -> dict[str, str]:
    """The rows of a method's ladder by their labels, and what each makes of the same features, from the top down."""
    return {
        f"{method}[search=rbf-svm]": "RBF SVM",
        f"{method}[search=l-bfgs]": "the network, by gradient",
        f"{method}[select=false]": "the network, by the search",
        f"{method}[search=mealpy:{LADDERS[method]},select=false]": "the network, by mealpy's class",
        method: "what is open selected, by the search",
    }


def ladder_table(results: Results, rows: Sequence[RowResults], metric: Metric = OA) -> Document:
    """Where on the way a search loses accuracy: on the same features a machine, and the network trained in other ways.

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
    facts: list[Data] = []
    for ladder in ladders:
        top: float | None = None
        for label, what in ladder.items():
            row = by_label.get(label)
            summary = summary_data(row, metric) if row else {"runs": 0, "mean": None, "sd": None}
            top = summary["mean"] if what == "RBF SVM" else top
            below = None if top is None or summary["mean"] is None or what == "RBF SVM" else summary["mean"] - top
            marked = lacks_data(row) if row else {}
            facts.append({"method": label, "rung": what, **summary, "difference": below, **marked})
    missing = [one["method"] for one in facts if not one["runs"]]
    command, runs, n_runs = None, max(one["runs"] for one in facts), results.manifest.n_runs
    if missing:
        few = ["--runs", str(runs)] if 0 < runs < n_runs else []
        command = run_command(results.manifest, missing, few)
    notes = ["a ladder's rows have the same features, those without selection; only the last may select others"]
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
        columns=("Method", "same features, then", "Runs", metric.title, "against the SVM"),
        rows=tuple(
            (one["method"], one["rung"], f"{one['runs']}/{n_runs}", plus_minus(one), difference(one["difference"]))
            for one in facts
        ),
        notes=(*notes, *notes_of(results, shown or rows, metric)),
        about=about_of(results, shown, facts),
        marks=signs_of(shown),
        key=key_of("ladder", results, metric=metric),
        decimals=metric.decimals,
    )
    return Document((table,), data)
