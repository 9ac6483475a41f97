from __future__ import annotations

import numpy as np
import pytest

from baselines import Double
from baselines.search import Biogeography, Box, CatSwarm, Epoch, EpochSearch, Jaya, ParticleSwarm

SEARCHES: list[EpochSearch] = [
    CatSwarm(population=20, mixture_ratio=0.2),
    Biogeography(population=20),
    Jaya(population=20),
    ParticleSwarm(population=20),
]
BOX = Box(10, -5.0, 5.0)


def sphere(positions: Double) -> Double:
    return np.square(positions).sum(axis=1)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.fixture(params=SEARCHES, ids=lambda search: type(search).__name__)
def search(request) -> EpochSearch:
    return request.param


def test_sphere_in_ten_dimensions_shrinks(search):
    result = search.minimise(sphere, BOX, evaluations=10_000, rng=rng())
    assert result.value < 0.05 * result.history[0, 1]


def test_the_best_value_never_gets_worse_and_is_that_of_its_position(search):
    result = search.minimise(sphere, BOX, evaluations=2_000, rng=rng())
    assert (np.diff(result.history[:, 1]) <= 0).all()
    assert result.value == result.history[-1, 1] == sphere(result.position[None])[0]
    assert result.value <= result.population.values.min()


def test_values_belong_to_positions_inside_the_box(search):
    result = search.minimise(sphere, BOX, evaluations=2_000, rng=rng())
    np.testing.assert_array_equal(result.population.values, sphere(result.population.positions))
    assert (np.abs(result.population.positions) <= 5).all()
    np.testing.assert_array_equal(result.candidates, [result.position, *result.population.positions])


@pytest.mark.parametrize("budget", [20, 21, 99, 100, 1234])
def test_budget_is_never_exceeded(search, budget):
    seen = []
    result = search.minimise(lambda x: seen.append(len(x)) or sphere(x), BOX, evaluations=budget, rng=rng())
    assert result.evaluations <= sum(seen) <= budget


def test_budget_below_the_population_is_refused(search):
    with pytest.raises(ValueError, match="19 evaluations are too few for the first population"):
        search.minimise(sphere, BOX, evaluations=19, rng=rng())


def test_equal_seeds_give_equal_results(search):
    first, same, other = (search.minimise(sphere, BOX, evaluations=1_000, rng=rng(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.population.positions, same.population.positions)
    np.testing.assert_array_equal(first.history, same.history)
    assert not np.array_equal(first.population.positions, other.population.positions)


def test_stop_sees_every_epoch_and_ends_the_search(search):
    epochs: list[Epoch] = []

    def stop(epoch: Epoch) -> bool:
        epochs.append(epoch)
        return epoch.number == 3

    result = search.minimise(sphere, BOX, evaluations=10_000, rng=rng(), stop=stop)
    assert [epoch.number for epoch in epochs] == [0, 1, 2, 3]
    np.testing.assert_array_equal(result.history, [(epoch.evaluations, epoch.best_value) for epoch in epochs])
    np.testing.assert_array_equal(result.population.positions, epochs[-1].population.positions)


def test_a_step_does_not_change_its_argument(search):
    before = search.start(sphere, BOX, rng())
    positions, values = before.positions.copy(), before.values.copy()
    search.step(before, sphere, BOX, rng(1))
    np.testing.assert_array_equal(before.positions, positions)
    np.testing.assert_array_equal(before.values, values)


@pytest.mark.parametrize("values", [(0, -1.0, 1.0), (3, 1.0, 1.0)])
def test_a_box_without_width_or_dimensions_is_refused(values):
    with pytest.raises(ValueError, match=r"dimension|below"):
        Box(*values)
