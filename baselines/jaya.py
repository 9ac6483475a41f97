"""jaya: stationary wavelet entropy and a network trained by Jaya.

Follows: S.-H. Wang, P. Phillips, Z.-C. Dong, Y.-D. Zhang, "Intelligent facial emotion recognition based on stationary
wavelet entropy and Jaya algorithm", Neurocomputing 272:668-676, 2018.

Stated there: stationary wavelet entropies, db4 with 4 levels the best; a single-hidden-layer network trained by Jaya;
700 images of 20 people.

Open, and chosen here
- Features, network and bound as in `bbo`, which has the same features: 4L = 16 entropies of 128x128 grey images,
  standardised; 20 hidden neurons, logistic sigmoid in both layers, one-hot targets, mean squared error, weights in
  [-2, 2].
- Budget: 80,000 objective evaluations, as the other swarms have. The validation group picks the best candidate of the
  final population; `patience` lets it stop the search early.
- Jaya: `baselines/search/jaya.py`, random numbers shared by all candidates of an epoch as its author defines it; 20
  candidates.

Measured when the defaults were chosen (`faces[seed=5]`, other people than the built-in set's, run 1 under `paper`, ten
validation groups, 1.8 points are a standard error): after 20,000 / 80,000 / 160,000 / 640,000 evaluations validation
accuracy 13 / 18 / 19 / 19 %, training error .142 / .138 / .136 / .132; a constant answer has .122. Numbers drawn for
each candidate 17 % and .136, weights within 1 16 % and .128: whatever the variant, this search hardly trains the
network. On seven classes of scikit-learn's digits it reaches .112 to .122, where L-BFGS reaches .059.
"""

from __future__ import annotations

from functools import partial

from sklearn.preprocessing import StandardScaler

from baselines.features import check_wavelet, wavelet_entropy
from baselines.network import network_by, search_cost
from baselines.pipeline import FeatureClassifier
from baselines.search import Jaya, cannot_search
from baselines.tuned import Tuned, tuning_cost
from baselines.tuned_entropy import tuned_entropy
from febench import method


@method(
    "jaya",
    cite="Wang, Phillips, Dong, Zhang 2018, Neurocomputing 272:668-676, doi:10.1016/j.neucom.2017.08.015",
    sets=("extended",),
    version="1",
    cost=search_cost,
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
        partial(wavelet_entropy, wavelet=wavelet, level=level, trim=trim),
        StandardScaler(),
        network_by(
            search, {"jaya": Jaya(population, shared)}, population=population, evaluations=evaluations, hidden=hidden,
            bound=bound, patience=patience, random_state=random_state,
        ),
    )  # fmt: skip


@method(
    "jaya-tuned",
    cite="jaya, its settings chosen by the validation group",
    sets=("extended",),
    version="1",
    cost=tuning_cost,
)
def jaya_tuned(evaluations: int = 80_000, random_state: int | None = None) -> Tuned:
    """`jaya` with wavelet, level, hidden neurons and budget chosen in every cell by its validation group.

    Parameters
    ----------
    evaluations
        Of the last round; see `baselines.tuned_entropy` for what is tried.
    random_state
        Seed.
    """
    return tuned_entropy(Jaya(20), evaluations, bound=2.0, random_state=random_state)
