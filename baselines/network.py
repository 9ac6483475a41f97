"""The network of the papers: one hidden layer, logistic sigmoid in both layers, one-hot targets, mean squared error.

A network is one weight vector: the hidden layer's weights (hidden, inputs + 1) row by row, then the output layer's
(classes, hidden + 1); the last column of each is the bias. So a population of networks is a matrix, one network a row,
and one matrix product evaluates them all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize

from baselines.checks import require
from baselines.search import Box, Epoch, Search, named_search
from baselines.trace import Trace

Array = NDArray[np.float64]
Labels = NDArray[np.integer[Any]]
Float = TypeVar("Float", np.float32, np.float64)

BLOCK = 2**19
"""Activations held at once while a population is evaluated: 2 MB in float32, about a core's cache."""


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


def sigmoid(z: NDArray[Float]) -> NDArray[Float]:
    """Logistic sigmoid, in place: 1 / (1 + exp(-z)) = (1 + tanh(z / 2)) / 2, which never overflows."""
    z *= 0.5
    np.tanh(z, out=z)
    z *= 0.5
    z += 0.5
    return z


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
    first, second = layout.unpack(weights)
    hidden = sigmoid(first.reshape(-1, first.shape[-1]) @ inputs).reshape(len(weights), layout.hidden, -1)
    return hidden, sigmoid(second[..., :-1] @ hidden + second[..., -1:])


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

    def __call__(self, weights: Array) -> Array:
        """Return the error of each network: (p, size) to (p,)."""
        starts = range(0, len(weights), self._rows)
        errors = [self._some(weights[start : start + self._rows]) for start in starts]
        return np.concatenate(errors) if errors else np.empty(0)

    def _some(self, weights: Array) -> Array:
        outputs = forward(weights.astype(np.float32), self._inputs, self._layout)[1]
        outputs -= self._targets
        flat = outputs.reshape(len(weights), -1)
        squares: NDArray[np.float32] = np.einsum("ij,ij->i", flat, flat)
        return squares.astype(np.float64) / max(1, flat.shape[1])


def loss_and_gradient(
    weights: Array, inputs: Array, targets: Array, layout: Layout, decay: float = 0.0
) -> tuple[float, Array]:
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
    first, second = layout.unpack(weights)
    error = outputs - targets
    at_output = (2 / error.size) * error * outputs * (1 - outputs)
    at_hidden = (second[:, :-1].T @ at_output) * hidden * (1 - hidden)
    to_second = np.column_stack([at_output @ hidden.T, at_output.sum(axis=1)])
    decayed = layout.pack(_without_bias(first), _without_bias(second))
    gradient = layout.pack(at_hidden @ inputs.T, to_second) + 2 * decay * decayed
    return float(np.square(error).mean() + decay * decayed @ decayed), gradient


def _without_bias(layer: Array) -> Array:
    kept = layer.copy()
    kept[:, -1] = 0
    return kept


class Classifier(Protocol):
    """What a method puts after its features."""

    fit_info_: dict[str, Any]

    def fit(self, X: Array, y: Labels, X_val: Array | None = None, y_val: Labels | None = None) -> Any:
        """Learn from inputs (n, d) and class indices (n,)."""
        ...

    def predict(self, X: Array) -> Labels:
        """Class indices (n,) of inputs (n, d)."""
        ...


