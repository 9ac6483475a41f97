"""Jaya, changed so that it can train a network.

A variant of Jaya; "Chosen here" below has the two differences from its source.

Source: R. V. Rao, "Jaya: a simple and new optimization algorithm for solving constrained and unconstrained optimization
problems", International Journal of Industrial Engineering Computations 7(1):19-34, 2016.

Definition. In every epoch each candidate x is moved towards the best candidate and away from the worst,

    x' = x + r1 (x_best - |x|) - r2 (x_worst - |x|),

and the move is kept only if its value is better. r1 and r2 are uniform in [0, 1], drawn for each dimension and epoch,
and the same for all candidates: the source indexes them so, and its worked example uses them so.

Chosen here
- All candidates move at once, by the best and the worst of the last epoch. Positions are held within the box.
- |x| equals x for variables that are never negative, such as lengths. For others the formula moves candidates away
  from all existing ones and rarely finds better ones. So x is counted from the lower edge of the box: the formula gets
  non-negative variables only, and shifting the box shifts the result. The worked example uses negative variables as
  they are; `move` alone computes it as printed there.
- With one pair of numbers for all, differences between candidates shrink or grow alike. Here a pair is drawn for each
  candidate, as many codes do, unless `shared` is set, which is the source's definition.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from baselines import Double, require
from baselines.search.base import Box, EpochSearch, Objective, Population


@dataclass(frozen=True)
class Jaya(EpochSearch[Population]):
    """A variant of Jaya (Rao 2016); the definition is at the top of this module.

    Parameters
    ----------
    population : int
        Number of candidates.
    shared : bool
        Whether all candidates of an epoch share their random numbers, as in the source.

    Raises
    ------
    ValueError
        If the population is smaller than 2.
    """

    population: int = 50
    shared: bool = False

    def __post_init__(self) -> None:
        require(self.population >= 2, f"population must be at least 2, not {self.population}")

    def start(self, objective: Objective, box: Box, rng: np.random.Generator) -> Population:
        """Draw the candidates uniformly from the box."""
        positions = box.sample(rng, self.population)
        return Population(positions, objective(positions))

    def step(self, population: Population, objective: Objective, box: Box, rng: np.random.Generator) -> Population:
        """Move all candidates; keep each move that is better."""
        rows = 1 if self.shared else self.population
        towards, away = rng.random((2, rows, box.dimensions))
        from_low = Population(population.positions - box.low, population.values)
        moved = box.clip(move(from_low, towards, away) + box.low)
        values = objective(moved)
        better = values < population.values
        return Population(
            np.where(better[:, None], moved, population.positions), np.where(better, values, population.values)
        )


def move(population: Population, towards: Double, away: Double) -> Double:
    """Return x + r1 (x_best - |x|) - r2 (x_worst - |x|) for all candidates, shape (p, d)."""
    x, size = population.positions, np.abs(population.positions)
    best, worst = x[population.values.argmin()], x[population.values.argmax()]
    moved: Double = x + towards * (best - size) - away * (worst - size)
    return moved
