from __future__ import annotations

import numpy as np
import pytest

from baselines.network import SwarmNetwork
from baselines.search import Box, Jaya, Population
from baselines.search.jaya import move

BOX = Box(2, -100.0, 100.0)
POSITIONS = np.array([[-5.0, 18.0], [70.0, -6.0], [-8.0, 7.0]])  # of the source's example: the first, worst and best


def sphere(positions):
    return np.square(positions).sum(axis=1)


def test_a_population_of_three_moves_as_computed_by_hand():
    population = Population(POSITIONS, sphere(POSITIONS))
    moved = move(population, np.array([0.58, 0.92]), np.array([0.81, 0.49]))
    first = [-5 + 0.58 * (-8 - 5) - 0.81 * (70 - 5), 18 + 0.92 * (7 - 18) - 0.49 * (-6 - 18)]
    worst = [70 + 0.58 * (-8 - 70) - 0.81 * (70 - 70), -6 + 0.92 * (7 - 6) - 0.49 * (-6 - 6)]
    best = [-8 + 0.58 * (-8 - 8) - 0.81 * (70 - 8), 7 + 0.92 * (7 - 7) - 0.49 * (-6 - 7)]
    np.testing.assert_allclose(moved, [first, worst, best])
    np.testing.assert_allclose(moved[0], [-65.19, 19.64])


@pytest.mark.parametrize("shared", [True, False])
def test_a_step_keeps_only_better_moves(shared):
    rng = np.random.default_rng(0)
    search = Jaya(20, shared)
    population = search.start(sphere, BOX, rng)
    n_kept = 0
    for _ in range(30):
        after = search.step(population, sphere, BOX, rng)
        assert (after.values <= population.values).all()
        same = (after.positions == population.positions).all(axis=1)
        assert (after.values[~same] < population.values[~same]).all()
        n_kept += int(same.sum())
        population = after
    assert n_kept > 0


def minimised(objective, box, shared=False, evaluations=2_000):
    return Jaya(20, shared).minimise(objective, box, evaluations=evaluations, rng=np.random.default_rng(0))


@pytest.mark.parametrize("shared", [True, False])
@pytest.mark.parametrize("by", [-64.0, 3.0, 128.0])
def test_a_shifted_box_shifts_the_result(shared, by):
    there = minimised(lambda x: sphere(x - 1), Box(5, -4.0, 4.0), shared)
    shifted = minimised(lambda x: sphere(x - by - 1), Box(5, by - 4.0, by + 4.0), shared)
    np.testing.assert_allclose(shifted.position, there.position + by, atol=1e-6)
    np.testing.assert_allclose(shifted.history, there.history, atol=1e-6)


def test_in_a_positive_box_it_moves_by_the_sources_formula():
    box, positions = Box(2, 0.0, 100.0), np.abs(POSITIONS)
    population = Population(positions, sphere(positions))
    towards, away = np.random.default_rng(0).random((2, 3, 2))
    wanted = positions + towards * (positions[2] - positions) - away * (positions[1] - positions)
    moved = Jaya(3).step(population, lambda x: np.full(len(x), -1.0), box, np.random.default_rng(0))
    np.testing.assert_allclose(moved.positions, box.clip(wanted))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("noise", [0.5, 1.0])
def test_it_trains_the_network_better_than_a_constant_answer(seed, noise):
    rng = np.random.default_rng(seed)
    y = np.resize(np.arange(7), 280)
    X = rng.normal(size=(7, 16))[y] + noise * rng.normal(size=(280, 16))
    constant = 6 / 49  # the mean squared error of answering 1/7 for each of seven classes
    network = SwarmNetwork(Jaya(20), 8_000, bound=2.0, random_state=seed).fit(X, y)
    assert network.fit_info_["objective"] < 0.9 * constant


def test_shared_numbers_are_the_same_for_all_candidates():
    equal = Population(np.array([[-3.0, -3], *3 * [[-5.0, -4]], [-9.0, 8]]), np.array([1.0, 2, 2, 2, 9]))
    moved = Jaya(5, shared=True).step(equal, lambda x: np.full(len(x), -1e3), BOX, np.random.default_rng(0))
    assert len(np.unique(moved.positions[1:4], axis=0)) == 1
    apart = Jaya(5).step(equal, lambda x: np.full(len(x), -1e3), BOX, np.random.default_rng(0))
    assert len(np.unique(apart.positions[1:4], axis=0)) == 3


def test_fewer_than_two_candidates_are_refused():
    with pytest.raises(ValueError, match="population must be at least 2, not 1"):
        Jaya(1)
