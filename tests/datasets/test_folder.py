"""`folder`: classes, people and parts from where images lie."""

from __future__ import annotations

from pathlib import Path

import pytest

from febench.core.dataset import load_dataset
from febench.core.errors import DataError, FebenchError, UsageError
from tests.datasets.files import by_id, labels_of, picture, pictures


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return pictures(tmp_path, "happy/ann_1.png", "happy/bob_1.png", "Angry/ann_2.png", "confused/bob_2.png")


def test_classes_are_folders_under_the_papers_names(home: Path) -> None:
    dataset = load_dataset("folder", home)
    assert dataset.classes == ("anger", "happy", "confused")
    assert labels_of(dataset)["Angry/ann_2.png"] == "anger" and labels_of(dataset)["confused/bob_2.png"] == "confused"
    assert dataset.subjects is None and dataset.parts is None and dataset.notes == ()


def test_people_by_pattern_are_part_of_the_name(home: Path) -> None:
    dataset = load_dataset(r'folder[subject_pattern="([a-z]+)_\\d"]', home)
    assert by_id(dataset, dataset.subjects)["Angry/ann_2.png"] == "ann"
    again = load_dataset(dataset.name, home)
    assert again.name == dataset.name and again.subjects == dataset.subjects


def test_people_by_table(home: Path) -> None:
    rows = ["happy/ann_1.png,ann", "./happy/bob_1.png, bob", "Angry/ann_2.png,ann", "confused\\bob_2.png,bob"]
    (home / "subjects.csv").write_text("\n".join(["path,subject", *rows]))
    dataset = load_dataset("folder", home)
    assert by_id(dataset, dataset.subjects) == {
        "happy/ann_1.png": "ann", "happy/bob_1.png": "bob", "Angry/ann_2.png": "ann", "confused/bob_2.png": "bob",
    }  # fmt: skip


def test_parts_above_the_classes(tmp_path: Path) -> None:
    pictures(tmp_path, "Train/happy/1.png", "Train/sad/2.png", "val/happy/3.png", "test/sad/4.png")
    dataset = load_dataset("folder", tmp_path)
    assert dataset.classes == ("happy", "sadness")
    assert by_id(dataset, dataset.parts) == {
        "Train/happy/1.png": "train", "Train/sad/2.png": "train", "val/happy/3.png": "validation",
        "test/sad/4.png": "test",
    }  # fmt: skip


def test_a_class_called_test_is_a_class_beside_others(tmp_path: Path) -> None:
    dataset = load_dataset("folder", pictures(tmp_path, "test/1.png", "happy/2.png"))
    assert dataset.classes == ("happy", "test") and dataset.parts is None


def test_a_folder_below_and_its_name(home: Path) -> None:
    dataset = load_dataset(f"folder[path={home.name}]", home.parent)
    assert dataset.name == f"folder[path={home.name}]" and len(dataset) == 4


def test_what_is_odd_is_told(home: Path) -> None:
    pictures(home, "loose.png", "Happy/3.png")
    (home / "calm").mkdir()
    notes = load_dataset("folder", home).notes
    assert notes == (
        "the folders Happy, happy are one class, happy",
        "left out as not in the folder of a class: loose.png",
        "left out as a folder without images: calm",
    )


@pytest.mark.parametrize(
    ("selector", "kind", "sentence"),
    [
        ('folder[subject_pattern="("]', UsageError, "is not a regular expression"),
        ("folder[subject_pattern=ann]", UsageError, "has 0 groups; it must have one"),
        ('folder[subject_pattern="(ann)"]', DataError, r"finds nobody in confused/bob_2\.png"),
        ("folder[path=nowhere]", DataError, "there is no folder .*nowhere"),
        ("folder[align=true,eyes=2.0]", UsageError, "eyes is a share of the image"),
        ("folder[size=-1]", UsageError, "size must be between"),
    ],
)
def test_what_cannot_be_is_refused(home: Path, selector: str, kind: type[FebenchError], sentence: str) -> None:
    with pytest.raises(kind, match=sentence):
        load_dataset(selector, home)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("path,person\n", "has no column subject; its first line is 'path,person'"),
        ("path,subject\nhappy/ann_1.png,ann\n", r"subjects\.csv does not say who Angry/ann_2\.png, confused"),
        ("path,subject\nhappy/ann_1.png,\n", r"gives no subject for 'happy/ann_1\.png'"),
        ("path,subject\nhappy/\udcff.png,x\n", "cannot be read as CSV in UTF-8"),
    ],
)
def test_a_table_of_people_that_does_not_fit(home: Path, text: str, sentence: str) -> None:
    (home / "subjects.csv").write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(DataError, match=sentence):
        load_dataset("folder", home)


def test_a_table_and_a_pattern_are_one_too_many(home: Path) -> None:
    (home / "subjects.csv").write_text("path,subject\n")
    with pytest.raises(UsageError, match="give one"):
        load_dataset('folder[subject_pattern="(.)"]', home)


def test_one_class_and_no_image(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="there are no images in folders of"):
        load_dataset("folder", tmp_path)
    pictures(tmp_path, "happy/1.png", "happy/2.png")
    with pytest.raises(DataError, match=r"all images of .* are of one class, 'happy'"):
        load_dataset("folder", tmp_path)


def test_images_of_two_sizes_need_one(home: Path) -> None:
    picture(home / "happy" / "wide.png", (20, 16))
    with pytest.raises(DataError, match=r"wide\.png is 20 x 16 pixels, not 16 x 16; to bring all .* folder\[size=64\]"):
        load_dataset("folder", home)
    assert load_dataset("folder[size=8]", home).images.shape == (5, 8, 8)


def test_a_changed_image_is_seen(home: Path) -> None:
    before = load_dataset("folder", home).fingerprint
    picture(home / "happy" / "ann_1.png", (16, 16), "L")
    assert load_dataset("folder", home).fingerprint == before
    (home / "happy" / "ann_1.png").write_bytes((home / "happy" / "bob_1.png").read_bytes())
    assert load_dataset("folder", home).fingerprint != before
