"""How fast a search goes: the whole population in one product, against one network at a time.

Run with `pytest tests/benchmarks/test_search_speed.py --benchmark-only -s`; nothing is asserted about time.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import pytest
import pywt
from PIL import Image
from sklearn.preprocessing import StandardScaler

from baselines.perceptron import Layout, MeanSquaredError
from baselines.search import Biogeography, Box, CatSwarm, Objective, PopulationSearch, named_search
from baselines.search.named import Mealpy
from febench.core.method import METHODS
from febench.datasets.faces import draw_faces

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


STOCK = {"biogeography": "BBO.OriginalBBO", "cat-swarm": "CSO.OriginalCSO", "jaya": "JA.OriginalJA"}


def per_evaluation(search: PopulationSearch, objective: Objective, evaluations: int) -> float:
    """Seconds of one objective evaluation, everything included; the faster of two searches."""
    box = Box(LAYOUT.size, -1.0, 1.0)

    def once() -> int:
        return search.minimise(objective, box, evaluations=evaluations, rng=np.random.default_rng(0)).evaluations

    spent = once()
    return seconds(once, repeats=2) / spent


@pytest.mark.parametrize("name", STOCK)
def test_an_evaluation_against_mealpy(inputs, targets, name, capsys):
    pytest.importorskip("mealpy", reason="mealpy is not installed: pip install 'febench[mealpy]'")
    ours = per_evaluation(named_search(name, POPULATION), MeanSquaredError(inputs, targets, LAYOUT), 20_000)
    theirs = per_evaluation(Mealpy(STOCK[name], POPULATION), one_at_a_time(inputs, targets), 3_000)
    with capsys.disabled():
        print(f"\n{name}: {ours * 1e6:.1f} us an evaluation, mealpy's {STOCK[name]} {theirs * 1e6:.1f} us: "
              f"{theirs / ours:.1f} times faster")  # fmt: skip


def stock_entropies(images: np.ndarray) -> np.ndarray:
    """The entropies of `bbo` as one writes them with PyWavelets: image by image, band by band."""
    rows = []
    for image in images:
        grey = np.asarray(Image.fromarray(image).convert("L"), dtype=float)
        bands = [band for a, details in pywt.swt2(grey, "db4", 4) for band in (a, *details)]
        energies = [band**2 / (band**2).sum() for band in bands]
        rows.append([-(p[p > 0] * np.log2(p[p > 0])).sum() for p in energies])
    return np.array(rows)


def test_a_whole_method_against_the_stock_script(capsys):
    """`bbo` on one fold of 700 faces, features included, at the same 20,000 evaluations."""
    pytest.importorskip("mealpy", reason="mealpy is not installed: pip install 'febench[mealpy]'")
    faces = draw_faces()
    order = np.random.default_rng(0).permutation(700)
    train, test = order[:560], order[630:]

    def ours() -> np.ndarray:
        made = METHODS.get("bbo").make(
            {"evaluations": 20_000, "population": 50, "entropy": "energy"}, random_state=0, device="cpu"
        )
        features = made.extract(faces.images)
        return made.fit(features[train], faces.labels[train]).predict(features[test])

    def stock() -> np.ndarray:
        features = StandardScaler().fit_transform(stock_entropies(faces.images))
        objective = one_at_a_time(features[train], np.eye(7)[faces.labels[train]])
        box = Box(LAYOUT.size, -2.0, 2.0)
        search, rng = Mealpy("BBO.OriginalBBO", 50), np.random.default_rng(0)
        return search.minimise(objective, box, evaluations=20_000, rng=rng).position

    fast, slow = seconds(ours, repeats=1), seconds(stock, repeats=1)
    with capsys.disabled():
        print(
            f"\nbbo, one fold, 5,000 evaluations: {fast:.2f} s, the stock script {slow:.2f} s: {slow / fast:.1f} times"
        )
