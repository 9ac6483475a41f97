"""Where every pixel lies on the face: the camera, seen backwards."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from febench.datasets.faces.arrays import FloatArray, hill
from febench.datasets.faces.shot import Shot

Area = tuple[slice, slice]
Extremes = tuple[FloatArray, FloatArray]


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
    """Coordinates of what does not turn with the head: the body."""
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
