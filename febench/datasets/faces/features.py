"""The features that an expression moves: brows, eyes, nose and mouth, each placed for a person and painted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from febench.datasets.faces.canvas import SIDES, Canvas, Grid, Patch
from febench.datasets.faces.expression import Expression
from febench.datasets.faces.identity import Person
from febench.datasets.faces.numeric import FloatArray, bump, cover, hill, mix, scaled, smooth
from febench.datasets.faces.shot import Light, Shot

BROW_END = 0.545
BROW_PEAK = 0.62
WHITE = (0.70, 0.67, 0.64)
IRIS = 0.072
PUPIL = 0.030
CAVITY = (0.045, 0.010, 0.012)
TONGUE = (0.36, 0.09, 0.09)


def draw_brows(canvas: Canvas, grid: Grid, person: Person, au: Expression) -> None:
    """Both brows: 1 and 2 raise their ends, 4 lowers and knits them, 9 pulls them down."""
    brows = person.brows
    for side in SIDES:
        raise_in, raise_out, knit, wrinkle = au(1, side), au(2, side), au(4, side), au(9, side)
        down = 0.085 * knit + 0.045 * wrinkle
        lifted = -brows.height + brows.slope - 0.105 * raise_in - 0.040 * raise_out
        inner = lifted + down + 0.018 * knit * (1.0 - raise_in)
        middle = -brows.height - brows.arch - 0.055 * raise_in - 0.080 * raise_out + 0.9 * down
        outer = -brows.height + 0.03 - 0.005 * raise_in - 0.090 * raise_out + 0.45 * down
        start = 0.125 - 0.040 * knit - 0.008 * wrinkle

        patch = grid.box(min(side * 0.04, side * 0.62), max(side * 0.04, side * 0.62), -0.52, 0.02)
        s = side * patch.u
        t = (s - start) / (BROW_END - start)  # 0 at the inner end, 1 at the outer
        c = np.clip(t, -0.1, 1.1)
        rise = np.clip(c / BROW_PEAK, -0.2, 1.0)
        rising = inner + (middle - inner) * (rise * (2.0 - rise))
        falling = middle + (outer - middle) * ((c - BROW_PEAK) / (1.0 - BROW_PEAK)) ** 2
        off = patch.v - np.where(c < BROW_PEAK, rising, falling)

        half = brows.thickness * (1.0 - 0.72 * np.clip(t, 0.0, 1.0) ** 2.0)
        soft = np.maximum(0.45 * half, 0.75 * patch.step)
        across = smooth((half - np.abs(off)) / soft + 0.5)
        ends = smooth(t / 0.22 + 0.45) * smooth((1.0 - t) / 0.12 + 0.3)
        hairs = 0.97 + 0.03 * np.sin(90.0 * s + 60.0 * off)
        canvas.paint(patch, brows.colour, brows.density * across * ends * hairs)
        canvas.lift(patch, 0.012 * across * ends)


def draw_eyes(canvas: Canvas, grid: Grid, person: Person, au: Expression, shot: Shot) -> None:
    """Both eyes, looking where the shot says: 5 raises the upper lid, 6 and 7 the lower one, 4 and 9 narrow the eye."""
    eyes = person.eyes
    for side in SIDES:
        above = eyes.opening + 0.040 * au(5, side) - 0.016 * au(7, side) - 0.014 * au(4, side) - 0.020 * au(9, side)
        above -= 0.012 * au(6, side) + 0.012 * au(15, side) * au(1, side)
        below = 0.72 * eyes.opening + 0.010 * au(5, side) - 0.020 * au(7, side) - 0.026 * au(6, side)
        below -= 0.020 * au(9, side)
        above, below = max(above, 0.018), max(below, 0.006)

        patch = grid.around(side * eyes.spacing, 0.0, eyes.half_width + 0.06, 0.20)
        t = np.clip((side * patch.u - eyes.spacing) / eyes.half_width, -1.2, 1.2)  # -1 inner corner, 1 outer
        arc = 1.0 - t * t
        base = -eyes.tilt * t
        upper, lower = base - above * arc * (1.08 - 0.16 * t), base + below * arc * (1.0 + 0.25 * t)
        opened = cover(np.maximum(upper - patch.v, patch.v - lower), patch.step) * (np.abs(t) < 1.0)

        fold = upper - eyes.crease * (1.15 - 0.35 * t * t)
        canvas.crease(patch, patch.v - fold, 0.020, 0.75 * bump((t / 1.15) ** 2) ** 0.5)
        canvas.darken(patch, 0.10 * (smooth((patch.v - fold) / 0.02) * (patch.v < upper) * (np.abs(t) < 1.0)))
        _eyeball(canvas, patch, person, side * eyes.spacing, opened, shot)
        under_lid = np.maximum(patch.v - upper, 0.0) / 0.05
        canvas.darken(patch, 0.42 * opened * np.maximum(1.0 - under_lid, 0.0))
        canvas.shade[patch.area] *= 1.0 - opened + opened * 1.08
        _lashes(canvas, patch, person, t, upper, lower)


def _eyeball(canvas: Canvas, patch: Patch, person: Person, centre: float, alpha: FloatArray, shot: Shot) -> None:
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
    canvas.level(patch, 0.5 - 0.6 * away * away, alpha)


def _lashes(canvas: Canvas, patch: Patch, person: Person, t: FloatArray, upper: FloatArray, lower: FloatArray) -> None:
    look = person.eyes.lashes
    dark = mix((0.012, 0.010, 0.010), person.skin, 0.12 * (1.0 - look))
    width = max(0.010 + 0.007 * look, 0.55 * patch.step)
    fade = smooth((1.06 - np.abs(t)) / 0.10)
    line = np.abs(patch.v - upper + 0.3 * width) - width * (0.75 + 0.35 * t)
    canvas.paint(patch, dark, (0.62 + 0.3 * look) * fade * cover(line, 1.3 * patch.step))
    below = np.abs(patch.v - lower) - 0.006
    rim = mix(person.skin, dark, 0.55 + 0.25 * look)
    canvas.paint(patch, rim, (0.40 + 0.25 * look) * fade * cover(below, 1.5 * patch.step))
    tear = bump(((t + 0.93) / 0.16) ** 2) * bump(((patch.v - person.eyes.tilt) / 0.028) ** 2)
    canvas.paint(patch, (0.52, 0.22, 0.20), 0.7 * tear)


def draw_nose(canvas: Canvas, grid: Grid, person: Person, au: Expression, light: Light) -> None:
    """Bridge, tip, wings, nostrils and the shadow below; 9 pulls the nose up and widens it."""
    nose = person.nose
    tip = nose.tip - 0.028 * au(9)
    width = nose.width * (1.0 + 0.16 * au(9) + 0.07 * au(12))
    patch = grid.box(-0.30, 0.30, -0.26, tip + 0.14)
    along = smooth((patch.v + 0.26) / (tip + 0.26))
    end = smooth((tip + 0.11 - patch.v) / 0.17)
    breadth = nose.bridge + 0.085 + 0.075 * along
    canvas.lift(patch, nose.height * (0.06 * along + 0.94 * along**1.3) * end * bump((patch.u / breadth) ** 2))
    canvas.swell(grid, (0.0, tip - 0.035), (1.05 * nose.width, 0.12), 0.060)
    for side in SIDES:
        wing = tip + 0.016
        canvas.swell(grid, (side * width * 0.80, wing), (0.075, 0.072), 0.055)
        patch = grid.around(side * width, wing, 0.09, 0.09)
        du, dv = (side * patch.u - width * 0.74) / 1.0, patch.v - wing
        ring = np.sqrt(du * du + dv * dv) - 0.060
        canvas.crease(patch, ring, 0.026, 0.50 * smooth((du + 0.01) / 0.03) * smooth((dv + 0.07) / 0.05))
        nostril = (side * width * 0.44, tip + 0.040)
        patch = grid.around(*nostril, 0.045, 0.026)
        dark = mix(person.skin, (0.03, 0.01, 0.01), 0.85)
        canvas.paint(patch, dark, np.minimum(1.6 * hill(patch.u, patch.v, nostril, (0.045, 0.024)), 0.85))
    canvas.shadow(grid, (-0.05 * light.direction[0], tip + 0.085), (0.19, 0.075), 0.30)
    spot = grid.around(0.0, tip - 0.05, 0.05, 0.06)
    canvas.shine(spot, hill(spot.u, spot.v, (0.0, tip - 0.05), (0.05, 0.06)), 0.28)


@dataclass(frozen=True)
class MouthLine:
    """The lips: middle, half width, corners' height, how far they part, and their fullness."""

    v: float
    half_width: float
    corners: tuple[float, float]
    part_up: float
    part_down: float
    square: float
    upper: float
    lower: float
    bow: float

    def curves(self, u: FloatArray) -> tuple[FloatArray, ...]:
        """Position across (-1..1), then heights of upper edge, upper inner edge, lower inner edge, lower edge."""
        t = np.clip(u / self.half_width, -1.15, 1.15)
        t2 = t * t
        arc = np.maximum(1.0 - t2, 0.0)
        seam = self.v + np.where(t < 0, self.corners[0], self.corners[1]) * t2
        wide = arc * (1.0 + self.square * t2)
        inner_up, inner_down = seam - self.part_up * wide, seam + self.part_down * wide
        bow = 1.0 - self.bow * bump(t2 / 0.05) + 0.5 * self.bow * bump((np.abs(t) - 0.30) ** 2 / 0.09)
        lips_up = inner_up - self.upper * arc * bow
        return t, lips_up, inner_up, inner_down, inner_down + self.lower * arc * (1.0 + 0.35 * t2)


