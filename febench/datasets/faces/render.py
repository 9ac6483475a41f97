"""One photograph: layers from the back to the front, then the camera."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, gaussian_filter1d

from febench.datasets.faces.anatomy import jaw_drop, mouth_line
from febench.datasets.faces.arrays import FloatArray, cover
from febench.datasets.faces.body import backdrop, draw_body, draw_ears
from febench.datasets.faces.brows import draw_brows
from febench.datasets.faces.canvas import light_up, new_canvas
from febench.datasets.faces.expression import Expression
from febench.datasets.faces.eyes import draw_eyes
from febench.datasets.faces.glasses import draw_glasses
from febench.datasets.faces.grid import Grid, face_grid, flat_grid
from febench.datasets.faces.hair import LENGTHS, HairLayers, draw_beard, draw_hair
from febench.datasets.faces.identity import Person
from febench.datasets.faces.mouth import draw_mouth
from febench.datasets.faces.nose import draw_nose
from febench.datasets.faces.seeding import Rng
from febench.datasets.faces.shot import Shot
from febench.datasets.faces.skin import fold_face, shape_face, tint_face
from febench.datasets.faces.skull import bare_relief, edge_distance, head_field

SPOT = 2.0
"""Size of the spots of mottle, in pixels of a picture of 128."""


def photograph(
    person: Person, texture: FloatArray, au: Expression, shot: Shot, size: int, grain: Rng
) -> NDArray[np.uint8]:
    """One picture of one person, (size, size, 3) RGB."""
    flat = flat_grid(size, shot)
    grid = face_grid(flat, shot, person.nose.height)
    picture = backdrop(flat, shot)
    hair = draw_hair(grid, person, shot.light)
    picture += hair.behind * (0.45 * hair.picture - picture)
    body, body_cover, rows = draw_body(flat, person, shot.light)
    picture[:, rows] += body_cover * (body - picture[:, rows])
    head, head_cover = _draw_head(grid, person, texture, au, shot, hair)
    picture += head_cover * (head - picture)
    picture += hair.front * (hair.picture - picture)
    if person.glasses:
        draw_glasses(picture, grid, person)
    return _develop(picture, shot, grain)


def _draw_head(
    grid: Grid, person: Person, texture: FloatArray, au: Expression, shot: Shot, hair: HairLayers
) -> tuple[FloatArray, FloatArray]:
    canvas = new_canvas(grid.u.shape, person.skin)
    patch = grid.whole()
    field = head_field(patch, person.head, jaw_drop(au))
    canvas.relief[:] = bare_relief(field)
    mouth = mouth_line(person, au)
    face_cover = cover(edge_distance(field, grid.step), grid.step)
    bare = person.hair.style not in LENGTHS
    ears = draw_ears(canvas, patch, person) if bare else np.zeros_like(face_cover)
    canvas.relief[:] = np.where(face_cover > 0.5, bare_relief(field), canvas.relief)
    tint_face(canvas, grid, person, texture)
    shape_face(canvas, grid, person, au)
    draw_nose(canvas, grid, person, au, shot.light)
    draw_beard(canvas, grid, person, au, mouth)
    fold_face(canvas, grid, person, au, mouth)
    draw_eyes(canvas, grid, person, au, shot)
    draw_brows(canvas, grid, person, au)
    draw_mouth(canvas, grid, person, au, mouth)
    _hair_shadow(canvas.shade, hair, size=max(1, round(0.035 / grid.step)))
    return light_up(canvas, grid.step, shot.light), np.maximum(face_cover, ears)


def _hair_shadow(shade: FloatArray, hair: HairLayers, size: int) -> None:
    fallen = gaussian_filter1d(np.roll(hair.front, size, axis=0), float(size), axis=0)
    shade *= 1.0 - 0.32 * fallen


def _noise(shot: Shot, size: int, grain: Rng) -> FloatArray:
    """Noise of the sensor, and the mottle that compression makes of it."""
    fine, coarse = grain.standard_normal((2, size, size))
    sigma = SPOT * size / 128.0
    coarse = 2.0 * np.sqrt(np.pi) * sigma * gaussian_filter(coarse, sigma, truncate=2.5)
    return np.asarray(shot.noise * fine + shot.mottle * coarse)


def _develop(picture: FloatArray, shot: Shot, grain: Rng) -> NDArray[np.uint8]:
    size = picture.shape[1]
    tone = np.sqrt(np.maximum(picture * shot.exposure, 0.0))
    tone = 0.5 + (tone - 0.5) * shot.contrast
    tone -= 0.45 * np.maximum(tone - 0.68, 0.0) ** 2
    sigma = shot.blur * size / 128.0
    if sigma > 0.15:
        tone = gaussian_filter(tone, (0.0, sigma, sigma), truncate=3.0)
    tone += _noise(shot, size, grain)
    return np.clip(np.rint(tone * 255.0), 0.0, 255.0).astype(np.uint8).transpose(1, 2, 0)
