"""The one style of all figures, and the few things they share."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from io import BytesIO
from typing import Any, ParamSpec

import matplotlib.style
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.transforms import Bbox

from febench.core.errors import UsageError, printable
from febench.results.caveats import caveats_of_data, caveats_of_rows, signs_of
from febench.results.metrics import Metric
from febench.results.results import Results
from febench.results.rows import RowResults
from febench.show.tables import chosen, noted

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00")  # Okabe & Ito: told apart by everybody
MARKERS = ("o", "D", "s", "^", "v", "P")
LINES = ("-", "--", ":")
WIDTH = 7.0
"""Inches: a page's text block."""
STYLE: dict[str, Any] = {
    "figure.dpi": 150,
    "savefig.dpi": 150,
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.grid.axis": "x",
    "grid.color": "0.9",
    "axes.axisbelow": True,
    "axes.titlesize": 11,
    "axes.titlelocation": "left",
    "legend.frameon": False,
    "svg.hashsalt": "febench",
    "text.parse_math": False,
}

P = ParamSpec("P")


class Drawing(Figure):
    """A figure that a notebook shows by itself."""

    def _repr_png_(self) -> bytes:
        out = BytesIO()
        write(self, out, "png")
        return out.getvalue()


class SteadyLayout(ConstrainedLayoutEngine):
    """Constrained layout that puts axes at the same places each time.

    The last digits of its solver depend on where in memory its variables lie, and files would differ by them.
    """

    def execute(self, fig: Figure) -> None:
        """Lay out a figure, and round where its axes stand."""
        super().execute(fig)
        for axes in fig.axes:
            bounds = [round(float(side), 9) for side in axes.get_position(original=True).bounds]
            axes.set_position(Bbox.from_bounds(*bounds), "original")
            axes.set_in_layout(True)  # set_position takes it out


def styled(draw: Callable[P, Figure]) -> Callable[P, Figure]:
    """Draw in febench's style, whatever style the caller has set."""

    @wraps(draw)
    def drawn(*args: P.args, **kwargs: P.kwargs) -> Figure:
        with matplotlib.style.context(["default", STYLE]):
            return draw(*args, **kwargs)

    return drawn


def write(figure: Figure, out: Any, form: str) -> None:
    """Write a figure as `png`, `svg` or `pdf`; the same figure gives the same bytes."""
    dates = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}
    with matplotlib.style.context(["default", STYLE]):
        figure.savefig(out, format=form, metadata=dates.get(form))


def new_figure(
    height: float, rows: int = 1, columns: int = 1, width: float = WIDTH, **kwargs: Any
) -> tuple[Figure, Any]:
    """A figure of that size in inches, with its axes as `Figure.subplots` gives them."""
    figure = Drawing(figsize=(width, height), layout="constrained")
    return figure, figure.subplots(rows, columns, **kwargs)


def name_rows(axes: Axes, names: Sequence[str]) -> None:
    """Name the places 0, 1, ... of the y axis, the first on top."""
    axes.set_yticks(range(len(names)), [wrapped(name) for name in names])
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)


def wrapped(name: str, width: int = 36) -> str:
    """A name in lines of at most so many characters, broken after commas and spaces; all of it can be printed."""
    lines = [""]
    for part in re.findall(rf".{{0,{width - 1}}}?[,\s]|.{{1,{width}}}$|.{{{width}}}", printable(name)):
        if len(lines[-1]) + len(part.rstrip()) > width:
            lines.append("")
        lines[-1] += part
    return "\n".join(line.rstrip() for line in lines if line) or " "


def counted(row: RowResults) -> str:
    """The name of a row, and how many runs are behind what is drawn of it."""
    n, wanted = len(row.runs), row.manifest.n_runs
    return marked(row, f"{row.label} (n = {n}{'' if n == wanted else f' of {wanted}'})")


def marked(row: RowResults, name: str) -> str:
    """A name with the signs that its row has in tables: pretrained, partial, and the like."""
    return f"{name} {signs_of([row]).get(row.label, '')}".rstrip()


