"""Classifiers that a search trains: features, a transformer, and the network of the papers with fixed settings.

`cso`, `bbo` and `jaya` are built from this module. Nothing is selected inside a cell: the evaluations that a selection
costs are worth more than what it brings. What a paper leaves open was decided once, on other images (`Open`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from sklearn.base import TransformerMixin
from sklearn.preprocessing import StandardScaler
from sklearn.utils.metaestimators import available_if

from baselines import Double, Features, Images, Labels, require
from baselines.blocks import Blocks
from baselines.classifiers import KernelSVM
from baselines.features import check_wavelet_entropy, wavelet_entropy
from baselines.forecast import forecast
from baselines.network import GradientNetwork, SwarmNetwork
from baselines.search import PopulationSearch, named_search

TYPE_NAMES = {str: "a name", int: "a whole number", float: "a number"}


@dataclass(frozen=True)
class Open:
    """A value that a method's paper leaves open.

    Attributes
    ----------
    plain : str, int or float
        The value with `select=false`: taken without any trial.
    chosen : same type
        The value with `select=true`: decided by trials on other images, once for all.
    """

    plain: Any
    chosen: Any


def open_values(left_open: Mapping[str, Open], user_values: Mapping[str, Any], *, select: bool) -> dict[str, Any]:
    """Return the value of each open parameter: the user's; if that is None, the chosen or the plain one.

    Raises
    ------
    ValueError
        If a user's value is not of the type of the plain one.
    """
    values: dict[str, Any] = {}
    for name, parameter in left_open.items():
        value, expected = user_values[name], type(parameter.plain)
        if value is None:
            value = parameter.chosen if select else parameter.plain
        elif expected is float and type(value) is int:
            value = float(value)
        require(type(value) is expected, f"{name} takes {TYPE_NAMES[expected]}, or none for the default, not {value!r}")
        values[name] = value
    return values


class SearchedClassifier:
    """A classifier over images: features, a transformer fitted to the training images, a classifier.

    Parameters
    ----------
    features : Blocks
        A single block.
    transformer : TransformerMixin
        scikit-learn's, or like it.
    classifier : SwarmNetwork, GradientNetwork or KernelSVM
        As `classifier_by` returns it.
    settings : mapping
        Values of the method's open parameters, for `fit_info_`.

    Attributes
    ----------
    classes_ : ndarray
        Class indices seen in `fit`.
    fit_info_ : dict
        The classifier's; for a network also `selected` (the settings) and `tried` (1).
    """

    def __init__(
        self,
        features: Blocks,
        transformer: TransformerMixin,
        classifier: SwarmNetwork | GradientNetwork | KernelSVM,
        settings: Mapping[str, Any],
    ) -> None:
        self.features = features
        self.transformer = transformer
        self.classifier = classifier
        self.settings = dict(settings)

    @property
    def features_id(self) -> dict[str, Any]:
        """An id of everything that the features depend on; see `febench.core.method`."""
        return self.features.id

    def extract(self, X: Images) -> Features:
        """Return the features of images, shape (n, d)."""
        return self.features.extract(X)

    def forecast(self, X: Features, y: Labels, n: int) -> float:
        """Return the seconds of a cell that trains on n images; see `baselines.forecast`."""
        return forecast(self, X, y, n)

    def fit(self, X: Features, y: Labels, X_val: Features | None = None, y_val: Labels | None = None) -> Self:
        """Learn from features (n, d) and class indices (n,); the validation fold chooses among trained networks."""
        inputs = self.transformer.fit(X).transform(X)
        if X_val is None or y_val is None or len(y_val) == 0:
            X_val = y_val = None
        else:
            X_val = self.transformer.transform(X_val)
        self.classifier.fit(inputs, y, X_val=X_val, y_val=y_val)
        self.classes_: Labels = np.unique(y)
        self.fit_info_ = dict(self.classifier.fit_info_)
        if not isinstance(self.classifier, KernelSVM):
            self.fit_info_ |= {"selected": self.settings, "tried": 1}
        return self

    def predict(self, X: Features) -> Labels:
        """Return the class indices (n,) of features (n, d)."""
        if len(X) == 0:
            return np.empty(0, dtype=np.int64)
        return self.classifier.predict(self.transformer.transform(X))

    @available_if(lambda self: hasattr(self.classifier, "predict_proba"))  # type: ignore[untyped-decorator]
    def predict_proba(self, X: Features) -> Double:
        """Return the probabilities (n, classes) of features (n, d), in the order of `classes_`."""
        probabilities: Double = self.classifier.predict_proba(self.transformer.transform(X))
        return probabilities


def classifier_by(
    search: str,
    own: Mapping[str, PopulationSearch],
    *,
    population: int,
    evaluations: int,
    hidden: int,
    bound: float,
    penalty: float,
    patience: int | None,
    random_state: int | None,
) -> SwarmNetwork | GradientNetwork | KernelSVM:
    """Return the network, to be trained by a method's own search or by another; or a line to beat in its place.

    Parameters
    ----------
    search : str
        A name in `own`, any of `baselines.search.named_search`, or one of the lines to beat: `l-bfgs`, the same network
        by back-propagation, or `rbf-svm`, a support vector machine on the same inputs.
    own : mapping
        The method's own search by its name, with the parameters the method gives it.
    population : int
        Candidates of another search.
    evaluations, hidden, bound, penalty, patience, random_state
        See `baselines.network.SwarmNetwork`. L-BFGS takes neither bound, penalty nor patience, and its own number of
        iterations; the machine takes none of them but the seed, and selects its C by cross-validation on the training
        images.

    Raises
    ------
    ValueError
        If there is no such search.
    """
    if search == "l-bfgs":
        return GradientNetwork(hidden, iterations=400, random_state=random_state)
    if search == "rbf-svm":
        return KernelSVM(random_state=random_state)
    trainer = own[search] if search in own else named_search(search, population)
    return SwarmNetwork(trainer, evaluations, hidden, bound, patience, random_state, penalty)


def on_wavelet_entropies(
    classifier: SwarmNetwork | GradientNetwork | KernelSVM,
    settings: Mapping[str, Any],
    *,
    wavelet: str,
    level: int,
    trim: bool,
    entropy: str,
    blocks: int,
    channels: str,
) -> SearchedClassifier:
    """Return a classifier of standardised wavelet entropies; see `baselines.features.wavelet_entropy`.

    Raises
    ------
    ValueError
        If a parameter of the features lies outside its range.
    """
    check_wavelet_entropy(wavelet, level, entropy, blocks, channels)
    features = Blocks.single(
        wavelet_entropy, wavelet=wavelet, level=level, trim=trim, entropy=entropy, blocks=blocks, channels=channels
    )
    return SearchedClassifier(features, StandardScaler(), classifier, settings)
