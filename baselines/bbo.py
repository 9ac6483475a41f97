"""bbo: stationary wavelet entropy and a network trained by biogeography-based optimization.

Follows: X. Li, Y. Tang, J. Sun 2020, stationary wavelet entropy and biogeography-based optimization for facial emotion
recognition.
Stated in its abstract: stationary wavelet entropies go to a single-hidden-layer network trained by biogeography-based
optimization.
Body not read; chosen here: db4 and 4 levels (what the Jaya paper names best for these features); the 4 sub-bands of
each level of 128x128 grey images; the entropy is MATLAB's unnormalised one, -sum(c² ln c²), decided on other draws of
the faces against two more definitions; features are standardised; logistic sigmoid, one-hot targets, mean squared
error, weights in [-2, 2]; 80,000 objective evaluations of biogeography (`baselines/search/biogeography.py`, whose
mutation is not its author's) with 20 habitats, mutation 0.005, 2 elites. The validation fold picks the best habitat of
the final population.
Decided on other draws, once for all (`OPEN`): 10 hidden neurons, a penalty of large weights of 0.03; without selection
20 and none. Nothing is selected in a cell: the evaluations that a selection costs are worth more than what it brings.
The trials behind these choices: docs/methods/bbo.md; each choice with what it rests on: docs/methods/choices.md.
"""

from __future__ import annotations

from baselines.search import Biogeography, why_unavailable
from baselines.searched import Open, SearchedClassifier, classifier_by, on_wavelet_entropies, open_values
from febench import method

OPEN = {"hidden": Open(plain=20, chosen=10), "penalty": Open(plain=0.0, chosen=0.03)}
"""What the paper leaves open; see `baselines.searched`."""


@method(
    "bbo",
    cite="Li, Tang, Sun 2020, EAI Trans. e-Learning 6(19):e4, doi:10.4108/eai.30-10-2018.165702; "
    "its search mutates otherwise than Simon 2008",
    sets=("classical",),
    version="3",
    check=lambda params, device: why_unavailable(params["search"]),
)
def bbo(
    wavelet: str = "db4",
    level: int = 4,
    trim: bool = False,
    entropy: str = "wentropy",
    blocks: int = 1,
    channels: str = "grey",
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
) -> SearchedClassifier:
    """Stationary wavelet entropy, network trained by biogeography-based optimization (Li, Tang, Sun 2020).

    Parameters
    ----------
    wavelet, level, trim, entropy, blocks, channels
        See `baselines.features.wavelet_entropy`.
    hidden, penalty, bound, evaluations, patience, random_state
        See `baselines.network.SwarmNetwork`.
    search
        `biogeography`, or another one, or a line to beat; see `baselines.searched.classifier_by`.
    population, mutation, elites
        See `baselines.search.Biogeography`.
    select
        Whether `hidden` and `penalty`, where they are None, have the chosen values of `OPEN` or the plain ones.

    Raises
    ------
    ValueError
        If a parameter lies outside its range.
    """
    values = open_values(OPEN, {"hidden": hidden, "penalty": penalty}, select=select)
    classifier = classifier_by(
        search,
        {"biogeography": Biogeography(population, mutation, elites)},
        population=population,
        evaluations=evaluations,
        bound=bound,
        patience=patience,
        random_state=random_state,
        **values,
    )
    return on_wavelet_entropies(
        classifier,
        values,
        wavelet=wavelet,
        level=level,
        trim=trim,
        entropy=entropy,
        blocks=blocks,
        channels=channels,
    )
