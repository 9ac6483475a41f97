"""The head and what it stands on: outline, skin with its folds, ears, neck and clothes, and spectacles."""

from __future__ import annotations

import numpy as np

from febench.datasets.faces.canvas import SIDES, Canvas, Grid, Patch, blend, light_up, new_canvas
from febench.datasets.faces.expression import Expression
from febench.datasets.faces.features import MouthLine, jaw_drop
from febench.datasets.faces.identity import Head, Person
from febench.datasets.faces.numeric import GRAIN, FloatArray, bump, cover, hill, mix, scaled, smooth, stream
from febench.datasets.faces.shot import Light

ROUGH = 0.040
"""Unevenness of skin, as a share of its colour."""

FRAME = (0.03, 0.025, 0.025)


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


def draw_ears(canvas: Canvas, patch: Patch, person: Person) -> FloatArray:
    """Ears at both sides of the head: relief, colour, and their cover."""
    total = np.zeros_like(patch.u)
    for side in SIDES:
        centre = (side * (person.head.width + 0.025), 0.14)
        tilt = patch.u - side * 0.12 * (0.14 - patch.v)
        radius = np.sqrt(((tilt - centre[0]) / 0.085) ** 2 + ((patch.v - centre[1]) / 0.185) ** 2)
        ear = cover((radius - 1.0) * 0.09, patch.step)
        canvas.paint(patch, mix(person.skin, (person.skin[0], person.skin[1] * 0.5, person.skin[2] * 0.5), 0.35), ear)
        canvas.lift(patch, 0.10 * ear * (1.0 - 0.8 * bump((radius / 0.85) ** 2)))
        canvas.darken(patch, 0.40 * hill(tilt, patch.v, (centre[0] - side * 0.01, 0.15), (0.06, 0.12)))
        total = np.maximum(total, ear)
    return total


def skin_texture(person: Person, seed: int, number: int) -> FloatArray:
    """The unevenness of one person's skin, a tile that repeats."""
    rng = stream(seed, GRAIN, number)
    grain = rng.standard_normal((64, 64))
    spots = np.where(grain > 2.0, -0.28 * person.freckles, 0.0)
    return np.asarray(ROUGH * grain + spots)


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


def shape_face(canvas: Canvas, grid: Grid, person: Person, au: Expression) -> None:
    """Brow ridge and chin, then on both sides sockets and cheeks; 6 and 12 raise the cheeks, 20 and 26 hollow them."""
    ridge = 0.055 if person.masculine else 0.03
    drop = jaw_drop(au)
    canvas.swell(grid, (0.0, -0.18), (0.62, 0.16), ridge)
    canvas.swell(grid, (0.0, person.head.chin - 0.12 + drop), (0.26, 0.20), 0.055 + 0.02 * au(15))
    canvas.shadow(grid, (0.0, 0.885 + 0.7 * drop), (0.22, 0.07), 0.18 + 0.30 * au(15) + 0.26 * au(23))
    for side in SIDES:
        s = side * person.eyes.spacing
        canvas.swell(grid, (s * 0.95, -0.03), (0.27, 0.19), -0.075)
        canvas.swell(grid, (s, 0.0), (0.17, 0.12), 0.045)
        canvas.shadow(grid, (s * 0.62, -0.06), (0.15, 0.16), 0.22 + 0.28 * au(4, side))
        canvas.shadow(grid, (s, -0.09), (0.26, 0.12), 0.12 + 0.30 * au(4, side) + 0.22 * au(9, side))
        raised = 0.6 * au(6, side) + 0.5 * au(12, side)
        hollow = 0.12 + 0.25 * au(26, side) + 0.20 * au(20, side) + 0.10 * au(12, side)
        canvas.swell(grid, (side * 0.40, 0.30 - 0.04 * raised), (0.30, 0.24), 0.05 + 0.075 * raised)
        canvas.shadow(grid, (side * 0.54, 0.62), (0.24, 0.38), hollow)
        canvas.shadow(grid, (side * 0.25, 0.50), (0.14, 0.22), 0.27 * (au(12, side) + au(9, side)))


def fold_middle(canvas: Canvas, grid: Grid, person: Person, au: Expression) -> None:
    """The creases that age or an action unit makes on the forehead, between the brows and on the nose."""
    patch = grid.box(-0.5, 0.5, -0.70, -0.36)
    inner, outer = au(1), au(2)
    spread = 0.22 + 0.22 * min(outer, 1.0)
    strength = (0.55 * inner + 0.5 * outer) * (0.55 + 0.7 * person.age) + 0.80 * max(person.age - 0.35, 0.0)
    fade = bump((patch.u / spread) ** 2)
    for k in range(3):
        line = -0.42 - 0.088 * k - 0.05 * outer - 0.05 * inner * (1.0 - outer) + 0.10 * (outer - 0.4) * patch.u**2
        canvas.crease(patch, patch.v - line, 0.028, strength * (1.0 - 0.2 * k) * fade)

    patch = grid.box(-0.12, 0.12, -0.40, -0.06)
    fade = bump(((patch.v + 0.22) / 0.17) ** 2)
    strength = 0.85 * au(4) + 0.35 * au(9) + 0.60 * max(person.age - 0.4, 0.0)
    for side in SIDES:
        line = side * (0.040 + 0.04 * au(1) * (patch.v + 0.25))
        canvas.crease(patch, patch.u - line, 0.024, strength * fade)

    strength = 0.9 * au(9)
    if strength >= 0.04:
        patch = grid.box(-0.17, 0.17, -0.14, 0.22)
        fade = bump((patch.u / 0.14) ** 2)
        for k in range(3):
            line = -0.06 + 0.065 * k - 0.9 * patch.u**2
            canvas.crease(patch, patch.v - line, 0.022, strength * fade * (1.0 - 0.15 * k))
        for side in SIDES:
            canvas.shadow(grid, (side * 0.14, 0.20), (0.07, 0.16), 0.30 * strength)


