"""majority: always the most frequent class of the training images, the floor under every accuracy.

Follows: the default rule, whose accuracy R. C. Holte, "Very simple classification rules perform well on most commonly
used datasets", Mach. Learn. 11:63-90, 1993, prints beside every other as the baseline; scikit-learn's
`DummyClassifier(strategy="prior")`.
Stated there: the predicted class is the one with most training images; no attribute is used.
Open, and chosen here: of equally frequent classes the first; probabilities are the shares of the classes in training.
The validation fold is not used.
Its purpose: docs/methods/majority.md.
"""

from __future__ import annotations

from typing import Any

from sklearn.dummy import DummyClassifier

from baselines import Images, Labels
from febench import method


class Majority(DummyClassifier):  # type: ignore[misc]
    """scikit-learn's, with the forecast that it takes no time."""

    def forecast(self, X: Images, y: Labels, n: int) -> float:
        """Return the seconds of a cell: 0."""
        return 0.0


@method(
    "majority",
    cite="Holte 1993, Mach. Learn. 11:63-90, doi:10.1023/A:1022631118932",
    sets=("extended",),
    version="1",
)
def majority() -> Any:
    """Always the most frequent class of the training images (the default rule)."""
    return Majority(strategy="prior")
