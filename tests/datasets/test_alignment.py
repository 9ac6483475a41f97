"""Faces are aligned by their eyes; where none is found the image is kept and named; a detector is one file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from febench.core.dataset import load_dataset
from febench.core.errors import UsageError
from febench.datasets.alignment import Frame
from febench.datasets.detectors import load_detector
from febench.datasets.faces import draw_faces

FACE = Image.fromarray(draw_faces(subjects=1, shots=1, size=128).images[3])
WALL = (120, 130, 140)


def dots(size: tuple[int, int], *places: tuple[float, float]) -> Image.Image:
    """A grey picture with a bright disc at each place."""
    y, x = np.mgrid[: size[1], : size[0]] + 0.5
    near = np.min([np.hypot(x - left, y - top) for left, top in places], axis=0)
    return Image.fromarray((50 + 200 * np.exp(-((near / 6) ** 2))).astype(np.uint8))


@pytest.mark.parametrize(
    "eyes", [[(100, 80), (160, 80)], [(100, 120), (150, 80)], [(300, 200), (80, 60)], [(20, 20), (50, 30)]]
)
def test_the_eyes_lie_level_at_fixed_points(eyes: list[tuple[int, int]]) -> None:
    frame = Frame(size=100, eyes=0.4, margin=0.3)
    image = np.asarray(frame.cut(dots((320, 240), *eyes), np.array(eyes, float))).astype(float) - 50
    for half, x in ((image[:, :50], 30), (image[:, 50:], 20)):
        weights = np.where(half > 60, half, 0)
        places = np.indices(half.shape) + 0.5
        row, column = (places * weights).sum(axis=(1, 2)) / weights.sum()
        assert abs(row - 30) < 1.5 and abs(column - x) < 1.5


def test_beyond_the_photograph_its_border_goes_on() -> None:
    plain = Image.new("RGB", (60, 40), WALL)
    image = np.asarray(Frame(size=64).cut(plain, np.array([(20, 5), (40, 5)], float)))
    assert image.shape == (64, 64, 3) and (image == WALL).all()


@pytest.mark.parametrize("value", [0.0, 1.0, -1.0])
def test_eyes_outside_the_image_are_refused(value: float) -> None:
    for name in ("eyes", "margin"):
        with pytest.raises(UsageError, match=rf"{name} is a share of the image, from 0\.05 to 0\.95, not"):
            Frame(**{name: value})


def test_a_detector_that_there_is_not() -> None:
    with pytest.raises(UsageError, match="there is no detector 'hope'; choose mtcnn"):
        load_detector("hope")


def test_without_the_extra_the_command_that_brings_it_is_said(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("febench.datasets.detectors.mtcnn.find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"to find faces, febench needs .*: pip install 'febench\[align\]'"):
        load_dataset("folder[align=true]", home)


def photograph(path: Path, size: tuple[int, int], *places: tuple[int, int], turn: float = 0) -> None:
    """Faces somewhere in an otherwise empty picture."""
    path.parent.mkdir(parents=True, exist_ok=True)
    whole = Image.new("RGB", size, WALL)
    for scale, place in enumerate(places, start=2):
        face = FACE.rotate(turn, Image.Resampling.BICUBIC, fillcolor=WALL)
        whole.paste(face.resize((256 // scale, 256 // scale)), place)
    whole.save(path)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    photograph(tmp_path / "happy" / "left.png", (400, 300), (10, 20))
    photograph(tmp_path / "happy" / "turned.png", (320, 480), (180, 300), turn=15)
    Image.new("RGB", (300, 200), (90, 90, 90)).save(tmp_path / "happy" / "wall.png")
    photograph(tmp_path / "sad" / "two.png", (320, 240), (10, 20), (190, 100))
    return tmp_path


def test_faces_fill_their_images_and_the_rest_is_named(home: Path) -> None:
    pytest.importorskip("cv2", reason="needs febench[align]")
    dataset = load_dataset("folder[align=true]", home)
    assert dataset.ids == ("happy/left.png", "happy/turned.png", "happy/wall.png", "sad/two.png")
    assert dataset.images.shape == (4, 128, 128, 3)
    assert dataset.notes == (
        "no face was found in 1 of 4 images, of which the centre is used: happy/wall.png",
        "several faces were found in 1 of 4 images, the largest is used: sad/two.png",
    )
    upright, turned, _, of_two = dataset.images.astype(int)
    assert np.corrcoef(upright[30:100, 30:100].ravel(), turned[30:100, 30:100].ravel())[0, 1] > 0.85
    assert np.corrcoef(upright[30:100, 30:100].ravel(), of_two[30:100, 30:100].ravel())[0, 1] > 0.85


def test_the_detector_is_part_of_the_fingerprint(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("cv2", reason="needs febench[align]")
    dataset = load_dataset("folder[align=true]", home)
    assert dataset.detector == load_detector("mtcnn").fingerprint
    monkeypatch.setattr("febench.datasets.detectors.mtcnn.VERSION", 99)
    again = load_dataset("folder[align=true]", home)
    assert np.array_equal(again.images, dataset.images) and again.fingerprint != dataset.fingerprint


def test_faces_are_looked_for_once(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("cv2", reason="needs febench[align]")
    first = load_dataset("folder[align=true]", home)
    monkeypatch.setattr("febench.datasets.alignment._look", None)
    again = load_dataset("folder[align=true,size=64,eyes=0.5,margin=0.4]", home)
    assert again.notes == first.notes and again.images.shape == (4, 64, 64, 3)
