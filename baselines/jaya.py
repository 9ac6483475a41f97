"""jaya: stationary wavelet entropy and a network trained by Jaya.

Follows: S.-H. Wang, P. Phillips, Z.-C. Dong, Y.-D. Zhang, "Intelligent facial emotion recognition based on stationary
wavelet entropy and Jaya algorithm", Neurocomputing 272:668-676, 2018.
Stated there: stationary wavelet entropies, db4 with 4 levels the best; a single-hidden-layer network trained by Jaya;
700 images of 20 people.
Open, and chosen here: features, network and bound as in `bbo`, which has the same features; 80,000 objective
evaluations of Jaya (`baselines/search/jaya.py`), as the other swarms have, with 20 candidates and random numbers shared
by all of an epoch, as its author defines it. The validation group picks the best of the final population.
The trials behind these choices: docs/methods/jaya.md.
"""

from __future__ import annotations

from functools import partial

from sklearn.preprocessing import StandardScaler

from baselines.features import check_wavelet, wavelet_entropy
from baselines.network import network_by
from baselines.pipeline import FeatureClassifier
from baselines.search import Jaya, cannot_search
from baselines.tuned import Tuned, tuned_entropy
from febench import method


@method(
    "jaya",
    cite="Wang, Phillips, Dong, Zhang 2018, Neurocomputing 272:668-676, doi:10.1016/j.neucom.2017.08.015",
    sets=("extended",),
    version="1",
    check=lambda params, device: cannot_search(params["search"]),
)
def jaya(
    wavelet: str = "db4",
    level: int = 4,
    trim: bool = False,
    hidden: int = 20,
    bound: float = 2.0,
    evaluations: int = 80_000,
    patience: int | None = None,
    search: str = "jaya",
    population: int = 20,
    shared: bool = True,
    random_state: int | None = None,
) -> FeatureClassifier:
    """Stationary wavelet entropy, network trained by Jaya (Wang, Phillips, Dong, Zhang 2018).

    Parameters
    ----------
    wavelet, level, trim
        See `baselines.features.wavelet_entropy`.
    hidden, bound, evaluations, patience, random_state
        See `baselines.network.SwarmNetwork`.
    search
        `jaya`, or another one; see `baselines.network.network_by`.
    population, shared
        See `baselines.search.Jaya`.

    Raises
    ------
    ValueError
        If a parameter lies outside its range.
    """
    check_wavelet(wavelet, level)
    return FeatureClassifier(
        partial(wavelet_entropy, wavelet=wavelet, level=level, trim=trim),
        StandardScaler(),
        classifier=network_by(
            search, {"jaya": Jaya(population, shared)}, population=population, evaluations=evaluations, hidden=hidden,
            bound=bound, patience=patience, random_state=random_state,
        ),
    )  # fmt: skip


@method(
    "jaya-tuned",
    cite="jaya, its settings chosen by the validation group",
    sets=("extended",),
    version="1",
)
def jaya_tuned(evaluations: int = 80_000, random_state: int | None = None) -> Tuned:
    """`jaya` with wavelet, level, hidden neurons and budget chosen in every cell by its validation group.

    Parameters
    ----------
    evaluations
        Of the last round; see `baselines.tuned.tuned_entropy` for what is tried.
    random_state
        Seed.
    """
    return tuned_entropy(Jaya(20), evaluations, bound=2.0, random_state=random_state)
