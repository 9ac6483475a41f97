"""Choosing a method's settings on the validation group: the rows called `-tuned`.

Successive halving (K. Jamieson, A. Talwalkar, "Non-stochastic best arm identification and hyperparameter optimization",
AISTATS 2016): all settings are tried on a small budget, the better ones again on a larger, the best on the whole. The
test group is never seen, nor any other run's validation group: the choice is made anew in every cell.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise, product
from typing import Any, Self

import numpy as np
from sklearn.preprocessing import StandardScaler

from baselines import Double, Features, Images, Labels
from baselines.features import wavelet_entropy
from baselines.network import SwarmNetwork
from baselines.pipeline import Classifier, FeatureClassifier, feature_id, forecast
from baselines.search import PopulationSearch
from febench.core.selectors import format_selector


@dataclass(frozen=True)
class Setting:
    """One thing to try.

    Attributes
    ----------
    block : str
        The features it takes.
    params : mapping
        What is told of it.
    make : callable
        A budget of evaluations to an untrained classifier.
    """

    block: str
    params: Mapping[str, Any]
    make: Callable[[int], Classifier]


class Tuned:
    """The setting that does best on the validation group.

    Parameters
    ----------
    blocks : mapping
        Features by name, each a function of images (n, h, w[, 3]).
    settings : sequence of Setting
        What to try; without a validation group the first is taken.
    budgets : sequence of int
        Evaluations of each round, rising.
    kept : int
        One setting in so many comes into the next round.

    Attributes
    ----------
    fit_info_ : dict
        What the chosen classifier tells, `chosen` (its setting and budget), `tried` (fits made) and `spent` (their
        evaluations in all).
    """

    def __init__(
        self,
        blocks: Mapping[str, Callable[[Images], Features]],
        settings: Sequence[Setting],
        budgets: Sequence[int],
        kept: int = 3,
    ) -> None:
        self.blocks = blocks
        self.settings = settings
        self.budgets = budgets
        self.kept = kept
        self.fit_info_: dict[str, Any] = {}

    @property
    def features_id(self) -> list[Any]:
        """What the features depend on."""
        return [feature_id(feature) for feature in self.blocks.values()]

    def extract(self, X: Images) -> Features:
        """All features of images, side by side."""
        return np.concatenate([feature(X) for feature in self.blocks.values()], axis=1)

    def forecast(self, X: Features, y: Labels, n: int) -> float:
        """Seconds of a cell that trains on n images; see `baselines.pipeline.forecast`."""
        return forecast(self, X, y, n)

    def fit(self, X: Features, y: Labels, X_val: Features | None = None, y_val: Labels | None = None) -> Self:
        """Try, halve, choose; see `baselines.pipeline.Classifier.fit`."""
        blank = np.zeros((1, 128, 128), dtype=np.uint8)  # any size will do: features bring images to one of their own
        ends = np.cumsum([feature(blank).shape[1] for feature in self.blocks.values()])
        self._columns = {name: slice(*edges) for name, edges in zip(self.blocks, pairwise([0, *ends]), strict=True)}
        validated = X_val is not None and y_val is not None and len(y_val) > 0
        left, fits = list(self.settings) if validated else list(self.settings[:1]), []
        for budget in self.budgets if validated else self.budgets[-1:]:
            tried = [self._try(setting, budget, X, y, X_val, y_val) for setting in left]
            fits += tried
            tried.sort(key=lambda fit: fit.wrong)  # stable: of equal ones the first setting goes before
            left = [fit.setting for fit in tried[: max(1, len(tried) // self.kept)]]
        self._chosen = min(reversed(fits), key=lambda fit: fit.wrong)  # of equal ones the one with the larger budget
        setting, budget = self._chosen.setting, self._chosen.budget
        self.fit_info_ = {
            **self._chosen.classifier.fit_info_,
            "chosen": format_selector(setting.block, {**setting.params, "evaluations": budget}),
            "tried": len(fits),
            "spent": int(sum(fit.budget for fit in fits)),
        }
        return self

    def predict(self, X: Features) -> Labels:
        """Class indices (n,) of features (n, d)."""
        return self._chosen.classifier.predict(self._of(self._chosen.setting, X))

    def _try(
        self, setting: Setting, budget: int, X: Features, y: Labels, X_val: Features | None, y_val: Labels | None
    ) -> _Fit:
        classifier = setting.make(budget)
        of_val = None if X_val is None else self._of(setting, X_val)
        classifier.fit(self._of(setting, X), y, X_val=of_val, y_val=y_val)
        wrong = 0.0 if of_val is None or y_val is None else float(np.mean(classifier.predict(of_val) != y_val))
        return _Fit(setting, budget, classifier, wrong)

    def _of(self, setting: Setting, X: Features) -> Double:
        return np.asarray(X[:, self._columns[setting.block]], dtype=np.float64)


@dataclass(frozen=True)
class _Fit:
    """A setting fitted within a budget, and the share of the validation group it gets wrong."""

    setting: Setting
    budget: int
    classifier: Classifier
    wrong: float


def rounds(evaluations: int) -> tuple[int, int, int]:
    """Budgets of three rounds, each four times the one before, the last of so many evaluations."""
    return evaluations // 16, evaluations // 4, evaluations


def tuned_entropy(search: PopulationSearch, evaluations: int, bound: float, random_state: int | None) -> Tuned:
    """Wavelet entropies and a network that a search trains, wavelet, level, hidden size and budget by validation.

    What is tried: three wavelets (haar and db4 of the papers, bior4.4 of `bwe-fsvm`), 3 and 4 levels, 20 and 40 hidden
    neurons: 12 settings, on 1/16 of the evaluations; the best 4 again on a quarter, the best of these on all. The
    validation group also decides between budgets. All else is the method's own. Set down before any run on the
    built-in set.

    Parameters
    ----------
    search : PopulationSearch
        The method's own.
    evaluations : int
        Budget of the last round.
    bound, random_state
        See `baselines.network.SwarmNetwork`.
    """
    wavelets = product(("db4", "haar", "bior4.4"), (4, 3))
    blocks = {f"{name}-{level}": partial(wavelet_entropy, wavelet=name, level=level) for name, level in wavelets}

    def setting(block: str, hidden: int) -> Setting:
        def make(budget: int) -> FeatureClassifier:
            network = SwarmNetwork(search, budget, hidden, bound, random_state=random_state)
            return FeatureClassifier(blocks[block], StandardScaler(), classifier=network)

        return Setting(block, {"hidden": hidden}, make)

    settings = [setting(block, hidden) for block, hidden in product(blocks, (20, 40))]
    return Tuned(blocks, settings, rounds(evaluations))
