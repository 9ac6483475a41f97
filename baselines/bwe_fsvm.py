"""bwe-fsvm: biorthogonal wavelet entropy and a fuzzy support vector machine.

Follows: Y.-D. Zhang, Z.-J. Yang, H.-M. Lu, X.-X. Zhou, P. Phillips, Q.-M. Liu, S.-H. Wang, "Facial emotion recognition
based on biorthogonal wavelet entropy, fuzzy support vector machine, and stratified cross validation", IEEE Access
4:8375-8385, 2016; cited as Lu et al. in the papers this benchmark grew from.
Stated in its abstract: biorthogonal wavelet entropy gives multi-scale features, a fuzzy multiclass support vector
machine classifies them; stratified cross-validation.
Body not read; chosen here: bior4.4, 4 levels, stationary, 4L = 16 entropies of 128x128 grey images, standardised; the
entropy is MATLAB's unnormalised one, -sum(c² ln c²), decided on other draws of the faces against two more definitions;
C is multiplied by an image's membership of its class as C.-F. Lin & S.-D. Wang, "Fuzzy support vector machines", IEEE
Trans. Neural Netw. 13(2):464-471, 2002, define it, with delta 0.1; Gaussian kernel (`baselines.classifiers.KernelSVM`).
Selected in every cell, on its training images (`baselines.selection`): C from 0.5 to 32,768, the kernel's gamma of
1/16, 1/4 and 1 times the usual. With `select=false`: gamma 1, C of 0.5 to 512 in random inner folds, and the first of
classes with equally many votes wins. The validation fold is not used.
The trials behind these choices: docs/methods/bwe-fsvm.md; each choice with what it rests on: docs/methods/choices.md.
"""

from __future__ import annotations

from functools import partial

import numpy as np
from sklearn.preprocessing import StandardScaler

from baselines import Double, Features, Labels, require
from baselines.blocks import Blocks
from baselines.classifiers import KernelSVM
from baselines.features import check_wavelet_entropy, wavelet_entropy
from baselines.selection import EFFORT, KERNEL_COSTS, Selected, choices
from febench import method

COSTS = (*KERNEL_COSTS, 2.0**13, 2.0**15)
"""C of the machine: 0.5 to 32,768, each four times the one before; above 10,000 training images up to 32."""

GAMMAS = (1 / 16, 1 / 4, 1.0)
"""Factors of the kernel's exponent; see `baselines.classifiers.KernelSVM`."""


def membership(X: Features, y: Labels, delta: float = 0.1) -> Double:
    """Return the membership of each image in its class (Lin & Wang 2002).

    Parameters
    ----------
    X : ndarray, shape (n, d)
        Inputs.
    y : ndarray, shape (n,)
        Class indices.
    delta : float
        Keeps the membership of the outermost image of a class above 0; in units of the inputs.

    Returns
    -------
    ndarray, shape (n,)
        1 at the class mean, falling to delta / (r + delta) at the class radius r.
    """
    memberships = np.empty(len(y))
    for label in np.unique(y):
        images = X[y == label]
        distance = np.linalg.norm(images - images.mean(axis=0), axis=1)
        memberships[y == label] = 1 - distance / (distance.max() + delta)
    return memberships


@method(
    "bwe-fsvm",
    cite="Zhang et al. 2016, IEEE Access 4:8375-8385, doi:10.1109/ACCESS.2016.2628407",
    sets=("extended",),
    version="4",
)
def bwe_fsvm(
    wavelet: str = "bior4.4",
    level: int = 4,
    trim: bool = False,
    entropy: str = "wentropy",
    blocks: int = 1,
    channels: str = "grey",
    delta: float = 0.1,
    C: float | None = None,
    gamma: float | None = None,
    select: bool = True,
    random_state: int | None = None,
) -> Selected:
    """Biorthogonal wavelet entropy, fuzzy support vector machine (Zhang et al. 2016).

    Parameters
    ----------
    wavelet, level, trim, entropy, blocks, channels
        See `baselines.features.wavelet_entropy`.
    delta : float
        See `membership`.
    C, gamma
        See `baselines.classifiers.KernelSVM`; selected where they are None.
    select : bool
        Whether to select the parameters that are None; otherwise gamma is 1, and `KernelSVM` chooses C.
    random_state
        Seed of the inner folds.

    Raises
    ------
    ValueError
        If a parameter lies outside its range.
    """
    check_wavelet_entropy(wavelet, level, entropy, blocks, channels)
    require(delta > 0, f"delta must be above 0, not {delta}")
    return Selected(
        Blocks.single(
            wavelet_entropy, wavelet=wavelet, level=level, trim=trim, entropy=entropy, blocks=blocks, channels=channels
        ),
        StandardScaler(),
        KernelSVM(
            sample_weight=partial(membership, delta=delta),
            random_state=random_state,
            break_ties=select,
            effort=EFFORT if select else None,
        ),
        grid={"C": choices(C, None, COSTS, select), "gamma": choices(gamma, 1.0, GAMMAS, select)},
        bounds={"C": 32.0},
        random_state=random_state,
    )
