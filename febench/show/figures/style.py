"""The style that all figures have, and what several of them draw."""

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
from numpy.typing import NDArray

from febench.core.errors import UsageError, printable
from febench.results.caveats import caveats_of_data, caveats_of_rows, signs_of
from febench.results.metrics import OA, Metric
from febench.results.results import Results
from febench.results.rows import RowResults
from febench.show.tables import INTERVAL_OF_PEOPLE, chosen, noted
from febench.show.tables.table import SPREAD

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00")  # Okabe & Ito: told apart by everybody
MARKERS = ("o", "D", "s", "^", "v", "P")
LINES = ("-", "--", ":")
WIDTH = 7.0
"""Inches: as wide as the text of a page."""
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
    """A figure that a notebook shows without being told to."""

    def _repr_png_(self) -> bytes:
        out = BytesIO()
        write(self, out, "png")
        return out.getvalue()


class SteadyLayout(ConstrainedLayoutEngine):
    """Constrained layout that puts axes at the same positions each time.

    The last digits of its solver depend on where in memory its variables lie, and files would differ by them.
    """

    def execute(self, fig: Figure) -> None:
        """Lay out a figure, and round the positions of its axes."""
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
    """Return a figure of a size in inches, and its axes as `Figure.subplots` returns them."""
    figure = Drawing(figsize=(width, height), layout="constrained")
    return figure, figure.subplots(rows, columns, **kwargs)


def name_rows(axes: Axes, names: Sequence[str]) -> None:
    """Name the positions 0, 1, ... of the y axis, the first on top."""
    axes.set_yticks(range(len(names)), [wrapped(name) for name in names])
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)


def wrapped(name: str, width: int = 36) -> str:
    """Break a name into lines of at most `width` characters, after commas and spaces; escape control characters."""
    lines = [""]
    for part in re.findall(rf".{{0,{width - 1}}}?[,\s]|.{{1,{width}}}$|.{{{width}}}", printable(name)):
        if len(lines[-1]) + len(part.rstrip()) > width:
            lines.append("")
        lines[-1] += part
    return "\n".join(line.rstrip() for line in lines if line) or " "


def counted(row: RowResults) -> str:
    """Return the name of a row with its number of complete runs."""
    n, n_runs = len(row.runs), row.manifest.n_runs
    return marked(row, f"{row.label} (n = {n}{'' if n == n_runs else f' of {n_runs}'})")


def marked(row: RowResults, name: str) -> str:
    """Return a name with the signs that its row has in tables, such as that of a partial row."""
    return f"{name} {signs_of([row]).get(row.label, '')}".rstrip()


def entitle(figure: Figure, what: str, where: str) -> None:
    """Put a title on top, in as many lines as it needs; the figure grows by those beyond the first."""
    title = wrapped(f"{what} ({where})", int(9.5 * figure.get_figwidth()))
    figure.set_figheight(figure.get_figheight() + 0.2 * title.count("\n"))
    figure.suptitle(title, x=0.01, ha="left", fontsize=12)


def origin(results: Results) -> str:
    """Return the names of the data set and the protocol."""
    return f"{results.manifest.title}, protocol {results.manifest.protocol}"


def shown_rows(
    results: Results, rows: Sequence[RowResults] | None, metric: Metric | None = None
) -> tuple[list[RowResults], list[RowResults]]:
    """Return the requested rows, all by default, in the papers' order; and those with a value, the best mean first.

    Rows are sorted by the metric, by overall accuracy if it is None.

    Raises
    ------
    UsageError
        If no row has a complete run, or none has the metric.
    """
    rows = list(chosen(results) if rows is None else rows)
    drawn = [row for row in rows if row.runs and (metric is None or row.scores(metric))]
    if not drawn:
        reason = "no run is complete"
        if metric is not None and any(row.runs for row in rows):
            reason = f"no method has probabilities, and so no {metric.title}"
        raise UsageError(f"there is nothing to draw: {reason}; febench status says what is missing")
    by = metric or OA
    return rows, sorted(drawn, key=lambda row: row.summary(by).mean or 0.0, reverse=by.higher_is_better)


