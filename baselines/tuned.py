"""Choosing a method's settings on the validation group: the rows called `-tuned`.

Successive halving (K. Jamieson, A. Talwalkar, "Non-stochastic best arm identification and hyperparameter optimization",
AISTATS 2016): all settings are tried on a small budget, the better ones again on a larger, the best on the whole. The
test group is never seen, nor any other run's validation group: the choice is made anew in every cell.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from baselines.network import Array, Labels, search_cost
from baselines.pipeline import Features, Images, feature_id
from febench.core.selectors import format_selector

SIDE = 128
"""Every feature here takes images of any size and brings them to this one first."""


class Candidate(Protocol):
    """A classifier over features, such as `baselines.pipeline.FeatureClassifier`."""

    @property
    def fit_info_(self) -> dict[str, Any]:
        """What it tells about its fit."""
        ...

    def fit(self, features: Features, y: Labels, X_val: Features | None = None, y_val: Labels | None = None) -> Any:
        """Learn from features (n, d) and class indices (n,)."""
        ...

    def predict(self, features: Features) -> Labels:
        """Class indices (n,) of features (n, d)."""
        ...


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
    make: Callable[[int], Candidate]


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

    def fit(self, features: Features, y: Labels, X_val: Features | None = None, y_val: Labels | None = None) -> Tuned:
        """Try, halve, choose; see `Candidate.fit`."""
        self._columns = self._places()
        validated = X_val is not None and y_val is not None and len(y_val) > 0
        left, fits = list(self.settings) if validated else list(self.settings[:1]), []
        for budget in self.budgets if validated else self.budgets[-1:]:
            tried = [self._try(setting, budget, features, y, X_val, y_val) for setting in left]
            fits += tried
            tried.sort(key=lambda fit: fit.wrong)  # stable: of equal ones the first setting goes before
            left = [fit.setting for fit in tried[: max(1, len(tried) // self.kept)]]
        self._chosen = min(reversed(fits), key=lambda fit: fit.wrong)  # of equal ones the one with the larger budget
        self.fit_info_ = {
            **self._chosen.classifier.fit_info_,
            "chosen": format_selector(self._chosen.setting.block, self._chosen.told),
            "tried": len(fits),
            "spent": int(sum(fit.budget for fit in fits)),
        }
        return self

    def predict(self, features: Features) -> Labels:
        """Class indices (n,) of features (n, d)."""
        return self._chosen.classifier.predict(self._of(self._chosen.setting, features))

    def _try(
        self, setting: Setting, budget: int, features: Features, y: Labels, X_val: Features | None, y_val: Labels | None
    ) -> _Fit:
        classifier = setting.make(budget)
        of_val = None if X_val is None else self._of(setting, X_val)
        classifier.fit(self._of(setting, features), y, X_val=of_val, y_val=y_val)
        wrong = 0.0 if of_val is None or y_val is None else float(np.mean(classifier.predict(of_val) != y_val))
        return _Fit(setting, budget, classifier, wrong)

    def _of(self, setting: Setting, features: Features) -> Array:
        return np.asarray(features[:, self._columns[setting.block]], dtype=np.float64)

    def _places(self) -> dict[str, slice]:
        """The columns of each block, seen on an empty picture."""
        blank = np.zeros((1, SIDE, SIDE), dtype=np.uint8)
        ends = np.cumsum([feature(blank).shape[1] for feature in self.blocks.values()])
        starts = [0, *ends[:-1]]
        return {name: slice(start, end) for name, start, end in zip(self.blocks, starts, ends, strict=True)}


def rounds(evaluations: int) -> tuple[int, int, int]:
    """Budgets of three rounds, each four times the one before, the last of so many evaluations."""
    return evaluations // 16, evaluations // 4, evaluations


def tuning_cost(params: Mapping[str, Any], n_train: int) -> float:
    """Rough seconds of a cell that tries 12, 4 and 1 settings of 20 or 40 hidden neurons in three rounds."""
    return 2.8 * search_cost({**params, "hidden": 30}, n_train)


@dataclass(frozen=True)
class _Fit:
    """A setting fitted within a budget, and the share of the validation group it gets wrong."""

    setting: Setting
    budget: int
    classifier: Candidate
    wrong: float

    @property
    def told(self) -> dict[str, Any]:
        return {**self.setting.params, "evaluations": self.budget}
