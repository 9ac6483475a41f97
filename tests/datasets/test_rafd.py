"""RaFD: cameras, gazes, and what names tell."""

from __future__ import annotations

from pathlib import Path

import pytest

from febench.core.dataset import load_dataset
from tests.datasets import layouts


@pytest.fixture
def home(tmp_path: Path) -> Path:
    layouts.rafd(tmp_path)
    return tmp_path


def test_labels_and_people_are_in_the_names(home: Path) -> None:
    dataset = load_dataset("rafd", home)
    assert dataset.classes[-1] == "contempt" and len(dataset.classes) == 8
    assert [dataset.classes[label] for label in dataset.labels] == ["anger", "contempt"] * 2
    assert dataset.subjects == ("28", "28", "61", "61")
    assert dataset.ids[0] == "Rafd090_28_Caucasian_male_angry_frontal.jpg"


@pytest.mark.parametrize(
    ("selector", "length", "published"),
    [
        ("rafd", 4, "instead of 1608 (anger 2 of 201,"),
        ("rafd[gaze=frontal]", 2, "instead of 536 (anger 2 of 67,"),
        ("rafd[cameras=all]", 6, "instead of 8040 (anger 2 of 1005,"),
    ],
)
def test_cameras_and_gazes(home: Path, selector: str, length: int, published: str) -> None:
    dataset = load_dataset(selector, home)
    assert len(dataset) == length and published in dataset.notes[0]
