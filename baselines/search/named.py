"""Searches by name, so that a method can be run with another than its own."""

from __future__ import annotations

from collections.abc import Callable

from baselines.checks import require
from baselines.search.biogeography import Biogeography
from baselines.search.cat_swarm import CatSwarm
from baselines.search.jaya import Jaya
from baselines.search.objective import Search
from baselines.search.particle_swarm import ParticleSwarm
from baselines.search.stock import Mealpy

STOCK = "mealpy:"
NAMED: dict[str, Callable[[int], Search]] = {
    "cat-swarm": CatSwarm,
    "biogeography": Biogeography,
    "jaya": Jaya,
    "tvac-pso": ParticleSwarm,
}


def named_search(name: str, population: int) -> Search:
    """A search with its own defaults.

    Parameters
    ----------
    name : str
        `cat-swarm`, `biogeography`, `jaya`, `tvac-pso`, or any optimiser of mealpy, such as `mealpy:GA.BaseGA`.
    population : int
        Number of candidates.

    Raises
    ------
    ValueError
        If there is no such search.
    """
    if name.startswith(STOCK):
        return Mealpy(name.removeprefix(STOCK), population)
    require(name in NAMED, f"there is no search {name!r}; there is {', '.join(NAMED)}, l-bfgs and {STOCK}MODULE.CLASS")
    return NAMED[name](population)


def cannot_search(name: str) -> str | None:
    """Why a search cannot be had, as a sentence, or None if it can; `l-bfgs` can."""
    try:
        if name != "l-bfgs":
            named_search(name, 50)
    except (ValueError, ModuleNotFoundError) as error:
        return str(error)
    return None