def error_bars(
    means: Sequence[tuple[float, float | None, tuple[float, float] | None]], over_people: bool
) -> NDArray[np.float64]:
    """Return the lengths of bars below and above means, shape (2, n).

    Parameters
    ----------
    means : sequence of tuple
        Mean, sample standard deviation over runs, and interval over people.
    over_people : bool
        Whether bars are intervals; what has none then has no bar. Otherwise they are standard deviations.
    """
    if over_people:
        lengths = [(mean - interval[0], interval[1] - mean) if interval else (0.0, 0.0) for mean, _, interval in means]
    else:
        lengths = [(sd or 0.0, sd or 0.0) for _, sd, _ in means]
    return np.asarray(lengths, dtype=float).reshape(-1, 2).T


def bar_name(over_people: bool) -> str:
    """Return what `error_bars` are called in a caption."""
    return INTERVAL_OF_PEOPLE if over_people else SPREAD


def caveats(results: Results, rows: Sequence[RowResults], metric: Metric | None = None) -> list[str]:
    """Return the notes under a figure: rows that are not whole, images that are not people's, errors of the audit."""
    every = [*caveats_of_rows(results, rows), *caveats_of_data(results)]
    notes = [noted(caveat) for caveat in every if caveat.word != "not audited"]
    without = [row.label for row in rows if metric is not None and row.runs and not row.scores(metric)]
    if metric is not None and without:
        notes.append(f"no probabilities, and so no {metric.title}: {', '.join(without)}")
    return notes


def axis_of(metric: Metric) -> str:
    """Return the label of a metric's axis."""
    return f"{metric.title}, {metric.unit}{'' if metric.higher_is_better else ' (less is better)'}"


def finish(figure: Figure, notes: Iterable[str], *, columns: int = 4) -> None:
    """Put one legend for all axes below a figure, and notes under it; the figure grows by what they need."""
    width = int(14.5 * figure.get_figwidth())
    lines = [line for note in notes for line in textwrap.wrap(f"* {printable(note)}", width, subsequent_indent="   ")]
    handles = _handles(figure.axes)
    longest = max(map(len, handles), default=0)
    columns = max(1, min(columns, int(13 * figure.get_figwidth() / (longest + 6))))
    notes_height, legend_height = 0.14 * len(lines), 0.25 * -(-len(handles) // columns) + 0.05
    height = figure.get_figheight() + notes_height + legend_height
    figure.set_figheight(height)
    below = (notes_height + legend_height) / height
    figure.set_layout_engine(SteadyLayout(rect=(0, below, 1, 1 - below)))
    if handles:
        figure.legend(
            list(handles.values()),
            list(handles),
            loc="lower center",
            bbox_to_anchor=(0.5, notes_height / height),
            ncols=columns,
            borderaxespad=0.2,
        )
    figure.text(0.01, notes_height / height, "\n".join(lines), va="top", fontsize=8, color="0.25")


def _handles(axes: Iterable[Axes]) -> dict[str, Any]:
    """Return the handle of each label in the legend."""
    return {
        printable(label): handle
        for panel in axes
        for handle, label in zip(*panel.get_legend_handles_labels(), strict=True)
    }


def grid_shape(panels: int, columns: int) -> tuple[int, int]:
    """Return the numbers of rows and columns of a grid of panels, with at most `columns` columns."""
    across = max(1, min(panels, columns))
    return -(-panels // across), across


def panels(axes: Any, n: int) -> list[Axes]:
    """Return the first n axes of a grid, row by row, and remove the others."""
    flat = list(np.ravel(axes))
    for unused in flat[n:]:
        unused.remove()
    return flat[:n]
