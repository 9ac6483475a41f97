"""The mouth: lips, teeth, tongue and the dark behind them."""

from __future__ import annotations

import numpy as np

from febench.datasets.faces.anatomy import MouthLine
from febench.datasets.faces.arrays import FloatArray, bump, cover, scaled, smooth
from febench.datasets.faces.canvas import Canvas
from febench.datasets.faces.expression import Expression
from febench.datasets.faces.grid import Grid, Patch
from febench.datasets.faces.identity import Person

CAVITY = (0.045, 0.010, 0.012)
TONGUE = (0.36, 0.09, 0.09)


def draw_mouth(canvas: Canvas, grid: Grid, person: Person, au: Expression, mouth: MouthLine) -> None:
    """Paint the lips and what shows between them."""
    reach = 0.14 + mouth.part_down + max(np.abs(mouth.corners))
    patch = grid.around(0.0, mouth.v + mouth.part_down / 2, mouth.half_width * 1.12, reach)
    curves = mouth.curves(patch.u)
    _around(canvas, patch, curves, mouth)
    _lips(canvas, patch, person, curves)
    _inside(canvas, patch, person, au, curves, mouth)


def _around(canvas: Canvas, patch: Patch, curves: tuple[FloatArray, ...], mouth: MouthLine) -> None:
    t, top, _, _, bottom = curves
    middle = bump((t / 0.85) ** 2)
    canvas.darken(patch, 0.34 * middle * bump(((patch.v - bottom - 0.030) / 0.050) ** 2))
    canvas.lift(patch, 0.02 * middle * bump(((patch.v - top + 0.02) / 0.05) ** 2))
    philtrum = bump((patch.u / 0.045) ** 2) * bump(((patch.v - top + 0.05) / 0.06) ** 2)
    canvas.lift(patch, -0.012 * philtrum)
    canvas.darken(patch, 0.08 * philtrum)


def _lips(canvas: Canvas, patch: Patch, person: Person, curves: tuple[FloatArray, ...]) -> None:
    t, top, inner_up, inner_down, bottom = curves
    within = smooth((1.03 - np.abs(t)) / 0.10)
    soft = 1.4 * patch.step
    upper = cover(np.maximum(top - patch.v, patch.v - inner_up), soft) * within
    lower = cover(np.maximum(inner_down - patch.v, patch.v - bottom), soft) * within
    canvas.paint(patch, scaled(person.mouth.colour, 0.84), 0.90 * upper)
    canvas.paint(patch, person.mouth.colour, 0.86 * lower)
    full = np.maximum(bottom - inner_down, 1e-3)
    rise = np.clip((patch.v - inner_down) / full, 0.0, 1.0)
    canvas.lift(patch, 0.17 * lower * full * 4.0 * rise * (1.0 - rise))
    canvas.lift(patch, 0.10 * upper * (inner_up - top))
    canvas.shine(patch, lower, 0.22)


def _inside(
    canvas: Canvas, patch: Patch, person: Person, au: Expression, curves: tuple[FloatArray, ...], mouth: MouthLine
) -> None:
    t, _, up, down, _ = curves
    within = smooth((1.0 - np.abs(t)) / 0.08)
    gap = cover(np.maximum(up - patch.v, patch.v - down), patch.step) * within
    seam = bump(((patch.v - (up + down) / 2) / max(0.014, 0.9 * patch.step)) ** 2) * within
    canvas.paint(patch, scaled(person.mouth.colour, 0.16), 0.72 * seam)
    opened = mouth.part_up + mouth.part_down
    if opened < 0.01:
        return
    canvas.paint(patch, CAVITY, gap)
    canvas.shine(patch, gap, 0.0)
    _tongue(canvas, patch, gap, down, opened)
    _teeth(canvas, patch, person, au, gap, (t, up, down), opened)
    level = canvas.relief[patch.area]
    level += gap * (0.52 - level)


def _tongue(canvas: Canvas, patch: Patch, gap: FloatArray, down: FloatArray, opened: float) -> None:
    size = max(opened - 0.07, 0.0) * 0.75
    if size > 0.0:
        shape = bump((patch.u / 0.17) ** 2 + ((patch.v - down) / size) ** 2)
        canvas.paint(patch, TONGUE, np.minimum(1.5 * shape, 0.85) * gap)


def _teeth(
    canvas: Canvas,
    patch: Patch,
    person: Person,
    au: Expression,
    gap: FloatArray,
    lines: tuple[FloatArray, FloatArray, FloatArray],
    opened: float,
) -> None:
    t, up, down = lines
    white = person.mouth.teeth * 0.86
    shade = np.maximum(1.0 - 0.75 * t * t, 0.0)
    grooves = 1.0 - 0.16 * bump(((np.abs(patch.u) % 0.052 - 0.026) / 0.012) ** 2)
    length = min(0.075, 0.85 * opened) * (1.0 - 0.35 * min(au(26), 1.0))
    top = cover(patch.v - up - length * (1.0 - 0.35 * t * t), 1.2 * patch.step)
    canvas.paint(patch, (white, white * 0.95, white * 0.86), gap * top * shade * grooves)
    bare = 0.050 * min(0.9 * au(16) + 0.7 * au(20), 1.0) * min(opened / 0.05, 1.0)
    if bare > 0.004:
        low = cover(down - bare - patch.v, 1.2 * patch.step)
        canvas.paint(patch, (white * 0.85, white * 0.80, white * 0.70), gap * low * shade * grooves)
    canvas.darken(patch, 0.40 * gap * bump(((patch.v - up) / 0.03) ** 2))
