"""How fast and how far each training converged, from the traces that methods leave in `fit_info_["trace"]`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from febench.results.results import Results, RowResults
from febench.results.store import Record

Row = tuple[float, float, float | None]


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
        Accuracy on the validation group of what was best then, in percent; NaN where there was none.
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


def curves(results: Results) -> list[Curve]:
    """A curve for each method whose cells left traces, all over the same evaluations."""
    traced = {row.label: _traces(row) for row in results.rows}
    traced = {label: traces for label, traces in traced.items() if traces}
    moments = np.unique([moment for traces in traced.values() for trace in traces for moment, _, _ in trace])
    return [_curve(label, traces, moments) for label, traces in traced.items()]


def _traces(row: RowResults) -> list[list[Row]]:
    return [_trace(record) for record in row.records if record.ok and record.info.get("trace")]


def _trace(record: Record) -> list[Row]:
    return [(moment, error, accuracy) for moment, error, accuracy in record.info["trace"]]


def _curve(label: str, traces: Sequence[list[Row]], moments: NDArray[np.float64]) -> Curve:
    steps = np.stack([_steps(trace, moments) for trace in traces])
    spent = max(int(trace[-1][0]) for trace in traces)
    return Curve(label, moments, steps[:, 0], 100.0 * steps[:, 1], spent)


def _steps(trace: list[Row], moments: NDArray[np.float64]) -> NDArray[np.float64]:
    """Error and accuracy at each moment, shape (2, moments): what was noted last, NaN before the first note."""
    noted = np.asarray([[moment, error, np.nan if share is None else share] for moment, error, share in trace])
    last = np.searchsorted(noted[:, 0], moments, side="right") - 1
    found: NDArray[np.float64] = np.where(last >= 0, noted[np.maximum(last, 0), 1:].T, np.nan)
    return found
