"""Searches by name, of this package and of mealpy, so that a method can run with another search than its own.

mealpy (N. Van Thieu, S. Mirjalili, "MEALPY: an open-source library for latest meta-heuristic algorithms in Python",
Journal of Systems Architecture 139:102871, 2023) evaluates one candidate in each call, and some of its classes differ
from the algorithms they are named after: `CSO.OriginalCSO` inverts CDC, never updates velocities and by default seeks
from random points; `BBO.OriginalBBO` accepts greedily and clears no duplicates; `JA.OriginalJA` keeps every move. So
rows with its searches have its names, and are never shown as the authors' algorithms.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from baselines import Double, require
from baselines.search.base import Box, Epoch, Objective, Population, PopulationSearch, SearchResult, Stop
from baselines.search.biogeography import Biogeography
from baselines.search.cat_swarm import CatSwarm
from baselines.search.jaya import Jaya
from baselines.search.particle_swarm import ParticleSwarm

PREFIX = "mealpy:"
LINES_TO_BEAT = ("l-bfgs", "rbf-svm")
"""Names that `baselines.searched.classifier_by` takes in place of a search."""
NAMED: dict[str, Callable[[int], PopulationSearch]] = {
    "cat-swarm": CatSwarm,
    "biogeography": Biogeography,
    "jaya": Jaya,
    "tvac-pso": ParticleSwarm,
}


def named_search(name: str, population: int) -> PopulationSearch:
    """Return a search with its own defaults.

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
    if name.startswith(PREFIX):
        return Mealpy(name.removeprefix(PREFIX), population)
    known = ", ".join([*NAMED, *LINES_TO_BEAT])
    require(name in NAMED, f"there is no search {name!r}; choose one of {known} or {PREFIX}MODULE.CLASS")
    return NAMED[name](population)


def why_unavailable(name: str) -> str | None:
    """Return a sentence on why a search is not available, or None if it is; lines to beat always are."""
    try:
        if name not in LINES_TO_BEAT:
            named_search(name, 50)
    except (ValueError, ModuleNotFoundError) as error:
        return str(error)
    return None


@dataclass(frozen=True)
class Mealpy:
    """An optimiser of mealpy, with the defaults of its parameters.

    Parameters
    ----------
    optimizer : str
        Module and class, such as `GA.BaseGA` or `CSO.OriginalCSO`.
    population : int
        Number of candidates.

    Raises
    ------
    ValueError
        If mealpy has no such optimiser.
    ModuleNotFoundError
        If mealpy is not installed; the message says how to install it.
    """

    optimizer: str
    population: int = 50

    def __post_init__(self) -> None:
        self._class()

    def _class(self) -> Any:
        try:
            import mealpy
        except ModuleNotFoundError as error:
            raise ModuleNotFoundError(f"{self.optimizer} needs mealpy: pip install 'febench[mealpy]'") from error
        module, _, name = self.optimizer.partition(".")
        cls = getattr(getattr(mealpy, module, None), name, None)
        known = isinstance(cls, type)
        require(known, f"mealpy has no optimizer {self.optimizer!r}; name module and class, such as GA.BaseGA")
        return cls

    def minimise(
        self, objective: Objective, box: Box, *, evaluations: int, rng: np.random.Generator, stop: Stop | None = None
    ) -> SearchResult:
        """Minimise, as `EpochSearch.minimise` does; an epoch has as many evaluations as the population has candidates.

        The first population is drawn here: mealpy would draw it from the same random numbers as everything else.
        """
        from mealpy import FloatVar

        message = f"{evaluations} evaluations are too few for the first population"
        require(evaluations >= self.population, f"{message}: give at least {self.population}, or a smaller population")
        history: list[tuple[int, float]] = []
        n_evaluated, best_position, best_value = 0, np.empty(0), np.inf

        def evaluate(candidate: Double) -> float:
            nonlocal n_evaluated, best_position, best_value
            if n_evaluated == evaluations:
                raise _EndedError
            position = np.array(candidate, dtype=np.float64)
            value = float(objective(position[None])[0])
            n_evaluated += 1
            if value < best_value:
                best_position, best_value = position, value
            if n_evaluated % self.population == 0:
                history.append((n_evaluated, best_value))
                last = Population(position[None], np.array([value]))
                if stop and stop(Epoch(len(history) - 1, n_evaluated, last, best_position, best_value)):
                    raise _EndedError
            return value

        first = box.sample(rng, self.population)
        model = self._class()(epoch=max(1, evaluations // self.population - 1), pop_size=self.population)
        bounds = FloatVar(lb=(box.low,) * box.dimensions, ub=(box.high,) * box.dimensions)
        problem = {"obj_func": evaluate, "bounds": bounds, "minmax": "min", "log_to": None}
        with contextlib.suppress(_EndedError):
            model.solve(problem, seed=int(rng.integers(2**31 - 1)), starting_solutions=first)
        positions = np.array([agent.solution for agent in model.pop])
        values = np.array([agent.target.fitness for agent in model.pop])
        return SearchResult(best_position, best_value, Population(positions, values), np.array(history))


class _EndedError(Exception):
    """Ends a search of mealpy, which cannot be stopped inside an epoch otherwise."""