def jaw_drop(au: Expression) -> float:
    """Return the distance by which the chin sinks."""
    return 0.15 * au(26)


def mouth_line(person: Person, au: Expression) -> MouthLine:
    """The lips: 12 pulls the corners up, 15 down, 20 apart; 23 tightens, 16 lowers the lower lip, 26 opens."""
    m = person.mouth
    smile, frown, stretch, tight = au(12), au(15), au(20), au(23)
    parting = 0.5 * au(25) * min(smile * 1.6, 1.0)
    up = 0.050 * parting + 0.045 * au(26) + 0.006 * stretch
    down = 0.085 * parting + 0.220 * au(26) + 0.060 * au(16) + 0.022 * stretch
    width = m.half_width * (1.0 + 0.28 * smile + 0.22 * stretch - 0.16 * tight - 0.22 * au(26) - 0.04 * frown)
    thin = 1.0 - 0.25 * smile - 0.60 * tight - 0.15 * stretch - 0.10 * au(26)
    left, right = (
        m.droop - 0.130 * au(12, side) + 0.110 * au(15, side) + 0.020 * au(20, side) + 0.03 * au(26) for side in SIDES
    )
    return MouthLine(
        v=m.height - 0.022 * au(9) - 0.024 * frown + 0.012 * smile,
        half_width=width,
        corners=(left, right),
        part_up=max(up, 0.0),
        part_down=max(down, 0.0),
        square=min(0.9 * stretch + 0.8 * au(16) + 0.3 * smile + 0.8 * au(26), 1.0),
        upper=m.upper * max(thin - 0.25 * au(9), 0.25),
        lower=m.lower * max(thin, 0.30),
        bow=m.bow * max(1.0 - smile - 0.5 * stretch, 0.0),
    )


