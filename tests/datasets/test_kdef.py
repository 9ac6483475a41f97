"""KDEF: two sessions of a person are one subject, and the views."""

from __future__ import annotations

from pathlib import Path

import pytest

from febench.core.dataset import load_dataset
from tests.datasets import layouts


@pytest.fixture
def home(tmp_path: Path) -> Path:
    layouts.kdef(tmp_path)
    return tmp_path


def test_labels_and_people_are_in_the_names(home: Path) -> None:
    dataset = load_dataset("kdef", home)
    assert dataset.images.shape == (6, 762, 562, 3)
    assert dataset.ids[:3] == ("AF01AFS.JPG", "AF01HAS.JPG", "AM02AFS.JPG")
    assert [dataset.classes[label] for label in dataset.labels] == ["fear", "happy"] * 3
    assert dataset.subjects == ("F01", "F01", "M02", "M02", "F01", "F01")
    assert dataset.parts is None and dataset.sequences is None


def test_all_views(home: Path) -> None:
    dataset = load_dataset("kdef[views=all,size=48]", home)
    assert dataset.images.shape == (9, 48, 48, 3) and "AF01HAHL.JPG" in dataset.ids
    assert dataset.notes[0].startswith("not the set as published: 9 images instead of 4900 (anger 0 of 700,")


def test_the_published_number_of_straight_views(home: Path) -> None:
    assert "6 images instead of 980 (anger 0 of 140," in load_dataset("kdef", home).notes[0]