class _Network:
    """What the two networks below share: classes, one-hot targets, prediction."""

    weights_: Array

    def __init__(self, hidden: int) -> None:
        require(hidden >= 1, f"hidden must be at least 1, not {hidden}")
        self.hidden = hidden
        self.fit_info_: dict[str, Any] = {}

    def _begin(self, X: Array, y: Labels) -> Array:
        """Learn the classes and the layout; return one-hot targets (n, classes)."""
        require(len(X) == len(y) > 0, f"fit takes as many labels as inputs, at least one, not {len(y)} and {len(X)}")
        self.classes_: Labels = np.unique(y)
        self.layout_ = Layout(X.shape[1], self.hidden, len(self.classes_))
        return self._one_hot(y)

    def _one_hot(self, y: Labels) -> Array:
        return np.equal(np.asarray(y)[:, None], self.classes_).astype(np.float64)

    def predict(self, X: Array) -> Labels:
        """Class indices (n,) of inputs (n, d): the class of the largest output, the first of equal ones."""
        return self._predictions(self.weights_, with_ones(X, np.float32))

    def _predictions(self, weights: Array, inputs: NDArray[np.float32]) -> Labels:
        outputs = forward(weights[None].astype(np.float32), inputs, self.layout_)[1]
        predicted: Labels = self.classes_[outputs[0].argmax(axis=0)]
        return predicted

    def _choose(self, candidates: Array, X_val: Array | None, y_val: Labels | None, otherwise: int) -> int:
        """Choose the candidate of highest validation accuracy, then of smallest error; the first of equal ones."""
        if X_val is None or y_val is None or len(y_val) == 0:
            return otherwise
        measure = self._accuracy(X_val, y_val)
        accuracy = [measure(weights) for weights in candidates]
        error = MeanSquaredError(X_val, self._one_hot(y_val), self.layout_)(candidates)
        return int(np.lexsort((error, -np.array(accuracy, dtype=np.float64)))[0])

    def _accuracy(self, X_val: Array | None, y_val: Labels | None) -> Callable[[Array], float | None]:
        """A function of weights: the share of the validation inputs they get right, None where there are none."""
        if X_val is None or y_val is None or len(y_val) == 0:
            return lambda weights: None
        inputs = with_ones(X_val, np.float32)
        return lambda weights: float(np.mean(self._predictions(weights, inputs) == y_val))


class SwarmNetwork(_Network):
    """The network, its weights found by a search over a box.

    Parameters
    ----------
    search : Search
        The search and its parameters.
    evaluations : int
        Budget: networks evaluated on all training inputs.
    hidden : int
        Hidden neurons.
    bound : float
        Weights and biases lie in [-bound, bound].
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
    fit_info_ : dict
        evaluations, epochs, objective (smallest training error), weights (their number), stopped (by patience), trace
        (see `baselines.trace`).

    Raises
    ------
    ValueError
        If a parameter lies outside its range.
    """

    def __init__(
        self,
        search: Search,
        evaluations: int,
        hidden: int = 20,
        bound: float = 1.0,
        patience: int | None = None,
        random_state: int | None = None,
    ) -> None:
        super().__init__(hidden)
        require(evaluations >= 1, f"evaluations must be at least 1, not {evaluations}")
        require(bound > 0, f"bound must be above 0, not {bound}")
        require(patience is None or patience >= 1, f"patience must be at least 1, or none, not {patience}")
        self.search = search
        self.evaluations = evaluations
        self.bound = bound
        self.patience = patience
        self.random_state = random_state

    def fit(self, X: Array, y: Labels, X_val: Array | None = None, y_val: Labels | None = None) -> SwarmNetwork:
        """Search for the weights; see `Classifier.fit`."""
        objective = MeanSquaredError(X, self._begin(X, y), self.layout_)
        trace, patience = Trace(self._accuracy(X_val, y_val)), self._patience(X_val, y_val)

        def watch(epoch: Epoch) -> bool:
            trace.note(epoch.evaluations, epoch.best_value, epoch.best_position)
            return patience is not None and patience(epoch)

        box = Box(self.layout_.size, -self.bound, self.bound)
        rng = np.random.default_rng(self.random_state)
        found = self.search.minimise(objective, box, evaluations=self.evaluations, rng=rng, stop=watch)
        self.weights_ = found.candidates[self._choose(found.candidates, X_val, y_val, otherwise=0)]
        self.fit_info_ = {
            "evaluations": found.evaluations,
            "epochs": len(found.trace) - 1,
            "objective": found.value,
            "weights": self.layout_.size,
            "stopped": patience is not None and patience.stopped,
            "trace": trace.finish(),
        }
        return self

    def _patience(self, X_val: Array | None, y_val: Labels | None) -> Patience | None:
        if self.patience is None or X_val is None or y_val is None or len(y_val) == 0:
            return None
        return Patience(MeanSquaredError(X_val, self._one_hot(y_val), self.layout_), self.patience)


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


