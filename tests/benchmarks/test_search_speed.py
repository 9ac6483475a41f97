"""How fast a search goes: the whole population in one product, against one network at a time.

Run with `pytest tests/benchmarks/test_search_speed.py --benchmark-only -s`; nothing is asserted about time.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import pytest

from baselines.network import Layout, MeanSquaredError
from baselines.search import Biogeography, Box, CatSwarm

LAYOUT = Layout(inputs=16, hidden=20, outputs=7)
INPUTS = 560
POPULATION = 50


@pytest.fixture
def inputs() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(INPUTS, LAYOUT.inputs))


@pytest.fixture
def targets() -> np.ndarray:
    return np.eye(LAYOUT.outputs)[np.resize(np.arange(LAYOUT.outputs), INPUTS)]


@pytest.fixture
def weights() -> np.ndarray:
    return np.random.default_rng(1).normal(size=(POPULATION, LAYOUT.size))


def one_at_a_time(inputs: np.ndarray, targets: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """The same error as scikit-learn's networks compute theirs: float64, one network a call."""

    def error(network: np.ndarray) -> float:
        first, second = LAYOUT.unpack(network)
        hidden = 1 / (1 + np.exp(-(inputs @ first[:, :-1].T + first[:, -1])))
        outputs = 1 / (1 + np.exp(-(hidden @ second[:, :-1].T + second[:, -1])))
        return float(np.square(outputs - targets).mean())

    return lambda population: np.array([error(network) for network in population])


def seconds(call: Callable[[], object], repeats: int = 10) -> float:
    """The fastest of some calls."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return min(times)


def test_population_in_one_product(benchmark, inputs, targets, weights):
    benchmark(MeanSquaredError(inputs, targets, LAYOUT), weights)


def test_one_network_at_a_time(benchmark, inputs, targets, weights):
    benchmark(one_at_a_time(inputs, targets), weights)


@pytest.mark.parametrize("search", [CatSwarm(mixture_ratio=0.2), Biogeography()], ids=lambda s: type(s).__name__)
def test_search(benchmark, inputs, targets, search):
    objective, box = MeanSquaredError(inputs, targets, LAYOUT), Box(LAYOUT.size, -1.0, 1.0)
    benchmark(lambda: search.minimise(objective, box, evaluations=2_000, rng=np.random.default_rng(0)))


def test_ratio(inputs, targets, weights, capsys):
    together, alone = MeanSquaredError(inputs, targets, LAYOUT), one_at_a_time(inputs, targets)
    np.testing.assert_allclose(together(weights), alone(weights), rtol=1e-5)
    batched, looped = seconds(lambda: together(weights)), seconds(lambda: alone(weights))
    with capsys.disabled():
        print(
            f"\n{LAYOUT.size} weights, {INPUTS} inputs: {batched / POPULATION * 1e6:.1f} us a network in one product, "
            f"{looped / POPULATION * 1e6:.1f} us one at a time: {looped / batched:.1f} times faster"
        )