def entitle(figure: Figure, what: str, where: str) -> None:
    """Put a title on top, in as many lines as it takes; the figure grows by those beyond the first."""
    title = wrapped(f"{what} ({where})", int(9.5 * figure.get_figwidth()))
    figure.set_figheight(figure.get_figheight() + 0.2 * title.count("\n"))
    figure.suptitle(title, x=0.01, ha="left", fontsize=12)


def origin(results: Results) -> str:
    """Data set and protocol."""
    return f"{results.manifest.title}, protocol {results.manifest.protocol}"


def shown_rows(
    results: Results, rows: Sequence[RowResults] | None, metric: Metric | None = None
) -> tuple[list[RowResults], list[RowResults]]:
    """The rows asked for, all in the papers' order by default; and those of them of which there is something to draw.

    Raises
    ------
    UsageError
        If there are none.
    """
    rows = list(chosen(results) if rows is None else rows)
    drawn = [row for row in rows if row.runs and (metric is None or row.scores(metric))]
    if not drawn:
        lacking = "no run is complete"
        if metric is not None and any(row.runs for row in rows):
            lacking = f"no method has probabilities, and so no {metric.title}"
        raise UsageError(f"there is nothing to draw: {lacking}; febench status says what is missing")
    return rows, drawn


def caveats(results: Results, rows: Sequence[RowResults], metric: Metric | None = None) -> list[str]:
    """What must be read under a figure of results: what is not whole, not people, or not sound."""
    said = [*caveats_of_rows(results, rows), *caveats_of_data(results)]
    notes = [noted(caveat) for caveat in said if caveat.word != "not audited"]
    without = [row.label for row in rows if metric is not None and row.runs and not row.scores(metric)]
    if metric is not None and without:
        notes.append(f"no probabilities, and so no {metric.title}: {', '.join(without)}")
    return notes


def axis_of(metric: Metric) -> str:
    """What stands at an axis of a metric."""
    return f"{metric.title}, {metric.unit}{'' if metric.higher_is_better else ' (less is better)'}"


def finish(figure: Figure, notes: Iterable[str], *, columns: int = 4) -> None:
    """Put one legend of all axes, and notes under it, below a figure; the figure grows by what they need."""
    width = int(14.5 * figure.get_figwidth())
    lines = [line for note in notes for line in textwrap.wrap(f"* {printable(note)}", width, subsequent_indent="   ")]
    handles = _handles(figure.axes)
    longest = max(map(len, handles), default=0)
    columns = max(1, min(columns, int(13 * figure.get_figwidth() / (longest + 6))))
    for_notes, for_legend = 0.14 * len(lines), 0.25 * -(-len(handles) // columns) + 0.05
    height = figure.get_figheight() + for_notes + for_legend
    figure.set_figheight(height)
    below = (for_notes + for_legend) / height
    figure.set_layout_engine(SteadyLayout(rect=(0, below, 1, 1 - below)))
    if handles:
        figure.legend(
            list(handles.values()), list(handles), loc="lower center", bbox_to_anchor=(0.5, for_notes / height),
            ncols=columns, borderaxespad=0.2,
        )  # fmt: skip
    figure.text(0.01, for_notes / height, "\n".join(lines), va="top", fontsize=8, color="0.25")


def _handles(axes: Iterable[Axes]) -> dict[str, Any]:
    """For each label in a legend, what stands for it."""
    return {
        printable(label): handle for one in axes for handle, label in zip(*one.get_legend_handles_labels(), strict=True)
    }


def grid_shape(panels: int, columns: int) -> tuple[int, int]:
    """Rows and columns of that many panels, in at most so many columns."""
    across = max(1, min(panels, columns))
    return -(-panels // across), across


def panels(axes: Any, n: int) -> list[Axes]:
    """The first n axes of a grid, row by row; the others are taken off the page."""
    flat = list(np.ravel(axes))
    for unused in flat[n:]:
        unused.remove()
    return flat[:n]
