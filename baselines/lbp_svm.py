"""lbp-svm: histograms of local binary patterns and a linear support vector machine.

Follows: C. Shan, S. Gong, P. McOwan, "Facial expression recognition based on local binary patterns: a comprehensive
study", Image Vis. Comput. 27(6):803-816, 2009: the pipeline of local binary patterns and SVM that the two ResNet papers
name among the traditional ones. They print no figure of it.
Stated there: uniform patterns, 59 bins, histograms of the cells of a grid; support vector machines with linear and
other kernels.
Open, and chosen here: 8 points at radius 1 of grey images, square roots of the shares, not standardised: products of
square roots compare histograms as Hellinger's distance does; squared hinge loss, each class against the rest.
Selected in every cell, on its training images (`baselines.selection`): images of 64x64 or 128x128 pixels, 4x4 or 8x8
cells, C from 2^-9 to 32. With `select=false`: 64 pixels, 8x8 cells, 3776 values, C = 0.01. The validation fold is not
used.
The trials behind these choices: docs/methods/lbp-svm.md.
"""

from __future__ import annotations

from baselines.blocks import Blocks
from baselines.classifiers import LinearSVM
from baselines.features import check_grid, pattern_histograms
from baselines.selection import LINEAR_COSTS, Selected, choices
from febench import method


@method(
    "lbp-svm",
    cite="Shan, Gong, McOwan 2009, Image Vis. Comput. 27(6):803-816, doi:10.1016/j.imavis.2008.08.005",
    sets=("extended",),
    version="3",
)
def lbp_svm(
    size: int | None = None,
    grid: int | None = None,
    C: float | None = None,
    select: bool = True,
    random_state: int | None = None,
) -> Selected:
    """Histograms of local binary patterns, linear support vector machine (Shan, Gong, McOwan 2009).

    Parameters
    ----------
    size, grid
        See `baselines.features.pattern_histograms`; selected where they are None.
    C
        See `baselines.classifiers.LinearSVM`; selected where it is None.
    select : bool
        Whether to select the parameters that are None; otherwise they are 64, 8 and 0.01.
    random_state
        Seed of the machine and of the inner folds.

    Raises
    ------
    ValueError
        If a parameter lies outside its range.
    """
    varied = {"size": choices(size, 64, (64, 128), select), "grid": choices(grid, 8, (4, 8), select)}
    return Selected(
        Blocks.of(pattern_histograms, check_grid, varied=varied),
        LinearSVM(random_state=random_state),
        grid={"C": choices(C, 0.01, LINEAR_COSTS, select)},
        bounds={"C": 2.0},
        isometric=True,
        random_state=random_state,
    )
