"""FER+: votes to labels, and rows that belong together by their order."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from febench.core.dataset import load_dataset
from febench.core.errors import DataError
from febench.datasets.ferplus import TABLE, majority
from tests.datasets.test_fer2013 import ROWS, table

VOTES = ["a.png,4,0,0,6,0,0,0,0,0,0", ",0,0,0,0,0,0,0,0,0,10", "b.png,1,0,0,0,0,0,0,8,1,0", "c.png,0,5,5,0,0,0,0,0,0,0",
         "d.png,1,0,0,0,0,1,0,0,8,0"]  # fmt: skip


def votes(path: Path, rows: list[str] = VOTES) -> Path:
    lines = [f"{usage},{row}" for (_, usage), row in zip(ROWS, rows, strict=False)]
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n".join([",".join(TABLE), *lines]) + "\n")
    return path


@pytest.mark.parametrize(
    ("given", "label"),
    [
        ([4, 0, 0, 1, 3, 2, 0, 0, 0, 0], "no majority"),
        ([6, 0, 1, 1, 0, 0, 0, 0, 2, 0], "neutral"),
        ([5, 0, 0, 3, 1, 0, 0, 0, 1, 0], "neutral"),
        ([4, 0, 0, 4, 1, 0, 0, 0, 1, 0], "no majority"),
        ([2, 1, 1, 1, 1, 1, 1, 1, 1, 0], "neutral"),
        ([1, 1, 1, 1, 1, 1, 1, 1, 1, 1], "no majority"),
        ([0, 0, 0, 0, 0, 0, 0, 6, 4, 0], "contempt"),
        ([0, 3, 0, 0, 0, 0, 0, 0, 7, 0], "unknown"),
        ([0, 0, 0, 0, 0, 0, 0, 0, 0, 10], "no face"),
    ],
)
def test_majority(given: list[int], label: str) -> None:
    assert majority(given) == label


@pytest.mark.parametrize("places", [("f.csv", "v.csv"), ("fer2013/f.csv", "fer2013/v.csv"), ("f.csv", "ferplus/v.csv")])
def test_rows_pair_by_order(tmp_path: Path, places: tuple[str, str]) -> None:
    table(tmp_path / places[0].replace("f.csv", "fer2013.csv"))
    votes(tmp_path / places[1].replace("v.csv", "fer2013new.csv"))
    pictures = load_dataset("fer2013", tmp_path)
    dataset = load_dataset("ferplus", tmp_path)
    assert dataset.classes[-1] == "contempt" and len(dataset.classes) == 8
    assert [dataset.classes[label] for label in dataset.labels] == ["sadness", "contempt"]
    assert dataset.ids == ("Training_0", "PublicTest_2") and dataset.parts == ("train", "validation")
    assert np.array_equal(dataset.images, pictures.images[[0, 2]])
    assert dataset.notes == (
        "3 of 5 rows of fer2013 left out: no name of an image 1, no majority 1, unknown 1",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("before", "after", "sentence"),
    [
        ("Training,a.png", "PrivateTest,a.png", r"line 2 is of 'PrivateTest' but the row of .* of 'Training'"),
        ("PrivateTest,d.png,1,0,0,0,0,1,0,0,8,0\n", "", r"has 4 rows but .*fer2013\.csv has 5; they belong together"),
        ("a.png,4,", "a.png,", r"line 2 has 11 columns, not 12"),
        ("a.png,4,", "a.png,-4,", r"line 2 does not hold 10 numbers of votes"),
        ("neutral,happiness", "calm,happiness", r"has no column neutral"),
        ("a.png", '"a.png', r"is not CSV"),
    ],
)  # fmt: skip
def test_tables_that_do_not_fit(tmp_path: Path, before: str, after: str, sentence: str) -> None:
    table(tmp_path / "fer2013.csv")
    path = votes(tmp_path / "fer2013new.csv")
    path.write_text(path.read_text().replace(before, after, 1))
    with pytest.raises(DataError, match=rf"data set ferplus: .*fer2013new\.csv {sentence}|line \d+ {sentence}"):
        load_dataset("ferplus", tmp_path)


def test_one_of_the_two_is_missing(tmp_path: Path) -> None:
    table(tmp_path / "fer2013.csv")
    with pytest.raises(DataError, match=r"found no file like ferplus/FER2013Train/.* or fer2013/fer2013new\.csv"):
        load_dataset("ferplus", tmp_path)
    votes(tmp_path / "fer2013new.csv")
    (tmp_path / "fer2013.csv").unlink()
    with pytest.raises(DataError, match=r"found no file like fer2013/fer2013\.csv"):
        load_dataset("ferplus", tmp_path)


def test_nobody_agrees(tmp_path: Path) -> None:
    table(tmp_path / "fer2013.csv")
    votes(tmp_path / "fer2013new.csv", [VOTES[3]] * 5)
    with pytest.raises(DataError, match=r"fer2013new\.csv gives no picture a majority label"):
        load_dataset("ferplus", tmp_path)
