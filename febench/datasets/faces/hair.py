"""Hair on the head and on the chin."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from febench.datasets.faces.anatomy import MouthLine, jaw_drop
from febench.datasets.faces.arrays import FloatArray, bump, cover, hill, scaled, smooth
from febench.datasets.faces.canvas import Canvas, light_up, new_canvas
from febench.datasets.faces.expression import Expression
from febench.datasets.faces.grid import Grid, Patch
from febench.datasets.faces.identity import Hair, Person
from febench.datasets.faces.shot import Light
from febench.datasets.faces.skull import edge_distance, head_field

LENGTHS = {"long": 1.7, "fringe": 1.35, "bob": 0.86}
GROWTH = {"crew": 0.45, "bun": 0.45, "curly": 1.9}


@dataclass(frozen=True)
class HairLayers:
    """Lit hair, and how far it covers each pixel behind and in front of the head."""

    picture: FloatArray
    behind: FloatArray
    front: FloatArray


def draw_hair(grid: Grid, person: Person, light: Light) -> HairLayers | None:
    """The hair of a person, or None for a bald one."""
    hair = person.hair
    if hair.style == "bald":
        return None
    patch = grid.whole()
    grow: FloatArray | float = hair.volume * GROWTH.get(hair.style, 1.0)
    if hair.style not in LENGTHS:
        grow = grow * (1.0 - (0.45 if hair.style == "curly" else 0.75) * smooth((patch.v + 0.75) / 0.75))
    field = head_field(patch, person.head, 0.0, grow)
    outer = _outer(patch, person, field, grow)
    face = _face_edge(patch, person)
    soft = 1.6 * patch.step
    front = cover(np.maximum(outer, face), 2.2 * patch.step)
    return HairLayers(_lit(grid, hair, field, light), cover(outer, soft), front)


def _outer(patch: Patch, person: Person, field: FloatArray, grow: FloatArray | float) -> FloatArray:
    hair, head = person.hair, person.head
    skull = edge_distance(field, patch.step)
    if hair.style == "curly":
        skull = skull + 0.02 * np.sin(19.0 * patch.u + 6.0 * hair.waves[0]) * np.sin(17.0 * patch.v)
    if hair.style == "bun":
        knot = (0.10 * hair.parting, head.top - 0.13)
        skull = np.minimum(skull, np.sqrt((patch.u - knot[0]) ** 2 + (patch.v - knot[1]) ** 2) - 0.20)
    length = LENGTHS.get(hair.style)
    if length is None:
        return np.maximum(skull, 0.8 * (patch.v - 0.10 - 0.3 * (np.abs(patch.u) - head.width)))
    wave = np.minimum(patch.v, 1.0) * (0.04 + 0.03 * np.sin(7.0 * patch.v + 6.0 * hair.waves[1]))
    side = head.width + grow + head.cheekbones * bump((patch.v - 0.22) ** 2 / 0.16) + wave
    inward = 1.6 * np.maximum(patch.v - length + 0.30, 0.0) ** 2
    curtain = np.maximum(np.abs(patch.u) - side + inward, patch.v - length)
    return np.where(patch.v < 0.0, skull, curtain)


def _face_edge(patch: Patch, person: Person) -> FloatArray:
    """Negative where hair lies before the head, positive where the face is free."""
    hair, width = person.hair, person.head.width
    across = np.abs(patch.u) / width
    line = hair.hairline + (0.06 - hair.hairline) * (across / 0.95) ** 6
    if hair.style == "fringe":
        line = np.maximum(line, -0.40 + 0.025 * np.sin(31.0 * patch.u + 6.0 * hair.waves[2]) - 0.12 * across**2)
    elif hair.style in ("parted", "long", "bob"):
        line = line + 0.16 * bump((patch.u - hair.parting - 0.35 * np.sign(hair.parting + 1e-9)) ** 2 / 0.16)
    elif person.masculine:
        line = line - 0.16 * person.age * bump((across - 0.55) ** 2 / 0.09)
    line = line + 0.005 * np.sin(40.0 * patch.u + 6.0 * hair.waves[3])
    distance = 0.8 * (patch.v - line)
    if hair.style in LENGTHS:
        inner = width * (0.95 - 0.06 * np.clip(patch.v, 0.0, 1.0)) + 0.012 * np.sin(5.0 * patch.v + 6.0 * hair.waves[4])
        distance = np.minimum(distance, np.where(patch.v > -0.2, inner - np.abs(patch.u), 1.0))
    return np.asarray(distance)


def _lit(grid: Grid, hair: Hair, field: FloatArray, light: Light) -> FloatArray:
    canvas = new_canvas(grid.u.shape, hair.colour)
    strands = _strands(grid, hair)
    canvas.colour[:] *= 1.0 + 0.20 * strands
    canvas.relief[:] = 0.5 * np.sqrt(np.maximum(1.05 - np.minimum(field, 1.0), 0.0)) + 0.006 * strands
    canvas.gloss[:] = 0.10 + 0.12 * np.maximum(strands, 0.0)
    canvas.shade[:] = 0.72 + 0.28 * smooth((0.45 - grid.v) / 1.2)
    return light_up(canvas, grid.step, light)


def _strands(grid: Grid, hair: Hair) -> FloatArray:
    u, v, w = grid.u, grid.v, hair.waves
    if hair.style == "curly":
        across = np.sin(23.0 * u + 3.0 * np.sin(9.0 * v + 6.0 * w[5]))
        return np.asarray(across * np.sin(24.0 * v + 3.0 * np.sin(8.0 * u)))
    spread = 0.22 + 0.78 * np.sqrt(np.clip((v + 1.15) / 1.2, 0.0, 1.2))
    a = (u - 0.6 * hair.parting) / spread + 0.04 * np.sin(4.0 * v + 6.0 * w[6])
    return np.asarray(0.45 * np.sin(31.0 * a + 6.0 * w[7]) + 0.55 * np.sin(83.0 * a + 6.0 * w[8]) * np.cos(11.0 * a))


def draw_beard(canvas: Canvas, grid: Grid, person: Person, au: Expression, mouth: MouthLine) -> None:
    """Stubble, moustache or full beard, under the lips that are painted later."""
    if person.beard == "none":
        return
    patch = grid.box(-0.9, 0.9, -0.1, 1.4)
    colour = scaled(person.hair.colour, 0.65)
    grain = 0.94 + 0.06 * np.sin(61.0 * patch.u + 23.0 * patch.v) * np.sin(47.0 * patch.v - 19.0 * patch.u)
    lip = _moustache(patch, person, mouth)
    area = lip if person.beard == "moustache" else np.maximum(lip, _jaw_hair(patch, person, mouth))
    depth = {"stubble": 0.30, "moustache": 0.74, "full": 0.82}[person.beard]
    canvas.paint(patch, colour, depth * area * grain)
    if person.beard == "full":
        canvas.lift(patch, 0.03 * area + 0.006 * area * grain)
    chin = (0.0, person.head.chin - 0.12 + jaw_drop(au))
    if person.beard != "moustache":
        canvas.paint(patch, colour, 0.3 * depth * hill(patch.u, patch.v, chin, (0.2, 0.2)))


def _moustache(patch: Patch, person: Person, mouth: MouthLine) -> FloatArray:
    t, top = mouth.curves(patch.u)[:2]
    upper = person.nose.tip + 0.085 + 0.7 * (top - person.nose.tip - 0.125) * t * t
    inside = smooth((patch.v - upper + 0.02) / 0.07) * smooth((top + 0.015 - patch.v) / 0.03)
    return np.asarray(inside * smooth((1.12 - np.abs(t)) / 0.15))


def _jaw_hair(patch: Patch, person: Person, mouth: MouthLine) -> FloatArray:
    across = np.abs(patch.u) / person.head.width
    line = mouth.v + 0.02 - 0.15 * across**2 - 0.62 * across**6
    below = smooth((patch.v - line) / 0.12)
    bare = bump((patch.u / (mouth.half_width * 1.2)) ** 2 + ((patch.v - mouth.v - mouth.part_down / 2) / 0.16) ** 2)
    return np.asarray(below * (1.0 - np.minimum(2.0 * bare, 1.0) * (patch.v < mouth.v + 0.1)))
