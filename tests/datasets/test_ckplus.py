"""CK+: labels of sequences, apexes, neutral first frames, grey and colour together."""

from __future__ import annotations

from pathlib import Path

import pytest

from febench.core.dataset import load_dataset
from febench.core.errors import DataError
from tests.datasets import layouts
from tests.datasets.files import labels_of


@pytest.fixture
def home(tmp_path: Path) -> Path:
    layouts.ckplus(tmp_path)
    return tmp_path


def test_apexes_of_labelled_sequences(home: Path) -> None:
    dataset = load_dataset("ckplus", home)
    assert labels_of(dataset) == {
        "S005/001/S005_001_00000003.png": "disgust",
        "S005/002/S005_002_00000003.png": "happy",
        "S501/004/S501_004_00000003.png": "contempt",
    }
    assert dataset.subjects == ("S005", "S005", "S501")
    assert dataset.sequences == ("S005_001", "S005_002", "S501_004")
    assert "neutral" not in dataset.classes
    assert dataset.images.shape == (3, 128, 128, 3)
    assert "3 images instead of 327 (anger 0 of 45," in dataset.notes[0]


def test_first_frames_are_neutral(home: Path) -> None:
    dataset = load_dataset("ckplus[neutral=true]", home)
    assert [name for name, label in labels_of(dataset).items() if label == "neutral"] == [
        "S005/001/S005_001_00000001.png", "S005/002/S005_002_00000001.png", "S501/004/S501_004_00000001.png",
    ]  # fmt: skip
    assert "instead of 654 " in dataset.notes[0] and "neutral 3 of 327" in dataset.notes[0]


@pytest.mark.parametrize(("selector", "length"), [("frames=2", 6), ("frames=3", 9), ("frames=3,neutral=true", 9)])
def test_more_frames(home: Path, selector: str, length: int) -> None:
    assert len(load_dataset(f"ckplus[{selector}]", home)) == length


def test_a_sequence_that_is_labelled_neutral(home: Path) -> None:
    (home / "CK+/Emotion/S005/001/S005_001_00000003_emotion.txt").write_text("0")
    dataset = load_dataset("ckplus[neutral=true]", home)
    assert labels_of(dataset)["S005/001/S005_001_00000003.png"] == "neutral"


def test_images_without_any_label(home: Path) -> None:
    for path in list(home.rglob("*_emotion.txt")):
        path.unlink()
    with pytest.raises(DataError, match=r"found no file like Emotion/S005/001/.*must lie beside cohn-kanade-images"):
        load_dataset("ckplus", home)
