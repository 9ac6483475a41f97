"""What is measured: confusion matrices, sensitivity and overall accuracy as the ResNet-50 paper defines them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def confusion_matrix(labels: NDArray[np.int64], predictions: NDArray[np.int64], n_classes: int) -> NDArray[np.int64]:
    """H of equation 7: entry (i, j) counts images of class i recognised as class j.

    Parameters
    ----------
    labels, predictions : int64 arrays, shape (n,)
        Class indices.
    n_classes : int
        Number of classes.

    Returns
    -------
    int64 array, shape (n_classes, n_classes)
    """
    flat = np.bincount(labels * n_classes + predictions, minlength=n_classes * n_classes)
    return flat.reshape(n_classes, n_classes).astype(np.int64)


def sensitivities(confusion: NDArray[np.int64]) -> NDArray[np.float64]:
    """E(t) of equation 10, in percent, shape (n_classes,); NaN for a class without images."""
    totals = confusion.sum(axis=1)
    hits = np.diagonal(confusion).astype(np.float64)
    found: NDArray[np.float64] = np.divide(100.0 * hits, totals, out=np.full(len(totals), np.nan), where=totals > 0)
    return found


def overall_accuracy(confusion: NDArray[np.int64]) -> float:
    """OA of equation 11, in percent; NaN without images."""
    total = int(confusion.sum())
    return 100.0 * float(np.trace(confusion)) / total if total else float("nan")


def mean_and_sd(values: NDArray[np.float64]) -> tuple[float | None, float | None]:
    """Mean and sample standard deviation (n-1) over runs; None where there are too few runs to have one."""
    mean = float(np.mean(values)) if len(values) else None
    sd = float(np.std(values, ddof=1)) if len(values) > 1 else None
    return mean, sd
