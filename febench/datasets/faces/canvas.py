"""What is painted on: colour, relief, shadow and gloss of every pixel, lit at the end."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from febench.datasets.faces.arrays import Colour, FloatArray
from febench.datasets.faces.grid import Patch
from febench.datasets.faces.shot import Light


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

    def shine(self, patch: Patch, alpha: FloatArray, gloss: float) -> None:
        """Set how much a patch gleams."""
        layer = self.gloss[patch.area]
        layer += alpha * (gloss - layer)


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
    """The canvas as the camera sees it, in linear light."""
    nx, ny, nz = _normals(canvas.relief, step)
    lx, ly, lz = light.direction
    facing = nx * lx + ny * ly + nz * lz
    key = np.maximum(facing * 0.8 + 0.2, 0.0) * canvas.shade
    total = light.key * key + light.ambient * canvas.shade * (0.75 + 0.25 * nz)
    gleam = canvas.gloss * _power16(nx * lx / 2 + ny * ly / 2 + nz * (lz + 1.0) / 2) * canvas.shade
    return tinted(canvas.colour, total, light.warmth) + gleam


def tinted(colour: FloatArray, total: FloatArray, warmth: float) -> FloatArray:
    """Colour times light, with shadows a little redder than the light, as skin has them."""
    lack = np.clip(1.0 - total, 0.0, 1.0)
    out = colour * total
    out[0] *= 1.0 + warmth + 0.18 * lack
    out[1] *= 1.0 - 0.06 * lack
    out[2] *= 1.0 - warmth - 0.10 * lack
    return out


def _normals(relief: FloatArray, step: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    gy, gx = np.gradient(relief, step)
    nz = 1.0 / np.sqrt(1.0 + gx * gx + gy * gy)
    return -gx * nz, -gy * nz, nz


def _power16(x: FloatArray) -> FloatArray:
    y = np.maximum(x, 0.0)
    for _ in range(4):
        y = y * y
    return y
