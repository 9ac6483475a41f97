"""hwt: Haar wavelet features and a network trained by back-propagation.

Follows: Evans 2017, as cited and compared with in the papers this benchmark grew from; its text is not public.
Stated there: features from the Haar wavelet transform.
Open, and chosen here: the approximation of the third level of 128x128 grey images, 256 coefficients, details an option;
the single-hidden-layer network all methods here share, 20 hidden neurons, trained by 400 iterations of L-BFGS on
standardised features. The validation group picks the iteration.
The trials behind these choices: docs/methods/hwt.md.
"""

from __future__ import annotations

from functools import partial

from sklearn.preprocessing import StandardScaler

from baselines.features import check_wavelet, wavelet_coefficients
from baselines.network import GradientNetwork
from baselines.pipeline import FeatureClassifier
from febench import method


@method("hwt", cite="Evans 2017, Adv. Comput. Sci. Res. 61:342-346", sets=("classical",), version="1")
def hwt(
    wavelet: str = "haar",
    level: int = 3,
    details: bool = False,
    hidden: int = 20,
    decay: float = 1e-4,
    iterations: int = 400,
    random_state: int | None = None,
) -> FeatureClassifier:
    """Haar wavelet features, network trained by back-propagation (Evans 2017).

    Parameters
    ----------
    wavelet, level, details
        See `baselines.features.wavelet_coefficients`.
    hidden, decay, iterations, random_state
        See `baselines.network.GradientNetwork`.

    Raises
    ------
    ValueError
        If a parameter lies outside its range.
    """
    check_wavelet(wavelet, level)
    return FeatureClassifier(
        partial(wavelet_coefficients, wavelet=wavelet, level=level, details=details),
        StandardScaler(),
        classifier=GradientNetwork(hidden, decay, iterations, random_state),
    )
