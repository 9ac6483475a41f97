"""Skin: hollows and hills of the face, flush, freckles and the folds that muscles make."""

from __future__ import annotations

import numpy as np

from febench.datasets.faces.anatomy import MouthLine, jaw_drop
from febench.datasets.faces.arrays import FloatArray, bump, hill, scaled, smooth
from febench.datasets.faces.canvas import Canvas
from febench.datasets.faces.expression import Expression
from febench.datasets.faces.grid import Grid, Patch
from febench.datasets.faces.identity import Person
from febench.datasets.faces.seeding import GRAIN, stream

SIDES = (-1, 1)
ROUGH = 0.040
"""How uneven skin is, as a share of its colour."""


def crease(canvas: Canvas, patch: Patch, offset: FloatArray, width: float, strength: FloatArray | float) -> None:
    """A fold of the skin along the line where `offset` is zero."""
    width = max(width, 1.1 * patch.step)
    groove = bump((offset / width) ** 2) * strength
    canvas.lift(patch, -0.016 * groove)
    canvas.darken(patch, np.minimum(0.42 * groove, 0.6))


def swell(canvas: Canvas, grid: Grid, centre: tuple[float, float], radii: tuple[float, float], height: float) -> None:
    """A hill (or hollow) of the face."""
    patch = grid.around(*centre, *radii)
    canvas.lift(patch, height * hill(patch.u, patch.v, centre, radii))


def shadow(canvas: Canvas, grid: Grid, centre: tuple[float, float], radii: tuple[float, float], depth: float) -> None:
    """A soft dark spot."""
    patch = grid.around(*centre, *radii)
    canvas.darken(patch, depth * hill(patch.u, patch.v, centre, radii))


def shape_face(canvas: Canvas, grid: Grid, person: Person, au: Expression) -> None:
    """Sockets, brow ridge, cheeks and chin."""
    ridge = 0.055 if person.masculine else 0.03
    drop = jaw_drop(au)
    swell(canvas, grid, (0.0, -0.18), (0.62, 0.16), ridge)
    swell(canvas, grid, (0.0, person.head.chin - 0.12 + drop), (0.26, 0.20), 0.055 + 0.02 * au(15))
    shadow(canvas, grid, (0.0, 0.885 + 0.7 * drop), (0.22, 0.07), 0.18 + 0.30 * au(15) + 0.26 * au(23))
    for side in SIDES:
        s = side * person.eyes.spacing
        swell(canvas, grid, (s * 0.95, -0.03), (0.27, 0.19), -0.075)
        swell(canvas, grid, (s, 0.0), (0.17, 0.12), 0.045)
        shadow(canvas, grid, (s * 0.62, -0.06), (0.15, 0.16), 0.22 + 0.28 * au(4, side))
        shadow(canvas, grid, (s, -0.09), (0.26, 0.12), 0.12 + 0.30 * au(4, side) + 0.22 * au(9, side))
        _cheek(canvas, grid, au, side)


def _cheek(canvas: Canvas, grid: Grid, au: Expression, side: int) -> None:
    raised = 0.6 * au(6, side) + 0.5 * au(12, side)
    hollow = 0.12 + 0.25 * au(26, side) + 0.20 * au(20, side) + 0.10 * au(12, side)
    swell(canvas, grid, (side * 0.40, 0.30 - 0.04 * raised), (0.30, 0.24), 0.05 + 0.075 * raised)
    shadow(canvas, grid, (side * 0.54, 0.62), (0.24, 0.38), hollow)
    shadow(canvas, grid, (side * 0.25, 0.50), (0.14, 0.22), 0.27 * (au(12, side) + au(9, side)))


def tint_face(canvas: Canvas, grid: Grid, person: Person, texture: FloatArray) -> None:
    """Uneven skin: mottling, freckles, and blood in cheeks, nose and ears."""
    size = len(texture)
    patch = grid.whole()
    row = (patch.v * 40.0).astype(np.intp) % size
    column = (patch.u * 40.0 + 500.0).astype(np.intp) % size
    canvas.colour[:] *= 1.0 + texture[row, column]
    red = scaled((person.skin[0], person.skin[1] * 0.62, person.skin[2] * 0.60), 1.0)
    for centre, radii, depth in (
        ((-0.42, 0.34), (0.30, 0.26), 0.42),
        ((0.42, 0.34), (0.30, 0.26), 0.42),
        ((0.0, 0.40), (0.16, 0.14), 0.36),
        ((0.0, 1.0), (0.2, 0.14), 0.2),
    ):
        spot = grid.around(*centre, *radii)
        canvas.paint(spot, red, depth * person.flush * hill(spot.u, spot.v, centre, radii))


def skin_texture(person: Person, seed: int, number: int) -> FloatArray:
    """The unevenness of one person's skin, a tile that repeats."""
    rng = stream(seed, GRAIN, number)
    grain = rng.standard_normal((64, 64))
    spots = np.where(grain > 2.0, -0.28 * person.freckles, 0.0)
    return np.asarray(ROUGH * grain + spots)


def fold_face(canvas: Canvas, grid: Grid, person: Person, au: Expression, mouth: MouthLine) -> None:
    """Every crease that age or an action unit makes."""
    _forehead(canvas, grid, person, au)
    _between_brows(canvas, grid, person, au)
    _nose_wrinkles(canvas, grid, au)
    for side in SIDES:
        _nasolabial(canvas, grid, person, au, mouth, side)
        _under_eye(canvas, grid, person, au, side)
        _crows_feet(canvas, grid, person, au, side)
        _mouth_corner(canvas, grid, person, au, mouth, side)


