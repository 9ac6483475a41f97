"""The built-in faces: counts, reproducibility, extension, and that expressions show."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from febench.datasets.faces import CLASSES, FaceSet, draw_faces
from febench.datasets.faces.expression import RECIPES, Expression, sample_expression
from febench.datasets.faces.head import skin_texture
from febench.datasets.faces.identity import sample_person
from febench.datasets.faces.numeric import stream
from febench.datasets.faces.render import photograph
from febench.datasets.faces.shot import sample_shot

TINY_SHA256 = "0c8cd9bf0cf385b04f975d351a89f0adcb847d62532c5817a241c790437f1704"
BROWS, MOUTH = slice(12, 26), slice(46, 62)


@pytest.fixture(scope="module")
def faces() -> FaceSet:
    """Three people, two shots of everything, small."""
    return draw_faces(subjects=3, shots=2, size=64)


def pose(units: dict[int, float]) -> np.ndarray:
    """One person under one camera, moved by some action units."""
    person = sample_person(0, 1)
    shot = sample_shot(0, 1, 4, 0)
    return photograph(person, skin_texture(person, 0, 1), Expression(units), shot, 64, stream(0, 99)).astype(float)


def change(units: dict[int, float], rows: slice) -> float:
    """How far action units move a band of pixels."""
    return float(np.abs(pose(units) - pose({}))[rows, 14:50].mean())


def test_shapes_and_types(faces: FaceSet) -> None:
    assert faces.images.shape == (42, 64, 64, 3)
    assert faces.images.dtype == np.uint8
    assert faces.labels.dtype == np.int64
    assert len(faces.subjects) == len(faces.ids) == len(faces.labels) == 42


def test_order_and_names(faces: FaceSet) -> None:
    assert faces.ids[:3] == ("p01-anger-1", "p01-anger-2", "p01-disgust-1")
    assert faces.subjects[0] == "p01"
    assert faces.subjects[-1] == "p03"
    assert faces.labels[:4].tolist() == [0, 0, 1, 1]


def test_balance(faces: FaceSet) -> None:
    assert np.bincount(faces.labels).tolist() == [6] * len(CLASSES)
    assert {who: faces.subjects.count(who) for who in faces.subjects} == {"p01": 14, "p02": 14, "p03": 14}


def test_ids_and_images_are_unique(faces: FaceSet) -> None:
    assert len(set(faces.ids)) == 42
    assert len({image.tobytes() for image in faces.images}) == 42


def test_ids_agree_with_labels_and_subjects(faces: FaceSet) -> None:
    for name, label, who in zip(faces.ids, faces.labels, faces.subjects, strict=True):
        assert name.startswith(f"{who}-{CLASSES[label]}-")


def test_same_seed_same_images(faces: FaceSet) -> None:
    assert np.array_equal(draw_faces(subjects=3, shots=2, size=64).images, faces.images)


def test_other_seed_other_images() -> None:
    one, other = (draw_faces(subjects=1, shots=1, size=48, seed=seed).images for seed in (0, 1))
    assert np.abs(one.astype(int) - other).mean() > 5.0


def test_more_subjects_extend(faces: FaceSet) -> None:
    fewer = draw_faces(subjects=2, shots=2, size=64)
    assert np.array_equal(fewer.images, faces.images[:28])
    assert fewer.ids == faces.ids[:28]


def test_more_shots_extend(faces: FaceSet) -> None:
    fewer = draw_faces(subjects=3, shots=1, size=64)
    rows = [faces.ids.index(name) for name in fewer.ids]
    assert np.array_equal(fewer.images, faces.images[rows])


@pytest.mark.parametrize("size", [32, 47, 100, 128, 224])
def test_sizes(size: int) -> None:
    faces = draw_faces(subjects=1, shots=1, size=size)
    assert faces.images.shape == (7, size, size, 3)
    assert faces.images.std() > 20.0


def test_sizes_show_the_same_face(faces: FaceSet) -> None:
    large = draw_faces(subjects=1, shots=1, size=128).images[0].astype(float)
    halved = large.reshape(64, 2, 64, 2, 3).mean(axis=(1, 3))
    assert np.abs(halved - faces.images[0]).mean() < 6.0


@pytest.mark.parametrize(
    ("name", "value", "least"), [("subjects", 0, 1), ("shots", 0, 1), ("size", 31, 32), ("seed", -1, 0)]
)
def test_too_small_a_number_is_an_error(name: str, value: int, least: int) -> None:
    with pytest.raises(ValueError, match=rf"^{name} must be at least {least}, not {value}\.$"):
        draw_faces(**{name: value})


@pytest.mark.parametrize("unit", [1, 2, 4])
def test_brow_units_move_the_brows_most(unit: int) -> None:
    assert change({unit: 1.0}, BROWS) > max(1.0, 2.0 * change({unit: 1.0}, MOUTH))


@pytest.mark.parametrize("unit", [12, 15, 16, 20, 23, 26])
def test_mouth_units_move_the_mouth_most(unit: int) -> None:
    assert change({unit: 1.0}, MOUTH) > max(1.0, 2.0 * change({unit: 1.0}, BROWS))


@pytest.mark.parametrize("unit", [5, 6, 7, 9])
def test_other_units_change_the_face(unit: int) -> None:
    assert change({unit: 1.0}, slice(10, 58)) > 0.3


def test_asymmetry_moves_one_side_more() -> None:
    lopsided = Expression({12: 1.0}, skew=0.3)
    assert lopsided(12, 1) > lopsided(12) > lopsided(12, -1)


@pytest.mark.parametrize("name", CLASSES)
def test_expressions_follow_their_recipe_on_average(name: str) -> None:
    draws = [sample_expression(0, person, CLASSES.index(name), 0) for person in range(40)]
    mean = {unit: np.mean([draw(unit) for draw in draws]) for unit in (1, 4, 9, 12, 15, 26)}
    for unit, strength in RECIPES[name].items():
        if unit in mean:
            assert mean[unit] > 0.5 * strength


def test_people_vary() -> None:
    people = [sample_person(0, number) for number in range(20)]
    assert sum(person.masculine for person in people) == 10
    assert len({person.hair.style for person in people}) >= 5
    assert len({person.skin for person in people}) == 20


def test_pinned_pixels() -> None:
    images = draw_faces(subjects=2, shots=1, size=64).images
    assert hashlib.sha256(images.tobytes()).hexdigest() == TINY_SHA256
