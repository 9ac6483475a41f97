"""JAFFE: labels and people are in the names of files."""

from __future__ import annotations

from pathlib import Path

from febench.core.dataset import load_dataset
from tests.datasets import layouts


def test_labels_and_people_are_in_the_names(tmp_path: Path) -> None:
    layouts.jaffe(tmp_path)
    dataset = load_dataset("jaffe", tmp_path)
    assert dataset.images.shape == (14, 256, 256)
    assert dataset.classes == ("anger", "disgust", "fear", "happy", "neutral", "sadness", "surprise")
    assert dataset.labels.tolist() == [0, 1, 2, 3, 4, 5, 6] * 2
    assert dataset.subjects == ("KA",) * 7 + ("YM",) * 7
    assert dataset.ids[0] == "KA.AN1.0.tiff"
    assert dataset.notes[0].startswith("not the set as published: 14 images instead of 213 (anger 2 of 30")
