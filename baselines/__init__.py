"""Classical methods: hand-made features and small classifiers, one file for each method.

They share the other modules:

- `features`: from images to numbers; `blocks`: features as the harness takes them;
- `selection`: a classifier whose open parameters are selected in every cell (`inner_folds`, `calibration`);
- `classifiers`: principal components and scikit-learn's classifiers;
- `network`: the papers' network as a classifier (`perceptron`, `validation`), `search`: population searches that can
  train it, `searched`: such a network with fixed settings;
- `forecast`: the time that a cell will take.

docs/methods/writing.md says what to use when; the other pages there describe the trials behind each choice.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Images = NDArray[np.uint8]
"""Grey (n, height, width) or RGB (n, height, width, 3)."""

Labels = NDArray[np.integer[Any]]
Features = NDArray[np.floating[Any]]
Single = NDArray[np.float32]
Double = NDArray[np.float64]


def require(condition: bool, message: str) -> None:
    """Raise `ValueError` with this message unless the condition holds."""
    if not condition:
        raise ValueError(message)
