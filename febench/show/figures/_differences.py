"""Which differences are real: the best method against every other one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from febench.core.errors import UsageError
from febench.show.figures._style import (
    COLOURS,
    caveats,
    entitle,
    finish,
    name_rows,
    new_figure,
    origin,
    styled,
    wrapped,
)

if TYPE_CHECKING:
    from febench.show.compare import Comparison, Pair


@dataclass(frozen=True)
class _Rival:
    """A method against the best: how far the best is ahead, in points, with its interval where there is a test."""

    name: str
    ahead: float
    interval: tuple[float, float] | None
    outcome: str


MARKS: dict[str, dict[str, Any]] = {
    "better": {"marker": "o", "color": COLOURS[0], "markerfacecolor": COLOURS[0]},
    "worse": {"marker": "v", "color": COLOURS[1], "markerfacecolor": COLOURS[1]},
    "equivalent": {"marker": "s", "color": COLOURS[2], "markerfacecolor": "white"},
    "undecided": {"marker": "D", "color": "0.35", "markerfacecolor": "white"},
    "too few runs": {"marker": "x", "color": "0.35"},
}


@styled
def differences(comparison: Comparison) -> Figure:
    """How far the method with the highest mean is ahead of every other, with intervals and verdicts.

    Parameters
    ----------
    comparison : febench.show.compare.Comparison
        What `febench.show.compare.compare(results)` returns.

    Returns
    -------
    matplotlib.figure.Figure
        A row a method, the nearest rival on top; the marker is the verdict, the band the region of practical
        equivalence. Without a test there is no interval.

    Raises
    ------
    UsageError
        If fewer than two methods have a complete run.
    """
    best = comparison.best
    met = [pair for pair in comparison.pairs if best in (pair.first, pair.second)]
    rivals = [_rival(pair, best) for pair in met if best is not None and pair.difference is not None]
    if not rivals:
        raise UsageError("there is no difference to draw: fewer than two methods have a complete run in common")
    figure, axes = new_figure(height=1.1 + 0.42 * len(rivals))
    _band(axes, comparison.rope)
    for place, rival in enumerate(rivals):
        _mark(axes, place, rival)
    for outcome in MARKS:
        if any(rival.outcome == outcome for rival in rivals):
            axes.plot([], [], linestyle="none", markersize=7, label=outcome, **MARKS[outcome])
    name_rows(axes, [rival.name for rival in rivals])
    axes.set_xlabel(wrapped(f"{best} less the other, points of overall accuracy", 60))
    entitle(figure, f"Is {best} better?", origin(comparison.results))
    finish(figure, _notes(comparison, met), columns=4)
    return figure


def _rival(pair: Pair, best: str) -> _Rival:
    """A pair as the best sees it: over the runs both have whole the other may be ahead."""
    turned = pair.second == best
    name = f"{pair.first if turned else pair.second} (n = {pair.runs})"
    sign = -1.0 if turned else 1.0
    test = pair.evidence.test
    low, high = sorted((sign * test.low, sign * test.high)) if test else (0.0, 0.0)
    outcome = "worse" if turned and pair.outcome == "better" else str(pair.outcome)
    return _Rival(name, sign * (pair.difference or 0.0), (low, high) if test else None, outcome)


def _band(axes: Axes, rope: float) -> None:
    axes.axvline(0, color="0.3", linewidth=0.8)
    if rope:
        axes.axvspan(-rope, rope, color="0.85", linewidth=0, label=f"region of practical equivalence, ±{rope:g}")


def _mark(axes: Axes, place: int, rival: _Rival) -> None:
    words = f"{rival.ahead:+.2f}"
    if rival.interval:
        axes.hlines(place, *rival.interval, color=MARKS[rival.outcome]["color"], linewidth=2)
        words += f"  [{rival.interval[0]:+.2f}, {rival.interval[1]:+.2f}]"
    axes.plot([rival.ahead], [place], linestyle="none", markersize=7, **MARKS[rival.outcome])
    axes.annotate(words, (1.01, place), xycoords=axes.get_yaxis_transform(), va="center", fontsize=7.5)


def _notes(comparison: Comparison, met: list[Pair]) -> list[str]:
    several = f", adjusted by Holm over {len(comparison.pairs)} pairs" if len(comparison.pairs) > 1 else ""
    notes = [
        "lines: 95 % intervals of each difference by itself; n: runs whole in both",
        f"marks: what the tests say together (level {comparison.alpha:g}{several})",
    ]
    unmet = [pair for pair in met if pair.difference is None]
    notes += [f"{pair.first} and {pair.second} have no whole run in common" for pair in unmet]
    shown = {label for pair in comparison.pairs for label in (pair.first, pair.second)} | set(comparison.left_out)
    return [*notes, *caveats(comparison.results, [row for row in comparison.results.rows if row.label in shown])]
