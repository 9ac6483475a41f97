from __future__ import annotations

import importlib.util

import numpy as np
import pytest

from baselines.search import Box, Epoch, named_search
from baselines.search.stock import Mealpy

BOX = Box(10, -5.0, 5.0)

if importlib.util.find_spec("mealpy") is None:
    pytestmark = pytest.mark.skip(reason="mealpy is not installed: pip install 'febench[mealpy]'")

NAMES = ["GA.BaseGA", "PSO.OriginalPSO", "CSO.OriginalCSO", "BBO.OriginalBBO", "JA.OriginalJA"]


def sphere(positions):
    return np.square(positions).sum(axis=1)


def rng(seed=0):
    return np.random.default_rng(seed)


@pytest.mark.parametrize("name", NAMES)
def test_it_searches_within_its_budget_and_its_box(name):
    seen = []
    found = Mealpy(name, 20).minimise(lambda x: seen.append(x) or sphere(x), BOX, evaluations=1_234, rng=rng())
    assert sum(map(len, seen)) <= 1_234
    assert found.evaluations <= 1_234
    assert np.abs(np.concatenate(seen)).max() <= 5
    assert (np.diff(found.trace[:, 1]) <= 0).all()
    assert found.value == sphere(found.position[None])[0] == min(sphere(x)[0] for x in seen)
    assert found.value < sphere(np.concatenate(seen[:20])).min()
    assert found.population.shape == (20, 10)


def test_equal_seeds_give_equal_results():
    one, same, other = (Mealpy("GA.BaseGA", 20).minimise(sphere, BOX, evaluations=500, rng=rng(s)) for s in (1, 1, 2))
    np.testing.assert_array_equal(one.trace, same.trace)
    assert one.value != other.value


def test_it_can_be_stopped():
    def stop(epoch: Epoch) -> bool:
        return epoch.evaluations >= 100

    found = Mealpy("PSO.OriginalPSO", 20).minimise(sphere, BOX, evaluations=5_000, rng=rng(), stop=stop)
    assert found.evaluations == 100


def test_what_mealpy_has_not_is_refused():
    for name in ("GA.NoGA", "Nothing.BaseGA", "GA"):
        with pytest.raises(ValueError, match=f"mealpy has no optimizer '{name}'"):
            named_search(f"mealpy:{name}", 20)


def test_a_budget_below_the_population_is_refused():
    with pytest.raises(ValueError, match="do not pay for the first population"):
        Mealpy("GA.BaseGA", 20).minimise(sphere, BOX, evaluations=19, rng=rng())
