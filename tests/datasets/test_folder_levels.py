"""`folder` where it is not plain which folder names the class: parts are known; what may be meant is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from febench.core.dataset import load_dataset
from febench.core.errors import DataError, UsageError
from tests.datasets.files import labels_of, pictures, text


@pytest.mark.parametrize(
    ("train", "test"),
    [
        ("training_set", "test_set"), ("Training", "Testing"), ("train_images", "test_images"), ("TRAIN", "eval"),
        ("Training Set", "Test Set"), ("images_train", "images_test"), ("trainset", "testset"),
        ("train-data", "PrivateTest"),
    ],
)  # fmt: skip
def test_the_usual_names_of_parts(tmp_path: Path, train: str, test: str) -> None:
    pictures(tmp_path, f"{train}/happy/1.png", f"{train}/sad/2.png", f"{test}/happy/3.png", f"{test}/sad/4.png")
    dataset = load_dataset("folder", tmp_path)
    assert dataset.classes == ("happy", "sadness") and sorted(dataset.parts or ()) == ["test", "test", "train", "train"]


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        (
            ["NI/P001/Anger/0.jpeg", "VL/P001/Anger/0.jpeg", "VL/P002/Sadness/0.jpeg"],
            r"expressions lie deeper than the first folder, such as NI/P001/Anger: .* level=3",
        ),
        (["session1/happy/1.png", "session2/sad/1.png"], r"deeper than the first folder, such as session1/happy: .*=2"),
        (["data/train/happy/1.png", "data/train/sad/2.png"], r"deeper .* such as data/train/happy: .*level=3"),
        (["train/P1/happy/1.png", "test/P1/sad/2.png"], r"than the second folder, such as test/P1/sad: .*level=3"),
        (["happy/sad/1.png", "fear/2.png"], r"expressions lie deeper than the first folder, such as happy/sad"),
        (
            ["train/happy/1.png", "test/sad/2.png", "extra/happy/3.png"],
            r"test, train are parts of a split, but extra beside them is none",
        ),
        (["train/x/1.png", "test/y/2.png", "more/z/3.png"], r"test, train are parts of a split, but more beside them"),
        (
            ["P1/a/1.png", "P1/b/2.png", "P2/a/3.png", "P2/b/4.png"],
            r"folders of the same name, such as a, lie below P1, P2, which .* level=1 for P1 or level=2 for a",
        ),
        (["data/a/1.png", "data/b/2.png"], r"of one class, 'data': .*; if a, b are the classes, say level=2"),
    ],
)  # fmt: skip
def test_another_folder_may_be_meant(tmp_path: Path, names: list[str], sentence: str) -> None:
    with pytest.raises(DataError, match=sentence):
        load_dataset("folder", pictures(tmp_path, *names))


def test_the_level_is_said(tmp_path: Path) -> None:
    pictures(tmp_path, "NI/P001/Anger/0.png", "VL/P001/Anger/0.png", "VL/P002/Sadness/0.png")
    dataset = load_dataset('folder[level=3,subject_pattern="(P[0-9]+)"]', tmp_path)
    assert dataset.classes == ("anger", "sadness") and dataset.subjects == ("P001", "P001", "P002")
    pictures(tmp_path / "b", "x/train/P1/happy/1.png", "x/test/P2/sad/1.png")
    assert load_dataset("folder[level=4]", tmp_path / "b").parts == ("test", "train")


def test_parts_below_the_classes(tmp_path: Path) -> None:
    dataset = load_dataset("folder", pictures(tmp_path, "happy/train/1.png", "happy/test/2.png", "x/train/3.png"))
    assert dataset.classes == ("happy", "x") and dataset.parts == ("test", "train", "train")


def test_expressions_in_names_of_files_are_told(tmp_path: Path) -> None:
    pictures(tmp_path, "P1/happy.png", "P1/sad_2.png", "P2/happy.png")
    with pytest.raises(DataError, match=r"expressions stand in the names of files, such as P1/happy\.png: .*level=1"):
        load_dataset("folder", tmp_path)
    assert load_dataset("folder[level=1]", tmp_path).classes == ("P1", "P2")


def test_folders_of_people_below_expressions_are_no_classes(tmp_path: Path) -> None:
    pictures(tmp_path, "happy/P1/1.png", "happy/P2/1.png", "sad/P1/1.png", "odd/P1/1.png", "sad/sad/2.png")
    assert load_dataset("folder", tmp_path).classes == ("happy", "sadness", "odd")


def test_a_row_for_an_absent_file_is_told(tmp_path: Path) -> None:
    pictures(tmp_path, "happy/1.png", "sad/2.png")
    text(tmp_path / "subjects.csv", "Path,SUBJECT\n\nhappy/1.png,ann\nsad/2.png,bob\nsad/3.png,bob\n  ,\n")
    dataset = load_dataset("folder", tmp_path)
    assert dataset.subjects == ("ann", "bob")
    assert dataset.notes == ("subjects.csv names 1 images that are not there: sad/3.png",)


@pytest.mark.parametrize("again", ["happy/1.png,bob", "./happy/1.png,bob", "happy\\1.png,bob"])
def test_contradictions_of_people_are_refused_by_name(tmp_path: Path, again: str) -> None:
    pictures(tmp_path, "happy/1.png", "sad/2.png")
    text(tmp_path / "subjects.csv", f"path,subject\nhappy/1.png,ann\nsad/2.png,bob\nhappy/1.png,ann\n{again}\n")
    with pytest.raises(DataError, match=r"subjects\.csv contradicts itself on 1 names: happy/1\.png is ann and bob"):
        load_dataset("folder", tmp_path)


def test_a_table_of_labels_beside_class_folders(tmp_path: Path) -> None:
    pictures(tmp_path, "happy/1.png", "sad/2.png", "fear/3.png")
    text(tmp_path / "labels.csv", "Image,Label\n1.png,Happiness\nsad/2.png,SAD\n")
    assert load_dataset("folder", tmp_path).notes == (
        "labels.csv is not used; it agrees on the 2 images that it has in common with what is read",
    )  # fmt: skip
    text(tmp_path / "labels.csv", "pth,label\n1.png,fear\nsad/2.png,sad\n3.png,happy\n")
    with pytest.raises(
        DataError, match=r"the labels in labels\.csv contradict those of 2 of 3 images: .*1\.png is happy"
    ):
        load_dataset("folder", tmp_path)


def test_numbered_folders_are_asked_for(tmp_path: Path) -> None:
    pictures(tmp_path, "0/a.png", "2/b.png", "10/c.png")
    with pytest.raises(
        DataError, match=r"folders are the numbers 0, 2, 10; nothing says which classes they mean"
    ) as raised:
        load_dataset("folder", tmp_path)
    assert raised.value.option == "class_names"
    dataset = load_dataset('folder[class_names="angry,Happiness,calm"]', tmp_path)
    assert labels_of(dataset) == {
        "0/a.png": "anger", "2/b.png": "happy", "10/c.png": "calm",
    }  # fmt: skip
    with pytest.raises(UsageError, match="there are 2 class names for the 3 folders 0, 2, 10"):
        load_dataset('folder[class_names="angry,happy"]', tmp_path)


def test_numbers_beside_words_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"the folders 0, 1 are numbers, but happy are words"):
        load_dataset("folder", pictures(tmp_path, "0/a.png", "1/b.png", "happy/c.png"))


@pytest.mark.parametrize(
    "content", ["Path;Subject\nhappy/1.png;ann\nsad/2.png;bob\n", "path\tsubject\nhappy/1.png\tann\nsad/2.png\tbob"]
)
def test_a_table_of_people_as_other_programs_write_it(tmp_path: Path, content: str) -> None:
    pictures(tmp_path, "happy/1.png", "sad/2.png")
    text(tmp_path / "Subjects.CSV", content)
    assert load_dataset("folder", tmp_path).subjects == ("ann", "bob")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("list.txt", "1.png sad\nsad/2.png sad\n"),
        ("x.tsv", "image\tlabel\n1.png\tsad\n2.png\tsad\n"),
        ("l.lst", "1.png,sad"),
    ],
)
def test_lists_of_labels_beside_class_folders(tmp_path: Path, name: str, content: str) -> None:
    pictures(tmp_path, "happy/1.png", "sad/2.png")
    text(tmp_path / name, content)
    with pytest.raises(DataError, match=rf"the labels in {name} contradict those of 1 of"):
        load_dataset("folder", tmp_path)


def test_what_may_label_images_unread_is_told(tmp_path: Path) -> None:
    pictures(tmp_path, "happy/1.png", "sad/2.png")
    text(tmp_path / "annotations.json", "{}")
    text(tmp_path / "README.txt", "Images of two people")
    assert load_dataset("folder", tmp_path).notes == (
        "annotations.json is not read, though by its name it may label images; the folders count",
    )  # fmt: skip


@pytest.mark.parametrize("word", ["sad", "sadness", "Sad", "SAD", "4_sad", "3 - Sadness", " sad"])
def test_words_of_any_spelling(tmp_path: Path, word: str) -> None:
    assert load_dataset("folder", pictures(tmp_path, f"{word}/1.png", "angry/2.png")).classes == ("anger", "sadness")
