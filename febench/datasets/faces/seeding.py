"""Where randomness comes from: one generator for each thing drawn, named by whole numbers."""

from __future__ import annotations

import numpy as np

Rng = np.random.Generator

PERSON, STYLE, SHOT, GRAIN = range(1, 5)


def stream(seed: int, *name: int) -> Rng:
    """A generator that depends on the seed and the name alone, not on what was drawn before."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([len(name), seed, *name])))


def bell(rng: Rng, mean: float, spread: float, limit: float = 2.0) -> float:
    """A normal draw, clipped at `limit` standard deviations."""
    z = float(rng.standard_normal())
    return mean + spread * min(max(z, -limit), limit)


def chance(rng: Rng, probability: float) -> bool:
    """True with the given probability."""
    return bool(rng.random() < probability)


def between(rng: Rng, low: float, high: float) -> float:
    """A uniform draw."""
    return low + (high - low) * float(rng.random())


def pick(rng: Rng, count: int) -> int:
    """An index below `count`, each as likely."""
    return int(rng.integers(count))
