"""hwt: Haar wavelet features and a network trained by back-propagation.

Follows: Evans 2017, as cited and compared with in the papers this benchmark grew from; its text is not public.

Stated there: features from the Haar wavelet transform.

Open, and chosen here
- Features: approximation of the third level of 128x128 grey images, 256 coefficients; details are an option.
- Classifier: the single-hidden-layer network all methods here share, 20 hidden neurons, by L-BFGS on standardised
  features. The validation group picks the iteration.

Measured when the defaults were chosen (700 faces of other people than the built-in set's, drawn by an earlier and
harder version of the face model, 700 of FER2013; five folds; accuracy on the validation group): weight decay 0 / 1e-5 /
1e-4 / 1e-3 gave 30 / 38 / 43 / 25 % on the faces and 29 / 31 / 31 / 24 % on FER2013; 100 / 200 / 400 / 1000 iterations
gave 39 / 43 / 44 / 44 % and 31 / 31 / 32 / 33 %. So 400, where the curve flattens: about 0.4 s a cell.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from sklearn.preprocessing import StandardScaler

from baselines.features import check_wavelet, wavelet_coefficients
from baselines.network import GradientNetwork
from baselines.pipeline import FeatureClassifier
from febench import method


def cost(params: Mapping[str, Any], n_train: int) -> float:
    """Rough seconds of a cell: every iteration passes all inputs forward and back."""
    inputs = 4 ** (7 - params["level"]) * (4 if params["details"] else 1)
    return float(0.1 + 3.7e-10 * params["iterations"] * n_train * params["hidden"] * (inputs + 7))


@method("hwt", cite="Evans 2017, Adv. Comput. Sci. Res. 61:342-346", sets=("classical",), version="1", cost=cost)
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

    Returns
    -------
    FeatureClassifier

    Raises
    ------
    ValueError
        If a parameter lies outside its range.
    """
    check_wavelet(wavelet, level)
    return FeatureClassifier(
        partial(wavelet_coefficients, wavelet=wavelet, level=level, details=details),
        StandardScaler(),
        GradientNetwork(hidden, decay, iterations, random_state),
    )
