"""hos-svm: higher-order spectra of projections and a support vector machine.

Follows: H. Ali, M. Hariharan, S. Yaacob, A. H. Adom, "Facial emotion recognition based on higher-order spectra using
support vector machines", J. Med. Imaging Health Inform. 5(6), 2015; its text is not public.
Stated there (title): higher-order spectra, support vector machines. Sister work of the same authors takes the Radon
transform of the faces first. The papers this benchmark grew from print no figure of it.
Open, and chosen here: 180 projections of 128x128 grey images; of each, bispectrum with nfft 256, its entropies P1 and
P2, the logarithm of its mean magnitude, its phase entropy in 36 bins (`baselines/features/bispectrum.py`): 720 values,
standardised, then the principal components with 95 % of the training images' variance, not scaled; Gaussian kernel, C
chosen on the training groups (`baselines.pipeline.KernelSVM`). The validation group is not used.
The trials behind these choices: docs/methods/hos-svm.md.
"""

from __future__ import annotations

from functools import partial

from sklearn.preprocessing import StandardScaler

from baselines.features import check_spectra, higher_order_spectra
from baselines.pipeline import FeatureClassifier, KernelSVM, PrincipalComponents
from febench import method


@method(
    "hos-svm",
    cite="Ali et al. 2015, J. Med. Imaging Health Inform. 5(6)",
    sets=("extended",),
    version="1",
)
def hos_svm(
    projections: int = 180,
    nfft: int = 256,
    orders: int = 2,
    phases: int = 36,
    size: int = 128,
    variance: float = 0.95,
    C: float | None = None,
    random_state: int | None = None,
) -> FeatureClassifier:
    """Higher-order spectra of projections, support vector machine (Ali et al. 2015).

    Parameters
    ----------
    projections, nfft, orders, phases, size
        See `baselines.features.higher_order_spectra`.
    variance
        See `baselines.pipeline.PrincipalComponents`.
    C, random_state
        See `baselines.pipeline.KernelSVM`.

    Raises
    ------
    ValueError
        If a parameter lies outside its range.
    """
    check_spectra(projections, nfft, orders, phases, size)
    return FeatureClassifier(
        partial(higher_order_spectra, projections=projections, nfft=nfft, orders=orders, phases=phases, size=size),
        StandardScaler(),
        PrincipalComponents(variance, whiten=False),
        classifier=KernelSVM(C, random_state=random_state),
    )
