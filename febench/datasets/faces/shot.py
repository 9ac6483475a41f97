"""Shots: the pose, light, framing, blur, noise and background of one photograph of a face."""

from __future__ import annotations

from dataclasses import dataclass

from febench.datasets.faces.numeric import SHOT, Colour, Rng, bell, between, stream

POSE = 0.085
"""Spread of pose, framing and gaze; 1 is a loose studio, 0 a head in a vice."""

LIGHT = 0.01
"""Spread of light, exposure and backdrop; 1 is a window, 0 one lamp for everybody."""

FRAMING = 1.11
"""Scale of the picture: face units times this fill half of it, as in the crop of a face detector."""

BLUR = 0.8
"""Spread of focus: the most a picture of 128 pixels is blurred beyond the lens's own quarter of a pixel."""

NOISE = 0.015
"""Spread of the sensor's noise, as a share of full scale."""

MOTTLE = 0.015
"""Spread of coarser noise, as compression leaves it."""

WALL = 0.78
"""Brightness of the backdrop, in linear light."""


@dataclass(frozen=True)
class Light:
    """Direction to the key light, its strength against the ambient light, and its warmth."""

    direction: tuple[float, float, float]
    key: float
    ambient: float
    warmth: float

    @classmethod
    def sample(cls, rng: Rng) -> Light:
        """Draw a light: from above, a little to one side."""
        x, y = bell(rng, -0.22, 0.35 * LIGHT), bell(rng, -0.45, 0.15 * LIGHT)
        norm = (x * x + y * y + 1.0) ** 0.5
        key, ambient = bell(rng, 0.76, 0.10 * LIGHT), bell(rng, 0.32, 0.06 * LIGHT)
        return cls((x / norm, y / norm, 1.0 / norm), key, ambient, bell(rng, 0.0, 0.06 * LIGHT))


@dataclass(frozen=True)
class Shot:
    """Camera, light and gaze of one photograph; angles in radians, lengths in face units."""

    yaw: float
    pitch: float
    roll: float
    scale: float
    shift: tuple[float, float]
    gaze: tuple[float, float]
    light: Light
    exposure: float
    contrast: float
    blur: float
    noise: float
    mottle: float
    backdrop: Colour
    gradient: tuple[float, float]


def sample_shot(seed: int, person: int, emotion: int, shot: int) -> Shot:
    """The circumstances of one shot."""
    rng = stream(seed, SHOT, person, emotion, shot, 1)
    return Shot(
        yaw=bell(rng, 0.0, 0.08 * POSE),
        pitch=bell(rng, 0.0, 0.06 * POSE),
        roll=bell(rng, 0.0, 0.04 * POSE),
        scale=FRAMING * bell(rng, 1.0, 0.025 * POSE),
        shift=(bell(rng, 0.0, 0.025 * POSE), bell(rng, 0.0, 0.025 * POSE)),
        gaze=(bell(rng, 0.0, 0.016 * POSE), bell(rng, 0.0, 0.008 * POSE)),
        light=Light.sample(rng),
        exposure=bell(rng, 1.0, 0.12 * LIGHT),
        contrast=bell(rng, 1.0, 0.08 * LIGHT),
        blur=between(rng, 0.25, 0.25 + BLUR),
        noise=between(rng, 0.003, 0.003 + NOISE),
        mottle=between(rng, 0.0, MOTTLE),
        backdrop=_backdrop(rng),
        gradient=(bell(rng, -0.10, 0.15 * LIGHT), bell(rng, -0.12, 0.15 * LIGHT)),
    )


def _backdrop(rng: Rng) -> Colour:
    grey = bell(rng, WALL, 0.14 * LIGHT)
    red, blue = bell(rng, 0.95, 0.06 * LIGHT), bell(rng, 1.08, 0.06 * LIGHT)
    return grey * red, grey, grey * blue
