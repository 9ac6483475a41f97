"""hog-mlp: histograms of oriented gradients and a network of one hidden layer.

Follows: no paper in particular. The two ResNet papers name gradient histograms and neural networks among the
traditional means; they print no figure of them. The histograms are those of N. Dalal, B. Triggs, "Histograms of
oriented gradients for human detection", CVPR 2005:886-893.
Open, and chosen here: cells of 8x8 pixels, 9 orientations, blocks of 2x2 cells, grey images brought to 64x64 pixels,
1764 values, standardised; the single-hidden-layer network that all methods here share, 200 iterations of L-BFGS. The
validation fold chooses the iteration.
Selected in every cell, on its training images in three inner folds (`baselines.selection`), where networks are trained
to their last iteration: 20 or 50 hidden neurons, weight decay 1e-3, 1e-4 or 1e-5. With `select=false`: 50 and 1e-4.
The trials behind these choices: docs/methods/hog-mlp.md.
"""

from __future__ import annotations

from sklearn.preprocessing import StandardScaler

from baselines.blocks import Blocks
from baselines.features import check_blocks, gradient_histograms
from baselines.network import GradientNetwork
from baselines.selection import Selected, choices
from febench import method


@method(
    "hog-mlp",
    cite="Dalal & Triggs 2005, CVPR:886-893, doi:10.1109/CVPR.2005.177",
    sets=("extended",),
    version="3",
)
def hog_mlp(
    size: int = 64,
    cell: int = 8,
    block: int = 2,
    orientations: int = 9,
    hidden: int | None = None,
    decay: float | None = None,
    iterations: int = 200,
    select: bool = True,
    random_state: int | None = None,
) -> Selected:
    """Histograms of oriented gradients, network of one hidden layer trained by back-propagation.

    Parameters
    ----------
    size, cell, block, orientations
        See `baselines.features.gradient_histograms`.
    hidden, decay, iterations
        See `baselines.network.GradientNetwork`; hidden and decay are selected where they are None.
    select : bool
        Whether to select the parameters that are None; otherwise they are 50 and 1e-4.
    random_state
        Seed of the network and of the inner folds.

    Raises
    ------
    ValueError
        If a parameter lies outside its range.
    """
    check_blocks(size, cell, block, orientations)
    return Selected(
        Blocks.single(gradient_histograms, size=size, cell=cell, block=block, orientations=orientations),
        StandardScaler(),
        GradientNetwork(iterations=iterations, random_state=random_state),
        grid={
            "hidden": choices(hidden, 50, (20, 50), select),
            "decay": choices(decay, 1e-4, (1e-3, 1e-4, 1e-5), select),
        },
        folds=3,
        max_images=None,
        random_state=random_state,
    )
