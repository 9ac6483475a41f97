from __future__ import annotations

import numpy as np
import pytest

from baselines.search import Biogeography, Box, Population
from baselines.search.biogeography import (
    best_first,
    clear_duplicates,
    donors,
    immigration_rates,
    keep_elites,
    migrate,
    mutate,
)

BOX = Box(4, -1.0, 1.0)


def sphere(positions):
    return np.square(positions).sum(axis=1)


def rng(seed=0):
    return np.random.default_rng(seed)


def test_habitats_are_sorted_from_best_to_worst():
    habitats = best_first(np.array([[3.0], [1.0], [2.0]]), np.array([9.0, 1.0, 4.0]))
    np.testing.assert_array_equal(habitats.positions, [[1], [2], [3]])
    np.testing.assert_array_equal(habitats.values, [1, 4, 9])


def test_immigration_rises_from_0_to_1_with_rank():
    np.testing.assert_allclose(immigration_rates(5), [0, 0.25, 0.5, 0.75, 1])


def test_donors_are_drawn_in_proportion_to_emigration():
    share = np.bincount(donors(4, (1000, 60), rng()).ravel(), minlength=4) / 60_000
    np.testing.assert_allclose(share, np.array([3, 2, 1, 0]) / 6, atol=0.01)


def test_each_dimension_immigrates_independently_with_its_habitats_probability():
    n, d = 5, 40_000
    habitats = np.repeat(np.arange(5.0)[:, None], d, axis=1)
    came_from = migrate(habitats, rng())
    emigration = np.array([4, 3, 2, 1, 0]) / 10
    for i, immigration in enumerate(immigration_rates(n)):
        wanted = immigration * emigration + (1 - immigration) * (np.arange(n) == i)
        np.testing.assert_allclose(np.bincount(came_from[i].astype(int), minlength=n) / d, wanted, atol=0.01)


def test_a_donor_gives_the_same_dimension_of_the_last_epoch():
    habitats = rng().random((6, 30))
    migrated = migrate(habitats, rng(1))
    assert (migrated[:, None] == habitats[None]).any(axis=1).all()
    np.testing.assert_array_equal(migrated[0], habitats[0])


def test_mutation_redraws_its_share_of_the_dimensions():
    before = np.full((50, 4000), 2.0)
    after = mutate(before, 0.005, BOX, rng())
    changed = after != before
    assert changed.mean() == pytest.approx(0.005, abs=0.0005)
    assert np.abs(after[changed]).max() <= 1
    np.testing.assert_array_equal(mutate(before, 0.0, BOX, rng()), before)


def test_elites_overwrite_the_worst():
    last = Population(np.array([[1.0], [2.0], [3.0], [4.0]]), np.array([1.0, 2, 3, 4]))
    now = Population(np.array([[1.5], [5.0], [6.0], [7.0]]), np.array([1.5, 5, 6, 7]))
    habitats = keep_elites(now, last, 2)
    np.testing.assert_array_equal(habitats.positions.ravel(), [1, 1.5, 2, 5])
    np.testing.assert_array_equal(habitats.values, [1, 1.5, 2, 5])


def test_without_elites_habitats_are_unchanged():
    now = Population(np.array([[1.5], [5.0]]), np.array([1.5, 5]))
    np.testing.assert_array_equal(keep_elites(now, now, 0).values, [1.5, 5])


def test_all_but_the_first_of_equal_habitats_change_in_one_dimension():
    same = np.array([0.1, 0.2, 0.3, 0.4])
    positions = np.array([same, same, same, [0.9, 0.9, 0.9, 0.9]])
    evaluations = []
    cleared = clear_duplicates(
        best_first(positions, sphere(positions)), lambda x: evaluations.append(len(x)) or sphere(x), BOX, rng()
    )
    assert evaluations == [2]
    np.testing.assert_array_equal(cleared.values, sphere(cleared.positions))
    differences = np.sort((cleared.positions != same).sum(axis=1))
    np.testing.assert_array_equal(differences, [0, 1, 1, 4])


def test_clearing_distinct_habitats_costs_no_evaluation():
    habitats = best_first(np.eye(4), np.arange(4.0))
    assert clear_duplicates(habitats, lambda _: pytest.fail("evaluated"), BOX, rng()) is habitats


def test_the_two_best_are_never_lost_and_habitats_stay_distinct():
    search = Biogeography(population=10)
    habitats = search.start(sphere, BOX, draws := rng())
    for _ in range(50):
        habitats, before = search.step(habitats, sphere, BOX, draws), habitats
        assert (habitats.values[:2] <= before.values[:2]).all()
        assert len(np.unique(habitats.positions, axis=0)) == 10
        assert (np.diff(habitats.values) >= 0).all()


@pytest.mark.parametrize(
    ("parameters", "word"),
    [({"population": 1}, "population"), ({"mutation": 1.5}, "mutation"), ({"elites": 50}, "elites")],
)
def test_parameters_are_checked(parameters, word):
    with pytest.raises(ValueError, match=word):
        Biogeography(**parameters)
