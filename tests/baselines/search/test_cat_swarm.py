from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from baselines.search import Box, CatSwarm
from baselines.search.cat_swarm import Cats, pick, selection_shares, some_of_each

BOX = Box(5, -10.0, 10.0)


def sphere(positions):
    return np.square(positions).sum(axis=1)


def rng(seed=0):
    return np.random.default_rng(seed)


def some_cats(n=6):
    positions = np.arange(1.0, 1 + 5 * n).reshape(n, 5) / n
    values = sphere(positions)
    return Cats(positions, values, np.zeros_like(positions), positions[0], float(values[0]))


class Halves(np.random.Generator):
    """A generator whose uniform numbers are all 1/2."""

    def __init__(self):
        super().__init__(np.random.PCG64(0))

    def random(self, size=None, dtype=np.float64, out=None):
        return np.full(size, 0.5, dtype=dtype)


def test_shares_follow_the_formula_when_minimising():
    np.testing.assert_allclose(selection_shares(np.array([[1.0, 3.0, 5.0, 2.0]])), [[1, 0.5, 0, 0.75]])


def test_equal_values_make_every_copy_as_likely():
    np.testing.assert_array_equal(selection_shares(np.full((2, 3), 7.0)), np.ones((2, 3)))


def test_pick_is_a_roulette_over_the_shares():
    values = np.tile([1.0, 3.0, 5.0, 2.0], (40_000, 1))
    candidates = np.broadcast_to(np.arange(4.0)[:, None], (40_000, 4, 1))
    position, value = pick(candidates, values, rng())
    share = np.bincount(position[:, 0].astype(int), minlength=4) / 40_000
    np.testing.assert_allclose(share, np.array([1, 0.5, 0, 0.75]) / 2.25, atol=0.01)
    assert share[2] == 0
    np.testing.assert_array_equal(value, values[0][position[:, 0].astype(int)])


def test_pick_by_hand():
    candidates, values = np.array([[[10.0], [20.0], [30.0]]]), np.array([[0.0, 1.0, 2.0]])
    position, value = pick(candidates, values, Halves())  # shares 1, 0.5, 0; half of 1.5 is 0.75: the first
    assert (position, value) == (10.0, 0.0)


@pytest.mark.parametrize(("share", "changed"), [(0.0, 0), (0.2, 1), (0.8, 4), (1.0, 5)])
def test_copies_change_cdc_dimensions_of_the_present_position_by_srd(share, changed):
    positions = some_cats().positions
    copies = CatSwarm(cdc=share, srd=0.2).seeking_copies(positions, BOX, rng())
    assert copies.shape == (6, 4, 5)
    ratios = copies / positions[:, None]
    moved = ~np.isclose(ratios, 1)
    np.testing.assert_array_equal(moved.sum(axis=2), np.full((6, 4), changed))
    np.testing.assert_allclose(np.abs(ratios[moved] - 1), 0.2)
    if changed:
        assert {-1.0, 1.0} == set(np.sign(ratios[moved] - 1))


def test_every_dimension_is_as_likely_to_change():
    marked = some_of_each((20_000, 5), 2, rng())
    np.testing.assert_allclose(marked.mean(axis=0), 0.4, atol=0.02)


def test_without_spc_all_copies_change():
    assert CatSwarm(spc=False, smp=3).seeking_copies(some_cats().positions, BOX, rng()).shape == (6, 3, 5)


def test_copies_stay_in_the_box():
    assert CatSwarm(srd=5.0).seeking_copies(some_cats().positions, BOX, rng()).max() <= 10


def test_tracing_adds_to_the_velocity_and_the_velocity_to_the_position():
    cats = replace(some_cats(2), velocities=np.full((2, 5), 0.25))
    who = np.array([False, True])
    position, velocity = CatSwarm(c1=2.0, max_velocity=1.0).tracing_moves(cats, who, BOX, Halves())
    wanted = 0.25 + 0.5 * 2.0 * (cats.positions[0] - cats.positions[1])
    np.testing.assert_allclose(velocity, wanted[None])
    np.testing.assert_allclose(position, cats.positions[[1]] + wanted)


def test_velocity_is_clipped_to_its_maximum():
    _, velocity = CatSwarm(c1=100.0, max_velocity=0.05).tracing_moves(some_cats(), np.ones(6, bool), BOX, rng())
    assert np.abs(velocity).max() == pytest.approx(1.0)


@pytest.mark.parametrize(("ratio", "tracing"), [(0.0, 0), (0.02, 1), (0.3, 15), (1.0, 50)])
def test_mixture_ratio_sets_the_evaluations_of_an_epoch(ratio, tracing):
    search, evaluations = CatSwarm(population=50, mixture_ratio=ratio), []
    cats = search.start(sphere, BOX, rng())
    search.step(cats, lambda x: evaluations.append(len(x)) or sphere(x), BOX, rng())
    assert evaluations == [tracing + 4 * (50 - tracing)]


def test_modes_are_dealt_anew_every_epoch():
    search = CatSwarm(population=10, mixture_ratio=0.3)
    cats = search.start(sphere, BOX, draws := rng())
    dealt = set()
    for _ in range(5):
        moved = search.step(cats, sphere, BOX, draws)
        tracing = (moved.velocities != cats.velocities).any(axis=1)
        assert 2 <= tracing.sum() <= 3  # nothing pulls the best cat
        dealt.add(tuple(tracing))
        cats = moved
    assert len(dealt) > 1


def test_with_spc_a_seeking_cat_may_stay_and_never_takes_the_worst_copy():
    search = CatSwarm(population=200, mixture_ratio=0.0)
    cats = search.start(sphere, BOX, rng())
    moved = search.step(cats, sphere, BOX, rng(1))
    stayed = (moved.positions == cats.positions).all(axis=1)
    assert 0 < stayed.sum() < 200
    np.testing.assert_array_equal(moved.values[stayed], cats.values[stayed])


def test_the_best_position_is_remembered_when_its_cat_leaves():
    search = CatSwarm(population=5, mixture_ratio=0.2)
    cats = search.start(sphere, BOX, draws := rng())
    for _ in range(30):
        cats, before = search.step(cats, sphere, BOX, draws), cats
        assert cats.best_value == min(before.best_value, cats.values.min())
        assert sphere(cats.best_position[None])[0] == cats.best_value


@pytest.mark.parametrize(
    ("parameters", "word"),
    [
        ({"population": 0}, "population"),
        ({"mixture_ratio": 1.1}, "mixture_ratio"),
        ({"cdc": -0.1}, "cdc"),
        ({"smp": 1}, "smp"),
        ({"smp": 0, "spc": False}, "smp"),
        ({"srd": -1.0}, "srd"),
        ({"c1": -1.0}, "c1"),
        ({"max_velocity": 0.0}, "max_velocity"),
    ],
)
def test_parameters_are_checked(parameters, word):
    with pytest.raises(ValueError, match=word):
        CatSwarm(**parameters)
