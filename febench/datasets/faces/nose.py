"""The nose: bridge, tip, wings, nostrils and the shadow below."""

from __future__ import annotations

import numpy as np

from febench.datasets.faces.arrays import bump, hill, mix, smooth
from febench.datasets.faces.canvas import Canvas
from febench.datasets.faces.expression import Expression
from febench.datasets.faces.grid import Grid
from febench.datasets.faces.identity import Person
from febench.datasets.faces.shot import Light
from febench.datasets.faces.skin import SIDES, crease, shadow, swell


def draw_nose(canvas: Canvas, grid: Grid, person: Person, au: Expression, light: Light) -> None:
    """Model the nose; 9 pulls it up and widens it."""
    nose = person.nose
    tip = nose.tip - 0.028 * au(9)
    width = nose.width * (1.0 + 0.16 * au(9) + 0.07 * au(12))
    _bridge(canvas, grid, person, tip)
    swell(canvas, grid, (0.0, tip - 0.035), (1.05 * nose.width, 0.12), 0.060)
    for side in SIDES:
        _wing(canvas, grid, person, side, tip, width)
    shadow(canvas, grid, (-0.05 * light.direction[0], tip + 0.085), (0.19, 0.075), 0.30)
    spot = grid.around(0.0, tip - 0.05, 0.05, 0.06)
    canvas.shine(spot, hill(spot.u, spot.v, (0.0, tip - 0.05), (0.05, 0.06)), 0.28)


def _bridge(canvas: Canvas, grid: Grid, person: Person, tip: float) -> None:
    nose = person.nose
    patch = grid.box(-0.30, 0.30, -0.26, tip + 0.14)
    along = smooth((patch.v + 0.26) / (tip + 0.26))
    end = smooth((tip + 0.11 - patch.v) / 0.17)
    breadth = nose.bridge + 0.085 + 0.075 * along
    canvas.lift(patch, nose.height * (0.06 * along + 0.94 * along**1.3) * end * bump((patch.u / breadth) ** 2))


def _wing(canvas: Canvas, grid: Grid, person: Person, side: int, tip: float, width: float) -> None:
    s, v = side * width * 0.80, tip + 0.016
    swell(canvas, grid, (s, v), (0.075, 0.072), 0.055)
    patch = grid.around(side * width, v, 0.09, 0.09)
    du, dv = (side * patch.u - width * 0.74) / 1.0, patch.v - v
    ring = np.sqrt(du * du + dv * dv) - 0.060
    crease(canvas, patch, ring, 0.026, 0.50 * smooth((du + 0.01) / 0.03) * smooth((dv + 0.07) / 0.05))
    hole = (side * width * 0.44, tip + 0.040)
    spot = grid.around(*hole, 0.045, 0.026)
    dark = mix(person.skin, (0.03, 0.01, 0.01), 0.85)
    canvas.paint(spot, dark, np.minimum(1.6 * hill(spot.u, spot.v, hole, (0.045, 0.024)), 0.85))
