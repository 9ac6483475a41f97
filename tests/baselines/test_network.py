from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from scipy.optimize import check_grad
from scipy.special import expit

from baselines.network import GradientNetwork, SwarmNetwork
from baselines.perceptron import (
    Layout,
    MeanSquaredError,
    forward,
    loss_and_gradient,
    normalised,
    one_hot,
    sigmoid_of_minus,
    with_ones,
)
from baselines.search import Biogeography, Epoch, Population
from baselines.validation import TRACE_GROWTH, Patience, Trace

LAYOUT = Layout(inputs=3, hidden=4, outputs=2)
RNG = np.random.default_rng(0)
X = RNG.normal(size=(6, 3))
TARGETS = np.eye(2)[[0, 1, 1, 0, 1, 0]]


def blobs(n=60, classes=(0, 1, 2), seed=0):
    rng = np.random.default_rng(seed)
    y = np.resize(classes, n)
    return 3 * np.eye(4)[np.searchsorted(classes, y)] + rng.normal(scale=0.3, size=(n, 4)), y


def swarm(**parameters):
    return SwarmNetwork(Biogeography(population=10), **({"evaluations": 600, "random_state": 0} | parameters))


def plain_forward(weights, x):
    """Neuron by neuron, weight by weight."""
    w, hidden = list(weights), []
    for _ in range(LAYOUT.hidden):
        *coefficients, bias = (w.pop(0) for _ in range(LAYOUT.inputs + 1))
        hidden.append(expit(sum(c * v for c, v in zip(coefficients, x, strict=True)) + bias))
    outputs = []
    for _ in range(LAYOUT.outputs):
        *coefficients, bias = (w.pop(0) for _ in range(LAYOUT.hidden + 1))
        outputs.append(expit(sum(c * v for c, v in zip(coefficients, hidden, strict=True)) + bias))
    assert not w
    return outputs


def test_forward_agrees_with_a_plain_loop():
    weights = RNG.normal(size=(5, LAYOUT.size))
    _, outputs = forward(weights, with_ones(X, np.float64), LAYOUT)
    wanted = [[plain_forward(network, x) for x in X] for network in weights]
    np.testing.assert_allclose(outputs, np.swapaxes(wanted, 1, 2), rtol=1e-10)


def test_error_agrees_with_the_definition_in_any_block(monkeypatch):
    weights = RNG.normal(size=(7, LAYOUT.size))
    _, outputs = forward(weights, with_ones(X, np.float64), LAYOUT)
    wanted = np.square(outputs - TARGETS.T).mean(axis=(1, 2))
    np.testing.assert_allclose(MeanSquaredError(X, TARGETS, LAYOUT)(weights), wanted, rtol=1e-5)
    monkeypatch.setattr("baselines.perceptron.MAX_ACTIVATIONS", 50)
    np.testing.assert_allclose(MeanSquaredError(X, TARGETS, LAYOUT)(weights), wanted, rtol=1e-5)
    assert MeanSquaredError(X, TARGETS, LAYOUT)(weights[:0]).shape == (0,)


@pytest.mark.parametrize("decay", [0.0, 0.1])
def test_gradient_agrees_with_finite_differences(decay):
    arguments = (with_ones(X, np.float64), TARGETS.T, LAYOUT, decay)
    weights = RNG.normal(size=LAYOUT.size)
    difference = check_grad(
        lambda w: loss_and_gradient(w, *arguments)[0], lambda w: loss_and_gradient(w, *arguments)[1], weights
    )
    assert difference < 1e-6


def test_pack_undoes_unpack():
    weights = RNG.normal(size=(2, LAYOUT.size))
    np.testing.assert_array_equal(LAYOUT.pack(*LAYOUT.unpack(weights)), weights)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.filterwarnings("error")
