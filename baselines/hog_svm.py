"""hog-svm: histograms of oriented gradients and a linear support vector machine.

Follows: N. Dalal, B. Triggs, "Histograms of oriented gradients for human detection", CVPR 2005:886-893, on whole faces:
the pipeline of gradient histograms and SVM that the two ResNet papers name among the traditional ones. They print no
figure of it.
Stated there: cells of 8x8 pixels, 9 orientations from 0 to 180 degrees, blocks of 2x2 cells normalised by clipped
length (L2-Hys); a linear SVM.
Open, and chosen here: grey images brought to 64x64 pixels, 1764 values, not standardised; squared hinge loss, each
class against the rest, C = 0.03. The validation group is not used.
The trials behind these choices: docs/methods/hog-svm.md.
"""

from __future__ import annotations

from functools import partial

from baselines.features import check_blocks, gradient_histograms
from baselines.pipeline import FeatureClassifier, LinearSVM
from febench import method


@method(
    "hog-svm",
    cite="Dalal & Triggs 2005, CVPR:886-893, doi:10.1109/CVPR.2005.177",
    sets=("extended",),
    version="1",
)
def hog_svm(
    size: int = 64,
    cell: int = 8,
    block: int = 2,
    orientations: int = 9,
    C: float = 0.03,
    random_state: int | None = None,
) -> FeatureClassifier:
    """Histograms of oriented gradients, linear support vector machine (Dalal & Triggs 2005).

    Parameters
    ----------
    size, cell, block, orientations
        See `baselines.features.gradient_histograms`.
    C, random_state
        See `baselines.pipeline.LinearSVM`.

    Raises
    ------
    ValueError
        If a parameter lies outside its range.
    """
    check_blocks(size, cell, block, orientations)
    return FeatureClassifier(
        partial(gradient_histograms, size=size, cell=cell, block=block, orientations=orientations),
        classifier=LinearSVM(C, random_state),
    )
