"""bbo: stationary wavelet entropy and a network trained by biogeography-based optimization.

Follows: X. Li, Y. Tang, J. Sun 2020, stationary wavelet entropy and biogeography-based optimization for facial emotion
recognition.
Stated there: stationary wavelet entropies go to a single-hidden-layer network trained by biogeography-based
optimization.
Open, and chosen here: db4, 4 levels, 4L = 16 entropies of 128x128 grey images, standardised; 20 hidden neurons,
logistic sigmoid, one-hot targets, mean squared error, weights in [-2, 2]; 80,000 objective evaluations of biogeography
(`baselines/search/biogeography.py`) with 20 habitats, mutation 0.005, 2 elites. The validation group picks the best
habitat of the final population.
The trials behind these choices: docs/methods/bbo.md.
"""

from __future__ import annotations

from functools import partial

from sklearn.preprocessing import StandardScaler

from baselines.features import check_wavelet, wavelet_entropy
from baselines.network import network_by
from baselines.pipeline import FeatureClassifier
from baselines.search import Biogeography, cannot_search
from baselines.tuned import Tuned, tuned_entropy
from febench import method


@method(
    "bbo",
    cite="Li, Tang, Sun 2020, EAI Trans. e-Learning 6(19):e4, doi:10.4108/eai.30-10-2018.165702",
    sets=("classical",),
    version="1",
    check=lambda params, device: cannot_search(params["search"]),
)
def bbo(
    wavelet: str = "db4",
    level: int = 4,
    trim: bool = False,
    hidden: int = 20,
    bound: float = 2.0,
    evaluations: int = 80_000,
    patience: int | None = None,
    search: str = "biogeography",
    population: int = 20,
    mutation: float = 0.005,
    elites: int = 2,
    random_state: int | None = None,
) -> FeatureClassifier:
    """Stationary wavelet entropy, network trained by biogeography-based optimization (Li, Tang, Sun 2020).

    Parameters
    ----------
    wavelet, level, trim
        See `baselines.features.wavelet_entropy`.
    hidden, bound, evaluations, patience, random_state
        See `baselines.network.SwarmNetwork`.
    search
        `biogeography`, or another one; see `baselines.network.network_by`.
    population, mutation, elites
        See `baselines.search.Biogeography`.

    Raises
    ------
    ValueError
        If a parameter lies outside its range.
    """
    check_wavelet(wavelet, level)
    own = Biogeography(population, mutation, elites)
    return FeatureClassifier(
        partial(wavelet_entropy, wavelet=wavelet, level=level, trim=trim),
        StandardScaler(),
        classifier=network_by(
            search, {"biogeography": own}, population=population, evaluations=evaluations, hidden=hidden, bound=bound,
            patience=patience, random_state=random_state,
        ),
    )  # fmt: skip


@method(
    "bbo-tuned",
    cite="bbo, its settings chosen by the validation group",
    sets=("extended",),
    version="1",
)
def bbo_tuned(evaluations: int = 80_000, random_state: int | None = None) -> Tuned:
    """`bbo` with wavelet, level, hidden neurons and budget chosen in every cell by its validation group.

    Parameters
    ----------
    evaluations
        Of the last round; see `baselines.tuned.tuned_entropy` for what is tried.
    random_state
        Seed.
    """
    return tuned_entropy(Biogeography(20), evaluations, bound=2.0, random_state=random_state)
