"""Hair on the head and on the chin."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from febench.datasets.faces.canvas import Canvas, Grid, Patch, light_up, new_canvas
from febench.datasets.faces.expression import Expression
from febench.datasets.faces.features import MouthLine, jaw_drop
from febench.datasets.faces.head import edge_distance, head_field
from febench.datasets.faces.identity import Person
from febench.datasets.faces.numeric import FloatArray, bump, cover, hill, scaled, smooth
from febench.datasets.faces.shot import Light

LENGTHS = {"long": 2.4, "wavy": 2.4, "fringe": 1.45, "bob": 0.92}
"""Where hair that hides the ears ends."""

TEMPLES = {"crew": 0.5, "receding": 0.6, "curly": 2.2}
"""Distance of hair from the temples, relative to other styles."""

BEARDS = {"stubble": 0.26, "moustache": 0.84, "goatee": 0.84, "full": 0.84}
"""Share of the skin that a beard hides."""


@dataclass(frozen=True)
class HairLayers:
    """Lit hair, and how far it covers each pixel behind and in front of the head."""

    picture: FloatArray
    behind: FloatArray
    front: FloatArray


def draw_hair(grid: Grid, person: Person, light: Light) -> HairLayers:
    """The hair of a person: strands within an outline, thinner towards the ears where it is short."""
    patch, hair = grid.whole(), person.hair
    top = hair.volume * (1.0 + hair.parting * patch.u) * (0.5 if hair.style in ("crew", "receding", "bun") else 1.0)
    side = hair.volume if hair.style in LENGTHS else 0.025 * TEMPLES.get(hair.style, 1.0)
    grow = np.asarray(side + (top - side) * smooth((-0.30 - patch.v) / 0.55))
    field = head_field(patch, person.head, 0.0, grow)
    strands = _strands(patch, person, field)
    outline = _outline(patch, person, field, grow) + 0.006 * strands
    face = _face_edge(patch, person) + 0.010 * strands

    thin = np.ones_like(patch.v)
    if hair.style not in LENGTHS:
        thin = smooth((0.16 - patch.v) / 0.30)
    if hair.style == "receding":
        thin *= 0.75 * smooth((np.abs(patch.u) - 0.30) / 0.35 + 0.5 * smooth(-(patch.v + 0.98) / 0.2))
    behind = cover(outline, 1.8 * patch.step) * thin
    front = cover(outline, 2.2 * patch.step) * smooth(0.5 - face / max(0.07, 2.0 * patch.step)) * thin

    canvas = new_canvas(patch.u.shape, hair.colour)
    ring = bump(((patch.v + 0.62 + 0.35 * patch.u**2) / 0.34) ** 2)
    canvas.colour[:] *= (1.0 + 0.26 * strands) * (0.86 + 0.30 * ring)
    canvas.relief[:] = 0.5 * np.sqrt(np.maximum(1.05 - np.minimum(field, 1.0), 0.0)) + 0.004 * strands
    canvas.gloss[:] = (0.03 + 0.09 * np.maximum(strands, 0.0)) * (0.4 + ring)
    canvas.shade[:] = 0.62 + 0.38 * smooth((0.35 - patch.v) / 1.1)
    return HairLayers(light_up(canvas, patch.step, light), behind, front)


def _strands(patch: Patch, person: Person, field: FloatArray) -> FloatArray:
    """Light and dark locks, between -1 and 1: parallel to the outline, or fanning out from the crown."""
    hair = person.hair
    w = hair.waves
    if hair.style == "curly":
        across = np.sin(23.0 * patch.u + 3.0 * np.sin(9.0 * patch.v + 6.0 * w[5]))
        return np.asarray(across * np.sin(24.0 * patch.v + 3.0 * np.sin(8.0 * patch.u)))
    if hair.style in ("long", "wavy", "bob"):
        side = np.where(patch.u > hair.parting, 1.0, -1.0)
        across = side * np.where(patch.v < 0.0, np.sqrt(field), np.abs(patch.u) / 0.8 + 0.1 * patch.v)
    else:
        spread = 0.30 + 0.70 * np.sqrt(np.clip((patch.v + 1.3) / 1.3, 0.0, 1.2))
        across = (patch.u - 0.5 * hair.parting * (patch.v + 0.5)) / spread
    a = across + 0.03 * np.sin(4.0 * patch.v + 6.0 * w[6])
    coarse = np.sin(17.0 * a + 6.0 * w[7]) + np.sin(29.0 * a + 6.0 * w[8] + np.sin(3.0 * patch.v))
    return np.asarray(0.28 * coarse + 0.26 * np.sin(53.0 * a + 6.0 * w[9]) + 0.18 * np.sin(91.0 * a + 6.0 * w[10]))


def _outline(patch: Patch, person: Person, field: FloatArray, grow: FloatArray) -> FloatArray:
    """Negative inside the silhouette of the hair."""
    hair, head = person.hair, person.head
    skull = edge_distance(field, patch.step)
    if hair.style == "curly":
        return np.asarray(skull + 0.018 * np.sin(21.0 * patch.u + 6.0 * hair.waves[0]) * np.sin(18.0 * patch.v))
    if hair.style not in LENGTHS:
        return skull
    v = patch.v
    swing = (0.035 if hair.style == "wavy" else 0.008) * np.sin(9.0 * v + 6.0 * hair.waves[1])
    side = head.width + grow + head.cheekbones * bump((v - 0.22) ** 2 / 0.16) + swing * smooth(v)
    inward = 1.3 * np.maximum(v - LENGTHS[hair.style] + 0.35, 0.0) ** 2
    ends = v - LENGTHS[hair.style] + 0.25 * patch.u**2
    return np.where(v < 0.0, skull, np.maximum(np.abs(patch.u) - side + inward, ends))


def _face_edge(patch: Patch, person: Person) -> FloatArray:
    """Negative where hair lies before the head, positive where the face is free."""
    hair, width = person.hair, person.head.width
    if hair.style == "fringe":
        ragged = 0.016 * np.sin(23.0 * patch.u + 6.0 * hair.waves[2]) + 0.010 * np.sin(57.0 * patch.u)
        line = -0.47 + ragged + 0.25 * patch.u**2
    elif hair.style in LENGTHS:  # falls to both sides of a parting
        away = patch.u - hair.parting
        away = np.abs(away) / (width - np.sign(away) * hair.parting)
        line = hair.hairline - 0.04 + (0.12 - hair.hairline) * np.minimum(away, 1.1) ** (2.0 + hair.waves[2])
    else:
        across = np.abs(patch.u) / width
        corners = 0.04 + 0.07 * person.age if person.masculine else 0.0
        if hair.style == "receding":
            corners += 0.22
        line = hair.hairline + (0.08 - hair.hairline) * (across / 0.94) ** (7.0 if person.masculine else 3.2)
        line = line - corners * bump((across - 0.52) ** 2 / 0.10) + 0.10 * hair.parting * patch.u
    distance = 0.8 * (patch.v - line)
    if hair.style not in LENGTHS:
        return np.asarray(distance)
    inner = width * (0.93 - 0.05 * np.clip(patch.v, 0.0, 1.0)) + 0.6 * smooth(-0.05 - patch.v)
    return np.asarray(np.minimum(distance, inner - np.abs(patch.u)))


def draw_beard(canvas: Canvas, grid: Grid, person: Person, au: Expression, mouth: MouthLine) -> None:
    """Stubble, moustache or beard, under the lips that are painted later."""
    if person.beard == "none":
        return
    patch = grid.box(-0.9, 0.9, -0.1, 1.5)

    t, top = mouth.curves(patch.u)[:2]
    root = person.nose.tip + 0.075
    upper = root + (top - root - 0.02) * np.abs(t) ** 1.5
    inside = smooth((patch.v - upper) / 0.07 + 0.3) * smooth((top + 0.02 - patch.v) / 0.04)
    parted = 1.0 - 0.45 * bump((patch.u / 0.045) ** 2)
    area = inside * parted * smooth((1.15 - np.abs(t)) / 0.25)

    if person.beard == "goatee":
        middle = (mouth.v + mouth.part_down + person.head.chin + jaw_drop(au)) / 2 + 0.08
        chin = np.minimum(1.6 * hill(patch.u, patch.v, (0.0, middle), (0.34, 0.32)), 1.0)
        area = np.maximum(area, chin)
    elif person.beard != "moustache":
        across = np.abs(patch.u) / person.head.width
        below = smooth((patch.v - mouth.v - 0.04 + 0.12 * across**2 + 0.60 * across**6) / 0.20)
        lip = (patch.u / (mouth.half_width * 1.15)) ** 2 + ((patch.v - mouth.v - mouth.part_down / 2) / 0.15) ** 2
        bare = np.minimum(2.0 * bump(lip), 1.0) * (patch.v < mouth.v + 0.1 + mouth.part_down)
        area = np.maximum(area, below * (1.0 - bare))

    grain = 0.95 + 0.05 * np.sin(83.0 * patch.u + 31.0 * patch.v) * np.sin(97.0 * patch.v - 29.0 * patch.u)
    canvas.paint(patch, scaled(person.hair.colour, 0.62), BEARDS[person.beard] * area * grain)
    if person.beard != "stubble":
        canvas.lift(patch, 0.03 * area)
