"""hog-svm: histograms of oriented gradients and a linear support vector machine.

Follows: N. Dalal, B. Triggs, "Histograms of oriented gradients for human detection", CVPR 2005:886-893, on whole faces:
the pipeline of gradient histograms and SVM that the two ResNet papers name among the traditional ones. They print no
figure of it.
Stated there: cells of 8x8 pixels, 9 orientations from 0 to 180 degrees, blocks of 2x2 cells normalised by clipped
length (L2-Hys); a linear SVM.
Open, and chosen here: grey images, histograms not standardised; squared hinge loss, each class against the rest.
Selected in every cell, on its training images (`baselines.selection`): images of 64x64 or 128x128 pixels, cells of 16
or 8 pixels, C from 2^-9 to 32. With `select=false`: 64 pixels, cells of 8, 1764 values, C = 0.03. The validation fold
is not used.
The trials behind these choices: docs/methods/hog-svm.md.
"""

from __future__ import annotations

from baselines.blocks import Blocks
from baselines.classifiers import LinearSVM
from baselines.features import check_blocks, gradient_histograms
from baselines.selection import LINEAR_COSTS, Selected, choices
from febench import method


@method(
    "hog-svm",
    cite="Dalal & Triggs 2005, CVPR:886-893, doi:10.1109/CVPR.2005.177",
    sets=("extended",),
    version="3",
)
def hog_svm(
    size: int | None = None,
    cell: int | None = None,
    block: int = 2,
    orientations: int = 9,
    C: float | None = None,
    select: bool = True,
    random_state: int | None = None,
) -> Selected:
    """Histograms of oriented gradients, linear support vector machine (Dalal & Triggs 2005).

    Parameters
    ----------
    size, cell, block, orientations
        See `baselines.features.gradient_histograms`; size and cell are selected where they are None.
    C
        See `baselines.classifiers.LinearSVM`; selected where it is None.
    select : bool
        Whether to select the parameters that are None; otherwise they are 64, 8 and 0.03.
    random_state
        Seed of the machine and of the inner folds.

    Raises
    ------
    ValueError
        If a parameter lies outside its range.
    """
    varied = {"size": choices(size, 64, (64, 128), select), "cell": choices(cell, 8, (16, 8), select)}
    return Selected(
        Blocks.of(gradient_histograms, check_blocks, varied=varied, block=block, orientations=orientations),
        LinearSVM(random_state=random_state),
        grid={"C": choices(C, 0.03, LINEAR_COSTS, select)},
        bounds={"C": 2.0},
        isometric=True,
        random_state=random_state,
    )
