"""JAFFE, from files a test writes in the published layout."""

from __future__ import annotations

from pathlib import Path

import pytest

from febench.core.dataset import load_dataset
from febench.core.errors import DataError
from tests.datasets.files import picture

CODES = ("AN", "DI", "FE", "HA", "NE", "SA", "SU")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    for person in ("KA", "YM"):
        for number, code in enumerate(CODES):
            mode = "P" if code == "DI" else "L"  # some of the real files are palette images of a grey palette
            picture(tmp_path / "jaffedbase" / f"{person}.{code}1.{number}.tiff", (256, 256), mode)
    return tmp_path


def test_labels_and_people_are_in_the_names(home: Path) -> None:
    found = load_dataset("jaffe", home)
    assert found.images.shape == (14, 256, 256)
    assert found.classes == ("anger", "disgust", "fear", "happy", "neutral", "sadness", "surprise")
    assert found.labels.tolist() == [0, 1, 2, 3, 4, 5, 6] * 2
    assert found.subjects == ("KA",) * 7 + ("YM",) * 7
    assert found.ids[0] == "KA.AN1.0.tiff"
    assert found.notes[0].startswith("not the set as published: 14 images instead of 213 (anger 2 of 30")


def test_the_folder_itself_and_other_letters_do_too(home: Path) -> None:
    before = home / "jaffedbase" / "KA.AN1.0.tiff"
    before.rename(before.with_name("ka.an1.0.TIFF"))
    assert len(load_dataset("jaffe", home / "jaffedbase")) == 14


@pytest.mark.parametrize(
    ("name", "size", "sentence"),
    [
        ("KA.XX1.39.tiff", (256, 256), r"KA\.XX1\.39\.tiff has the unknown expression 'XX'; known are AN, DI"),
        ("KA.AN2.40.tiff", (255, 256), r"1 of 15 images cannot be used: .*AN2\.40\.tiff is 255 x 256 pixels, not 256"),
        ("deeper/KA.AN1.0.tiff", (256, 256), r"KA\.AN1\.0\.tiff is there twice"),
    ],
)
def test_what_cannot_be_used_is_named(home: Path, name: str, size: tuple[int, int], sentence: str) -> None:
    picture(home / "jaffedbase" / name, size)
    with pytest.raises(DataError, match=sentence):
        load_dataset("jaffe", home)


def test_other_images_are_left_out_with_a_word(home: Path) -> None:
    picture(home / "jaffedbase" / "contact sheet.png", (10, 10))
    (home / "jaffedbase" / "README").write_text("about")
    found = load_dataset("jaffe", home)
    assert len(found) == 14
    assert any("left out as not named as in" in note and "contact sheet" in note for note in found.notes)
