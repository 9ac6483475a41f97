"""cso: discrete wavelet transform, principal components, a network trained by cat swarm optimization.

Follows: S.-H. Wang, W. Yang, Z. Dong, P. Phillips, Y.-D. Zhang, "Facial emotion recognition via discrete wavelet
transform, principal component analysis, and cat swarm optimization", IScIDE 2017, LNCS 10559:203-214.
Stated in its abstract: DWT coefficients, reduced by PCA, go to a single-hidden-layer network whose weights and biases
cat swarm optimization finds; ten-fold stratified cross-validation.
Body not read; chosen here: Haar, the approximation of 128x128 grey images; components scaled to unit variance; logistic
sigmoid, one-hot targets, mean squared error, weights in [-1, 1]; 80,000 objective evaluations of cat swarm
(`baselines/search/cat_swarm.py`) with SMP 5, CDC 0.8, SRD 0.2, c1 2, and a mixture ratio of 0.5, decided on other draws
of the faces. The validation fold picks among the final cats and the best network found.
Decided on other images, once for all (`OPEN`): 99 % of the variance in at most 24 components (95 % without
selection), level 3, 20 hidden neurons, no penalty. Nothing is selected in a cell: the evaluations that a selection
costs are worth more than what it brings.
The trials behind these choices: docs/methods/cso.md; each choice with what it rests on: docs/methods/choices.md.
"""

from __future__ import annotations

from baselines.blocks import Blocks
from baselines.classifiers import PrincipalComponents
from baselines.features import check_wavelet, wavelet_coefficients
from baselines.search import CatSwarm, why_unavailable
from baselines.searched import Open, SearchedClassifier, classifier_by, open_values
from febench import method

MAX_COMPONENTS = 128 * 128
"""More components than there are: no limit."""

OPEN = {
    "level": Open(plain=3, chosen=3),
    "variance": Open(plain=0.95, chosen=0.99),
    "components": Open(plain=MAX_COMPONENTS, chosen=24),
    "hidden": Open(plain=20, chosen=20),
    "penalty": Open(plain=0.0, chosen=0.0),
}
"""What the paper leaves open; see `baselines.searched`."""


@method(
    "cso",
    cite="Wang et al. 2017, IScIDE, LNCS 10559:203-214, doi:10.1007/978-3-319-67777-4_18",
    sets=("classical",),
    version="4",
    check=lambda params, device: why_unavailable(params["search"]),
)
def cso(
    wavelet: str = "haar",
    level: int | None = None,
    variance: float | None = None,
    components: int | None = None,
    hidden: int | None = None,
    penalty: float | None = None,
    bound: float = 1.0,
    evaluations: int = 80_000,
    patience: int | None = None,
    search: str = "cat-swarm",
    population: int = 50,
    mixture_ratio: float = 0.5,
    smp: int = 5,
    cdc: float = 0.8,
    srd: float = 0.2,
    spc: bool = True,
    c1: float = 2.0,
    max_velocity: float = 0.1,
    select: bool = True,
    random_state: int | None = None,
) -> SearchedClassifier:
    """Wavelet coefficients, PCA, network trained by cat swarm optimization (Wang et al. 2017).

    Parameters
    ----------
    wavelet, level
        See `baselines.features.wavelet_coefficients`.
    variance, components
        Share of the variance that principal components keep, and their number at most. Setting the variance alone
        lifts the limit on their number; see `baselines.classifiers.PrincipalComponents`.
    hidden, penalty, bound, evaluations, patience, random_state
        See `baselines.network.SwarmNetwork`.
    search
        `cat-swarm`, or another one, or a line to beat; see `baselines.searched.classifier_by`. The paper compares with
        GA, PSO and TVAC-PSO: `mealpy:GA.BaseGA`, `mealpy:PSO.OriginalPSO`, `tvac-pso`.
    population, mixture_ratio, smp, cdc, srd, spc, c1, max_velocity
        See `baselines.search.CatSwarm`.
    select
        Whether `level`, `variance`, `components`, `hidden` and `penalty`, where they are None, have the chosen values
        of `OPEN` or the plain ones.

    Raises
    ------
    ValueError
        If a parameter lies outside its range.
    """
    if variance is not None and components is None:
        components = MAX_COMPONENTS
    user_values = {
        "level": level,
        "variance": variance,
        "components": components,
        "hidden": hidden,
        "penalty": penalty,
    }
    values = open_values(OPEN, user_values, select=select)
    classifier = classifier_by(
        search,
        {"cat-swarm": CatSwarm(population, mixture_ratio, smp, cdc, srd, spc, c1, max_velocity)},
        population=population,
        evaluations=evaluations,
        hidden=values["hidden"],
        bound=bound,
        penalty=values["penalty"],
        patience=patience,
        random_state=random_state,
    )
    check_wavelet(wavelet, values["level"])
    return SearchedClassifier(
        Blocks.single(wavelet_coefficients, wavelet=wavelet, level=values["level"]),
        PrincipalComponents(values["variance"], most=values["components"]),
        classifier,
        values,
    )
