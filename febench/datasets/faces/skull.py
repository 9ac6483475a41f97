"""Outline and bare relief of the head."""

from __future__ import annotations

import numpy as np

from febench.datasets.faces.arrays import FloatArray, bump
from febench.datasets.faces.grid import Patch
from febench.datasets.faces.identity import Head


def head_field(patch: Patch, head: Head, drop: float, grow: FloatArray | float = 0.0) -> FloatArray:
    """A value that is 0 in the head's middle and 1 at its outline, `grow` further out for hair."""
    v = patch.v
    jaw = head.jaw * bump(((v - 0.82) / 0.5) ** 2) + head.cheekbones * bump(((v - 0.22) / 0.4) ** 2)
    width = head.width + jaw + grow
    across = (patch.u / width) ** 2
    up = np.minimum(v, 0.0) / (head.top - grow)
    down = np.maximum(v, 0.0) / (head.chin + drop + grow)
    return np.asarray(across + up**2 * (0.6 + 0.4 * up * up) + down**head.roundness)


def edge_distance(field: FloatArray, step: float, level: float = 1.0) -> FloatArray:
    """Distance to the line where a field has a level, negative where it is below."""
    gy, gx = np.gradient(field, step)
    return np.asarray((field - level) / np.sqrt(gx * gx + gy * gy + 1e-6))


def bare_relief(field: FloatArray) -> FloatArray:
    """Height of the smooth head over its outline."""
    rest = np.maximum(1.0 - field, 0.0)
    return 0.62 * np.sqrt(rest + 0.004) * (1.0 - 0.18 * rest)
