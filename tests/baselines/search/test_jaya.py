from __future__ import annotations

import numpy as np
import pytest

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
    kept = 0
    for _ in range(30):
        after = search.step(population, sphere, BOX, rng)
        assert (after.values <= population.values).all()
        same = (after.positions == population.positions).all(axis=1)
        assert (after.values[~same] < population.values[~same]).all()
        kept += int(same.sum())
        population = after
    assert kept > 0


def test_shared_numbers_are_the_same_for_all_candidates():
    equal = Population(np.full((4, 2), -3.0), np.array([9.0, 1, 2, 3]))
    moved = Jaya(4).step(equal, lambda x: np.full(len(x), -1e3), BOX, np.random.default_rng(0))
    assert len(np.unique(moved.positions, axis=0)) == 1
    apart = Jaya(4, shared=False).step(equal, lambda x: np.full(len(x), -1e3), BOX, np.random.default_rng(0))
    assert len(np.unique(apart.positions, axis=0)) == 4


def test_two_candidates_are_the_least():
    with pytest.raises(ValueError, match="population must be at least 2, not 1"):
        Jaya(1)
