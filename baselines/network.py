"""The network of the papers: one hidden layer, logistic sigmoid in both layers, one-hot targets, mean squared error.

A network is one weight vector: the hidden layer's weights (hidden, inputs + 1) row by row, then the output layer's
(classes, hidden + 1); the last column of each is the bias. So a population of networks is a matrix, one network a row,
and one matrix product evaluates them all.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize, minimize_scalar
from sklearn.base import BaseEstimator, ClassifierMixin

from baselines import Double, Features, Labels, require
from baselines.pipeline import NaturalEnds
from baselines.search import Box, Epoch, PopulationSearch

Float = TypeVar("Float", np.float32, np.float64)

BLOCK = 2**19
"""Activations held at once while a population is evaluated: 2 MB in float32, about a core's cache."""

TINY = 1e-30
"""What outputs and probabilities are raised to before their logarithm is taken."""

TEMPERATURES = (-4.0, 4.0)
"""Logarithms of the temperatures between which `ValidationGroup.temperature` looks."""

STEP = 1.3
"""A `Trace` notes a moment whenever the evaluations have grown by this factor: some 30 from 50 to 80,000."""


@dataclass(frozen=True)
class Layout:
    """Sizes of a network, and where its weights lie in a vector."""

    inputs: int
    hidden: int
    outputs: int

    @property
    def size(self) -> int:
        """Length of the weight vector."""
        return self.hidden * (self.inputs + 1) + self.outputs * (self.hidden + 1)

    def unpack(self, weights: NDArray[Float]) -> tuple[NDArray[Float], NDArray[Float]]:
        """Split vectors (..., size) into views (..., hidden, inputs + 1) and (..., outputs, hidden + 1)."""
        split = self.hidden * (self.inputs + 1)
        first = weights[..., :split].reshape(*weights.shape[:-1], self.hidden, self.inputs + 1)
        second = weights[..., split:].reshape(*weights.shape[:-1], self.outputs, self.hidden + 1)
        return first, second

    def pack(self, first: NDArray[Float], second: NDArray[Float]) -> NDArray[Float]:
        """Join what `unpack` splits."""
        lead = first.shape[:-2]
        return np.concatenate([first.reshape(*lead, -1), second.reshape(*lead, -1)], axis=-1)


def sigmoid_of_minus(z: NDArray[Float]) -> NDArray[Float]:
    """Logistic sigmoid of -z, in place: 1 / (1 + exp(z)); to negate few weights is cheaper than many activations.

    An exponential too large to hold is infinite, and its reciprocal 0, as the sigmoid is there to the last bit.
    """
    with np.errstate(over="ignore"):
        np.exp(z, out=z)
    z += 1
    return np.reciprocal(z, out=z)


def with_ones(X: ArrayLike, dtype: type[Float]) -> NDArray[Float]:
    """Inputs (n, d) as columns with a last row of ones for the bias, shape (d + 1, n)."""
    columns = np.asarray(X, dtype=dtype).T
    return np.vstack([columns, np.ones((1, columns.shape[1]), dtype=dtype)])


def forward(weights: NDArray[Float], inputs: NDArray[Float], layout: Layout) -> tuple[NDArray[Float], NDArray[Float]]:
    """Activations of a population of networks.

    Parameters
    ----------
    weights : ndarray, shape (p, size)
        One network a row.
    inputs : ndarray, shape (d + 1, n)
        What `with_ones` returns.
    layout : Layout
        Sizes of the networks.

    Returns
    -------
    ndarray, shape (p, hidden, n)
        Activations of the hidden layer.
    ndarray, shape (p, outputs, n)
        Outputs, one a class, in [0, 1].
    """
    first, second = layout.unpack(-weights)
    hidden = sigmoid_of_minus(first.reshape(-1, first.shape[-1]) @ inputs).reshape(len(weights), layout.hidden, -1)
    return hidden, sigmoid_of_minus(second[..., :-1] @ hidden + second[..., -1:])


