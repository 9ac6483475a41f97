"""The network of the papers as a classifier, trained by a population search or by back-propagation.

One hidden layer, logistic sigmoid in both layers, one-hot targets, mean squared error; `baselines.perceptron` has the
arithmetic, `baselines.validation` what watches a training.
"""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from scipy.optimize import minimize
from sklearn.base import BaseEstimator, ClassifierMixin

from baselines import Double, Features, Labels, require
from baselines.classifiers import NaturalEnds
from baselines.perceptron import (
    Layout,
    MeanSquaredError,
    forward,
    loss_and_gradient,
    normalised,
    one_hot,
    predict,
    with_ones,
)
from baselines.search import Box, Epoch, PopulationSearch
from baselines.validation import Patience, Trace, ValidationFold


class _Network:
    """The part that both networks below share: classes, layout, prediction."""

    weights_: Double
    temperature_ = 1.0
    natural_ends: NaturalEnds = {"hidden": (1, np.inf), "decay": (0.0, np.inf), "penalty": (0.0, np.inf)}  # noqa: RUF012

    def __init__(self, hidden: int) -> None:
        require(hidden >= 1, f"hidden must be at least 1, not {hidden}")
        self.hidden = hidden
        self.fit_info_: dict[str, Any] = {}

    def _begin(self, X: Features, y: Labels) -> Double:
        """Set the classes and the layout; return one-hot targets (n, classes)."""
        require(len(X) == len(y) > 0, f"fit takes as many labels as inputs, at least one, not {len(y)} and {len(X)}")
        self.classes_: Labels = np.unique(y)
        self.layout_ = Layout(X.shape[1], self.hidden, len(self.classes_))
        return one_hot(y, self.classes_)

    def predict(self, X: Features) -> Labels:
        """Return the class index (n,) with the largest output for inputs (n, d), the first of equal ones."""
        return predict(self.weights_, with_ones(X, np.float32), self.layout_, self.classes_)

    def predict_proba(self, X: Features) -> Double:
        """Return probabilities (n, classes) of inputs (n, d): outputs to the power 1 / temperature, normalised."""
        outputs = forward(self.weights_[None].astype(np.float32), with_ones(X, np.float32), self.layout_)[1]
        return normalised(outputs[0].T, self.temperature_)


class SwarmNetwork(_Network):
    """The network, with weights found by a search over a box.

    Parameters
    ----------
    search : PopulationSearch
        The search and its parameters.
    evaluations : int
        Budget: number of networks evaluated on all training inputs.
    hidden : int
        Hidden neurons.
    bound : float
        Weights and biases lie in [-bound, bound].
    penalty : float
        The search minimises the mean squared error plus this times the mean of the squared weights and biases.
    patience : int or None
        The search stops after so many evaluations without a smaller validation error of its best network; None: never.
    random_state : int or None
        Seed.

    Attributes
    ----------
    classes_ : ndarray
        Class indices seen in `fit`.
    weights_ : ndarray, shape (size,)
        The network. With a validation fold, the best on it of the final population and of the network with the smallest
        objective; without, the latter.
    temperature_ : float
        Of `predict_proba`: the one with the smallest log-loss on the validation fold; without such a fold, 1.
    fit_info_ : dict
        evaluations, epochs, objective (smallest value, penalty included), weights (their number), stopped (by
        patience), temperature (of `predict_proba`), trace (the rows of `Trace`; their errors are without penalty).

    Raises
    ------
    ValueError
        If a parameter lies outside its range.
    """

    def __init__(
        self,
        search: PopulationSearch,
        evaluations: int,
        hidden: int = 20,
        bound: float = 1.0,
        patience: int | None = None,
        random_state: int | None = None,
        penalty: float = 0.0,
    ) -> None:
        super().__init__(hidden)
        require(evaluations >= 1, f"evaluations must be at least 1, not {evaluations}")
        require(bound > 0, f"bound must be above 0, not {bound}")
        require(penalty >= 0, f"penalty must not be negative, not {penalty}")
        require(patience is None or patience >= 1, f"patience must be at least 1, or none, not {patience}")
        self.search = search
        self.evaluations = evaluations
        self.bound = bound
        self.penalty = penalty
        self.patience = patience
        self.random_state = random_state

    def fit(self, X: Features, y: Labels, X_val: Features | None = None, y_val: Labels | None = None) -> Self:
        """Search for weights with a small error on inputs (n, d); the validation fold chooses among the last ones."""
        error = MeanSquaredError(X, self._begin(X, y), self.layout_)

        def penalised(weights: Double) -> Double:
            return error(weights) + self.penalty_of(weights)

        validation = ValidationFold.of(self.layout_, self.classes_, X_val, y_val)
        trace = Trace(validation.accuracy if validation else None)
        patience = Patience(validation.error, self.patience) if validation and self.patience else None

        def watch(epoch: Epoch) -> bool:
            best = epoch.best_position
            trace.note(epoch.evaluations, epoch.best_value - float(self.penalty_of(best)), best)
            return patience is not None and patience(epoch)

        box = Box(self.layout_.size, -self.bound, self.bound)
        rng = np.random.default_rng(self.random_state)
        objective = penalised if self.penalty else error
        result = self.search.minimise(objective, box, evaluations=self.evaluations, rng=rng, stop=watch)
        candidates = result.candidates
        self.weights_ = candidates[validation.best_of(candidates) if validation else 0]
        self.temperature_ = validation.temperature(self.weights_) if validation else 1.0
        self.fit_info_ = {
            "evaluations": result.evaluations,
            "epochs": len(result.history) - 1,
            "objective": result.value,
            "weights": self.layout_.size,
            "stopped": patience is not None and patience.stopped,
            "temperature": round(self.temperature_, 4),
            "trace": trace.finish(),
        }
        return self

    def penalty_of(self, weights: Double) -> Double:
        """Return the penalty (...) of large weights (..., size)."""
        return np.asarray(self.penalty * np.square(weights).mean(axis=-1))


