"""AffectNet: labels from small arrays, which never run anything."""

from __future__ import annotations

import pickle
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest

from febench.core.dataset import load_dataset
from febench.core.errors import DataError
from tests.datasets import layouts
from tests.datasets.files import labels_of, picture, text


@pytest.fixture
def home(tmp_path: Path) -> Path:
    layouts.affectnet(tmp_path)
    return tmp_path


def array(value: object, *, allow_pickle: bool = False) -> bytes:
    file = BytesIO()
    np.save(file, np.asarray(value), allow_pickle=allow_pickle)
    return file.getvalue()


def test_labels_and_parts(home: Path) -> None:
    dataset = load_dataset("affectnet", home)
    assert dataset.images.shape == (3, 224, 224, 3)
    assert labels_of(dataset) == {
        "train_set/images/0.jpg": "surprise", "train_set/images/10.jpg": "anger", "val_set/images/0.jpg": "contempt",
    }  # fmt: skip
    assert dataset.parts == ("train", "train", "test")
    assert dataset.notes[0] == "left out as labelled with no expression: none 1"
    assert "AffectNet's own test set are not published" in dataset.notes[1]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (array("11"), "has the unknown expression '11'; known are 0, 1"),
        (array("bliss"), "has the unknown expression 'bliss'"),
        (array(2.5), "has the unknown expression '2.5'"),
        (array(["1", "2"]), "is not one number in a NumPy array"),
        (array("3")[:-2], "is not one number in a NumPy array"),
        (array("3").replace(b"()", b"(9)").replace(b"<U1", b"<U9"), "is not one number"),
        (
            b"\x93NUMPY\x01\x00\x46\x00{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999999,)}   ",
            "not one",
        ),
        (b"", "is not one number in a NumPy array"),
        (b"PK\x03\x04 a zip", "is not one number in a NumPy array"),
    ],
)
def test_a_label_that_cannot_be_read(home: Path, content: bytes, sentence: str) -> None:
    (home / "AffectNet/train_set/annotations/10_exp.npy").write_bytes(content)
    with pytest.raises(DataError, match=rf"10_exp\.npy {sentence}|10_exp\.npy is {sentence}"):
        load_dataset("affectnet", home)


class Trap:
    """What an unpickler would run."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return (Path.touch, (self.path,))


@pytest.mark.parametrize("wrapped", [False, True])
def test_a_pickle_is_refused_and_not_run(home: Path, tmp_path: Path, wrapped: bool) -> None:
    trap = Trap(tmp_path / "sprung")
    content = array([trap], allow_pickle=True) if wrapped else pickle.dumps(trap)
    (home / "AffectNet/train_set/annotations/10_exp.npy").write_bytes(content)
    with pytest.raises(DataError, match=r"10_exp\.npy is not one number in a NumPy array"):
        load_dataset("affectnet", home)
    assert not (tmp_path / "sprung").exists()


def test_images_without_any_annotation(home: Path) -> None:
    for path in list(home.rglob("*.npy")):
        path.unlink()
    with pytest.raises(DataError, match=r"found images but no annotation like train_set/annotations/123_exp\.npy"):
        load_dataset("affectnet", home)


def sorted_images(home: Path, *names: str) -> None:
    for name in names:
        picture(home / "AffectNet" / name, (96, 96), "RGB")


def test_folders_below_parts_keep_their_split(tmp_path: Path) -> None:
    names = ["Test/Anger/image0000006.jpg", "Train/Anger/image0000006.jpg", "Train/happy/image0000008.jpg"]
    sorted_images(tmp_path, *names)
    dataset = load_dataset("affectnet", tmp_path)
    assert dataset.parts == ("test", "train", "train") and dataset.ids == tuple(names)
    assert labels_of(dataset) == dict(zip(names, ("anger", "anger", "happy"), strict=True))
    text(tmp_path / "AffectNet" / "labels.csv", "pth,label\nanger/image0000006.jpg,anger\n")
    with pytest.raises(DataError, match=r"labels\.csv does not tell in which part .*: anger/image0000006\.jpg"):
        load_dataset("affectnet", tmp_path)


def test_a_validation_part_alone_is_the_test_part_and_images_without_a_part_are_named(tmp_path: Path) -> None:
    sorted_images(tmp_path, "train/anger/image0000006.jpg", "val/happy/image0000008.jpg")
    dataset = load_dataset("affectnet", tmp_path)
    assert dataset.parts == ("train", "test") and any("validation part is the test part" in n for n in dataset.notes)
    sorted_images(tmp_path, "anger/image0000009.jpg")
    dataset = load_dataset("affectnet", tmp_path)
    assert dataset.parts is None
    assert "of no part, so that there is no split: anger/image0000009.jpg" in dataset.notes


def test_a_set_known_by_its_folder_alone_says_so(tmp_path: Path) -> None:
    note = "taken for affectnet by the name of its folder alone; no file has a name that only this set has"
    sorted_images(tmp_path, "anger/a.jpg", "happy/b.jpg")
    assert note in load_dataset("affectnet", tmp_path).notes
    sorted_images(tmp_path, "happy/image0000008.jpg")
    assert note not in load_dataset("affectnet", tmp_path).notes
