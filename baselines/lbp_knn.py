"""lbp-knn: histograms of local binary patterns and the k nearest neighbours.

Follows: no paper in particular. Local binary patterns and nearest neighbours stand among the traditional means that the
two ResNet papers name; they print no figure of it. The patterns are those of C. Shan, S. Gong, P. McOwan, "Facial
expression recognition based on local binary patterns: a comprehensive study", Image Vis. Comput. 27(6):803-816, 2009.
Open, and chosen here: features as of `lbp-svm`, uniform patterns of 8 points at radius 1, 8x8 cells, grey images
brought to 64x64 pixels, square roots of the shares, not standardised; Euclidean distance of the square roots, which is
Hellinger's distance of the histograms; k = 1. Nothing is fitted, and the validation group is not used.
The trials behind these choices: docs/methods/lbp-knn.md.
"""

from __future__ import annotations

from functools import partial

from baselines.features import check_grid, pattern_histograms
from baselines.pipeline import FeatureClassifier, NearestNeighbours
from febench import method


@method(
    "lbp-knn",
    cite="Shan, Gong, McOwan 2009, Image Vis. Comput. 27(6):803-816, doi:10.1016/j.imavis.2008.08.005",
    sets=("extended",),
    version="1",
)
def lbp_knn(size: int = 64, grid: int = 8, k: int = 1) -> FeatureClassifier:
    """Histograms of local binary patterns, k nearest neighbours.

    Parameters
    ----------
    size, grid
        See `baselines.features.pattern_histograms`.
    k : int
        See `baselines.pipeline.NearestNeighbours`.

    Raises
    ------
    ValueError
        If a parameter lies outside its range.
    """
    check_grid(size, grid)
    return FeatureClassifier(partial(pattern_histograms, size=size, grid=grid), classifier=NearestNeighbours(k))
