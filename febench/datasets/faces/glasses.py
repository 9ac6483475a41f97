"""Spectacles."""

from __future__ import annotations

import numpy as np

from febench.datasets.faces.arrays import FloatArray, cover
from febench.datasets.faces.canvas import blend
from febench.datasets.faces.grid import Grid
from febench.datasets.faces.identity import Person

FRAME = (0.03, 0.025, 0.025)


def draw_glasses(picture: FloatArray, grid: Grid, person: Person) -> None:
    """Two rims, a bridge and the arms, over the finished face."""
    spacing, width = person.eyes.spacing, person.head.width
    patch = grid.box(-width - 0.05, width + 0.05, -0.20, 0.28)
    s = np.abs(patch.u)
    du, dv = (s - spacing - 0.01) / 0.225, (patch.v - 0.045) / 0.165
    radius = (du**4 + dv**4) ** 0.25
    rim = np.abs(radius - 1.0) * 0.18 - 0.009
    bridge = np.maximum(np.abs(patch.v + 0.02 + 0.8 * s * s) - 0.010, s - spacing + 0.21)
    arm = np.maximum(np.abs(patch.v + 0.03) - 0.010, spacing + 0.225 - s)
    line = np.minimum(np.minimum(rim, bridge), np.maximum(arm, s - width))
    lens = cover((radius - 1.0) * 0.18, patch.step)
    blend(picture, patch, (0.9, 0.95, 1.0), 0.05 * lens)
    blend(picture, patch, FRAME, 0.9 * cover(line, 1.3 * patch.step))
