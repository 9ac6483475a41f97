"""What every search takes and returns: a batched objective and a box in, a `SearchResult` out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from baselines.checks import require

Array = NDArray[np.float64]
Objective = Callable[[Array], Array]
"""Positions (p, d) in, values (p,) out; smaller is better, values are finite."""


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

    def sample(self, rng: np.random.Generator, n: int) -> Array:
        """Draw n points uniformly, shape (n, dimensions)."""
        return rng.uniform(self.low, self.high, (n, self.dimensions))

    def clip(self, positions: Array) -> Array:
        """Bring each coordinate back to the nearest edge."""
        return np.clip(positions, self.low, self.high)


@dataclass(frozen=True)
class Population:
    """Positions (p, d) and their values (p,). A search that remembers more (velocities) extends it."""

    positions: Array
    values: Array


@dataclass(frozen=True)
class Epoch:
    """What a `stop` hook sees after the first population (number 0) and after each epoch.

    Attributes
    ----------
    number : int
        Epochs done.
    evaluations : int
        Objective evaluations spent.
    population : Population
        The population now.
    best_position : ndarray, shape (d,)
        The best position evaluated so far that has been part of a population.
    best_value : float
        Its value.
    """

    number: int
    evaluations: int
    population: Population
    best_position: Array
    best_value: float


Stop = Callable[[Epoch], bool]


@dataclass(frozen=True)
class SearchResult:
    """What a search found.

    Attributes
    ----------
    position : ndarray, shape (d,)
        The best position.
    value : float
        Its value.
    population : ndarray, shape (p, d)
        The final population, and
    values : ndarray, shape (p,)
        its values.
    trace : ndarray, shape (epochs + 1, 2)
        Objective evaluations spent, and the best value so far, after each epoch.
    """

    position: Array
    value: float
    population: Array
    values: Array
    trace: Array

    @property
    def evaluations(self) -> int:
        """Objective evaluations spent up to the last whole epoch."""
        return int(self.trace[-1, 0])

    @property
    def candidates(self) -> Array:
        """The best position followed by the final population, shape (1 + p, d)."""
        return np.vstack([self.position, self.population])


class Search(Protocol):
    """Anything that can minimise an objective over a box within a budget of evaluations."""

    def minimise(
        self, objective: Objective, box: Box, *, evaluations: int, rng: np.random.Generator, stop: Stop | None = None
    ) -> SearchResult:
        """Minimise, as `EpochSearch.minimise` does."""
        ...


P = TypeVar("P", bound=Population)


class EpochSearch(ABC, Generic[P]):
    """A search that moves a whole population once an epoch: write `start` and `step`, get `minimise`."""

    @abstractmethod
    def start(self, objective: Objective, box: Box, rng: np.random.Generator) -> P:
        """Draw and evaluate the first population."""

    @abstractmethod
    def step(self, population: P, objective: Objective, box: Box, rng: np.random.Generator) -> P:
        """Move the population by one epoch; the one given stays as it is."""

    def minimise(
        self, objective: Objective, box: Box, *, evaluations: int, rng: np.random.Generator, stop: Stop | None = None
    ) -> SearchResult:
        """Search until the budget does not pay for another whole epoch, or until `stop` says so.

        Parameters
        ----------
        objective : callable
            Positions (p, d) to values (p,); smaller is better.
        box : Box
            Where to search.
        evaluations : int
            Budget, counted in positions evaluated; never exceeded.
        rng : numpy.random.Generator
            Source of all randomness.
        stop : callable, optional
            Called with an `Epoch` after each epoch; True ends the search.

        Returns
        -------
        SearchResult

        Raises
        ------
        ValueError
            If the budget does not pay for the first population.
        """
        counted = _Counted(objective, evaluations)
        try:
            epoch = _next(None, self.start(counted, box, rng), counted.spent)
        except _BudgetSpentError:
            raise ValueError(f"{evaluations} evaluations do not pay for the first population") from None
        trace = [(epoch.evaluations, epoch.best_value)]
        population = epoch.population
        while not (stop and stop(epoch)):
            try:
                population = self.step(population, counted, box, rng)  # type: ignore[arg-type]
            except _BudgetSpentError:
                break
            epoch = _next(epoch, population, counted.spent)
            trace.append((epoch.evaluations, epoch.best_value))
        final = epoch.population
        return SearchResult(
            epoch.best_position, epoch.best_value, final.positions, final.values, np.array(trace, dtype=np.float64)
        )


class _BudgetSpentError(Exception):
    """The budget does not pay for the positions asked for."""


class _Counted:
    """An objective that counts the positions it evaluates and refuses to exceed its budget."""

    def __init__(self, objective: Objective, budget: int) -> None:
        self._objective = objective
        self._budget = budget
        self.spent = 0

    def __call__(self, positions: Array) -> Array:
        if self.spent + len(positions) > self._budget:
            raise _BudgetSpentError
        self.spent += len(positions)
        return self._objective(positions)


def _next(last: Epoch | None, population: Population, spent: int) -> Epoch:
    """The epoch that follows `last`, with the best position so far."""
    best = int(population.values.argmin())
    value, position = float(population.values[best]), population.positions[best]
    if last is None:
        return Epoch(0, spent, population, position, value)
    if last.best_value <= value:
        value, position = last.best_value, last.best_position
    return Epoch(last.number + 1, spent, population, position, value)
