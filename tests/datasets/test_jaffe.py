"""JAFFE: labels and people are in the names of files."""

from __future__ import annotations

from pathlib import Path

from febench.core.dataset import load_dataset
from tests.datasets import layouts


def test_labels_and_people_are_in_the_names(tmp_path: Path) -> None:
    layouts.jaffe(tmp_path)
    found = load_dataset("jaffe", tmp_path)
    assert found.images.shape == (14, 256, 256)
    assert found.classes == ("anger", "disgust", "fear", "happy", "neutral", "sadness", "surprise")
    assert found.labels.tolist() == [0, 1, 2, 3, 4, 5, 6] * 2
    assert found.subjects == ("KA",) * 7 + ("YM",) * 7
    assert found.ids[0] == "KA.AN1.0.tiff"
    assert found.notes[0].startswith("not the set as published: 14 images instead of 213 (anger 2 of 30")
