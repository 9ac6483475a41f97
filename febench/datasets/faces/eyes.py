"""Eyes: ball, iris, lids and lashes."""

from __future__ import annotations

import numpy as np

from febench.datasets.faces.anatomy import EyeLine, eye_line
from febench.datasets.faces.arrays import FloatArray, bump, cover, mix, scaled, smooth
from febench.datasets.faces.canvas import Canvas
from febench.datasets.faces.expression import Expression
from febench.datasets.faces.grid import Grid, Patch
from febench.datasets.faces.identity import Person
from febench.datasets.faces.shot import Shot
from febench.datasets.faces.skin import SIDES, crease

WHITE = (0.70, 0.67, 0.64)
IRIS = 0.072
PUPIL = 0.030


def draw_eyes(canvas: Canvas, grid: Grid, person: Person, au: Expression, shot: Shot) -> None:
    """Both eyes, looking where the shot says."""
    for side in SIDES:
        eye = eye_line(person, au, side)
        patch = grid.around(side * eye.s, 0.0, eye.half_width + 0.06, 0.20)
        s = side * patch.u
        t, upper, lower = eye.lids(s)
        inside = np.maximum(upper - patch.v, patch.v - lower)
        alpha = cover(inside, patch.step) * (np.abs(t) < 1.0)
        _lid_fold(canvas, patch, person, t, upper)
        _ball(canvas, patch, person, side * eye.s, alpha, shot)
        _under_lid(canvas, patch, alpha, upper)
        _lashes(canvas, patch, person, eye, t, (upper, lower))


def _lid_fold(canvas: Canvas, patch: Patch, person: Person, t: FloatArray, upper: FloatArray) -> None:
    fold = upper - person.eyes.crease * (1.15 - 0.35 * t * t)
    crease(canvas, patch, patch.v - fold, 0.020, 0.75 * bump((t / 1.15) ** 2) ** 0.5)
    lid = smooth((patch.v - fold) / 0.02) * (patch.v < upper) * (np.abs(t) < 1.0)
    canvas.darken(patch, 0.10 * lid)


def _ball(canvas: Canvas, patch: Patch, person: Person, centre: float, alpha: FloatArray, shot: Shot) -> None:
    du, dv = patch.u - centre - shot.gaze[0], patch.v + 0.006 - shot.gaze[1]
    away = np.sqrt(du * du + dv * dv)
    iris = person.eyes.iris
    canvas.paint(patch, WHITE, alpha)
    canvas.shine(patch, alpha, 0.0)
    canvas.paint(patch, scaled(iris, 0.30), alpha * cover(away - IRIS, patch.step))
    canvas.paint(patch, iris, alpha * cover(away - IRIS * 0.80, 2.0 * patch.step))
    canvas.paint(patch, scaled(iris, 1.7), 0.5 * alpha * bump((du / 0.06) ** 2 + ((dv - 0.035) / 0.035) ** 2))
    canvas.paint(patch, (0.008, 0.007, 0.007), alpha * cover(away - PUPIL, patch.step))
    gx, gy = 0.024 * (1.0 if shot.light.direction[0] > 0 else -1.0), -0.026
    glint = np.sqrt((du - gx) ** 2 + (dv - gy) ** 2) - 0.013
    canvas.paint(patch, (1.0, 1.0, 1.0), 0.9 * alpha * cover(glint, 1.3 * patch.step))
    level = canvas.relief[patch.area]
    level += alpha * (0.5 - 0.6 * away * away - level)


def _under_lid(canvas: Canvas, patch: Patch, alpha: FloatArray, upper: FloatArray) -> None:
    depth = np.maximum(patch.v - upper, 0.0) / 0.05
    canvas.darken(patch, 0.42 * alpha * np.maximum(1.0 - depth, 0.0))
    corner = 1.0 - alpha
    canvas.shade[patch.area] *= corner + alpha * 1.08


def _lashes(
    canvas: Canvas, patch: Patch, person: Person, eye: EyeLine, t: FloatArray, lids: tuple[FloatArray, FloatArray]
) -> None:
    upper, lower = lids
    look = person.eyes.lashes
    dark = mix((0.012, 0.010, 0.010), person.skin, 0.12 * (1.0 - look))
    width = max(0.010 + 0.007 * look, 0.55 * patch.step)
    fade = smooth((1.06 - np.abs(t)) / 0.10)
    line = np.abs(patch.v - upper + 0.3 * width) - width * (0.75 + 0.35 * t)
    canvas.paint(patch, dark, (0.62 + 0.3 * look) * fade * cover(line, 1.3 * patch.step))
    below = np.abs(patch.v - lower) - 0.006
    rim = mix(person.skin, dark, 0.55 + 0.25 * look)
    canvas.paint(patch, rim, (0.40 + 0.25 * look) * fade * cover(below, 1.5 * patch.step))
    tear = bump(((t + 0.93) / 0.16) ** 2) * bump(((patch.v - eye.v - eye.tilt) / 0.028) ** 2)
    canvas.paint(patch, (0.52, 0.22, 0.20), 0.7 * tear)
