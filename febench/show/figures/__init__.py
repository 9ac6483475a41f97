"""Draw figures from the same data as the tables: each figure is a function of data, all are in one style.

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
    recorded = curves(rows)
    if not recorded:
        raise UsageError("no method in these results recorded its convergence: fit_info_ has no trace")
    return convergence(recorded, origin(results))


WITHOUT_PAPERS: dict[str, Callable[[Results, Sequence[RowResults], Metric], Figure]] = {
    "people": people,
    "confusion": lambda results, rows, _: confusion(results, rows),
    "cost": cost,
    "differences": _differences,
    "convergence": _convergence,
    "ladder": lambda results, rows, metric: ladder(ladder_table(results, rows, metric).data),
}
"""Figures of one results directory that never show the papers' numbers."""
WITHOUT_METRIC = ("sensitivity", "confusion", "convergence")
WITH_PAPERS = ("accuracy", "sensitivity")
"""Figures of one results directory that can show the papers' numbers."""
FIGURES = (*WITH_PAPERS, *WITHOUT_PAPERS, "ranks", "drop")


def make_figure(
    name: str,
    results: Sequence[Results],
    method: str | None = None,
    metric: str | None = None,
    *,
    paper: bool = False,
) -> Figure:
    """Draw a figure by its name, of all methods or of the rows of one.

    Parameters
    ----------
    name : str
        One of `FIGURES`.
    results : sequence of Results
        Of one directory; for the drop of several protocols on one data set, for ranks of several data sets.
    method : str or None
        Only this method.
    metric : str or None
        The metric to draw, overall accuracy by default; not for sensitivities, confusion matrices and convergence.
    paper : bool
        Whether the figures of accuracy and sensitivities show the papers' numbers beside other images or folds too.

    Raises
    ------
    UsageError
        If there is no such figure, method or metric, the results do not fit it, or the papers print nothing for it.
    """
    if name not in FIGURES:
        raise UsageError(f"there is no figure {name!r}; there is {', '.join(FIGURES)}")
    if metric is not None and name in WITHOUT_METRIC:
        raise UsageError(f"the figure {name} takes no metric", option="metric")
    by = metric_of(metric) if metric else OA
    if paper and (name not in WITH_PAPERS or by is not OA):
        raise UsageError(
            f"the papers print nothing for the figure of {name} by {by.title}; they print overall accuracies and "
            "sensitivities",
            option="paper",
        )
    if name == "drop":
        datasets = dict.fromkeys(result.manifest.title for result in results)
        if len(datasets) > 1:
            raise UsageError(
                f"the figure drop shows one data set under several protocols; these results are of "
                f"{len(datasets)} data sets, {', '.join(datasets)}: name the directories of one of them"
            )
        return drop(table_4(results, method, by).data)
    if name == "ranks":
        protocols = sorted({result.manifest.protocol for result in results})
        if len(protocols) > 1:
            raise UsageError(
                f"the figure ranks shows one protocol, and these results are of {', '.join(protocols)}: name the "
                "directories of one of them"
            )
        ranking = rank([compare(pooled, metric=by) for pooled in pool(results)])
        if method is not None or ranking is None:
            raise UsageError("the figure ranks shows all methods that five or more data sets have in common")
        return critical_difference(ranking)
    if len(results) != 1:
        raise UsageError(f"the figure {name} shows one results directory, and {len(results)} were named: name one")
    rows = chosen(results[0], method)
    if name == "accuracy":
        return accuracy(results[0], rows, by, paper=paper)
    if name == "sensitivity":
        return sensitivity(results[0], rows, paper=paper)
    return WITHOUT_PAPERS[name](results[0], rows, by)


def save_figure(figure: Figure, path: Path) -> None:
    """Write a figure to a file in the format of its suffix, whole or not at all; equal results give equal bytes.

    Raises
    ------
    UsageError
        If the suffix is not one of `SUFFIXES`, or the file cannot be written.
    """
    suffix = check_output(path, SUFFIXES, "a figure's file")
    content = BytesIO()
    write(figure, content, suffix[1:])
    with whole_file(path) as file:
        file.write(content.getvalue())


def figure_svg(figure: Figure) -> str:
    """Return a figure as an `<svg>` element for an HTML page."""
    out = StringIO()
    write(figure, out, "svg")
    return re.sub(r"^.*?(?=<svg)", "", out.getvalue(), flags=re.DOTALL)
