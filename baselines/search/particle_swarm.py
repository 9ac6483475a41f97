"""Particle swarm optimization with time-varying acceleration coefficients (TVAC-PSO).

Source: A. Ratnaweera, S. K. Halgamuge, H. C. Watson, "Self-organizing hierarchical particle swarm optimizer with
time-varying acceleration coefficients", IEEE Transactions on Evolutionary Computation 8(3):240-255, 2004.

Definition. Each particle has a position x, a velocity v, and its own best position. In every epoch

    v = w v + c1 r1 (x_own - x) + c2 r2 (x_best - x),    x = x + v,

where x_best is the best position of all particles so far, and r1 and r2 are uniform in [0, 1], drawn for each particle
and dimension. Over the search w falls from 0.9 to 0.4, c1 from 2.5 to 0.5, and c2 rises from 0.5 to 2.5, all linearly:
particles explore by themselves at first and gather at the end.

Open, and chosen here
- Velocities are held within the width of the box (the source: within the range of each dimension) and start at 0.
- Positions are held within the box.
- The schedule is as long as the search: as many epochs as the budget covers.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from baselines import Double, require
from baselines.search.base import Box, EpochSearch, Objective, Population, SearchResult, Stop

Schedule = tuple[float, float]


@dataclass(frozen=True)
class Particles(Population):
    """Particles: positions, values, velocities, the best position of each and its value, number of epochs so far."""

    velocities: Double
    own_positions: Double
    own_values: Double
    epoch: int


@dataclass(frozen=True)
class ParticleSwarm(EpochSearch[Particles]):
    """Particle swarm with time-varying coefficients (Ratnaweera et al. 2004); defined at the top of this module.

    Parameters
    ----------
    population : int
        Number of particles.
    inertia, cognitive, social : (first, last)
        w, c1 and c2 at the beginning and at the end of the search.
    epochs : int
        Length of the schedule; 0: as many epochs as the budget covers.

    Raises
    ------
    ValueError
        If the population or the schedule is too short.
    """

    population: int = 50
    inertia: Schedule = (0.9, 0.4)
    cognitive: Schedule = (2.5, 0.5)
    social: Schedule = (0.5, 2.5)
    epochs: int = 0

    def __post_init__(self) -> None:
        require(self.population >= 1, f"population must be at least 1, not {self.population}")
        require(self.epochs >= 0, f"epochs must not be negative, not {self.epochs}")

    def minimise(
        self, objective: Objective, box: Box, *, evaluations: int, rng: np.random.Generator, stop: Stop | None = None
    ) -> SearchResult:
        """Minimise with a schedule as long as the budget; see `EpochSearch.minimise`."""
        epochs = self.epochs or max(1, evaluations // self.population - 1)
        timed = replace(self, epochs=epochs)
        return super(ParticleSwarm, timed).minimise(objective, box, evaluations=evaluations, rng=rng, stop=stop)

    def start(self, objective: Objective, box: Box, rng: np.random.Generator) -> Particles:
        """Draw positions uniformly from the box; all are at rest."""
        positions = box.sample(rng, self.population)
        values = objective(positions)
        return Particles(positions, values, np.zeros_like(positions), positions, values, epoch=0)

    def step(self, population: Particles, objective: Objective, box: Box, rng: np.random.Generator) -> Particles:
        """Pull each particle to its own best position and to that of all, and update the best positions."""
        swarm = population
        first, second = rng.random((2, *swarm.positions.shape))
        velocities = np.clip(self.pull(swarm, first, second), -box.width, box.width)
        positions = box.clip(swarm.positions + velocities)
        values = objective(positions)
        better = values < swarm.own_values
        return Particles(
            positions,
            values,
            velocities,
            np.where(better[:, None], positions, swarm.own_positions),
            np.where(better, values, swarm.own_values),
            swarm.epoch + 1,
        )

    def pull(self, swarm: Particles, first: Double, second: Double) -> Double:
        """Return w v + c1 r1 (x_own - x) + c2 r2 (x_best - x) for all particles, shape (p, d)."""
        schedules = (self.inertia, self.cognitive, self.social)
        inertia, cognitive, social = (self.now(schedule, swarm.epoch) for schedule in schedules)
        best = swarm.own_positions[swarm.own_values.argmin()]
        to_own, to_best = swarm.own_positions - swarm.positions, best - swarm.positions
        pulled: Double = inertia * swarm.velocities + cognitive * first * to_own + social * second * to_best
        return pulled

    def now(self, schedule: Schedule, epoch: int) -> float:
        """Return a coefficient in an epoch, counted from 0; after the schedule's end, its last value."""
        share = min(1.0, epoch / max(1, self.epochs - 1))
        return schedule[0] + share * (schedule[1] - schedule[0])
