"""lbp-svm: histograms of local binary patterns and a linear support vector machine.

Follows: C. Shan, S. Gong, P. McOwan, "Facial expression recognition based on local binary patterns: a comprehensive
study", Image Vis. Comput. 27(6):803-816, 2009: the pipeline of local binary patterns and SVM that the two ResNet papers
name among the traditional ones. They print no figure of it.
Stated there: uniform patterns, 59 bins, histograms of the cells of a grid; support vector machines with linear and
other kernels.
Open, and chosen here: 8 points at radius 1, 8x8 cells of grey images brought to 64x64 pixels, square roots of the
shares, 3776 values, not standardised: products of square roots compare histograms as Hellinger's distance does; squared
hinge loss, each class against the rest, C = 0.01. The validation group is not used.
The trials behind these choices: docs/methods/lbp-svm.md.
"""

from __future__ import annotations

from functools import partial

from baselines.features import check_grid, pattern_histograms
from baselines.pipeline import FeatureClassifier, LinearSVM
from febench import method


@method(
    "lbp-svm",
    cite="Shan, Gong, McOwan 2009, Image Vis. Comput. 27(6):803-816, doi:10.1016/j.imavis.2008.08.005",
    sets=("extended",),
    version="1",
)
def lbp_svm(size: int = 64, grid: int = 8, C: float = 0.01, random_state: int | None = None) -> FeatureClassifier:
    """Histograms of local binary patterns, linear support vector machine (Shan, Gong, McOwan 2009).

    Parameters
    ----------
    size, grid
        See `baselines.features.pattern_histograms`.
    C, random_state
        See `baselines.pipeline.LinearSVM`.

    Raises
    ------
    ValueError
        If a parameter lies outside its range.
    """
    check_grid(size, grid)
    return FeatureClassifier(partial(pattern_histograms, size=size, grid=grid), classifier=LinearSVM(C, random_state))
