"""cso: discrete wavelet transform, principal components, a network trained by cat swarm optimization.

Follows: S.-H. Wang, W. Yang, Z. Dong, P. Phillips, Y.-D. Zhang, "Facial emotion recognition via discrete wavelet
transform, principal component analysis, and cat swarm optimization", IScIDE 2017, LNCS 10559:203-214.
Stated there: DWT coefficients, reduced by PCA, go to a single-hidden-layer network whose weights and biases cat swarm
optimization finds; ten-fold stratified cross-validation.
Open, and chosen here: Haar, the approximation of the third level of 128x128 grey images; the components that hold 95 %
of the training images' variance, scaled to unit variance; 20 hidden neurons, logistic sigmoid, one-hot targets, mean
squared error, weights in [-1, 1]; 80,000 objective evaluations of cat swarm (`baselines/search/cat_swarm.py`) with SMP
5, CDC 0.8, SRD 0.2, c1 2, mixture ratio 0.2. The validation group picks the best of the final cats and the best network
found.
The trials behind these choices: docs/methods/cso.md.
"""

from __future__ import annotations

from functools import partial
from itertools import product

from baselines.features import check_wavelet, wavelet_coefficients
from baselines.network import SwarmNetwork, network_by
from baselines.pipeline import FeatureClassifier, PrincipalComponents
from baselines.search import CatSwarm, cannot_search
from baselines.tuned import Setting, Tuned, rounds
from febench import method


@method(
    "cso",
    cite="Wang et al. 2017, IScIDE, LNCS 10559:203-214, doi:10.1007/978-3-319-67777-4_18",
    sets=("classical",),
    version="1",
    check=lambda params, device: cannot_search(params["search"]),
)
def cso(
    wavelet: str = "haar",
    level: int = 3,
    variance: float = 0.95,
    hidden: int = 20,
    bound: float = 1.0,
    evaluations: int = 80_000,
    patience: int | None = None,
    search: str = "cat-swarm",
    population: int = 50,
    mixture_ratio: float = 0.2,
    smp: int = 5,
    cdc: float = 0.8,
    srd: float = 0.2,
    spc: bool = True,
    c1: float = 2.0,
    max_velocity: float = 0.1,
    random_state: int | None = None,
) -> FeatureClassifier:
    """Wavelet coefficients, PCA, network trained by cat swarm optimization (Wang et al. 2017).

    Parameters
    ----------
    wavelet, level
        See `baselines.features.wavelet_coefficients`.
    variance
        See `baselines.pipeline.PrincipalComponents`.
    hidden, bound, evaluations, patience, random_state
        See `baselines.network.SwarmNetwork`.
    search
        `cat-swarm`, or another one; see `baselines.network.network_by`. The paper compares with GA, PSO and TVAC-PSO:
        `mealpy:GA.BaseGA`, `mealpy:PSO.OriginalPSO`, `tvac-pso`.
    population, mixture_ratio, smp, cdc, srd, spc, c1, max_velocity
        See `baselines.search.CatSwarm`.

    Raises
    ------
    ValueError
        If a parameter lies outside its range.
    """
    check_wavelet(wavelet, level)
    own = CatSwarm(population, mixture_ratio, smp, cdc, srd, spc, c1, max_velocity)
    return FeatureClassifier(
        partial(wavelet_coefficients, wavelet=wavelet, level=level),
        PrincipalComponents(variance),
        classifier=network_by(
            search, {"cat-swarm": own}, population=population, evaluations=evaluations, hidden=hidden, bound=bound,
            patience=patience, random_state=random_state,
        ),
    )  # fmt: skip


@method(
    "cso-tuned",
    cite="cso, its settings chosen by the validation group",
    sets=("extended",),
    version="1",
)
def cso_tuned(evaluations: int = 80_000, random_state: int | None = None) -> Tuned:
    """`cso` with level, variance kept, hidden neurons and budget chosen in every cell by its validation group.

    Haar coefficients of level 3 or 4, components that hold 95, 99 or 99.9 % of the variance, 20 or 40 hidden neurons:
    12 settings, on 1/16 of the evaluations; the best 4 again on a quarter, the best of these on all. Set down before
    any run on the built-in set but for the variance, which its validation groups had shown to matter
    (docs/methods/cso.md).

    Parameters
    ----------
    evaluations
        Of the last round.
    random_state
        Seed.
    """
    blocks = {f"haar-{level}": partial(wavelet_coefficients, wavelet="haar", level=level) for level in (3, 4)}

    def setting(block: str, variance: float, hidden: int) -> Setting:
        def make(budget: int) -> FeatureClassifier:
            network = SwarmNetwork(CatSwarm(50, 0.2), budget, hidden, bound=1.0, random_state=random_state)
            return FeatureClassifier(blocks[block], PrincipalComponents(variance), classifier=network)

        return Setting(block, {"variance": variance, "hidden": hidden}, make)

    settings = [setting(*each) for each in product(blocks, (0.95, 0.99, 0.999), (20, 40))]
    return Tuned(blocks, settings, rounds(evaluations))