class GradientNetwork(ClassifierMixin, BaseEstimator, _Network):  # type: ignore[misc]
    """The network, with weights found by back-propagation and L-BFGS.

    Parameters
    ----------
    hidden : int
        Hidden neurons.
    decay : float
        Weight decay; see `loss_and_gradient`.
    iterations : int
        Iterations of L-BFGS, at most.
    random_state : int or None
        Seed of the first weights, uniform as Glorot & Bengio (2010) draw them for sigmoids.

    Attributes
    ----------
    classes_, weights_, temperature_ :
        As of `SwarmNetwork`. With a validation fold, the weights of the iteration that was best on it.
    fit_info_ : dict
        iterations, evaluations (of loss and gradient), chosen (number of the iteration in `weights_`), objective (the
        last loss), weights (their number), temperature (of `predict_proba`), trace (the rows of `Trace`; their errors
        are without weight decay).

    Raises
    ------
    ValueError
        If a parameter lies outside its range.
    """

    def __init__(
        self, hidden: int = 20, decay: float = 1e-4, iterations: int = 200, random_state: int | None = None
    ) -> None:
        super().__init__(hidden)
        require(decay >= 0, f"decay must not be negative, not {decay}")
        require(iterations >= 1, f"iterations must be at least 1, not {iterations}")
        self.decay = decay
        self.iterations = iterations
        self.random_state = random_state

    def fit(self, X: Features, y: Labels, X_val: Features | None = None, y_val: Labels | None = None) -> Self:
        """Minimise the loss on inputs (n, d) and class indices (n,); the validation fold chooses the iteration."""
        targets, inputs = self._begin(X, y), with_ones(X, np.float64)
        layout = self.layout_
        validation = ValidationFold.of(self.layout_, self.classes_, X_val, y_val)
        evaluations = 0
        path: list[Double] = []  # weights before the first iteration and after each
        evaluations_so_far: list[int] = []  # at each entry of the path

        def loss(weights: Double) -> tuple[float, Double]:
            nonlocal evaluations
            evaluations += 1
            return loss_and_gradient(weights, inputs, targets.T, layout, self.decay)

        def add_to_path(weights: Double) -> None:
            path.append(weights.copy())
            evaluations_so_far.append(max(1, evaluations))

        start = np.random.default_rng(self.random_state).uniform(-1, 1, layout.size)
        first, second = layout.unpack(start)  # views: both are scaled in place
        first *= np.sqrt(2 / (layout.inputs + layout.hidden))
        second *= np.sqrt(2 / (layout.hidden + layout.outputs))
        add_to_path(start)
        limits = {"maxiter": self.iterations, "maxfun": 10 * self.iterations}
        result = minimize(loss, path[0], method="L-BFGS-B", jac=True, callback=add_to_path, options=limits)
        weights = np.array(path)
        chosen = validation.best_of(weights) if validation else len(path) - 1
        self.weights_ = path[chosen]
        self.temperature_ = validation.temperature(self.weights_) if validation else 1.0
        trace = Trace(validation.accuracy if validation else None)
        errors = MeanSquaredError(X, targets, layout)(weights).tolist()
        for moment in zip(evaluations_so_far, errors, path, strict=True):
            trace.note(*moment)
        self.fit_info_ = {
            "iterations": len(path) - 1,
            "evaluations": evaluations,
            "chosen": chosen,
            "objective": float(result.fun),
            "weights": layout.size,
            "temperature": round(self.temperature_, 4),
            "trace": trace.finish(),
        }
        return self
