"""Eyebrows."""

from __future__ import annotations

import numpy as np

from febench.datasets.faces.anatomy import brow_line
from febench.datasets.faces.arrays import smooth
from febench.datasets.faces.canvas import Canvas
from febench.datasets.faces.expression import Expression
from febench.datasets.faces.grid import Grid
from febench.datasets.faces.identity import Person
from febench.datasets.faces.skin import SIDES


def draw_brows(canvas: Canvas, grid: Grid, person: Person, au: Expression) -> None:
    """Both brows, hair by hair in a manner of speaking."""
    for side in SIDES:
        _brow(canvas, grid, person, au, side)


def _brow(canvas: Canvas, grid: Grid, person: Person, au: Expression, side: int) -> None:
    brow = brow_line(person, au, side)
    patch = grid.box(min(side * 0.04, side * 0.62), max(side * 0.04, side * 0.62), -0.52, 0.02)
    s = side * patch.u
    t, middle = brow.place(s)
    half = brow.thickness * (1.0 - 0.72 * np.clip(t, 0.0, 1.0) ** 2.0)
    soft = np.maximum(0.45 * half, 0.75 * patch.step)
    across = smooth((half - np.abs(patch.v - middle)) / soft + 0.5)
    ends = smooth(t / 0.22 + 0.45) * smooth((1.0 - t) / 0.12 + 0.3)
    hairs = 0.97 + 0.03 * np.sin(90.0 * s + 60.0 * (patch.v - middle))
    canvas.paint(patch, person.brows.colour, person.brows.density * across * ends * hairs)
    canvas.lift(patch, 0.012 * across * ends)