def test_the_sigmoid_is_exact_to_the_last_bits_and_never_overflows(dtype):
    z = np.concatenate([np.linspace(-30, 30, 10_001), [-1e4, -104, -89, 89, 104, 1e4, -np.inf, np.inf]]).astype(dtype)
    wanted, limits = expit(-z.astype(np.float64)), np.finfo(dtype)
    np.testing.assert_allclose(sigmoid_of_minus(z.copy()), wanted, rtol=4 * limits.eps, atol=limits.tiny)
    half = np.zeros(1, dtype)
    assert sigmoid_of_minus(half) is half and half == 0.5


@pytest.mark.parametrize("network", [swarm(), GradientNetwork(random_state=0)])
def test_separable_classes_are_learnt_whatever_their_indices(network):
    train, y = blobs(classes=(2, 5, 6))
    test, y_test = blobs(classes=(2, 5, 6), seed=1)
    network.fit(train, y)
    assert (network.predict(test) == y_test).mean() > 0.9
    assert set(network.predict(test)) <= {2, 5, 6}


@pytest.mark.parametrize("make", [swarm, lambda: GradientNetwork(random_state=0, iterations=20)])
def test_equal_seeds_give_equal_networks(make):
    train, y = blobs()
    np.testing.assert_array_equal(make().fit(train, y).weights_, make().fit(train, y).weights_)


@pytest.mark.parametrize("make", [swarm, lambda: GradientNetwork(random_state=0, iterations=20)])
def test_validation_never_chooses_worse_than_no_validation(make):
    train, y = blobs(30)
    other, y_other = blobs(30, seed=1)
    y_other = y_other.copy()
    y_other[:3] = 9  # a class that was not trained
    alone, chosen = make().fit(train, y), make().fit(train, y, X_val=other, y_val=y_other)
    assert (chosen.predict(other) == y_other).mean() >= (alone.predict(other) == y_other).mean()


def test_fit_info_of_a_swarm():
    train, y = blobs()
    info = swarm().fit(train, y).fit_info_
    assert info["evaluations"] <= 600
    assert info["weights"] == 20 * 5 + 3 * 21
    assert 0 < info["objective"] < 1
    assert info["stopped"] is False


def test_a_penalty_keeps_weights_small_and_the_trace_has_the_error_without_it():
    train, y = blobs()
    free, held = swarm(evaluations=3_000).fit(train, y), swarm(evaluations=3_000, penalty=0.1).fit(train, y)
    assert np.square(held.weights_).mean() < 0.6 * np.square(free.weights_).mean()
    error = MeanSquaredError(train, one_hot(y, held.classes_), held.layout_)(held.weights_[None])[0]
    assert held.fit_info_["trace"][-1][1] == pytest.approx(error, abs=1e-6)
    assert held.fit_info_["objective"] == pytest.approx(error + 0.1 * np.square(held.weights_).mean(), rel=1e-6)


@pytest.mark.parametrize("make", [swarm, lambda: GradientNetwork(random_state=0, iterations=20)])
def test_one_temperature_makes_probabilities_of_outputs(make):
    (train, y), (other, y_other) = blobs(30), blobs(60, seed=1)
    y_other = np.where(np.arange(60) < 20, (y_other + 1) % 3, y_other)  # a third is wrong, whatever is predicted
    network = make().fit(train, y, X_val=other, y_val=y_other)
    probabilities = network.predict_proba(other)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    np.testing.assert_array_equal(network.classes_[probabilities.argmax(axis=1)], network.predict(other))

    def log_loss(temperature):
        network.temperature_ = temperature
        return -np.log(network.predict_proba(other)[np.arange(60), y_other]).mean()

    chosen = network.temperature_
    assert log_loss(chosen) <= min(log_loss(chosen * 1.1), log_loss(chosen / 1.1), log_loss(1.0))
    assert make().fit(train, y).temperature_ == 1.0


def test_outputs_of_zero_are_equal_probabilities():
    np.testing.assert_allclose(normalised(np.zeros((2, 4), np.float32), 0.1), 0.25)