def _forehead(canvas: Canvas, grid: Grid, person: Person, au: Expression) -> None:
    patch = grid.box(-0.5, 0.5, -0.70, -0.36)
    inner, outer = au(1), au(2)
    spread = 0.22 + 0.22 * min(outer, 1.0)
    strength = (0.55 * inner + 0.5 * outer) * (0.55 + 0.7 * person.age) + 0.80 * max(person.age - 0.35, 0.0)
    fade = bump((patch.u / spread) ** 2)
    for k in range(3):
        line = -0.42 - 0.088 * k - 0.05 * outer - 0.05 * inner * (1.0 - outer) + 0.10 * (outer - 0.4) * patch.u**2
        crease(canvas, patch, patch.v - line, 0.028, strength * (1.0 - 0.2 * k) * fade)


def _between_brows(canvas: Canvas, grid: Grid, person: Person, au: Expression) -> None:
    patch = grid.box(-0.12, 0.12, -0.40, -0.06)
    fade = bump(((patch.v + 0.22) / 0.17) ** 2)
    strength = 0.85 * au(4) + 0.35 * au(9) + 0.60 * max(person.age - 0.4, 0.0)
    for side in SIDES:
        line = side * (0.040 + 0.04 * au(1) * (patch.v + 0.25))
        crease(canvas, patch, patch.u - line, 0.024, strength * fade)


def _nose_wrinkles(canvas: Canvas, grid: Grid, au: Expression) -> None:
    strength = 0.9 * au(9)
    if strength < 0.04:
        return
    patch = grid.box(-0.17, 0.17, -0.14, 0.22)
    fade = bump((patch.u / 0.14) ** 2)
    for k in range(3):
        line = -0.06 + 0.065 * k - 0.9 * patch.u**2
        crease(canvas, patch, patch.v - line, 0.022, strength * fade * (1.0 - 0.15 * k))
    for side in SIDES:
        shadow(canvas, grid, (side * 0.14, 0.20), (0.07, 0.16), 0.30 * strength)


def _nasolabial(canvas: Canvas, grid: Grid, person: Person, au: Expression, mouth: MouthLine, side: int) -> None:
    top, end = person.nose.tip - 0.07 - 0.03 * au(9, side), mouth.v + 0.04
    start = person.nose.width + 0.025
    reach = mouth.half_width + 0.055 + 0.03 * au(12, side)
    patch = grid.box(min(side * 0.08, side * 0.46), max(side * 0.08, side * 0.46), top - 0.05, end + 0.08)
    t = (patch.v - top) / (end - top)
    c = np.clip(t, 0.0, 1.1)
    line = start + (reach - start) * (0.25 * c + 0.75 * np.sin(1.5 * c)) - 0.02 * c**4
    strength = (
        0.10 + 0.30 * person.age + 0.55 * au(12, side) + 0.60 * au(9, side) + 0.15 * au(6, side) + 0.25 * au(15, side)
    )
    fade = smooth(t * 2.5 + 0.2) * smooth((1.08 - t) * 1.8)
    offset = side * patch.u - line
    crease(canvas, patch, offset, 0.042, min(strength * (0.7 + 0.5 * person.age), 1.0) * fade)
    puff = bump(((offset - 0.07) / 0.11) ** 2) * fade
    canvas.lift(patch, 0.028 * (au(12, side) + 0.7 * au(9, side)) * puff)


def _under_eye(canvas: Canvas, grid: Grid, person: Person, au: Expression, side: int) -> None:
    s = side * person.eyes.spacing
    patch = grid.around(s, 0.10, 0.21, 0.11)
    t = (patch.u - s) / 0.19
    line = 0.118 - 0.030 * au(6, side) - 0.02 * au(7, side) - 0.022 * au(9, side) - 0.035 * t * t
    strength = 0.16 + 0.55 * au(6, side) + 0.30 * au(7, side) + 0.35 * au(9, side) + 0.50 * person.age
    crease(canvas, patch, patch.v - line, 0.030, strength * bump(t * t))


def _crows_feet(canvas: Canvas, grid: Grid, person: Person, au: Expression, side: int) -> None:
    strength = 0.75 * au(6, side) * (0.6 + 0.6 * person.age) + 0.5 * max(person.age - 0.4, 0.0)
    if strength < 0.05:
        return
    s0 = person.eyes.spacing + person.eyes.half_width + 0.02
    patch = grid.box(min(side * s0, side * (s0 + 0.13)), max(side * s0, side * (s0 + 0.13)), -0.12, 0.14)
    out = side * patch.u - s0
    fade = bump(((out - 0.055) / 0.06) ** 2)
    for k in (-1, 0, 1):
        crease(canvas, patch, patch.v - (0.01 + 0.03 * k + 0.45 * k * out), 0.018, strength * fade)


def _mouth_corner(canvas: Canvas, grid: Grid, person: Person, au: Expression, mouth: MouthLine, side: int) -> None:
    s = mouth.half_width
    corner = mouth.v + mouth.corners[(side + 1) // 2]
    shadow(canvas, grid, (side * (s + 0.01), corner), (0.055, 0.05), 0.34 + 0.2 * au(12, side))
    strength = 0.75 * au(15, side) + 0.35 * au(20, side) + 0.5 * max(person.age - 0.4, 0.0)
    patch = grid.around(side * (s + 0.05), corner + 0.10, 0.10, 0.14)
    c = (patch.v - corner) / 0.18
    fade = bump((c - 0.45) ** 2 / 0.36)
    crease(canvas, patch, side * patch.u - (s + 0.035 + 0.05 * c), 0.026, strength * fade)
