"""Helpers for drawing: named streams of random numbers, soft shapes and colours."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
Colour = tuple[float, float, float]
Rng = np.random.Generator

PERSON, STYLE, SHOT, GRAIN = range(1, 5)
"""Purpose of a stream of random numbers: the first of the numbers that name it."""


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


def cover(distance: FloatArray, step: float) -> FloatArray:
    """Share of a pixel inside a shape, from the signed distance (negative inside) and the pixel's width."""
    return np.clip(0.5 - distance / step, 0.0, 1.0)


def bump(square: FloatArray) -> FloatArray:
    """Smooth hill of height one and compact support, from the squared distance to its top."""
    rest = np.maximum(1.0 - square, 0.0)
    return rest * rest * rest


def hill(u: FloatArray, v: FloatArray, centre: tuple[float, float], radii: tuple[float, float]) -> FloatArray:
    """An elliptic `bump` about a centre."""
    du = (u - centre[0]) / radii[0]
    dv = (v - centre[1]) / radii[1]
    return bump(du * du + dv * dv)


def smooth(x: FloatArray) -> FloatArray:
    """Smooth step: 0 below 0, 1 above 1, a cubic between."""
    t = np.clip(x, 0.0, 1.0)
    return t * t * (3.0 - 2.0 * t)


def mix(first: Colour, second: Colour, share: float) -> Colour:
    """A colour between two."""
    r, g, b = (a + share * (c - a) for a, c in zip(first, second, strict=True))
    return r, g, b


def scaled(colour: Colour, factor: float) -> Colour:
    """A lighter or darker colour, kept inside 0..1."""
    r, g, b = (min(max(c * factor, 0.0), 1.0) for c in colour)
    return r, g, b


def linear(red: int, green: int, blue: int) -> Colour:
    """Linear light of an 8-bit colour, with a gamma of two."""
    return (red / 255.0) ** 2, (green / 255.0) ** 2, (blue / 255.0) ** 2
