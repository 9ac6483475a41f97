"""hos-svm: higher-order spectra of projections and a support vector machine.

Follows: H. Ali, M. Hariharan, S. Yaacob, A. H. Adom, "Facial emotion recognition based on higher-order spectra using
support vector machines", J. Med. Imaging Health Inform. 5(6), 2015; its text is not public.
Stated there (title): higher-order spectra, support vector machines. Another work of these authors takes the Radon
transform of the faces first. The papers this benchmark grew from print no figure of it.
Open, and chosen here: 180 projections of 128x128 grey images; for each bispectrum with nfft 256, its entropies P1 and
P2, the logarithm of its mean magnitude, its phase entropy in 36 bins (`baselines/features/bispectrum.py`): 720 values,
standardised, then principal components, not scaled; Gaussian kernel (`baselines.classifiers.KernelSVM`).
Selected in every cell, on its training images (`baselines.selection`): components with 95 or 99 % of the
training images' variance, C from 0.5 to 2048, the kernel's gamma of 1/4 and 1 times the usual. With
`select=false`: 95 %, gamma 1, C of 0.5 to 512 in random inner folds, and of classes with equally many votes the first
wins. The validation fold is not used.
The trials behind these choices: docs/methods/hos-svm.md.
"""

from __future__ import annotations

from sklearn.preprocessing import StandardScaler

from baselines.blocks import Blocks
from baselines.classifiers import KernelSVM, PrincipalComponents
from baselines.features import check_spectra, higher_order_spectra
from baselines.selection import EFFORT, GAMMAS, KERNEL_COSTS, Selected, choices
from febench import method


@method(
    "hos-svm",
    cite="Ali et al. 2015, J. Med. Imaging Health Inform. 5(6)",
    sets=("extended",),
    version="3",
)
def hos_svm(
    projections: int = 180,
    nfft: int = 256,
    orders: int = 2,
    phases: int = 36,
    size: int = 128,
    variance: float | None = None,
    C: float | None = None,
    gamma: float | None = None,
    select: bool = True,
    random_state: int | None = None,
) -> Selected:
    """Higher-order spectra of projections, support vector machine (Ali et al. 2015).

    Parameters
    ----------
    projections, nfft, orders, phases, size
        See `baselines.features.higher_order_spectra`.
    variance
        See `baselines.classifiers.PrincipalComponents`; selected where it is None.
    C, gamma
        See `baselines.classifiers.KernelSVM`; selected where they are None.
    select : bool
        Whether to select the parameters that are None; otherwise variance is 0.95, gamma 1, and `KernelSVM` chooses C.
    random_state
        Seed of the inner folds.

    Raises
    ------
    ValueError
        If a parameter lies outside its range.
    """
    check_spectra(projections, nfft, orders, phases, size)
    return Selected(
        Blocks.single(
            higher_order_spectra, projections=projections, nfft=nfft, orders=orders, phases=phases, size=size
        ),
        StandardScaler(),
        PrincipalComponents(whiten=False),
        KernelSVM(random_state=random_state, break_ties=select, effort=EFFORT if select else None),
        grid={
            "principalcomponents__variance": choices(variance, 0.95, (0.95, 0.99), select),
            "C": choices(C, None, KERNEL_COSTS, select),
            "gamma": choices(gamma, 1.0, GAMMAS, select),
        },
        bounds={"C": 32.0},
        random_state=random_state,
    )
