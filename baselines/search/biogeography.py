"""Biogeography-based optimization.

Source: D. Simon, "Biogeography-based optimization", IEEE Transactions on Evolutionary Computation 12(6):702-713, 2008,
and the MATLAB code its author published with it. Migration, elites and the clearing of duplicates follow them; mutation
does not, see below.

Definition. n habitats (candidates), sorted from best (rank i = 0) to worst (i = n-1); habitat i holds n-1-i species.

1. Emigration rate mu_i = (n-1-i)/n, immigration rate lambda_i = 1 - mu_i; lambda is rescaled to [0, 1], so that the
   best habitat never immigrates and the worst always does.
2. Each dimension of habitat i is replaced, with probability lambda_i, by that dimension of a habitat drawn with
   probability proportional to mu. All habitats change at once: donors are the habitats of the last epoch.
3. Each dimension is then, with the mutation probability (0.005), drawn anew from the box.
4. The new habitats replace the old ones and are evaluated; the elites of the last epoch (2) overwrite the worst.
5. Of habitats that are equal, all but the first get one dimension, chosen at random, drawn anew.

Chosen here
- Mutation is neither the paper's nor the code's. The paper ties a habitat's rate to the probability of its species
  count. The code does not mutate unless a flag is set, and then the worse half of the habitats alone. Here the rate is
  constant, 0.005, and every habitat may mutate.
- In the author's code a habitat changed in (5) keeps the value it had before; here it is evaluated again, which counts
  against the budget. It is usually the best habitat: as it does not immigrate, it equals its copy among the elites.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from baselines import Double, require
from baselines.search.base import Box, EpochSearch, Objective, Population


@dataclass(frozen=True)
class Biogeography(EpochSearch[Population]):
    """Biogeography-based optimization (Simon 2008); the definition is at the top of this module.

    Parameters
    ----------
    population : int
        Number of habitats n.
    mutation : float
        Probability that a dimension is drawn anew.
    elites : int
        Number of best habitats of the last epoch that overwrite the worst of this one.

    Raises
    ------
    ValueError
        If a parameter lies outside its range.
    """

    population: int = 50
    mutation: float = 0.005
    elites: int = 2

    def __post_init__(self) -> None:
        require(self.population >= 2, f"population must be at least 2, not {self.population}")
        require(0 <= self.mutation <= 1, f"mutation must lie in [0, 1], not {self.mutation}")
        require(
            0 <= self.elites < self.population, f"elites must be at least 0 and below population, not {self.elites}"
        )

    def start(self, objective: Objective, box: Box, rng: np.random.Generator) -> Population:
        """Draw the habitats uniformly from the box."""
        positions = box.sample(rng, self.population)
        return best_first(positions, objective(positions))

    def step(self, population: Population, objective: Objective, box: Box, rng: np.random.Generator) -> Population:
        """Migrate, mutate, evaluate, restore the elites, clear duplicates."""
        positions = mutate(migrate(population.positions, rng), self.mutation, box, rng)
        habitats = best_first(positions, objective(positions))
        return clear_duplicates(keep_elites(habitats, population, self.elites), objective, box, rng)


def best_first(positions: Double, values: Double) -> Population:
    """Return habitats sorted by value."""
    order = values.argsort(kind="stable")
    return Population(positions[order], values[order])


def immigration_rates(n: int) -> Double:
    """Return the immigration rates lambda of n habitats, best first, rescaled to [0, 1]."""
    immigration = 1 - species_counts(n) / n
    lowest, highest = immigration.min(), immigration.max()
    rescaled: Double = (immigration - lowest) / (highest - lowest)
    return rescaled


def species_counts(n: int) -> NDArray[np.int64]:
    """Return the number of species of n habitats, best first; emigration rates mu are proportional to it."""
    return np.arange(n - 1, -1, -1)


def donors(n: int, shape: tuple[int, int], rng: np.random.Generator) -> NDArray[np.int64]:
    """Draw habitats with probability proportional to mu: the homes of uniformly drawn species."""
    homes = np.repeat(np.arange(n), species_counts(n))
    return homes[rng.integers(len(homes), size=shape)]


def migrate(positions: Double, rng: np.random.Generator) -> Double:
    """Return habitats (n, d), best first, after immigration; each dimension has a donor of its own."""
    n = len(positions)
    immigrates = rng.random(positions.shape) < immigration_rates(n)[:, None]
    features = np.take_along_axis(positions, donors(n, positions.shape, rng), axis=0)
    return np.where(immigrates, features, positions)


def mutate(positions: Double, probability: float, box: Box, rng: np.random.Generator) -> Double:
    """Draw each coordinate anew with this probability."""
    habitat, dimension = np.nonzero(rng.random(positions.shape) < probability)
    mutated = positions.copy()
    mutated[habitat, dimension] = rng.uniform(box.low, box.high, len(habitat))
    return mutated


def keep_elites(habitats: Population, last: Population, elites: int) -> Population:
    """Overwrite the worst habitats with the best of the last epoch; both are best first."""
    n_others = len(habitats.values) - elites
    return best_first(
        np.vstack([habitats.positions[:n_others], last.positions[:elites]]),
        np.concatenate([habitats.values[:n_others], last.values[:elites]]),
    )


def clear_duplicates(habitats: Population, objective: Objective, box: Box, rng: np.random.Generator) -> Population:
    """Draw one dimension anew of every habitat that equals an earlier one, and evaluate it again."""
    rows = np.ascontiguousarray(habitats.positions)
    opaque = rows.view(
        np.dtype((np.void, rows.itemsize * rows.shape[1]))
    ).ravel()  # sorts much faster than coordinates do
    first = np.unique(opaque, return_index=True)[1]
    again = np.setdiff1d(np.arange(len(habitats.positions)), first)
    if not len(again):
        return habitats
    positions, values = habitats.positions.copy(), habitats.values.copy()
    positions[again, rng.integers(box.dimensions, size=len(again))] = rng.uniform(box.low, box.high, len(again))
    values[again] = objective(positions[again])
    return best_first(positions, values)