class GradientNetwork(_Network):
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
    classes_, weights_ :
        As of `SwarmNetwork`. With validation inputs, the weights of the iteration that was best on them.
    fit_info_ : dict
        iterations, evaluations (of loss and gradient), chosen (the iteration kept), objective (the last loss), weights
        (their number), trace (see `baselines.trace`; its error is without weight decay).

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

    def fit(self, X: Array, y: Labels, X_val: Array | None = None, y_val: Labels | None = None) -> GradientNetwork:
        """Minimise the loss; see `Classifier.fit`."""
        one_hot = self._begin(X, y)
        path = _Path(with_ones(X, np.float64), one_hot.T, self.layout_, self.decay)
        path.keep(self._first_weights())
        found = minimize(
            path.loss, path.weights[0], method="L-BFGS-B", jac=True, callback=path.keep,
            options={"maxiter": self.iterations, "maxfun": 10 * self.iterations},
        )  # fmt: skip
        chosen = self._choose(np.array(path.weights), X_val, y_val, otherwise=len(path.weights) - 1)
        self.weights_ = path.weights[chosen]
        self.fit_info_ = {
            "iterations": len(path.weights) - 1,
            "evaluations": path.evaluations,
            "chosen": chosen,
            "objective": float(found.fun),
            "weights": self.layout_.size,
            "trace": path.trace(MeanSquaredError(X, one_hot, self.layout_), self._accuracy(X_val, y_val)),
        }
        return self

    def _first_weights(self) -> Array:
        rng = np.random.default_rng(self.random_state)
        first, second = self.layout_.unpack(rng.uniform(-1, 1, self.layout_.size))
        inputs, hidden, outputs = self.layout_.inputs, self.hidden, self.layout_.outputs
        return self.layout_.pack(first * np.sqrt(2 / (inputs + hidden)), second * np.sqrt(2 / (hidden + outputs)))


class _Path:
    """The weights after each iteration of a descent, and how many evaluations each had cost."""

    def __init__(self, inputs: Array, targets: Array, layout: Layout, decay: float) -> None:
        self._given = (inputs, targets, layout, decay)
        self.evaluations = 0
        self.weights: list[Array] = []
        self._spent: list[int] = []

    def loss(self, weights: Array) -> tuple[float, Array]:
        self.evaluations += 1
        return loss_and_gradient(weights, *self._given)

    def keep(self, weights: Array) -> None:
        self.weights.append(weights.copy())
        self._spent.append(max(1, self.evaluations))

    def trace(self, error: MeanSquaredError, accuracy: Callable[[Array], float | None]) -> list[list[Any]]:
        trace = Trace(accuracy)
        for spent, value, weights in zip(self._spent, error(np.array(self.weights)), self.weights, strict=True):
            trace.note(spent, float(value), weights)
        return trace.finish()


def network_by(
    search: str,
    own: Mapping[str, Search],
    *,
    population: int,
    evaluations: int,
    hidden: int,
    bound: float,
    patience: int | None,
    random_state: int | None,
) -> Classifier:
    """The network, trained by a method's own search or by another one.

    Parameters
    ----------
    search : str
        A name in `own`, any of `baselines.search.named_search`, or `l-bfgs`: back-propagation, the line to beat.
    own : mapping
        The method's own search by its name, with the parameters the method gives it.
    population : int
        Candidates of another search.
    evaluations, hidden, bound, patience, random_state
        See `SwarmNetwork`. L-BFGS takes neither a bound nor patience, and its own number of iterations.

    Raises
    ------
    ValueError
        If there is no such search.
    """
    if search == "l-bfgs":
        return GradientNetwork(hidden, iterations=400, random_state=random_state)
    found = own[search] if search in own else named_search(search, population)
    return SwarmNetwork(found, evaluations, hidden, bound, patience, random_state)


def search_cost(params: Mapping[str, Any], n_train: int) -> float:
    """Rough seconds of a cell whose network a search trains: so many evaluations, each of all training images."""
    return float(0.1 + params["evaluations"] * (8e-6 + 1.5e-9 * n_train * params["hidden"]))
