"""lbp-knn: histograms of local binary patterns and the k nearest neighbours of each class.

Follows: no paper in particular. The two ResNet papers name local binary patterns and nearest neighbours among the
traditional means; they print no figure of them. The patterns are those of C. Shan, S. Gong, P. McOwan, "Facial
expression recognition based on local binary patterns: a comprehensive study", Image Vis. Comput. 27(6):803-816, 2009,
the rule that of Y. Mitani, Y. Hamamoto, "A local mean-based nonparametric classifier", Pattern Recognit. Lett.
27(10):1151-1159, 2006: the class whose k nearest images have the nearest mean.
Chosen here: features as of `lbp-svm`, uniform patterns of 8 points at radius 1 of grey images, square roots of the
shares, not standardised; Euclidean distance of the square roots, which is Hellinger's distance of the histograms.
Probabilities are the softmax of minus the squared distances to the classes' means, over one temperature
(`baselines.calibration`), so that the answer is always the most probable class, also with one neighbour.
Selected in every cell, on its training images: images of 64x64 or 128x128 pixels, 4x4 or 8x8 cells, k of 1, 3, 5, 9,
15, 25, 50 and 100. With `select=false`: 64 pixels, 8x8 cells, k = 1, the nearest neighbour rule. The validation fold
is not used.
The trials behind these choices: docs/methods/lbp-knn.md; each choice with what it rests on: docs/methods/choices.md.
"""

from __future__ import annotations

from baselines.blocks import Blocks
from baselines.classifiers import NearestNeighbours
from baselines.features import check_grid, pattern_histograms
from baselines.selection import Selected, choices
from febench import method

NEIGHBOURS = (1, 3, 5, 9, 15, 25, 50, 100)
"""Values of k that are tried."""


@method(
    "lbp-knn",
    cite="Shan, Gong, McOwan 2009, Image Vis. Comput. 27(6):803-816, doi:10.1016/j.imavis.2008.08.005; "
    "Mitani, Hamamoto 2006, Pattern Recognit. Lett. 27(10):1151-1159",
    sets=("extended",),
    version="4",
)
def lbp_knn(
    size: int | None = None,
    grid: int | None = None,
    k: int | None = None,
    select: bool = True,
    random_state: int | None = None,
) -> Selected:
    """Histograms of local binary patterns, k nearest neighbours of each class (Mitani, Hamamoto 2006).

    Parameters
    ----------
    size, grid
        See `baselines.features.pattern_histograms`; selected where they are None.
    k
        See `baselines.classifiers.NearestNeighbours`; selected where it is None.
    select : bool
        Whether to select the parameters that are None; otherwise they are 64, 8 and 1.
    random_state
        Seed of the inner folds.

    Raises
    ------
    ValueError
        If a parameter lies outside its range.
    """
    varied = {"size": choices(size, 64, (64, 128), select), "grid": choices(grid, 8, (4, 8), select)}
    return Selected(
        Blocks.of(pattern_histograms, check_grid, varied=varied),
        NearestNeighbours(),
        grid={"k": choices(k, 1, NEIGHBOURS, select)},
        isometric=True,
        max_images=None,
        random_state=random_state,
    )
