"""How far a training had come at some moments: what the figure of convergence is drawn from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

STEP = 1.3
"""A moment is noted whenever the evaluations have grown by this factor: some 30 from 50 to 80,000."""

Accuracy = Callable[[NDArray[np.float64]], float | None]


class Trace:
    """Notes evaluations, smallest training error and validation accuracy at moments evenly spaced in their logarithm.

    Parameters
    ----------
    accuracy : callable
        Weights (size,) to the share of the validation inputs they get right, or None if there are none.
    """

    def __init__(self, accuracy: Accuracy) -> None:
        self._accuracy = accuracy
        self._next = 1.0
        self._last: tuple[int, float, NDArray[np.float64]] | None = None
        self.rows: list[list[Any]] = []

    def note(self, evaluations: int, error: float, weights: NDArray[np.float64]) -> None:
        """Take note of the best weights so far, if it is time to."""
        self._last = (evaluations, error, weights)
        if evaluations >= self._next:
            self._write()

    def finish(self) -> list[list[Any]]:
        """All notes, the last moment among them: `[evaluations, error, accuracy]` each."""
        if self._last and (not self.rows or self.rows[-1][0] != self._last[0]):
            self._write()
        return self.rows

    def _write(self) -> None:
        assert self._last is not None
        evaluations, error, weights = self._last
        accuracy = self._accuracy(weights)
        self.rows.append([evaluations, round(error, 6), None if accuracy is None else round(accuracy, 4)])
        self._next = evaluations * STEP
