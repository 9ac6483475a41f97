from __future__ import annotations

import importlib.util

import numpy as np
import pytest

from baselines.search import Biogeography, Box, CatSwarm, Epoch, Jaya, ParticleSwarm, named_search
from baselines.search.named import Mealpy

MISSING = importlib.util.find_spec("mealpy") is None
needs_mealpy = pytest.mark.skipif(MISSING, reason="mealpy is not installed: pip install 'febench[mealpy]'")

BOX = Box(10, -5.0, 5.0)
NAMES = ["GA.BaseGA", "PSO.OriginalPSO", "CSO.OriginalCSO", "BBO.OriginalBBO", "JA.OriginalJA"]


@pytest.mark.parametrize(
    ("name", "search"),
    [
        ("cat-swarm", CatSwarm(30)),
        ("biogeography", Biogeography(30)),
        ("jaya", Jaya(30)),
        ("tvac-pso", ParticleSwarm(30)),
    ],
)
def test_each_name_is_its_search(name, search):
    assert named_search(name, 30) == search


def test_an_unknown_name_is_refused_with_the_known_names():
    with pytest.raises(ValueError, match=r"no search 'ga'; choose one of cat-swarm, .* or mealpy:MODULE\.CLASS"):
        named_search("ga", 30)


@pytest.mark.skipif(not MISSING, reason="mealpy is installed")
def test_without_mealpy_the_error_says_how_to_install_it():
    with pytest.raises(ModuleNotFoundError, match=r"GA\.BaseGA needs mealpy: pip install 'febench\[mealpy\]'"):
        named_search("mealpy:GA.BaseGA", 30)


def sphere(positions):
    return np.square(positions).sum(axis=1)


def rng(seed=0):
    return np.random.default_rng(seed)


@needs_mealpy
@pytest.mark.parametrize("name", NAMES)
def test_it_searches_within_its_budget_and_its_box(name):
    seen = []
    result = Mealpy(name, 20).minimise(lambda x: seen.append(x) or sphere(x), BOX, evaluations=1_234, rng=rng())
    assert sum(map(len, seen)) <= 1_234
    assert result.evaluations <= 1_234
    assert np.abs(np.concatenate(seen)).max() <= 5
    assert (np.diff(result.history[:, 1]) <= 0).all()
    assert result.value == sphere(result.position[None])[0] == min(sphere(x)[0] for x in seen)
    assert result.value < sphere(np.concatenate(seen[:20])).min()
    assert result.population.positions.shape == (20, 10)


@needs_mealpy
def test_equal_seeds_give_equal_results():
    first, same, other = (Mealpy("GA.BaseGA", 20).minimise(sphere, BOX, evaluations=500, rng=rng(s)) for s in (1, 1, 2))
    np.testing.assert_array_equal(first.history, same.history)
    assert first.value != other.value


@needs_mealpy
def test_it_can_be_stopped():
    def stop(epoch: Epoch) -> bool:
        return epoch.evaluations >= 100

    result = Mealpy("PSO.OriginalPSO", 20).minimise(sphere, BOX, evaluations=5_000, rng=rng(), stop=stop)
    assert result.evaluations == 100


@needs_mealpy
def test_an_unknown_optimiser_of_mealpy_is_refused():
    for name in ("GA.NoGA", "Nothing.BaseGA", "GA"):
        with pytest.raises(ValueError, match=f"mealpy has no optimizer '{name}'"):
            named_search(f"mealpy:{name}", 20)


@needs_mealpy
def test_a_budget_below_the_population_is_refused():
    with pytest.raises(ValueError, match="are too few for the first population"):
        Mealpy("GA.BaseGA", 20).minimise(sphere, BOX, evaluations=19, rng=rng())
