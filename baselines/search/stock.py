"""Any optimiser of mealpy behind the interface of the searches here: the stock way, to compare with.

mealpy (N. Van Thieu, S. Mirjalili, "MEALPY: an open-source library for latest meta-heuristic algorithms in Python",
Journal of Systems Architecture 139:102871, 2023) evaluates one candidate a call, and some of its classes are not what
their names say: `CSO.OriginalCSO` inverts CDC, never updates velocities and by default seeks from random points;
`BBO.OriginalBBO` accepts greedily and clears no duplicates; `JA.OriginalJA` keeps every move. So its rows are labelled
with its names, and never stand for the authors' algorithms.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import Any

import numpy as np

from baselines.checks import require
from baselines.search.objective import Array, Box, Epoch, Objective, Population, SearchResult, Stop

SEEDS = 2**31 - 1


@dataclass(frozen=True)
class Mealpy:
    """An optimiser of mealpy with its own parameters' defaults.

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
        If mealpy is not installed; the sentence says what brings it.
    """

    optimizer: str
    population: int = 50

    def __post_init__(self) -> None:
        _find(self.optimizer)

    def minimise(
        self, objective: Objective, box: Box, *, evaluations: int, rng: np.random.Generator, stop: Stop | None = None
    ) -> SearchResult:
        """Minimise, as `EpochSearch.minimise` does; an epoch is as many evaluations as the population is large.

        The first population is drawn here: mealpy, given a seed, would draw it and all else from the same numbers.
        """
        require(evaluations >= self.population, f"{evaluations} evaluations do not pay for the first population")
        first = box.sample(rng, self.population)
        watched = _Watched(objective, evaluations, self.population, stop)
        model = _find(self.optimizer)(epoch=max(1, evaluations // self.population - 1), pop_size=self.population)
        with contextlib.suppress(_EndedError):
            model.solve(_problem(watched, box), seed=int(rng.integers(SEEDS)), starting_solutions=first)
        positions = np.array([agent.solution for agent in model.pop])
        values = np.array([agent.target.fitness for agent in model.pop])
        return SearchResult(watched.position, watched.value, positions, values, np.array(watched.trace))


class _EndedError(Exception):
    """The budget is spent, or `stop` said so: mealpy knows neither in the midst of an epoch."""


class _Watched:
    """The objective as mealpy calls it, one candidate at a time, within a budget; remembers the best."""

    def __init__(self, objective: Objective, budget: int, population: int, stop: Stop | None) -> None:
        self._objective, self._budget, self._population, self._stop = objective, budget, population, stop
        self._spent = 0
        self.position: Array = np.empty(0)
        self.value = np.inf
        self.trace: list[tuple[float, float]] = []

    def __call__(self, candidate: Array) -> float:
        if self._spent == self._budget:
            raise _EndedError
        position = np.array(candidate, dtype=np.float64)
        value = float(self._objective(position[None])[0])
        self._spent += 1
        if value < self.value:
            self.position, self.value = position, value
        if self._spent % self._population == 0:
            self._end_epoch(position, value)
        return value

    def _end_epoch(self, position: Array, value: float) -> None:
        number = len(self.trace)
        self.trace.append((self._spent, self.value))
        last = Population(position[None], np.array([value]))
        if self._stop and self._stop(Epoch(number, self._spent, last, self.position, self.value)):
            raise _EndedError


def _problem(watched: _Watched, box: Box) -> dict[str, Any]:
    from mealpy import FloatVar

    bounds = FloatVar(lb=(box.low,) * box.dimensions, ub=(box.high,) * box.dimensions)
    return {"obj_func": watched, "bounds": bounds, "minmax": "min", "log_to": None}


def _find(name: str) -> Any:
    try:
        import mealpy
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(f"{name} needs mealpy: pip install 'febench[mealpy]'") from error
    module, _, cls = name.partition(".")
    found = getattr(getattr(mealpy, module, None), cls, None)
    require(isinstance(found, type), f"mealpy has no optimizer {name!r}; name module and class, such as GA.BaseGA")
    return found
