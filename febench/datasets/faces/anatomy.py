"""Where brows, lids and lips lie: a person's features moved by an expression."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from febench.datasets.faces.arrays import FloatArray, bump
from febench.datasets.faces.expression import Expression
from febench.datasets.faces.identity import Person


@dataclass(frozen=True)
class BrowLine:
    """A brow from inner to outer end, in coordinates where the face's middle is at 0 and outwards is positive."""

    start: float
    end: float
    inner: float
    middle: float
    outer: float
    thickness: float

    def place(self, s: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Position along the brow (0 inner end, 1 outer end) and height of its middle line there."""
        t = (s - self.start) / (self.end - self.start)
        c = np.clip(t, -0.1, 1.1)
        peak = 0.62
        left = self.inner + (self.middle - self.inner) * _ease(c / peak)
        right = self.middle + (self.outer - self.middle) * ((c - peak) / (1.0 - peak)) ** 2
        return t, np.where(c < peak, left, right)


@dataclass(frozen=True)
class EyeLine:
    """An eye: its middle, half its width, and how far the lids stand from the middle line."""

    s: float
    v: float
    half_width: float
    above: float
    below: float
    tilt: float

    def lids(self, s: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Position across the eye (-1 inner corner, 1 outer), and heights of the upper and lower lid."""
        t = np.clip((s - self.s) / self.half_width, -1.2, 1.2)
        arc = 1.0 - t * t
        base = self.v - self.tilt * t
        return t, base - self.above * arc * (1.08 - 0.16 * t), base + self.below * arc * (1.0 + 0.25 * t)


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


def brow_line(person: Person, au: Expression, side: int) -> BrowLine:
    """The brow on one side: 1 and 2 raise its ends, 4 lowers and knits it, 9 pulls it down."""
    b = person.brows
    raise_in, raise_out, knit, wrinkle = au(1, side), au(2, side), au(4, side), au(9, side)
    down = 0.085 * knit + 0.045 * wrinkle
    inner = -b.height + b.slope - 0.105 * raise_in - 0.040 * raise_out + down + 0.018 * knit * (1.0 - raise_in)
    middle = -b.height - b.arch - 0.055 * raise_in - 0.080 * raise_out + 0.9 * down
    outer = -b.height + 0.03 - 0.005 * raise_in - 0.090 * raise_out + 0.45 * down
    start = 0.125 - 0.040 * knit - 0.008 * wrinkle
    return BrowLine(start, 0.545, inner, middle, outer, b.thickness)


def eye_line(person: Person, au: Expression, side: int) -> EyeLine:
    """The eye on one side: 5 raises the upper lid, 6 and 7 raise the lower one, 4 and 9 narrow it."""
    e = person.eyes
    above = e.opening + 0.040 * au(5, side) - 0.016 * au(7, side) - 0.014 * au(4, side) - 0.020 * au(9, side)
    above -= 0.012 * au(6, side) + 0.012 * au(15, side) * au(1, side)
    below = 0.72 * e.opening + 0.010 * au(5, side) - 0.020 * au(7, side) - 0.026 * au(6, side) - 0.020 * au(9, side)
    return EyeLine(e.spacing, 0.0, e.half_width, max(above, 0.018), max(below, 0.006), e.tilt)


def jaw_drop(au: Expression) -> float:
    """How far the chin sinks."""
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
    return MouthLine(
        v=m.height - 0.022 * au(9) - 0.024 * frown + 0.012 * smile,
        half_width=width,
        corners=(_corner(m.droop, au, -1), _corner(m.droop, au, 1)),
        part_up=max(up, 0.0),
        part_down=max(down, 0.0),
        square=min(0.9 * stretch + 0.8 * au(16) + 0.3 * smile + 0.8 * au(26), 1.0),
        upper=m.upper * max(thin - 0.25 * au(9), 0.25),
        lower=m.lower * max(thin, 0.30),
        bow=m.bow * max(1.0 - smile - 0.5 * stretch, 0.0),
    )


def _corner(droop: float, au: Expression, side: int) -> float:
    return droop - 0.130 * au(12, side) + 0.110 * au(15, side) + 0.020 * au(20, side) + 0.03 * au(26)


def _ease(x: FloatArray) -> FloatArray:
    y = np.clip(x, -0.2, 1.0)
    return y * (2.0 - y)
