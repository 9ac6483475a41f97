"""The canvas: face coordinates of every pixel, and its colour, relief, shadow and gloss, lit at the end."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from febench.datasets.faces.numeric import Colour, FloatArray, bump, hill
from febench.datasets.faces.shot import Light, Shot

Area = tuple[slice, slice]
Extremes = tuple[FloatArray, FloatArray]
Pair = tuple[float, float]

SIDES = (-1, 1)
"""The halves of a face: left and right in the picture."""


@dataclass(frozen=True)
class Patch:
    """A rectangle of pixels with their face coordinates; `step` is a pixel's width in face units."""

    area: Area
    u: FloatArray
    v: FloatArray
    step: float


@dataclass(frozen=True)
class Grid:
    """Face coordinates of every pixel."""

    u: FloatArray
    v: FloatArray
    step: float

    def box(self, left: float, right: float, top: float, bottom: float) -> Patch:
        """The smallest rectangle of pixels that holds a box in face coordinates."""
        rows = _span(self._down, top, bottom)
        cols = _span(self._across, left, right)
        return Patch((rows, cols), self.u[rows, cols], self.v[rows, cols], self.step)

    @cached_property
    def _down(self) -> Extremes:
        return self.v.min(axis=1), self.v.max(axis=1)

    @cached_property
    def _across(self) -> Extremes:
        return self.u.min(axis=0), self.u.max(axis=0)

    def around(self, u: float, v: float, ru: float, rv: float) -> Patch:
        """The rectangle about a point."""
        return self.box(u - ru, u + ru, v - rv, v + rv)

    def whole(self) -> Patch:
        """Every pixel."""
        return Patch((slice(None), slice(None)), self.u, self.v, self.step)


def flat_grid(size: int, shot: Shot) -> Grid:
    """Return coordinates for the body, which does not turn with the head."""
    line = (np.arange(size) + 0.5) * (2.0 / size) - 1.0
    x = (line[None, :] - shot.shift[0]) / shot.scale
    y = (line[:, None] - shot.shift[1] + 0.105) / shot.scale
    step = 2.0 / size / shot.scale
    return Grid(np.repeat(x, size, axis=0), np.repeat(y, size, axis=1), step)


def face_grid(flat: Grid, shot: Shot, nose: float) -> Grid:
    """Coordinates on the head: turned in the plane, then about the neck, with the nose standing out."""
    pivot = 0.6
    c, s = float(np.cos(shot.roll)), float(np.sin(shot.roll))
    x, y = flat.u, flat.v - pivot
    u, v = c * x + s * y, c * y - s * x + pivot
    depth = 0.85 * np.maximum(1.0 - (u / 1.0) ** 2 - ((v - 0.1) / 1.5) ** 2, 0.0)
    depth += nose * hill(u, v, (0.0, nose + 0.22), (0.22, 0.36))
    return Grid(u - float(np.sin(shot.yaw)) * depth, v - float(np.sin(shot.pitch)) * (depth - 0.5), flat.step)


def _span(extremes: Extremes, low: float, high: float) -> slice:
    lowest, highest = extremes
    hit = np.flatnonzero((highest >= low) & (lowest <= high))
    return slice(int(hit[0]), int(hit[-1]) + 1) if len(hit) else slice(0, 0)


@dataclass(frozen=True)
class Canvas:
    """Layers of the head; the arrays are painted in place."""

    colour: FloatArray
    relief: FloatArray
    shade: FloatArray
    gloss: FloatArray

    def paint(self, patch: Patch, colour: Colour, alpha: FloatArray) -> None:
        """Lay a colour over a patch."""
        blend(self.colour, patch, colour, alpha)

    def darken(self, patch: Patch, amount: FloatArray) -> None:
        """Take a share of the light away: hollows, cast shadows."""
        self.shade[patch.area] *= 1.0 - amount

    def lift(self, patch: Patch, height: FloatArray) -> None:
        """Raise (or, negative, sink) the surface."""
        self.relief[patch.area] += height

    def level(self, patch: Patch, height: FloatArray | float, alpha: FloatArray) -> None:
        """Bring the surface to a height."""
        level = self.relief[patch.area]
        level += alpha * (height - level)

    def shine(self, patch: Patch, alpha: FloatArray, gloss: float) -> None:
        """Set the gloss of a patch."""
        layer = self.gloss[patch.area]
        layer += alpha * (gloss - layer)

    def crease(self, patch: Patch, offset: FloatArray, width: float, strength: FloatArray | float) -> None:
        """A fold of the skin along the line where `offset` is zero."""
        width = max(width, 1.1 * patch.step)
        groove = bump((offset / width) ** 2) * strength
        self.lift(patch, -0.016 * groove)
        self.darken(patch, np.minimum(0.42 * groove, 0.6))

    def swell(self, grid: Grid, centre: Pair, radii: Pair, height: float) -> None:
        """A hill (or hollow) of the face."""
        patch = grid.around(*centre, *radii)
        self.lift(patch, height * hill(patch.u, patch.v, centre, radii))

    def shadow(self, grid: Grid, centre: Pair, radii: Pair, depth: float) -> None:
        """A soft dark spot."""
        patch = grid.around(*centre, *radii)
        self.darken(patch, depth * hill(patch.u, patch.v, centre, radii))


def new_canvas(shape: tuple[int, ...], colour: Colour) -> Canvas:
    """An even canvas of one colour."""
    skin = np.empty((3, *shape))
    skin[:] = np.array(colour)[:, None, None]
    return Canvas(skin, np.zeros(shape), np.ones(shape), np.full(shape, 0.10))


def blend(picture: FloatArray, patch: Patch, colour: Colour, alpha: FloatArray) -> None:
    """Lay a colour over a patch of a (3, height, width) picture."""
    for channel, value in zip(picture, colour, strict=True):
        part = channel[patch.area]
        part += alpha * (value - part)


def light_up(canvas: Canvas, step: float, light: Light) -> FloatArray:
    """The canvas as the camera sees it, in linear light; shadows are a little redder, as skin has them."""
    gy, gx = np.gradient(canvas.relief, step)
    nz = 1.0 / np.sqrt(1.0 + gx * gx + gy * gy)
    nx, ny = -gx * nz, -gy * nz
    lx, ly, lz = light.direction
    facing = nx * lx + ny * ly + nz * lz
    key = np.maximum(facing * 0.8 + 0.2, 0.0) * canvas.shade
    total = light.key * key + light.ambient * canvas.shade * (0.75 + 0.25 * nz)
    gleam = np.maximum(nx * lx / 2 + ny * ly / 2 + nz * (lz + 1.0) / 2, 0.0)
    for _ in range(4):
        gleam = gleam * gleam
    lack = np.clip(1.0 - total, 0.0, 1.0)
    picture = canvas.colour * total
    picture[0] *= 1.0 + light.warmth + 0.18 * lack
    picture[1] *= 1.0 - 0.06 * lack
    picture[2] *= 1.0 - light.warmth - 0.10 * lack
    return np.asarray(picture + canvas.gloss * gleam * canvas.shade)
