"""What a method's authors leave open, selected inside each cell: successive halving within one budget of evaluations.

Successive halving (K. Jamieson, A. Talwalkar, "Non-stochastic best arm identification and hyperparameter optimization",
AISTATS 2016): all settings are tried on a small budget, the better ones again on a larger, the best on what is left.
All fits of all rounds together spend no more evaluations than the method without selection does.

The validation group judges; under `subject` nobody in it was trained on, so that it asks what the test group will ask.
Where there is none, a fifth of the training images is held out in its place, whole groups where there are groups. The
test group is never seen, nor any other run's validation group. Settings are compared by their mean squared error there,
which is steadier than the accuracy on some seventy images.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from time import perf_counter
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import TransformerMixin
from sklearn.utils.metaestimators import available_if

from baselines import Double, Features, Images, Labels, require
from baselines.blocks import Block, Blocks, feature_id
from baselines.network import GradientNetwork, SwarmNetwork, ValidationGroup
from baselines.pipeline import KernelSVM, ends_of_settings, forecast, stratified
from baselines.search import LINES_TO_BEAT

KEPT = 6
"""One setting in so many comes into the second round."""

GROWTH = 4
"""How many times the first round's budget a setting has in the second."""

HELD_OUT = 5
"""One training image, or group, in so many is held out where there is no validation group."""


@dataclass(frozen=True)
class Open:
    """A value that a method's authors leave open.

    Attributes
    ----------
    fixed : str, int or float
        What it is where nothing is selected.
    tried : tuple
        What it is selected from.
    """

    fixed: Any
    tried: tuple[Any, ...]


def settings_of(
    left_open: Mapping[str, Open], given: Mapping[str, Any], *, select: bool, search: str
) -> list[dict[str, Any]]:
    """Return every combination of values to try.

    A value that is given is not selected. Without `select` none is. With a line to beat as the `search` the first value
    of those tried stands for all: such a line counts no evaluations that a selection could share.

    Raises
    ------
    ValueError
        If a given value is not of the type of the fixed one.
    """
    most = 1 if search in LINES_TO_BEAT else None
    choices = {}
    for name, value in left_open.items():
        own = given[name]
        if own is None:
            choices[name] = value.tried[:most] if select else (value.fixed,)
            continue
        kind = type(value.fixed)
        if kind is float and type(own) is int:
            own = float(own)
        word = {str: "a name", int: "a whole number", float: "a number"}[kind]
        require(type(own) is kind, f"{name} takes {word}, or none to have it selected, not {own!r}")
        choices[name] = (own,)
    return [dict(zip(choices, values, strict=True)) for values in product(*choices.values())]


def rounds(settings: int, evaluations: int) -> list[tuple[int, int]]:
    """How many settings each round tries, and the budget of each; all together they spend what is given.

    Half goes to a first round of all settings and, if two or more are left, a second of one in `KEPT`, each with
    `GROWTH` times as much; the other half, and what rounding leaves, to the best setting alone.
    """
    if settings == 1:
        return [(1, evaluations)]
    kept = math.ceil(settings / KEPT)
    kept = kept if kept > 1 else 0
    budget = evaluations // 2 // (settings + GROWTH * kept)
    spent = budget * (settings + GROWTH * kept)
    return [(settings, budget), *[(kept, GROWTH * budget)] * (kept > 0), (1, evaluations - spent)]


@dataclass
class FeatureClassifier:
    """What a setting makes, not yet fitted: features, what transforms them, and a classifier of what comes of it."""

    feature: Callable[[Images], Features]
    transformer: TransformerMixin
    classifier: SwarmNetwork | GradientNetwork | KernelSVM


