"""The convergence of each training, from the traces that methods store in `fit_info_["trace"]`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from febench.results.rows import RowResults


@dataclass(frozen=True)
class Curve:
    """The course of all cells of one method.

    Attributes
    ----------
    label : str
        The row's label.
    evaluations : float array, shape (moments,)
        Objective evaluations, rising.
    error : float array, shape (cells, moments)
        Smallest training error found with so many evaluations.
    accuracy : float array, shape (cells, moments)
        Accuracy on the validation fold of what was best then, in percent; NaN where there was none.
    spent : int
        Most evaluations a cell spent; what comes later is carried on from there.
    """

    label: str
    evaluations: NDArray[np.float64]
    error: NDArray[np.float64]
    accuracy: NDArray[np.float64]
    spent: int

    def at(self, evaluations: float) -> tuple[float, float]:
        """Mean error and mean validation accuracy once so many evaluations were spent; NaN before the first."""
        where = int(np.searchsorted(self.evaluations, evaluations, side="right")) - 1
        if where < 0:
            return np.nan, np.nan
        return float(self.error[:, where].mean()), float(self.accuracy[:, where].mean())


def curves(rows: Sequence[RowResults]) -> list[Curve]:
    """A curve for each of some rows whose cells left traces, all over the same evaluations."""
    traces = {row.label: [record.info["trace"] for record in row.cells.take(row.cells.table["traced"])] for row in rows}
    moments = np.unique([moment for own in traces.values() for trace in own for moment, _, _ in trace])
    return [
        Curve(
            label=label,
            evaluations=moments,
            error=(steps := np.stack([_steps(trace, moments) for trace in own]))[:, 0],
            accuracy=100.0 * steps[:, 1],
            spent=max(int(trace[-1][0]) for trace in own),
        )
        for label, own in traces.items()
        if own
    ]


def _steps(trace: Sequence[tuple[float, float, float | None]], moments: NDArray[np.float64]) -> NDArray[np.float64]:
    """Error and accuracy at each moment, shape (2, moments): what was noted last, NaN before the first note."""
    noted = np.asarray([[moment, error, np.nan if share is None else share] for moment, error, share in trace])
    last = np.searchsorted(noted[:, 0], moments, side="right") - 1
    values: NDArray[np.float64] = np.where(last >= 0, noted[np.maximum(last, 0), 1:].T, np.nan)
    return values
