"""Many comparisons at once: the more pairs are looked at, the more of them differ by chance."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def holm(p: Sequence[float]) -> NDArray[np.float64]:
    """Adjust p values by the step-down rule of Holm (1979, Scand. J. Statist. 6:65-70).

    The chance that any of the differences called real at a level is none is then at most that level, however the
    tests depend on each other.

    Parameters
    ----------
    p : sequence of float, length m
        One p value a comparison.

    Returns
    -------
    float array, shape (m,)
        The smallest of m times 1, the next of m - 1 times, and so on, never falling and at most 1; in the given order.
    """
    values = np.asarray(p, dtype=np.float64)
    order = np.argsort(values, kind="stable")
    stepped = np.maximum.accumulate(values[order] * np.arange(len(values), 0, -1))
    adjusted = np.empty_like(values)
    adjusted[order] = np.minimum(stepped, 1.0)
    return adjusted
