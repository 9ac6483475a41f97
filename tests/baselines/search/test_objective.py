from __future__ import annotations

import numpy as np
import pytest

from baselines.search import Biogeography, Box, CatSwarm, Epoch, EpochSearch, Jaya, ParticleSwarm
from baselines.search.objective import Array

SEARCHES: list[EpochSearch] = [
    CatSwarm(population=20, mixture_ratio=0.2),
    Biogeography(population=20),
    Jaya(population=20),
    ParticleSwarm(population=20),
]
BOX = Box(10, -5.0, 5.0)


def sphere(positions: Array) -> Array:
    return np.square(positions).sum(axis=1)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.fixture(params=SEARCHES, ids=lambda search: type(search).__name__)
def search(request) -> EpochSearch:
    return request.param


def test_sphere_in_ten_dimensions_shrinks(search):
    found = search.minimise(sphere, BOX, evaluations=10_000, rng=rng())
    assert found.value < 0.05 * found.trace[0, 1]


def test_best_never_gets_worse_and_is_what_it_says(search):
    found = search.minimise(sphere, BOX, evaluations=2_000, rng=rng())
    assert (np.diff(found.trace[:, 1]) <= 0).all()
    assert found.value == found.trace[-1, 1] == sphere(found.position[None])[0]
    assert found.value <= found.values.min()


def test_values_belong_to_positions_inside_the_box(search):
    found = search.minimise(sphere, BOX, evaluations=2_000, rng=rng())
    np.testing.assert_array_equal(found.values, sphere(found.population))
    assert (np.abs(found.population) <= 5).all()
    np.testing.assert_array_equal(found.candidates, [found.position, *found.population])


@pytest.mark.parametrize("budget", [20, 21, 99, 100, 1234])
def test_budget_is_never_exceeded(search, budget):
    seen = []
    found = search.minimise(lambda x: seen.append(len(x)) or sphere(x), BOX, evaluations=budget, rng=rng())
    assert found.evaluations <= sum(seen) <= budget


def test_budget_below_the_population_is_refused(search):
    with pytest.raises(ValueError, match="19 evaluations do not pay for the first population"):
        search.minimise(sphere, BOX, evaluations=19, rng=rng())


def test_equal_seeds_give_equal_results(search):
    one, same, other = (search.minimise(sphere, BOX, evaluations=1_000, rng=rng(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.population, same.population)
    np.testing.assert_array_equal(one.trace, same.trace)
    assert not np.array_equal(one.population, other.population)


def test_stop_sees_every_epoch_and_ends_the_search(search):
    epochs: list[Epoch] = []

    def stop(epoch: Epoch) -> bool:
        epochs.append(epoch)
        return epoch.number == 3

    found = search.minimise(sphere, BOX, evaluations=10_000, rng=rng(), stop=stop)
    assert [epoch.number for epoch in epochs] == [0, 1, 2, 3]
    np.testing.assert_array_equal(found.trace, [(epoch.evaluations, epoch.best_value) for epoch in epochs])
    np.testing.assert_array_equal(found.population, epochs[-1].population.positions)


def test_a_step_leaves_the_population_it_was_given(search):
    before = search.start(sphere, BOX, rng())
    positions, values = before.positions.copy(), before.values.copy()
    search.step(before, sphere, BOX, rng(1))
    np.testing.assert_array_equal(before.positions, positions)
    np.testing.assert_array_equal(before.values, values)


@pytest.mark.parametrize("values", [(0, -1.0, 1.0), (3, 1.0, 1.0)])
def test_box_refuses_nonsense(values):
    with pytest.raises(ValueError, match=r"dimension|below"):
        Box(*values)
