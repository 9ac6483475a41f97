"""The interface of every search: a batched objective and a box in, a `SearchResult` out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

import numpy as np

from baselines import Double, require

Objective = Callable[[Double], Double]
"""From positions (p, d) to values (p,); smaller is better, values are finite."""


@dataclass(frozen=True)
class Box:
    """The space that is searched: `dimensions` coordinates, each in [low, high].

    Raises
    ------
    ValueError
        If there is no dimension, or `low` is not below `high`.
    """

    dimensions: int
    low: float
    high: float

    def __post_init__(self) -> None:
        require(self.dimensions >= 1, f"a search needs at least one dimension, not {self.dimensions}")
        require(self.low < self.high, f"low must be below high, not {self.low} and {self.high}")

    @property
    def width(self) -> float:
        """Length of an edge."""
        return self.high - self.low

    def sample(self, rng: np.random.Generator, n: int) -> Double:
        """Draw n points uniformly, shape (n, dimensions)."""
        return rng.uniform(self.low, self.high, (n, self.dimensions))

    def clip(self, positions: Double) -> Double:
        """Move coordinates outside the box to the nearest edge."""
        return np.clip(positions, self.low, self.high)


@dataclass(frozen=True)
class Population:
    """Positions (p, d) and their values (p,); subclasses add what else a search remembers, such as velocities."""

    positions: Double
    values: Double


@dataclass(frozen=True)
class Epoch:
    """The argument of a `stop` hook, after the first population (number 0) and after each epoch.

    Attributes
    ----------
    number : int
        Number of epochs so far.
    evaluations : int
        Objective evaluations so far.
    population : Population
        The present population.
    best_position : ndarray, shape (d,)
        The best position so far that was part of a population.
    best_value : float
        Its value.
    """

    number: int
    evaluations: int
    population: Population
    best_position: Double
    best_value: float


Stop = Callable[[Epoch], bool]


@dataclass(frozen=True)
class SearchResult:
    """The result of a search.

    Attributes
    ----------
    position : ndarray, shape (d,)
        The best position.
    value : float
        Its value.
    population : Population
        The final population.
    history : ndarray, shape (epochs + 1, 2)
        Objective evaluations and the best value so far, after each epoch.
    """

    position: Double
    value: float
    population: Population
    history: Double

    @property
    def evaluations(self) -> int:
        """Objective evaluations up to the end of the last epoch."""
        return int(self.history[-1, 0])

    @property
    def candidates(self) -> Double:
        """The best position followed by the final population, shape (1 + p, d)."""
        return np.vstack([self.position, self.population.positions])


class PopulationSearch(Protocol):
    """An optimiser of an objective over a box within a budget of evaluations."""

    def minimise(
        self, objective: Objective, box: Box, *, evaluations: int, rng: np.random.Generator, stop: Stop | None = None
    ) -> SearchResult:
        """Minimise, as `EpochSearch.minimise` does."""
        ...


P = TypeVar("P", bound=Population)


class EpochSearch(ABC, Generic[P]):
    """A search that moves its whole population once an epoch; subclasses have `start` and `step`."""

    @abstractmethod
    def start(self, objective: Objective, box: Box, rng: np.random.Generator) -> P:
        """Draw and evaluate the first population."""

    @abstractmethod
    def step(self, population: P, objective: Objective, box: Box, rng: np.random.Generator) -> P:
        """Return the population after one more epoch; the argument is not changed."""

    def minimise(
        self, objective: Objective, box: Box, *, evaluations: int, rng: np.random.Generator, stop: Stop | None = None
    ) -> SearchResult:
        """Search until the budget does not cover another epoch, or until `stop` returns True.

        Parameters
        ----------
        objective : callable
            Positions (p, d) to values (p,); smaller is better.
        box : Box
            Where to search.
        evaluations : int
            Budget: number of positions to evaluate, never exceeded.
        rng : numpy.random.Generator
            Source of all randomness.
        stop : callable, optional
            Called with an `Epoch` after each epoch; the search ends if it returns True.

        Returns
        -------
        SearchResult

        Raises
        ------
        ValueError
            If the budget does not cover the first population.
        """
        spent = 0

        def counted(positions: Double) -> Double:
            nonlocal spent
            if spent + len(positions) > evaluations:
                raise _BudgetSpentError
            spent += len(positions)
            return objective(positions)

        try:
            population = self.start(counted, box, rng)
        except _BudgetSpentError:
            message = f"{evaluations} evaluations are too few for the first population"
            raise ValueError(f"{message}: give more evaluations, or a smaller population") from None
        history: list[tuple[int, float]] = []
        best_position, best_value = np.empty(0), np.inf
        while True:
            best = int(population.values.argmin())
            if not history or population.values[best] < best_value:
                best_position, best_value = population.positions[best], float(population.values[best])
            history.append((spent, best_value))
            if stop and stop(Epoch(len(history) - 1, spent, population, best_position, best_value)):
                break
            try:
                population = self.step(population, counted, box, rng)
            except _BudgetSpentError:
                break
        return SearchResult(best_position, best_value, population, np.array(history, dtype=np.float64))


class _BudgetSpentError(Exception):
    """The budget does not cover the next positions."""
