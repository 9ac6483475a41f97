"""One photograph, layer by layer from the back to the front, and the collection of all of them in order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, gaussian_filter1d

from febench.datasets.faces.canvas import SIDES, Grid, face_grid, flat_grid, light_up, new_canvas
from febench.datasets.faces.expression import CLASSES, Expression, sample_expression
from febench.datasets.faces.features import draw_brows, draw_eyes, draw_mouth, draw_nose, jaw_drop, mouth_line
from febench.datasets.faces.hair import LENGTHS, HairLayers, draw_beard, draw_hair
from febench.datasets.faces.head import (
    bare_relief,
    draw_body,
    draw_ears,
    draw_glasses,
    edge_distance,
    fold_middle,
    fold_side,
    head_field,
    shape_face,
    skin_texture,
    tint_face,
)
from febench.datasets.faces.identity import Person, sample_person
from febench.datasets.faces.numeric import GRAIN, FloatArray, Rng, cover, stream
from febench.datasets.faces.shot import Shot, sample_shot

SMALLEST = 32
SPOT = 2.0
"""Size of the spots of mottle, in pixels of a picture of 128."""


@dataclass(frozen=True)
class FaceIndex:
    """Labels, people and ids of the pictures, ordered by subject, emotion and shot.

    Attributes
    ----------
    labels
        int64 array (n,), indices into `CLASSES`.
    subjects
        Who is in each picture, such as ``"p01"``.
    ids
        A name for each picture, such as ``"p01-happy-3"``.
    """

    labels: NDArray[np.int64]
    subjects: tuple[str, ...]
    ids: tuple[str, ...]


@dataclass(frozen=True)
class FaceSet(FaceIndex):
    """Drawn faces with their labels.

    Attributes
    ----------
    images
        uint8 array (n, size, size, 3), RGB.
    """

    images: NDArray[np.uint8]


def draw_faces(subjects: int = 20, shots: int = 5, size: int = 128, seed: int = 0) -> FaceSet:
    """Draw the built-in set of synthetic faces.

    Parameters
    ----------
    subjects
        Number of people; a larger number adds people and leaves the others as they are.
    shots
        Pictures of each person and emotion; a larger number adds pictures and leaves the others as they are.
    size
        Width and height in pixels, at least 32.
    seed
        Everything random follows from this number.

    Returns
    -------
    FaceSet
        ``7 * subjects * shots`` pictures, ordered by subject, emotion and shot.

    Raises
    ------
    ValueError
        If a number is too small.
    """
    index = index_faces(subjects, shots)
    images = np.stack(list(draw_pictures(subjects, shots, size, seed)))
    return FaceSet(index.labels, index.subjects, index.ids, images)


def index_faces(subjects: int, shots: int) -> FaceIndex:
    """Labels, people and names of the pictures, without drawing them; arguments as of `draw_faces`."""
    _check("subjects", subjects, 1)
    _check("shots", shots, 1)
    grid = np.indices((subjects, len(CLASSES), shots)).reshape(3, -1)
    names = tuple(f"p{person + 1:02d}" for person in grid[0])
    ids = tuple(f"{who}-{CLASSES[e]}-{shot + 1}" for who, e, shot in zip(names, grid[1], grid[2], strict=True))
    return FaceIndex(grid[1].astype(np.int64), names, ids)


def draw_pictures(subjects: int, shots: int, size: int, seed: int) -> Iterator[NDArray[np.uint8]]:
    """The pictures one by one, uint8 arrays (size, size, 3); arguments and errors as of `draw_faces`."""
    _check("size", size, SMALLEST)
    _check("seed", seed, 0)

    def pictures() -> Iterator[NDArray[np.uint8]]:
        for number in range(subjects):
            person = sample_person(seed, number)
            texture = skin_texture(person, seed, number)
            for emotion in range(len(CLASSES)):
                for shot in range(shots):
                    key = (seed, number, emotion, shot)
                    grain = stream(seed, GRAIN, *key[1:])
                    yield photograph(person, texture, sample_expression(*key), sample_shot(*key), size, grain)

    return pictures()


def _check(name: str, value: int, least: int) -> None:
    if value < least:
        raise ValueError(f"{name} must be at least {least}, not {value}.")


def photograph(
    person: Person, texture: FloatArray, au: Expression, shot: Shot, size: int, grain: Rng
) -> NDArray[np.uint8]:
    """One picture of one person, (size, size, 3) RGB."""
    flat = flat_grid(size, shot)
    grid = face_grid(flat, shot, person.nose.height)
    glow = 1.0 + shot.gradient[0] * flat.u + shot.gradient[1] * flat.v
    picture = np.asarray(np.array(shot.backdrop)[:, None, None] * np.maximum(glow, 0.2))
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
    """The head with its features and the shadow of the hair, lit, and how far it covers each pixel."""
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
    fold_middle(canvas, grid, person, au)
    for side in SIDES:
        fold_side(canvas, grid, person, au, mouth, side)
    draw_eyes(canvas, grid, person, au, shot)
    draw_brows(canvas, grid, person, au)
    draw_mouth(canvas, grid, person, au, mouth)
    reach = max(1, round(0.035 / grid.step))
    shadow = gaussian_filter1d(np.roll(hair.front, reach, axis=0), float(reach), axis=0)
    canvas.shade[:] *= 1.0 - 0.32 * shadow
    return light_up(canvas, grid.step, shot.light), np.maximum(face_cover, ears)


def _develop(picture: FloatArray, shot: Shot, grain: Rng) -> NDArray[np.uint8]:
    """Apply the camera to the light: tone, blur, sensor noise and the mottle of compression."""
    size = picture.shape[1]
    tone: FloatArray = np.sqrt(np.maximum(picture * shot.exposure, 0.0))
    tone = 0.5 + (tone - 0.5) * shot.contrast
    tone -= 0.45 * np.maximum(tone - 0.68, 0.0) ** 2
    blur = shot.blur * size / 128.0
    if blur > 0.15:
        tone = gaussian_filter(tone, (0.0, blur, blur), truncate=3.0)
    fine, coarse = grain.standard_normal((2, size, size))
    spot = SPOT * size / 128.0
    coarse = 2.0 * np.sqrt(np.pi) * spot * gaussian_filter(coarse, spot, truncate=2.5)
    tone += shot.noise * fine + shot.mottle * coarse
    return np.clip(np.rint(tone * 255.0), 0.0, 255.0).astype(np.uint8).transpose(1, 2, 0)
