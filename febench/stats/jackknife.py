"""Values of units, such as people or folds, whose mean is an estimate and whose spread is its uncertainty."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def jackknife_values(estimate: NDArray[np.float64] | float, without: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return one value a unit; their mean is the estimate, and they differ as the unit moves it.

    They are the pseudo-values of the jackknife (Tukey 1958, Ann. Math. Statist. 29:614; Efron & Tibshirani 1993, "An
    introduction to the bootstrap", chapter 11), shifted so that their mean is the estimate itself and not one
    corrected for bias. If the estimate is a mean over units, each value is the unit's own.

    Parameters
    ----------
    estimate : float, or float array of shape (...)
        The figure of all units together.
    without : float array, shape (..., units)
        The figure of all units but one.

    Returns
    -------
    float array, shape (..., units)
    """
    n = without.shape[-1]
    centre = without.mean(axis=-1, keepdims=True)
    values: NDArray[np.float64] = np.asarray(estimate)[..., None] + (n - 1) * (centre - without)
    return values
