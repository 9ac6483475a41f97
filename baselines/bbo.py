"""bbo: stationary wavelet entropy and a network trained by biogeography-based optimization.

Follows: X. Li, Y. Tang, J. Sun 2020, stationary wavelet entropy and biogeography-based optimization for facial emotion
recognition.
Stated there: stationary wavelet entropies go to a single-hidden-layer network trained by biogeography-based
optimization.
Open, and chosen here: 4 entropies a level of 128x128 grey images, standardised; logistic sigmoid, one-hot targets, mean
squared error, weights in [-2, 2]; 80,000 objective evaluations of biogeography (`baselines/search/biogeography.py`)
with 20 habitats, mutation 0.005, 2 elites. The validation group picks the best habitat of the final population.
Open, and selected in every cell within those evaluations (`OPEN`, `baselines/tuned.py`): wavelet, level, hidden
neurons, a penalty of large weights; without selection db4, 4 levels, 20 and none.
The trials behind these choices: docs/methods/bbo.md.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from sklearn.preprocessing import StandardScaler

from baselines.features import check_wavelet, wavelet_entropy
from baselines.network import network_by
from baselines.search import Biogeography, cannot_search
from baselines.tuned import FeatureClassifier, Open, Tuned, settings_of
from febench import method

OPEN = {
    "wavelet": Open("db4", ("db4", "bior4.4")),
    "level": Open(4, (4,)),
    "hidden": Open(20, (10,)),
    "penalty": Open(0.0, (0.03, 0.0)),
}
"""What the paper leaves open: what it is where nothing is selected, and what is tried where it is."""


@method(
    "bbo",
    cite="Li, Tang, Sun 2020, EAI Trans. e-Learning 6(19):e4, doi:10.4108/eai.30-10-2018.165702",
    sets=("classical",),
    version="2",
    check=lambda params, device: cannot_search(params["search"]),
)
def bbo(
    wavelet: str | None = None,
    level: int | None = None,
    trim: bool = False,
    hidden: int | None = None,
    penalty: float | None = None,
    bound: float = 2.0,
    evaluations: int = 80_000,
    patience: int | None = None,
    search: str = "biogeography",
    population: int = 20,
    mutation: float = 0.005,
    elites: int = 2,
    select: bool = True,
    random_state: int | None = None,
) -> Tuned:
    """Stationary wavelet entropy, network trained by biogeography-based optimization (Li, Tang, Sun 2020).

    Parameters
    ----------
    wavelet, level, trim
        See `baselines.features.wavelet_entropy`.
    hidden, penalty, bound, evaluations, patience, random_state
        See `baselines.network.SwarmNetwork`.
    search
        `biogeography`, or another one, or a line to beat; see `baselines.network.network_by`.
    population, mutation, elites
        See `baselines.search.Biogeography`.
    select
        Whether `wavelet`, `level`, `hidden` and `penalty` are selected from `OPEN` where they are None;
        see `baselines.tuned.settings_of`. Otherwise they are as fixed there.

    Raises
    ------
    ValueError
        If a parameter lies outside its range.
    """
    network = partial(
        network_by, search, {"biogeography": Biogeography(population, mutation, elites)},
        population=population, bound=bound, patience=patience, random_state=random_state,
    )  # fmt: skip
    given = {"wavelet": wavelet, "level": level, "hidden": hidden, "penalty": penalty}
    settings = settings_of(OPEN, given, select=select, search=search)
    return Tuned(partial(_make, trim, network), settings, evaluations, population, random_state)


def _make(trim: bool, network: Callable[..., Any], *, wavelet: str, level: int, **of_network: Any) -> FeatureClassifier:
    check_wavelet(wavelet, level)
    entropy = partial(wavelet_entropy, wavelet=wavelet, level=level, trim=trim)
    return FeatureClassifier(entropy, StandardScaler(), network(**of_network))
