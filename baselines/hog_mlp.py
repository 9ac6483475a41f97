"""hog-mlp: histograms of oriented gradients and a network of one hidden layer.

Follows: no paper in particular. Gradient histograms and neural networks stand among the traditional means that the two
ResNet papers name; they print no figure of it. The histograms are those of N. Dalal, B. Triggs, "Histograms of oriented
gradients for human detection", CVPR 2005:886-893.
Open, and chosen here: features as of `hog-svm`, cells of 8x8 pixels, 9 orientations, blocks of 2x2 cells, grey images
brought to 64x64 pixels, 1764 values, standardised; the single-hidden-layer network all methods here share, 50 hidden
neurons, weight decay 1e-4, 200 iterations of L-BFGS. The validation group picks the iteration.
The trials behind these choices: docs/methods/hog-mlp.md.
"""

from __future__ import annotations

from functools import partial

from sklearn.preprocessing import StandardScaler

from baselines.features import check_blocks, gradient_histograms
from baselines.network import GradientNetwork
from baselines.pipeline import FeatureClassifier
from febench import method


@method(
    "hog-mlp",
    cite="Dalal & Triggs 2005, CVPR:886-893, doi:10.1109/CVPR.2005.177",
    sets=("extended",),
    version="1",
)
def hog_mlp(
    size: int = 64,
    cell: int = 8,
    block: int = 2,
    orientations: int = 9,
    hidden: int = 50,
    decay: float = 1e-4,
    iterations: int = 200,
    random_state: int | None = None,
) -> FeatureClassifier:
    """Histograms of oriented gradients, network of one hidden layer trained by back-propagation.

    Parameters
    ----------
    size, cell, block, orientations
        See `baselines.features.gradient_histograms`.
    hidden, decay, iterations, random_state
        See `baselines.network.GradientNetwork`.

    Raises
    ------
    ValueError
        If a parameter lies outside its range.
    """
    check_blocks(size, cell, block, orientations)
    return FeatureClassifier(
        partial(gradient_histograms, size=size, cell=cell, block=block, orientations=orientations),
        StandardScaler(),
        classifier=GradientNetwork(hidden, decay, iterations, random_state),
    )
