"""Faces are found in photographs and cut out; where none is found the image is kept and named; a bar tells how far."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from febench.core.dataset import load_dataset
from febench.datasets.decoding import find_face, track
from febench.datasets.faces import draw_faces

FACE = Image.fromarray(draw_faces(subjects=1, shots=1, size=128).images[3])
WALL = (120, 130, 140)


def photograph(path: Path, size: tuple[int, int], left: int, top: int) -> Path:
    """A face somewhere in an otherwise empty picture."""
    path.parent.mkdir(parents=True, exist_ok=True)
    whole = Image.new("RGB", size, WALL)
    whole.paste(FACE, (left, top))
    whole.save(path)
    return path


def wall(image: np.ndarray) -> float:
    """The share of an image that is empty; resizing may move its grey by a little."""
    return float((np.abs(image.astype(int) - WALL).max(axis=-1) <= 2).mean())


@pytest.fixture
def home(tmp_path: Path) -> Path:
    photograph(tmp_path / "happy" / "left.png", (400, 300), 10, 20)
    photograph(tmp_path / "happy" / "right.png", (320, 480), 180, 300)
    Image.new("RGB", (300, 200), (90, 90, 90)).save(tmp_path / "happy" / "wall.png")
    photograph(tmp_path / "sad" / "corner.png", (300, 200), 172, 72)
    return tmp_path


def test_a_face_is_found_where_it_is(home: Path) -> None:
    width, height, left, top, side = find_face(home / "happy" / "left.png")
    assert (width, height) == (400, 300)
    assert left >= 10 and left + side <= 10 + 128 and top >= 20 and top + side <= 20 + 128
    assert side > 64
    assert find_face(home / "happy" / "wall.png") == (300, 200, 0, 0, 0)


def test_faces_fill_their_images_and_the_rest_is_named(home: Path) -> None:
    found = load_dataset("folder[crop=face,margin=0.1]", home)
    assert found.images.shape == (4, 128, 128, 3)
    assert found.ids == ("happy/left.png", "happy/right.png", "happy/wall.png", "sad/corner.png")
    assert found.notes == ("no face was found in 1 of 4 images, which are used whole: happy/wall.png",)
    assert all(wall(found.images[i]) < 0.2 for i in (0, 1, 3))
    assert all(wall(np.asarray(Image.open(home / found.ids[i]))) > 0.7 for i in (0, 1, 3))


def test_a_wider_margin_shows_more(home: Path) -> None:
    near, far = (load_dataset(f"folder[crop=face,margin={margin},size=64]", home).images[0] for margin in (0, 0.8))
    assert wall(near) < wall(far)


def test_faces_are_looked_for_once(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = load_dataset("folder[crop=face]", home)
    monkeypatch.setattr("febench.datasets.decoding._cascade", None)
    again = load_dataset("folder[crop=face,margin=0.5]", home)
    assert again.notes == first.notes


@pytest.mark.parametrize("terminal", [True, False])
def test_a_bar_is_shown_on_a_terminal_alone(
    terminal: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("rich.console.Console.is_terminal", terminal)
    assert list(track("abc", 3, "reading")) == ["a", "b", "c"]
    told = capsys.readouterr()
    assert ("reading" in told.err) is terminal and told.out == ""
