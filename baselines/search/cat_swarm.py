"""Cat swarm optimization.

Sources: S.-C. Chu, P.-W. Tsai, J.-S. Pan, "Cat swarm optimization", PRICAI 2006, LNCS 4099:854-858; S.-C. Chu, P.-W.
Tsai, "Computational intelligence based on the behavior of cats", International Journal of Innovative Computing,
Information and Control 3(1):163-173, 2007.

Definition. Each cat has a position and a velocity. In every epoch a share MR (mixture ratio) of the cats, dealt anew,
traces; the others seek.

Seeking
1. Make SMP (seeking memory pool) copies of the cat's present position; with SPC (self-position considering) one of
   them stays as it is.
2. On each other copy, CDC (counts of dimensions to change, a share) of the dimensions, chosen at random, change by plus
   or minus SRD (seeking range of the selected dimension) of their value.
3. Pick the copy to move to with probability P_i = |FS_i - FS_max| / (FS_max - FS_min), FS being the value to minimise;
   if all values are equal, every copy is as likely.

Tracing
1. v += r c1 (x_best - x), r uniform in [0, 1], x_best the best position found so far; v is held within its maximum.
2. x += v.

Open, and chosen here
- MR is a fixed number of cats, round(MR n), and CDC of dimensions, round(CDC d).
- r is drawn for each dimension. The maximum velocity is a share of the box's width.
- Positions are held within the box. x_best is the best position that any cat has had; copies that no cat moved to do
  not count.
- The present position is not evaluated again: with SPC a seeking cat costs SMP - 1 evaluations, a tracing cat one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from baselines import Double, require
from baselines.search.base import Box, EpochSearch, Objective, Population


@dataclass(frozen=True)
class Cats(Population):
    """Cats: positions (n, d), values (n,), velocities (n, d), and the best position so far with its value."""

    velocities: Double
    best_position: Double
    best_value: float


@dataclass(frozen=True)
class CatSwarm(EpochSearch[Cats]):
    """Cat swarm optimization (Chu & Tsai 2006, 2007); the definition is at the top of this module.

    Parameters
    ----------
    population : int
        Number of cats n.
    mixture_ratio : float
        MR, the share of cats that trace.
    smp : int
        Seeking memory pool.
    cdc : float
        Counts of dimensions to change, as a share.
    srd : float
        Seeking range of the selected dimension, as a share of its value.
    spc : bool
        Self-position considering.
    c1 : float
        Acceleration of tracing cats.
    max_velocity : float
        Largest velocity, as a share of the box's width.

    Raises
    ------
    ValueError
        If a parameter lies outside its range.
    """

    population: int = 50
    mixture_ratio: float = 0.2
    smp: int = 5
    cdc: float = 0.8
    srd: float = 0.2
    spc: bool = True
    c1: float = 2.0
    max_velocity: float = 0.1

    def __post_init__(self) -> None:
        require(self.population >= 1, f"population must be at least 1, not {self.population}")
        for name in ("mixture_ratio", "cdc"):
            require(0 <= getattr(self, name) <= 1, f"{name} must lie in [0, 1], not {getattr(self, name)}")
        require(self.smp >= 1 + self.spc, f"smp must be at least {1 + self.spc}, not {self.smp}")
        for name in ("srd", "c1"):
            require(getattr(self, name) >= 0, f"{name} must not be negative, not {getattr(self, name)}")
        require(self.max_velocity > 0, f"max_velocity must be above 0, not {self.max_velocity}")

    def start(self, objective: Objective, box: Box, rng: np.random.Generator) -> Cats:
        """Draw positions uniformly from the box, velocities uniformly within their maximum."""
        positions = box.sample(rng, self.population)
        limit = self.max_velocity * box.width
        velocities = rng.uniform(-limit, limit, positions.shape)
        values = objective(positions)
        best = values.argmin()
        return Cats(positions, values, velocities, positions[best], float(values[best]))

    def step(self, population: Cats, objective: Objective, box: Box, rng: np.random.Generator) -> Cats:
        """Deal the modes, move seeking and tracing cats, remember the best."""
        cats = population
        tracing = rng.permutation(self.population) < round(self.mixture_ratio * self.population)
        positions, values, velocities = cats.positions.copy(), cats.values.copy(), cats.velocities.copy()
        positions[tracing], velocities[tracing] = self.tracing_moves(cats, tracing, box, rng)
        copies = self.seeking_copies(cats.positions[~tracing], box, rng)
        evaluated = objective(np.concatenate([positions[tracing], copies.reshape(-1, box.dimensions)]))  # in one batch
        values[tracing], copy_values = np.split(evaluated, [np.count_nonzero(tracing)])
        copy_values = copy_values.reshape(copies.shape[:2])
        if self.spc:
            copies = np.concatenate([cats.positions[~tracing, None], copies], axis=1)
            copy_values = np.column_stack([cats.values[~tracing], copy_values])
        positions[~tracing], values[~tracing] = pick(copies, copy_values, rng)
        best = values.argmin()
        if values[best] < cats.best_value:
            return Cats(positions, values, velocities, positions[best], float(values[best]))
        return Cats(positions, values, velocities, cats.best_position, cats.best_value)

    def seeking_copies(self, positions: Double, box: Box, rng: np.random.Generator) -> Double:
        """Return changed copies of seeking cats (s, d), shape (s, SMP, d), or (s, SMP - 1, d) with SPC."""
        shape = (len(positions), self.smp - self.spc, box.dimensions)
        changed = some_of_each(shape, round(self.cdc * box.dimensions), rng)
        signs = rng.integers(2, size=shape, dtype=np.int8) * 2 - 1
        return box.clip(positions[:, None] * (1 + self.srd * (signs * changed)))

    def tracing_moves(
        self, cats: Cats, tracing: NDArray[np.bool_], box: Box, rng: np.random.Generator
    ) -> tuple[Double, Double]:
        """Return positions and velocities (t, d) of the tracing cats after their move."""
        pull = (
            rng.random((int(tracing.sum()), box.dimensions)) * self.c1 * (cats.best_position - cats.positions[tracing])
        )
        limit = self.max_velocity * box.width
        velocities = np.clip(cats.velocities[tracing] + pull, -limit, limit)
        return box.clip(cats.positions[tracing] + velocities), velocities


def some_of_each(shape: tuple[int, ...], k: int, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Return a mask with k random entries along the last axis, drawn without replacement."""
    draws = rng.random(shape, dtype=np.float32)
    mask = np.zeros(shape, dtype=bool)
    if k:
        indices = np.argpartition(draws, k - 1, axis=-1)[..., :k]
        np.put_along_axis(mask, indices, True, axis=-1)
    return mask


def selection_shares(values: Double) -> Double:
    """Return P_i of each candidate, (s, candidates), not normalised; 1 for all where all values are equal."""
    worst, spread = values.max(axis=1, keepdims=True), np.ptp(values, axis=1, keepdims=True)
    equal = spread == 0
    return np.where(equal, 1.0, np.abs(values - worst) / np.where(equal, 1.0, spread))


def pick(candidates: Double, values: Double, rng: np.random.Generator) -> tuple[Double, Double]:
    """Pick one candidate of each cat by `selection_shares`: (s, k, d) and (s, k) to (s, d) and (s,)."""
    shares = selection_shares(values).cumsum(axis=1)
    drawn = rng.random((len(values), 1)) * shares[:, -1:]
    picked = np.minimum((shares <= drawn).sum(axis=1), values.shape[1] - 1)
    cats = np.arange(len(values))
    return candidates[cats, picked], values[cats, picked]
