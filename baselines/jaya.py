"""jaya: stationary wavelet entropy and a network trained by Jaya.

Follows: S.-H. Wang, P. Phillips, Z.-C. Dong, Y.-D. Zhang, "Intelligent facial emotion recognition based on stationary
wavelet entropy and Jaya algorithm", Neurocomputing 272:668-676, 2018.
Stated there: stationary wavelet entropies, db4 with 4 levels the best; a single-hidden-layer network trained by Jaya;
700 images of 20 people.
Open, and chosen here: features, network and bound as in `bbo`, which has the same features; 80,000 objective
evaluations of Jaya (`baselines/search/jaya.py`), as the other swarms have, with 20 candidates and random numbers of
their own. The validation group picks the best of the final population.
Open, and selected in every cell within those evaluations (`OPEN`, `baselines/tuned.py`): hidden neurons, a penalty of
large weights; without selection 20 and none.
The trials behind these choices: docs/methods/jaya.md.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from sklearn.preprocessing import StandardScaler

from baselines.features import check_wavelet, wavelet_entropy
from baselines.network import network_by
from baselines.search import Jaya, cannot_search
from baselines.tuned import FeatureClassifier, Open, Tuned, settings_of
from febench import method

OPEN = {
    "hidden": Open(20, (10, 20)),
    "penalty": Open(0.0, (0.03, 0.0)),
}
"""What the paper leaves open: what it is where nothing is selected, and what is tried where it is."""


@method(
    "jaya",
    cite="Wang, Phillips, Dong, Zhang 2018, Neurocomputing 272:668-676, doi:10.1016/j.neucom.2017.08.015",
    sets=("extended",),
    version="2",
    check=lambda params, device: cannot_search(params["search"]),
)
def jaya(
    wavelet: str = "db4",
    level: int = 4,
    trim: bool = False,
    hidden: int | None = None,
    penalty: float | None = None,
    bound: float = 2.0,
    evaluations: int = 80_000,
    patience: int | None = None,
    search: str = "jaya",
    population: int = 20,
    shared: bool = False,
    select: bool = True,
    random_state: int | None = None,
) -> Tuned:
    """Stationary wavelet entropy, network trained by Jaya (Wang, Phillips, Dong, Zhang 2018).

    Parameters
    ----------
    wavelet, level, trim
        See `baselines.features.wavelet_entropy`.
    hidden, penalty, bound, evaluations, patience, random_state
        See `baselines.network.SwarmNetwork`.
    search
        `jaya`, or another one, or a line to beat; see `baselines.network.network_by`.
    population, shared
        See `baselines.search.Jaya`.
    select
        Whether `hidden` and `penalty` are selected from `OPEN` where they are None;
        see `baselines.tuned.settings_of`. Otherwise they are as fixed there.

    Raises
    ------
    ValueError
        If a parameter lies outside its range.
    """
    check_wavelet(wavelet, level)
    network = partial(
        network_by, search, {"jaya": Jaya(population, shared)},
        population=population, bound=bound, patience=patience, random_state=random_state,
    )  # fmt: skip
    settings = settings_of(OPEN, {"hidden": hidden, "penalty": penalty}, select=select, search=search)
    entropy = partial(wavelet_entropy, wavelet=wavelet, level=level, trim=trim)
    return Tuned(partial(_make, entropy, network), settings, evaluations, population, random_state)


def _make(entropy: Callable[..., Any], network: Callable[..., Any], **of_network: Any) -> FeatureClassifier:
    return FeatureClassifier(entropy, StandardScaler(), network(**of_network))