def test_patience_stops_a_search_early():
    train, y = blobs()
    noise = np.random.default_rng(0).permutation(y)
    info = swarm(evaluations=20_000, patience=200).fit(train, y, X_val=train, y_val=noise).fit_info_
    assert info["stopped"] is True
    assert info["evaluations"] < 20_000


def test_patience_counts_evaluations_since_the_last_better_value():
    values = iter([3.0, 2.0, 2.5, 2.5, 2.5])
    stop = Patience(lambda _: np.array([next(values)]), 20)
    nobody = Population(np.zeros((1, 1)), np.zeros(1))
    assert [stop(Epoch(i, 10 * i, nobody, np.zeros(1), 0.0)) for i in range(4)] == [False, False, False, True]


@pytest.mark.parametrize("network", [swarm(evaluations=30), GradientNetwork(iterations=3)])
@pytest.mark.parametrize(("n", "classes"), [(1, (4,)), (2, (0, 1)), (5, (1, 3))])
def test_few_inputs(network, n, classes):
    train, y = blobs(n, classes)
    assert set(network.fit(train, y).predict(train)) <= set(classes)


@pytest.mark.parametrize(
    ("make", "word"),
    [
        (lambda: swarm(hidden=0), "hidden"),
        (lambda: swarm(evaluations=0), "evaluations"),
        (lambda: swarm(bound=0.0), "bound"),
        (lambda: swarm(patience=0), "patience"),
        (lambda: swarm(penalty=-0.1), "penalty"),
        (lambda: GradientNetwork(decay=-1.0), "decay"),
        (lambda: GradientNetwork(iterations=0), "iterations"),
        (lambda: swarm().fit(X, np.zeros(2, int)), "labels"),
    ],
)
def test_nonsense_is_refused(make, word):
    with pytest.raises(ValueError, match=word):
        make()


CLOUDS = np.random.default_rng(0)
LABELS = np.resize(np.arange(3), 60)
POINTS = CLOUDS.normal(size=(3, 4))[LABELS] * 2 + CLOUDS.normal(size=(60, 4))


def fitted(network):
    return network.fit(POINTS[:40], LABELS[:40], X_val=POINTS[40:], y_val=LABELS[40:])


def test_trace_rows_are_spaced_by_a_factor_and_end_with_the_last_evaluation():
    trace = Trace(lambda weights: float(weights[0]))
    for evaluations in range(10, 1001, 10):
        trace.note(evaluations, 1 / evaluations, np.array([evaluations / 1000]))
    rows = trace.finish()
    moments = [row[0] for row in rows]
    assert moments[0] == 10 and moments[-1] == 1000
    assert all(later >= TRACE_GROWTH * earlier for earlier, later in pairwise(moments[:-1]))
    assert rows[-1] == [1000, 0.001, 1.0]
    assert trace.finish() == rows


@pytest.mark.parametrize("network", [SwarmNetwork(Biogeography(10), 2_000, 5), GradientNetwork(5, iterations=50)])
def test_a_fit_reports_its_trace(network):
    info = fitted(network).fit_info_
    moments, errors, accuracies = np.array(info["trace"], dtype=float).T
    assert (np.diff(moments) > 0).all() and moments[-1] <= info["evaluations"]
    assert errors[-1] < errors[0]
    assert ((accuracies >= 0) & (accuracies <= 1)).all() and accuracies[-1] > 1 / 3


def test_without_validation_inputs_accuracy_is_unknown():
    info = SwarmNetwork(Biogeography(10), 500, 5).fit(POINTS, LABELS).fit_info_
    assert {row[2] for row in info["trace"]} == {None}


def test_the_trace_of_a_search_ends_at_its_objective():
    info = fitted(SwarmNetwork(Biogeography(10), 2_000, 5)).fit_info_
    assert info["trace"][-1][:2] == [info["evaluations"], round(info["objective"], 6)]
