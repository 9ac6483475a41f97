from __future__ import annotations

import importlib.util

import pytest

from baselines.search import Biogeography, CatSwarm, Jaya, ParticleSwarm, named_search


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


def test_another_name_is_refused_with_those_there_are():
    with pytest.raises(ValueError, match=r"no search 'ga'; there is cat-swarm, .* and mealpy:MODULE\.CLASS"):
        named_search("ga", 30)


@pytest.mark.skipif(importlib.util.find_spec("mealpy") is not None, reason="mealpy is installed")
def test_without_mealpy_its_names_say_what_brings_it():
    with pytest.raises(ModuleNotFoundError, match=r"GA\.BaseGA needs mealpy: pip install 'febench\[mealpy\]'"):
        named_search("mealpy:GA.BaseGA", 30)
