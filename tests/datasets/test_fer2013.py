"""FER2013: the table in its two forms, the folders, and the real data set where it is at hand."""

from __future__ import annotations

import tarfile
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from febench.core.dataset import Dataset, load_dataset
from febench.core.errors import DataError
from tests.datasets.files import by_id, labels_of, picture, pixels

REAL = Path(__file__).resolve().parents[3] / "shared" / "data" / "fer2013.tar.xz"
ROWS = [(0, "Training"), (3, "Training"), (6, "PublicTest"), (4, "PrivateTest"), (1, "PrivateTest")]


def numbers(row: int) -> str:
    return " ".join(map(str, np.asarray(pixels(str(row), (48, 48))).ravel()))


def table(path: Path, rows: list[tuple[object, object]] = ROWS, header: str = "emotion,pixels,Usage") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    columns = [name.strip() for name in header.split(",")]
    cells = [{"emotion": e, "Usage": u, "pixels": numbers(n)} for n, (e, u) in enumerate(rows)]
    lines = [",".join(str(row.get(column, "")) for column in columns) for row in cells]
    path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return path


def check(dataset: Dataset) -> None:
    assert [dataset.classes[label] for label in dataset.labels] == ["anger", "happy", "neutral", "sadness", "disgust"]
    assert dataset.parts == ("train", "train", "validation", "test", "test")
    assert dataset.subjects is None
    assert np.array_equal(dataset.images[3], np.asarray(pixels("3", (48, 48))))
    assert dataset.ids[3] == "PrivateTest_3"


@pytest.mark.parametrize(
    ("name", "header"),
    [("fer2013/fer2013.csv", "emotion,pixels,Usage"), ("icml_face_data.csv", "emotion, Usage, pixels")],
)
def test_both_tables(tmp_path: Path, name: str, header: str) -> None:
    table(tmp_path / name, header=header)
    check(load_dataset("fer2013", tmp_path))


def test_folders_tell_the_part_in_the_name(tmp_path: Path) -> None:
    for name in ("train/angry/Training_7.png", "test/angry/PrivateTest_7.png", "test/sad/PublicTest_8.png"):
        picture(tmp_path / name, (48, 48))
    dataset = load_dataset("fer2013", tmp_path)
    assert by_id(dataset, dataset.parts) == {
        "train/angry/Training_7.png": "train",
        "test/angry/PrivateTest_7.png": "test",
        "test/sad/PublicTest_8.png": "validation",
    }


def test_names_without_the_part_are_read_by_folder_with_a_note_if_there_are_as_many_as_published(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("train/angry/0.png", "test/sad/im1.png"):
        picture(tmp_path / "archive" / name, (48, 48))
    with pytest.raises(
        DataError, match=r"found 2 images named like .*, and FER2013 has 35887: load them as data set fold"
    ):
        load_dataset("fer2013", tmp_path)
    monkeypatch.setattr("febench.datasets.fer2013.PUBLISHED", {"anger": 1, "sadness": 1})
    dataset = load_dataset("fer2013", tmp_path)
    assert dataset.parts == ("test", "train")
    assert any("are read as one test part" in note for note in dataset.notes)


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        (("9", "Training"), r"fer2013\.csv line 7: '9' is no emotion"),
        (("bliss", "Training"), r"line 7: 'bliss' is no emotion"),
        (("1", "Holiday"), r"line 7: 'Holiday' is no part; known are training, publictest, privatetest"),
    ],
)
def test_a_row_that_cannot_be_read_is_named(tmp_path: Path, row: tuple[object, object], sentence: str) -> None:
    table(tmp_path / "fer2013.csv", [*ROWS, row])
    with pytest.raises(DataError, match=sentence):
        load_dataset("fer2013", tmp_path)


@pytest.mark.parametrize(
    ("before", "after", "sentence"),
    [
        (numbers(1), "1 2 3", r"line 3: the pixels are not 2304 numbers"),
        (numbers(1), numbers(1) + " 7", r"line 3: the pixels are not 2304 numbers"),
        (numbers(1), "x" + numbers(1), r"line 3: the pixels are not 2304 numbers"),
        (numbers(1), numbers(1)[:-3] + "999", r"line 3: the pixels are not 2304 numbers from 0 to 255"),
        ("Usage", "Part", r"has no column Usage"),
        (",PublicTest", "", r"line 4 has 2 columns, not 3"),
        (",PublicTest", ',"PublicTest', r"is not CSV"),
    ],
)
def test_a_damaged_table_is_told_by_line(tmp_path: Path, before: str, after: str, sentence: str) -> None:
    path = table(tmp_path / "fer2013.csv")
    path.write_text(path.read_text().replace(before, after, 1))
    with pytest.raises(DataError, match=sentence):
        load_dataset("fer2013", tmp_path)


def test_an_empty_table_and_a_missing_one(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"found no file like fer2013/fer2013\.csv.*which holds nothing"):
        load_dataset("fer2013", tmp_path)
    (tmp_path / "fer2013.csv").write_text("emotion,pixels,Usage\n")
    with pytest.raises(DataError, match="has no rows"):
        load_dataset("fer2013", tmp_path)


@pytest.fixture(scope="session")
def real(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not REAL.exists():
        pytest.skip(f"the real FER2013 is not at {REAL}")
    home = tmp_path_factory.mktemp("fer2013")
    with tarfile.open(REAL) as archive:
        archive.extractall(home, filter="data")
    return home


def test_the_whole_real_set(real: Path) -> None:
    dataset = load_dataset("fer2013", real)
    assert dataset.notes == ()
    assert Counter(dataset.parts) == {"train": 28709, "validation": 3589, "test": 3589}
    train = Counter(
        label for label, part in zip(labels_of(dataset).values(), dataset.parts or (), strict=True) if part == "train"
    )
    assert train == {
        "anger": 3995, "disgust": 436, "fear": 4097, "happy": 7215, "neutral": 4965, "sadness": 4830, "surprise": 3171,
    }  # fmt: skip
