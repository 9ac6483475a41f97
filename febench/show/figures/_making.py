"""Figures by their names, as the command line asks for them, and the files they are written to."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from io import StringIO
from pathlib import Path

from matplotlib.figure import Figure

from febench.core.errors import UsageError
from febench.results.convergence import curves
from febench.results.results import Results, RowResults
from febench.show.figures._accuracy import accuracy
from febench.show.figures._confusion import confusion
from febench.show.figures._convergence import convergence
from febench.show.figures._cost import cost
from febench.show.figures._differences import differences
from febench.show.figures._drop import drop
from febench.show.figures._ranks import critical_difference
from febench.show.figures._sensitivity import sensitivity
from febench.show.figures._style import write
from febench.show.tables import chosen, table_4

SUFFIXES = (".png", ".svg", ".pdf")

Maker = Callable[[Sequence[Results], str | None], Figure]


def _of_one(name: str, draw: Callable[[Results, Sequence[RowResults]], Figure]) -> Maker:
    """A figure of one results directory."""

    def make(results: Sequence[Results], method: str | None) -> Figure:
        if len(results) != 1:
            raise UsageError(f"the figure of {name} is of one results directory, not of {len(results)}")
        return draw(results[0], chosen(results[0], method))

    return make


def _differences(results: Results, rows: Sequence[RowResults]) -> Figure:
    from febench.show.compare import compare

    return differences(compare(results, [row.label for row in rows]))


def _ranks(results: Sequence[Results], method: str | None) -> Figure:
    from febench.show.compare import compare, rank

    found = rank([compare(one) for one in results])
    if method is not None or found is None:
        raise UsageError("the figure of ranks is of all methods that five or more data sets have in common")
    return critical_difference(found)


def _convergence(results: Results, rows: Sequence[RowResults]) -> Figure:
    found = curves(replace(results, rows=tuple(rows)))
    if not found:
        raise UsageError("no method in these results left a trace of how it converged")
    return convergence(found, f"{results.manifest.dataset}, protocol {results.manifest.protocol}")


FIGURES: dict[str, Maker] = {
    "accuracy": _of_one("accuracy", accuracy),
    "sensitivity": _of_one("sensitivity", sensitivity),
    "confusion": _of_one("confusion", confusion),
    "cost": _of_one("cost", cost),
    "differences": _of_one("differences", _differences),
    "ranks": _ranks,
    "drop": lambda results, method: drop(table_4(results, method).data),
    "convergence": _of_one("convergence", _convergence),
}


def make_figure(name: str, results: Sequence[Results], method: str | None = None) -> Figure:
    """A figure by its name, of all methods or of the rows of one.

    Raises
    ------
    UsageError
        If there is no such figure or method, or the results do not fit it.
    """
    if name not in FIGURES:
        raise UsageError(f"there is no figure {name!r}; there is {', '.join(FIGURES)}")
    return FIGURES[name](results, method)


def save_figure(figure: Figure, path: Path) -> None:
    """Write a figure; the file's name says in which form. The same results give the same file.

    Raises
    ------
    UsageError
        If the name ends in none of the forms there are, or the file cannot be written.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise UsageError(f"a figure's file must end in {', '.join(SUFFIXES)}, not {path.name!r}")
    if not path.resolve().parent.is_dir():
        raise UsageError(f"there is no folder {path.parent} to write {path.name} to")
    try:
        write(figure, path, path.suffix.lower()[1:])
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror}; choose another place with -o") from error


def figure_svg(figure: Figure) -> str:
    """A figure as an `<svg>` element, to stand in an HTML page."""
    out = StringIO()
    write(figure, out, "svg")
    return re.sub(r"^.*?(?=<svg)", "", out.getvalue(), flags=re.DOTALL)