def fold_side(canvas: Canvas, grid: Grid, person: Person, au: Expression, mouth: MouthLine, side: int) -> None:
    """The creases of one side: from nose to mouth, under the eye, crow's feet and at the corner of the mouth."""
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
    canvas.crease(patch, offset, 0.042, min(strength * (0.7 + 0.5 * person.age), 1.0) * fade)
    puff = bump(((offset - 0.07) / 0.11) ** 2) * fade
    canvas.lift(patch, 0.028 * (au(12, side) + 0.7 * au(9, side)) * puff)

    s = side * person.eyes.spacing
    patch = grid.around(s, 0.10, 0.21, 0.11)
    t = (patch.u - s) / 0.19
    line = 0.118 - 0.030 * au(6, side) - 0.02 * au(7, side) - 0.022 * au(9, side) - 0.035 * t * t
    strength = 0.16 + 0.55 * au(6, side) + 0.30 * au(7, side) + 0.35 * au(9, side) + 0.50 * person.age
    canvas.crease(patch, patch.v - line, 0.030, strength * bump(t * t))

    strength = 0.75 * au(6, side) * (0.6 + 0.6 * person.age) + 0.5 * max(person.age - 0.4, 0.0)
    if strength >= 0.05:
        s = person.eyes.spacing + person.eyes.half_width + 0.02
        patch = grid.box(min(side * s, side * (s + 0.13)), max(side * s, side * (s + 0.13)), -0.12, 0.14)
        out = side * patch.u - s
        fade = bump(((out - 0.055) / 0.06) ** 2)
        for k in (-1, 0, 1):
            canvas.crease(patch, patch.v - (0.01 + 0.03 * k + 0.45 * k * out), 0.018, strength * fade)

    s = mouth.half_width
    corner = mouth.v + mouth.corners[SIDES.index(side)]
    canvas.shadow(grid, (side * (s + 0.01), corner), (0.055, 0.05), 0.34 + 0.2 * au(12, side))
    strength = 0.75 * au(15, side) + 0.35 * au(20, side) + 0.5 * max(person.age - 0.4, 0.0)
    patch = grid.around(side * (s + 0.05), corner + 0.10, 0.10, 0.14)
    c = (patch.v - corner) / 0.18
    fade = bump((c - 0.45) ** 2 / 0.36)
    canvas.crease(patch, side * patch.u - (s + 0.035 + 0.05 * c), 0.026, strength * fade)


def draw_body(flat: Grid, person: Person, light: Light) -> tuple[FloatArray, FloatArray, slice]:
    """Neck and clothes: picture, cover, and the rows they take."""
    part = flat.box(-9.0, 9.0, 0.55, 9.0)
    patch = Grid(part.u, part.v, flat.step).whole()
    canvas = new_canvas(patch.u.shape, scaled(person.skin, 0.92))

    half = person.head.width * (0.66 if person.masculine else 0.56)
    flare = 1.3 * np.maximum(patch.v - 1.02, 0.0) ** 2
    canvas.lift(patch, 0.6 * np.sqrt(np.maximum(1.02 - np.minimum((patch.u / (half + flare)) ** 2, 1.0), 0.0)))
    canvas.darken(patch, 0.62 * smooth((person.head.chin + 0.32 - patch.v) / 0.36))
    neck = cover(np.abs(patch.u) - half - flare, patch.step)

    reach = np.abs(patch.u)
    shoulder = 1.16 + 0.30 * np.maximum(reach - 0.42, 0.0) ** 1.3 + 0.5 * np.maximum(reach - 1.15, 0.0) ** 2
    depth = (0.12, 0.24, 0.02)[person.collar]
    neckline = 1.18 + depth * (1.0 - np.minimum(reach / 0.42, 1.0) ** (2.0 if person.collar == 0 else 1.0))
    edge = np.maximum(shoulder, neckline) - patch.v
    cloth = cover(edge, 1.2 * patch.step)
    canvas.darken(patch, 0.25 * (1.0 - cloth) * bump(((edge - 0.03) / 0.06) ** 2))
    canvas.paint(patch, person.cloth, cloth)
    canvas.paint(patch, scaled(person.cloth, 1.25), 0.6 * cloth * bump(((edge + 0.04) / 0.025) ** 2))
    canvas.level(patch, 0.45 - 0.30 * reach * reach + 0.012 * np.sin(9.0 * patch.u + 5.0 * patch.v), cloth)
    canvas.shine(patch, cloth, 0.0)
    return light_up(canvas, flat.step, light), np.maximum(neck, cloth), part.area[0]


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
