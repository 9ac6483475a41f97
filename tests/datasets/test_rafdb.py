"""RAF-DB: as published, with a list of labels, and as a folder a label."""

from __future__ import annotations

from pathlib import Path

from febench.core.dataset import load_dataset
from tests.datasets import layouts


def test_the_list_tells_labels_and_names_tell_parts(tmp_path: Path) -> None:
    layouts.rafdb(tmp_path)
    dataset = load_dataset("rafdb", tmp_path)
    assert dataset.images.shape == (3, 100, 100, 3)
    assert dataset.ids == ("test_0001", "train_00001", "train_00002")
    assert [dataset.classes[label] for label in dataset.labels] == ["neutral", "sadness", "happy"]
    assert dataset.parts == ("test", "train", "train")
    assert dataset.subjects is None
    assert len(dataset.notes) == 1 and "3 images instead of 15339 (anger 0 of 867," in dataset.notes[0]


def test_folders_tell_the_same(tmp_path: Path) -> None:
    layouts.rafdb(tmp_path)
    published = load_dataset("rafdb", tmp_path)
    aligned = tmp_path / "basic" / "Image" / "aligned"
    for name, code in (("test_0001", 7), ("train_00001", 5), ("train_00002", 4)):
        other = tmp_path / "other" / "DATASET" / name.split("_")[0] / str(code) / f"{name}_aligned.jpg"
        other.parent.mkdir(parents=True)
        other.write_bytes((aligned / f"{name}_aligned.jpg").read_bytes())
    dataset = load_dataset("rafdb", tmp_path / "other")
    assert dataset.fingerprint == published.fingerprint