class MeanSquaredError:
    """Mean squared error of whole populations of networks, in float32: the objective of a search.

    Parameters
    ----------
    X : array_like, shape (n, d)
        Inputs.
    targets : array_like, shape (n, outputs)
        Wanted outputs.
    layout : Layout
        Sizes of the networks.
    """

    def __init__(self, X: ArrayLike, targets: ArrayLike, layout: Layout) -> None:
        self._inputs = with_ones(X, np.float32)
        self._targets = np.ascontiguousarray(np.asarray(targets, dtype=np.float32).T)
        self._layout = layout
        self._rows = max(1, BLOCK // max(1, layout.hidden * self._inputs.shape[1]))

    def __call__(self, weights: Double) -> Double:
        """Return the error of each network: (p, size) to (p,)."""
        errors = np.empty(len(weights))
        for start in range(0, len(weights), self._rows):
            some = weights[start : start + self._rows]
            outputs = forward(some.astype(np.float32), self._inputs, self._layout)[1]
            outputs -= self._targets
            flat = outputs.reshape(len(some), -1)
            squares: NDArray[np.float32] = np.einsum("ij,ij->i", flat, flat)
            errors[start : start + self._rows] = squares.astype(np.float64) / max(1, flat.shape[1])
        return errors


def loss_and_gradient(
    weights: Double, inputs: Double, targets: Double, layout: Layout, decay: float = 0.0
) -> tuple[float, Double]:
    """Mean squared error of one network plus weight decay, and its gradient, by back-propagation.

    Parameters
    ----------
    weights : ndarray, shape (size,)
        The network.
    inputs : ndarray, shape (d + 1, n)
        What `with_ones` returns.
    targets : ndarray, shape (outputs, n)
        Wanted outputs.
    layout : Layout
        Sizes of the network.
    decay : float
        Factor of the sum of squared weights, biases left out.

    Returns
    -------
    float
        The loss.
    ndarray, shape (size,)
        Its gradient.
    """
    (hidden,), (outputs,) = forward(weights[None], inputs, layout)
    _, second = layout.unpack(weights)
    error = outputs - targets
    at_output = (2 / error.size) * error * outputs * (1 - outputs)
    at_hidden = (second[:, :-1].T @ at_output) * hidden * (1 - hidden)
    to_second = np.column_stack([at_output @ hidden.T, at_output.sum(axis=1)])
    decayed = weights.copy()
    for layer in layout.unpack(decayed):
        layer[:, -1] = 0
    gradient = layout.pack(at_hidden @ inputs.T, to_second) + 2 * decay * decayed
    return float(np.square(error).mean() + decay * decayed @ decayed), gradient


class Trace:
    """Notes evaluations, smallest training error and validation accuracy at moments evenly spaced in their logarithm.

    Parameters
    ----------
    accuracy : callable or None
        Weights (size,) to the share of the validation inputs they get right; None if there are none.
    """

    def __init__(self, accuracy: Callable[[Double], float] | None) -> None:
        self._accuracy = accuracy
        self._next = 1.0
        self._last: tuple[int, float, Double] | None = None
        self.rows: list[list[Any]] = []

    def note(self, evaluations: int, error: float, weights: Double) -> None:
        """Take note of the best weights so far, if it is time to."""
        self._last = (evaluations, error, weights)
        if evaluations >= self._next:
            self._write(evaluations, error, weights)

    def finish(self) -> list[list[Any]]:
        """All notes, the last moment among them: `[evaluations, error, accuracy]` each."""
        if self._last and (not self.rows or self.rows[-1][0] != self._last[0]):
            self._write(*self._last)
        return self.rows

    def _write(self, evaluations: int, error: float, weights: Double) -> None:
        accuracy = None if self._accuracy is None else round(self._accuracy(weights), 4)
        self.rows.append([evaluations, round(error, 6), accuracy])
        self._next = evaluations * STEP


class Patience:
    """A `stop` hook: ends a search when its best network has not become better on the validation group for a while.

    Parameters
    ----------
    objective : MeanSquaredError
        Error on the validation group.
    evaluations : int
        How long is a while.
    """

    def __init__(self, objective: MeanSquaredError, evaluations: int) -> None:
        self._objective = objective
        self._evaluations = evaluations
        self._best, self._since = np.inf, 0
        self.stopped = False

    def __call__(self, epoch: Epoch) -> bool:
        """Look at the best network so far."""
        value = float(self._objective(epoch.best_position[None])[0])
        if value < self._best:
            self._best, self._since = value, epoch.evaluations
        self.stopped = epoch.evaluations - self._since >= self._evaluations
        return self.stopped


class _Network:
    """What the two networks below share: classes, one-hot targets, prediction."""

    weights_: Double
    temperature_ = 1.0
    natural_ends: NaturalEnds = {"hidden": (1, np.inf), "decay": (0.0, np.inf), "penalty": (0.0, np.inf)}  # noqa: RUF012

    def __init__(self, hidden: int) -> None:
        require(hidden >= 1, f"hidden must be at least 1, not {hidden}")
        self.hidden = hidden
        self.fit_info_: dict[str, Any] = {}

    def _begin(self, X: Features, y: Labels) -> Double:
        """Learn the classes and the layout; return one-hot targets (n, classes)."""
        require(len(X) == len(y) > 0, f"fit takes as many labels as inputs, at least one, not {len(y)} and {len(X)}")
        self.classes_: Labels = np.unique(y)
        self.layout_ = Layout(X.shape[1], self.hidden, len(self.classes_))
        return self.one_hot(y)

    def one_hot(self, y: Labels) -> Double:
        """Wanted outputs (n, classes) for class indices (n,), all 0 for a class not seen in `fit`."""
        return np.equal(np.asarray(y)[:, None], self.classes_).astype(np.float64)

    def predict(self, X: Features) -> Labels:
        """Class indices (n,) of inputs (n, d): the class of the largest output, the first of equal ones."""
        return self.predict_with(self.weights_, with_ones(X, np.float32))

    def predict_with(self, weights: Double, inputs: NDArray[np.float32]) -> Labels:
        """Class indices (n,) of inputs as `with_ones` returns them, by other weights (size,)."""
        outputs = forward(weights[None].astype(np.float32), inputs, self.layout_)[1]
        predicted: Labels = self.classes_[outputs[0].argmax(axis=0)]
        return predicted

    def predict_proba(self, X: Features) -> Double:
        """Probabilities (n, classes) of inputs (n, d): outputs to the power 1 / temperature, normalised."""
        outputs = forward(self.weights_[None].astype(np.float32), with_ones(X, np.float32), self.layout_)[1]
        return normalised(outputs[0].T, self.temperature_)


def normalised(outputs: NDArray[np.float32], temperature: float) -> Double:
    """Outputs (n, classes) as probabilities; the largest of a row stays the largest."""
    logarithms = np.log(np.maximum(outputs.astype(np.float64), TINY)) / temperature
    shares = np.exp(logarithms - logarithms.max(axis=1, keepdims=True))
    probabilities: Double = shares / shares.sum(axis=1, keepdims=True)
    return probabilities


class ValidationGroup:
    """Images that weights are not trained on: they watch a training and choose among its networks.

    Parameters
    ----------
    network : SwarmNetwork or GradientNetwork
        Whose weights are judged; its classes and layout are known.
    X, y : ndarray, shapes (n, d) and (n,)
        Inputs and class indices.
    """

    def __init__(self, network: _Network, X: Features, y: Labels) -> None:
        self._network, self._y = network, y
        self._inputs = with_ones(X, np.float32)
        self.error = MeanSquaredError(X, network.one_hot(y), network.layout_)

    @classmethod
    def of(cls, network: _Network, X_val: Features | None, y_val: Labels | None) -> ValidationGroup | None:
        """The group, or None where there is none or nobody is in it."""
        return None if X_val is None or y_val is None or len(y_val) == 0 else cls(network, X_val, y_val)

    def accuracy(self, weights: Double) -> float:
        """Share of the images that weights (size,) get right."""
        return float(np.mean(self._network.predict_with(weights, self._inputs) == self._y))

    def best_of(self, candidates: Double) -> int:
        """The row of (p, size) weights with the highest accuracy, then the smallest error; the first of equal ones."""
        accuracy = np.array([self.accuracy(weights) for weights in candidates])
        return int(np.lexsort((self.error(candidates), -accuracy))[0])

    def temperature(self, weights: Double) -> float:
        """The temperature with which weights (size,) have the smallest log-loss on the images of known classes."""
        known = np.isin(self._y, self._network.classes_)
        if not known.any():
            return 1.0
        outputs = forward(weights[None].astype(np.float32), self._inputs[:, known], self._network.layout_)[1][0].T
        rows, wanted = np.arange(len(outputs)), np.searchsorted(self._network.classes_, self._y[known])

        def log_loss(logarithm: float) -> float:
            said = normalised(outputs, float(np.exp(logarithm)))[rows, wanted]
            return float(-np.log(np.maximum(said, TINY)).mean())

        return float(np.exp(minimize_scalar(log_loss, bounds=TEMPERATURES, method="bounded").x))


class SwarmNetwork(_Network):
    """The network, its weights found by a search over a box.

    Parameters
    ----------
    search : PopulationSearch
        The search and its parameters.
    evaluations : int
        Budget: networks evaluated on all training inputs.
    hidden : int
        Hidden neurons.
    bound : float
        Weights and biases lie in [-bound, bound].
    penalty : float
        The search minimises the mean squared error plus this times the mean of the squared weights and biases.
    patience : int or None
        Evaluations without a smaller validation error of the best network after which the search stops; None: never.
    random_state : int or None
        Seed.

    Attributes
    ----------
    classes_ : ndarray
        Class indices seen in `fit`.
    weights_ : ndarray, shape (size,)
        The network. With validation inputs, the best on them of the final population and the best network found;
        without, the latter.
    temperature_ : float
        Of `predict_proba`: the one with the smallest log-loss on the validation inputs; without, 1.
    fit_info_ : dict
        evaluations, epochs, objective (smallest value, penalty included), weights (their number), stopped (by
        patience), temperature (of `predict_proba`), trace (what `Trace` noted; its errors are without penalty).

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
        """Search for weights that suit inputs (n, d) and class indices (n,); the validation group picks among them."""
        error = MeanSquaredError(X, self._begin(X, y), self.layout_)

        def penalised(weights: Double) -> Double:
            return error(weights) + self.penalty_of(weights)

        validation = ValidationGroup.of(self, X_val, y_val)
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
        """What networks (..., size) pay for the size of their weights, shape (...)."""
        return np.asarray(self.penalty * np.square(weights).mean(axis=-1))


class GradientNetwork(ClassifierMixin, BaseEstimator, _Network):  # type: ignore[misc]
    """The network, its weights found by back-propagation and L-BFGS.

    Parameters
    ----------
    hidden : int
        Hidden neurons.
    decay : float
        Weight decay; see `loss_and_gradient`.
    iterations : int
        Most iterations of L-BFGS.
    random_state : int or None
        Seed of the first weights, uniform as Glorot & Bengio (2010) draw them for sigmoids.

    Attributes
    ----------
    classes_, weights_, temperature_ :
        As of `SwarmNetwork`. With validation inputs, the weights of the iteration that was best on them.
    fit_info_ : dict
        iterations, evaluations (of loss and gradient), chosen (the iteration kept), objective (the last loss), weights
        (their number), temperature (of `predict_proba`), trace (what `Trace` noted; its error is without weight decay).

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
        """Minimise the loss on inputs (n, d) and class indices (n,); the validation group picks the iteration."""
        targets, inputs = self._begin(X, y), with_ones(X, np.float64)
        layout, validation = self.layout_, ValidationGroup.of(self, X_val, y_val)
        evaluations = 0
        path: list[Double] = []  # the weights after each iteration,
        spent: list[int] = []  # and the evaluations each had cost

        def loss(weights: Double) -> tuple[float, Double]:
            nonlocal evaluations
            evaluations += 1
            return loss_and_gradient(weights, inputs, targets.T, layout, self.decay)

        def keep(weights: Double) -> None:
            path.append(weights.copy())
            spent.append(max(1, evaluations))

        drawn = np.random.default_rng(self.random_state).uniform(-1, 1, layout.size)
        first, second = layout.unpack(drawn)
        first *= np.sqrt(2 / (layout.inputs + layout.hidden))
        second *= np.sqrt(2 / (layout.hidden + layout.outputs))
        keep(drawn)
        result = minimize(
            loss, path[0], method="L-BFGS-B", jac=True, callback=keep,
            options={"maxiter": self.iterations, "maxfun": 10 * self.iterations},
        )  # fmt: skip
        weights = np.array(path)
        chosen = validation.best_of(weights) if validation else len(path) - 1
        self.weights_ = path[chosen]
        self.temperature_ = validation.temperature(self.weights_) if validation else 1.0
        trace = Trace(validation.accuracy if validation else None)
        for moment in zip(spent, MeanSquaredError(X, targets, layout)(weights).tolist(), path, strict=True):
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