class Tuned:
    """Features and a network that a search trains, what is left open of them selected on the validation group.

    Parameters
    ----------
    make : callable
        From a setting's values and `evaluations`, all by keyword, to a `FeatureClassifier`.
    settings : sequence of dict
        What to try, as `settings_of` returns it; a single one is not selected but taken.
    evaluations : int
        Budget of all fits together.
    least : int
        Evaluations without which a search cannot begin: its population.
    random_state : int or None
        Seed of what is held out where there is no validation group.

    Attributes
    ----------
    classes_ : ndarray
        Class indices seen in `fit`.
    fit_info_ : dict
        What the chosen classifier tells; of a network also selected (the values taken) and tried (how many settings).
        Where several were tried also spent (evaluations of all fits) and selection_seconds (of the rounds before the
        last).

    Raises
    ------
    ValueError
        If a value lies outside its range, or the evaluations do not pay for trying all settings.
    """

    def __init__(
        self,
        make: Callable[..., FeatureClassifier],
        settings: Sequence[dict[str, Any]],
        evaluations: int,
        least: int = 1,
        random_state: int | None = None,
    ) -> None:
        self.make = make
        self.settings = settings
        self.evaluations = evaluations
        self.random_state = random_state
        self.fit_info_: dict[str, Any] = {}
        self.rounds = rounds(len(settings), evaluations)
        first = self.rounds[0][1]
        made = [make(**setting, evaluations=evaluations) for setting in settings]
        require(
            len(settings) == 1 or first >= least,
            f"evaluations must be above {evaluations} to try {len(settings)} settings with a population of {least}, "
            "or select false",
        )
        blocks = {_name(one): Block({}, one.feature) for one in made}
        self.features = Blocks(tuple(blocks.values()))
        self._names = tuple(blocks)
        self._gives_probabilities = hasattr(made[0].classifier, "predict_proba")

    @property
    def features_id(self) -> list[Any]:
        """What the features depend on: methods with equal ones share them."""
        return self.features.id

    def extract(self, X: Images) -> Features:
        """The features of all settings, side by side."""
        return self.features.extract(X)

    def forecast(self, X: Features, y: Labels, n: int) -> float:
        """Seconds of a cell that trains on n images; see `baselines.pipeline.forecast`."""
        return forecast(self, X, y, n)

    def fit(
        self,
        X: Features,
        y: Labels,
        X_val: Features | None = None,
        y_val: Labels | None = None,
        groups: Labels | None = None,
    ) -> Self:
        """Select and learn; parameters as of `baselines.selection.Selected.fit`.

        The validation group judges; where there is none, images that are held out do, and of their groups none trains.
        """
        begun = perf_counter()
        columns = self.features.columns(X.shape[1])
        self._columns = {name: slice(*edges) for name, edges in zip(self._names, columns, strict=True)}
        plan, left = self.rounds, list(self.settings)
        if X_val is None or y_val is None or len(y_val) == 0:
            X_val = y_val = None
            held_out = hold_out(y, groups, self.random_state) if len(left) > 1 else None
            if held_out is not None:
                X, X_val, y, y_val = X[~held_out], X[held_out], y[~held_out], y[held_out]
            elif len(left) > 1:  # too few to ask
                plan, left = rounds(1, self.evaluations), left[:1]
        ready: dict[str, _Inputs] = {}
        spent, selection_seconds = 0, 0.0
        for tried, budget in plan:
            selection_seconds = perf_counter() - begun
            fits = [self._try(setting, budget, ready, X, y, X_val, y_val) for setting in left[:tried]]
            fits.sort(key=lambda fit: fit.loss)  # stable: of equal ones the first setting goes before
            left = [fit.setting for fit in fits]
            spent += sum(fit.model.classifier.fit_info_.get("evaluations", 0) for fit in fits)
        self._chosen = fits[0].model
        self.classes_: Labels = np.unique(y)
        self.fit_info_ = dict(self._chosen.classifier.fit_info_)
        if "evaluations" in self.fit_info_:
            self.fit_info_ |= {"selected": fits[0].setting, "tried": plan[0][0]}
        if len(plan) > 1:
            if ends := ends_of_settings(self.settings, self._chosen.classifier.natural_ends):
                self.fit_info_["ends"] = ends
            self.fit_info_ |= {"spent": spent, "selection_seconds": round(selection_seconds, 4)}
        return self

    def predict(self, X: Features) -> Labels:
        """Class indices (n,) of features (n, d)."""
        if len(X) == 0:
            return np.empty(0, dtype=np.int64)
        return self._chosen.classifier.predict(self._given(X))

    @available_if(lambda self: self._gives_probabilities)  # type: ignore[untyped-decorator]
    def predict_proba(self, X: Features) -> Double:
        """Probabilities (n, classes) of features (n, d), in the order of `classes_`."""
        probabilities: Double = self._chosen.classifier.predict_proba(self._given(X))
        return probabilities

    def _given(self, X: Features) -> Features:
        """What the chosen classifier is given of features of all settings."""
        given: Features = self._chosen.transformer.transform(self._own(self._chosen, X))
        return given

    def _own(self, model: FeatureClassifier, X: Features) -> Features:
        return X[:, self._columns[_name(model)]]

    def _try(
        self,
        setting: dict[str, Any],
        budget: int,
        ready: dict[str, _Inputs],
        X: Features,
        y: Labels,
        X_val: Features | None,
        y_val: Labels | None,
    ) -> _Fit:
        """Fit a setting within a budget; settings with the same inputs have them transformed once."""
        model = self.make(**setting, evaluations=budget)
        key = json.dumps([_name(model), type(model.transformer).__name__, vars(model.transformer)])
        if key not in ready:
            train = model.transformer.fit(self._own(model, X)).transform(self._own(model, X))
            val = None if X_val is None else model.transformer.transform(self._own(model, X_val))
            ready[key] = _Inputs(model.transformer, train, val)
        model.transformer = ready[key].transformer
        val = ready[key].val
        model.classifier.fit(ready[key].train, y, X_val=val, y_val=y_val)
        loss = 0.0
        if len(self.settings) > 1 and val is not None and y_val is not None:
            network: Any = model.classifier
            loss = float(ValidationGroup(network, val, y_val).error(network.weights_[None])[0])
        return _Fit(setting, model, loss)


@dataclass(frozen=True)
class _Inputs:
    """A fitted transformer, and what it makes of the training and the validation images."""

    transformer: TransformerMixin
    train: Features
    val: Features | None


@dataclass(frozen=True)
class _Fit:
    """A setting, what was fitted with it, and its mean squared error on the validation group."""

    setting: dict[str, Any]
    model: FeatureClassifier
    loss: float


def _name(model: FeatureClassifier) -> str:
    """The features of a classifier, as text."""
    return json.dumps(feature_id(model.feature))


def hold_out(y: Labels, groups: Labels | None, seed: int | None) -> NDArray[np.bool_] | None:
    """Which training images are held out to judge: a fifth of each class, or of the groups; None if too few remain.

    Parameters
    ----------
    y : ndarray, shape (n,)
        Class indices.
    groups : ndarray, shape (n,), or None
        Images of a group stay together.
    seed : int or None
        Who or what is held out.
    """
    rng = np.random.default_rng(seed)
    held_out = np.zeros(len(y), dtype=bool)
    if groups is None:
        _, test = next(stratified(y, HELD_OUT, len(y), rng))
        held_out[test] = True
    else:
        names = rng.permutation(np.unique(groups))
        held_out = np.isin(groups, names[: len(names) // HELD_OUT])
    whole = np.array_equal(np.unique(y[~held_out]), np.unique(y))
    return held_out if whole and held_out.any() else None
