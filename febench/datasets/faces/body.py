"""What is not the head: backdrop, neck and clothes."""

from __future__ import annotations

import numpy as np

from febench.datasets.faces.arrays import FloatArray, bump, cover, hill, mix, scaled, smooth
from febench.datasets.faces.canvas import Canvas, light_up, new_canvas
from febench.datasets.faces.grid import Grid, Patch
from febench.datasets.faces.identity import Person
from febench.datasets.faces.shot import Light, Shot


def backdrop(flat: Grid, shot: Shot) -> FloatArray:
    """A studio wall, lighter towards one side."""
    glow = 1.0 + shot.gradient[0] * flat.u + shot.gradient[1] * flat.v
    return np.asarray(np.array(shot.backdrop)[:, None, None] * np.maximum(glow, 0.2))


def draw_body(flat: Grid, person: Person, light: Light) -> tuple[FloatArray, FloatArray, slice]:
    """Neck and shoulders: picture, cover, and the rows they take."""
    patch = flat.box(-9.0, 9.0, 0.55, 9.0)
    rows = patch.area[0]
    part = Grid(patch.u, patch.v, flat.step)
    canvas = new_canvas(patch.u.shape, scaled(person.skin, 0.92))
    neck = _neck(canvas, part.whole(), person)
    cloth = _clothes(canvas, part.whole(), person)
    return light_up(canvas, flat.step, light), np.maximum(neck, cloth), rows


def _neck(canvas: Canvas, patch: Patch, person: Person) -> FloatArray:
    half = person.head.width * (0.66 if person.masculine else 0.56)
    flare = 1.3 * np.maximum(patch.v - 1.02, 0.0) ** 2
    edge = np.abs(patch.u) - half - flare
    canvas.lift(patch, 0.6 * np.sqrt(np.maximum(1.02 - np.minimum((patch.u / (half + flare)) ** 2, 1.0), 0.0)))
    under = person.head.chin
    canvas.darken(patch, 0.62 * smooth((under + 0.32 - patch.v) / 0.36))
    return cover(edge, patch.step)


def _clothes(canvas: Canvas, patch: Patch, person: Person) -> FloatArray:
    reach = np.abs(patch.u)
    shoulder = 1.16 + 0.30 * np.maximum(reach - 0.42, 0.0) ** 1.3 + 0.5 * np.maximum(reach - 1.15, 0.0) ** 2
    depth = (0.12, 0.24, 0.02)[person.collar]
    neckline = 1.18 + depth * (1.0 - np.minimum(reach / 0.42, 1.0) ** (2.0 if person.collar == 0 else 1.0))
    edge = np.maximum(shoulder, neckline) - patch.v
    alpha = cover(edge, 1.2 * patch.step)
    canvas.darken(patch, 0.25 * (1.0 - alpha) * bump(((edge - 0.03) / 0.06) ** 2))
    canvas.paint(patch, person.cloth, alpha)
    canvas.paint(patch, scaled(person.cloth, 1.25), 0.6 * alpha * bump(((edge + 0.04) / 0.025) ** 2))
    level = canvas.relief[patch.area]
    level += alpha * (0.45 - 0.30 * reach * reach + 0.012 * np.sin(9.0 * patch.u + 5.0 * patch.v) - level)
    canvas.shine(patch, alpha, 0.0)
    return alpha


def draw_ears(canvas: Canvas, patch: Patch, person: Person) -> FloatArray:
    """Ears at both sides of the head: relief, colour, and their cover."""
    total = np.zeros_like(patch.u)
    for side in (-1, 1):
        centre = (side * (person.head.width + 0.025), 0.14)
        tilt = patch.u - side * 0.12 * (0.14 - patch.v)
        radius = np.sqrt(((tilt - centre[0]) / 0.085) ** 2 + ((patch.v - centre[1]) / 0.185) ** 2)
        ear = cover((radius - 1.0) * 0.09, patch.step)
        canvas.paint(patch, mix(person.skin, (person.skin[0], person.skin[1] * 0.5, person.skin[2] * 0.5), 0.35), ear)
        canvas.lift(patch, 0.10 * ear * (1.0 - 0.8 * bump((radius / 0.85) ** 2)))
        canvas.darken(patch, 0.40 * hill(tilt, patch.v, (centre[0] - side * 0.01, 0.15), (0.06, 0.12)))
        total = np.maximum(total, ear)
    return total
