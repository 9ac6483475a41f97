"""hwt: Haar wavelet features and a network trained by back-propagation.

Follows: Evans 2017, which the papers this benchmark grew from cite and compare with; its text is not public.
Stated there: features from the Haar wavelet transform.
Open, and chosen here: the approximation of the third level of 128x128 grey images, 256 coefficients, details an option;
the single-hidden-layer network all methods here share, trained by 400 iterations of L-BFGS on standardised features.
The validation fold chooses the iteration.
Selected in every cell, on its training images in three inner folds (`baselines.selection`), where networks are trained
to their last iteration: 20 or 40 hidden neurons, weight decay 1e-4 or 1e-5. With `select=false`: 20 and 1e-4.
The trials behind these choices: docs/methods/hwt.md.
"""

from __future__ import annotations

from sklearn.preprocessing import StandardScaler

from baselines.blocks import Blocks
from baselines.features import check_wavelet, wavelet_coefficients
from baselines.network import GradientNetwork
from baselines.selection import Selected, choices
from febench import method


@method("hwt", cite="Evans 2017, Adv. Comput. Sci. Res. 61:342-346", sets=("classical",), version="4")
def hwt(
    wavelet: str = "haar",
    level: int = 3,
    details: bool = False,
    hidden: int | None = None,
    decay: float | None = None,
    iterations: int = 400,
    select: bool = True,
    random_state: int | None = None,
) -> Selected:
    """Haar wavelet features, network trained by back-propagation (Evans 2017).

    Parameters
    ----------
    wavelet, level, details
        See `baselines.features.wavelet_coefficients`.
    hidden, decay, iterations
        See `baselines.network.GradientNetwork`; hidden and decay are selected where they are None.
    select : bool
        Whether to select the parameters that are None; otherwise they are 20 and 1e-4.
    random_state
        Seed of the network and of the inner folds.

    Raises
    ------
    ValueError
        If a parameter lies outside its range.
    """
    check_wavelet(wavelet, level)
    return Selected(
        Blocks.single(wavelet_coefficients, wavelet=wavelet, level=level, details=details),
        StandardScaler(),
        GradientNetwork(iterations=iterations, random_state=random_state),
        grid={
            "hidden": choices(hidden, 20, (20, 40), select),
            "decay": choices(decay, 1e-4, (1e-4, 1e-5), select),
        },
        folds=3,
        max_images=None,
        random_state=random_state,
    )
