"""Classical methods: hand-made features and small classifiers, one readable file a method.

What they share: `features`, from images to numbers; `blocks`, these as the harness takes them; `network`, the papers'
network and its trainings, with the searches of `search`; `pipeline`, all other classifiers, and principal components;
`selection` and `tuned`, what is left open, selected in every cell: by inner cross-validation or, for networks that a
search trains, on the validation group. The trials behind each choice are told in docs/methods.
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
