"""The `-tuned` rows of the methods on stationary wavelet entropy: what is tried.

Three wavelets (haar and db4 of the papers, bior4.4 of `bwe-fsvm`), 3 and 4 levels, 20 and 40 hidden neurons: 12
settings, on 1/16 of the evaluations; the best 4 again on a quarter, the best of these on all. The validation group also
decides between budgets. All else is the method's own. Set down before any run on the built-in set.
"""

from __future__ import annotations

from functools import partial
from itertools import product

from sklearn.preprocessing import StandardScaler

from baselines.features import wavelet_entropy
from baselines.network import SwarmNetwork
from baselines.pipeline import FeatureClassifier
from baselines.search import Search
from baselines.tuned import Setting, Tuned, rounds

WAVELETS, LEVELS, HIDDEN = ("db4", "haar", "bior4.4"), (4, 3), (20, 40)


def tuned_entropy(search: Search, evaluations: int, bound: float, random_state: int | None) -> Tuned:
    """Wavelet entropies and a network that a search trains, wavelet, level, hidden size and budget by validation."""
    blocks = {f"{name}-{level}": partial(wavelet_entropy, wavelet=name, level=level)
              for name, level in product(WAVELETS, LEVELS)}  # fmt: skip

    def setting(block: str, hidden: int) -> Setting:
        def make(budget: int) -> FeatureClassifier:
            network = SwarmNetwork(search, budget, hidden, bound, random_state=random_state)
            return FeatureClassifier(blocks[block], StandardScaler(), network)

        return Setting(block, {"hidden": hidden}, make)

    settings = [setting(block, hidden) for block, hidden in product(blocks, HIDDEN)]
    return Tuned(blocks, settings, rounds(evaluations))
