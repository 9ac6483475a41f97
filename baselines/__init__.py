"""Classical methods: hand-made features and small classifiers, one readable file a method.

What they share: `features`, from images to numbers; `blocks`, features as the harness takes them; `pipeline`, principal
components and scikit-learn's classifiers; `network`, the papers' network, and `search`, what can train it; `selection`,
a classifier whose open parameters are chosen in every cell; `searched`, a network that a search trains, with fixed
settings. docs/methods/writing.md says what to use when; the other pages there tell the trials behind each choice.
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
