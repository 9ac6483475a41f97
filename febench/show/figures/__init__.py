"""Figures from the same data as the tables: one figure, one function of data, in one style.

>>> febench.figures.accuracy(results).savefig("accuracy.png")
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from io import BytesIO, StringIO
from pathlib import Path

from matplotlib.figure import Figure

from febench.core.errors import UsageError
from febench.core.files import check_output, whole_file
from febench.results.convergence import curves
from febench.results.merge import pool
from febench.results.metrics import OA, Metric, metric_of
from febench.results.results import Results
from febench.results.rows import RowResults
from febench.show.compare import compare, rank
from febench.show.figures.accuracies import accuracy, drop, ladder, people
from febench.show.figures.classes import confusion, sensitivity
from febench.show.figures.comparisons import critical_difference, differences
from febench.show.figures.style import origin, write
from febench.show.figures.training import convergence, cost
from febench.show.tables import chosen, ladder_table, table_4

__all__ = [
    "FIGURES", "SUFFIXES", "accuracy", "confusion", "convergence", "cost", "critical_difference", "differences", "drop",
    "figure_svg", "ladder", "make_figure", "people", "save_figure", "sensitivity",
]  # fmt: skip

SUFFIXES = (".png", ".svg", ".pdf")


def _differences(results: Results, rows: Sequence[RowResults], metric: Metric) -> Figure:
    return differences(compare(results, [row.label for row in rows], metric=metric))


def _convergence(results: Results, rows: Sequence[RowResults], _: Metric) -> Figure:
    traced = curves(rows)
    if not traced:
        raise UsageError("no method in these results left a trace of how it converged: fit_info_ has no trace")
    return convergence(traced, origin(results))


OF_ONE: dict[str, Callable[[Results, Sequence[RowResults], Metric], Figure]] = {
    "people": people,
    "confusion": lambda results, rows, _: confusion(results, rows),
    "cost": cost,
    "differences": _differences,
    "convergence": _convergence,
    "ladder": lambda results, rows, metric: ladder(ladder_table(results, rows, metric).data),
}
"""Figures of one results directory that have nothing of the papers beside it."""
WITHOUT_METRIC = ("sensitivity", "confusion", "convergence")
WITH_PAPERS = ("accuracy", "sensitivity")
"""Figures of one results directory in which what the papers print can stand beside it."""
FIGURES = (*WITH_PAPERS, *OF_ONE, "ranks", "drop")


def make_figure(
    name: str,
    results: Sequence[Results],
    method: str | None = None,
    metric: str | None = None,
    *,
    paper: bool = False,
) -> Figure:
    """A figure by its name, of all methods or of the rows of one.

    Parameters
    ----------
    name : str
        One of `FIGURES`.
    results : sequence of Results
        One; of the drop and of ranks several.
    method : str or None
        Only this method.
    metric : str or None
        What is drawn, overall accuracy by default; sensitivities, confusion matrices and convergence are of none.
    paper : bool
        Whether the figures of accuracy and of sensitivities show what the papers print beside other images or folds.

    Raises
    ------
    UsageError
        If there is no such figure, method or metric, the results do not fit it, or the papers print nothing for it.
    """
    if name not in FIGURES:
        raise UsageError(f"there is no figure {name!r}; there is {', '.join(FIGURES)}")
    if metric is not None and name in WITHOUT_METRIC:
        raise UsageError(f"the figure of {name} is not of a metric", option="metric")
    by = metric_of(metric) if metric else OA
    if paper and (name not in WITH_PAPERS or by is not OA):
        raise UsageError(
            f"the papers print nothing for the figure of {name} by {by.title}; they print overall accuracies and "
            "sensitivities",
            option="paper",
        )
    if name == "drop":
        return drop(table_4(results, method, by).data)
    if name == "ranks":
        under = sorted({one.manifest.protocol for one in results})
        if len(under) > 1:
            raise UsageError(f"the figure of ranks is of one protocol, not of {', '.join(under)}: name results of one")
        ranking = rank([compare(one, metric=by) for one in pool(results)])
        if method is not None or ranking is None:
            raise UsageError("the figure of ranks is of all methods that five or more data sets have in common")
        return critical_difference(ranking)
    if len(results) != 1:
        raise UsageError(f"the figure of {name} is of one results directory, not of {len(results)}")
    rows = chosen(results[0], method)
    if name == "accuracy":
        return accuracy(results[0], rows, by, paper=paper)
    if name == "sensitivity":
        return sensitivity(results[0], rows, paper=paper)
    return OF_ONE[name](results[0], rows, by)


def save_figure(figure: Figure, path: Path) -> None:
    """Write a figure; the file's name says in which form. The same results give the same file, whole or not there.

    Raises
    ------
    UsageError
        If the name ends in none of the forms there are, or the file cannot be written.
    """
    form = check_output(path, SUFFIXES, "a figure's file")[1:]
    drawn = BytesIO()
    write(figure, drawn, form)
    with whole_file(path) as file:
        file.write(drawn.getvalue())


def figure_svg(figure: Figure) -> str:
    """A figure as an `<svg>` element, to stand in an HTML page."""
    out = StringIO()
    write(figure, out, "svg")
    return re.sub(r"^.*?(?=<svg)", "", out.getvalue(), flags=re.DOTALL)