def draw_mouth(canvas: Canvas, grid: Grid, person: Person, au: Expression, mouth: MouthLine) -> None:
    """Paint the lips, the skin around them and what shows between them."""
    reach = 0.14 + mouth.part_down + max(np.abs(mouth.corners))
    patch = grid.around(0.0, mouth.v + mouth.part_down / 2, mouth.half_width * 1.12, reach)
    t, top, inner_up, inner_down, bottom = mouth.curves(patch.u)

    middle = bump((t / 0.85) ** 2)
    canvas.darken(patch, 0.34 * middle * bump(((patch.v - bottom - 0.030) / 0.050) ** 2))
    canvas.lift(patch, 0.02 * middle * bump(((patch.v - top + 0.02) / 0.05) ** 2))
    philtrum = bump((patch.u / 0.045) ** 2) * bump(((patch.v - top + 0.05) / 0.06) ** 2)
    canvas.lift(patch, -0.012 * philtrum)
    canvas.darken(patch, 0.08 * philtrum)

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

    within = smooth((1.0 - np.abs(t)) / 0.08)
    gap = cover(np.maximum(inner_up - patch.v, patch.v - inner_down), patch.step) * within
    seam = bump(((patch.v - (inner_up + inner_down) / 2) / max(0.014, 0.9 * patch.step)) ** 2) * within
    canvas.paint(patch, scaled(person.mouth.colour, 0.16), 0.72 * seam)
    opened = mouth.part_up + mouth.part_down
    if opened < 0.01:
        return
    canvas.paint(patch, CAVITY, gap)
    canvas.shine(patch, gap, 0.0)
    tongue = max(opened - 0.07, 0.0) * 0.75
    if tongue > 0.0:
        shape = bump((patch.u / 0.17) ** 2 + ((patch.v - inner_down) / tongue) ** 2)
        canvas.paint(patch, TONGUE, np.minimum(1.5 * shape, 0.85) * gap)
    _teeth(canvas, patch, person, au, gap, (t, inner_up, inner_down), opened)
    canvas.level(patch, 0.52, gap)


def _teeth(
    canvas: Canvas,
    patch: Patch,
    person: Person,
    au: Expression,
    gap: FloatArray,
    lines: tuple[FloatArray, FloatArray, FloatArray],
    opened: float,
) -> None:
    """The upper row, the lower row where 16 or 20 bares it, and the lip's shadow on them."""
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
