"""p values: adjusted where many pairs are compared, and as they are written."""

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


def p_value(p: float) -> str:
    """A p value in three digits, so that 0.0496 does not read as 0.05; a tiny one is not spelled out."""
    return "< 0.001" if p < 0.001 else f"{p:.3g}"


def p_words(p: float) -> str:
    """A p value as it stands in a sentence."""
    return f"p {p_value(p)}" if p < 0.001 else f"p = {p_value(p)}"
