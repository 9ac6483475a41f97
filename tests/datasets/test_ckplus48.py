"""CK+48: sequences of three frames, and their apexes."""

from __future__ import annotations

from pathlib import Path

import pytest

from febench.core.dataset import load_dataset
from tests.datasets import layouts
from tests.datasets.files import picture


@pytest.fixture
def home(tmp_path: Path) -> Path:
    layouts.ckplus48(tmp_path)
    return tmp_path


def test_labels_people_and_sequences(home: Path) -> None:
    dataset = load_dataset("ckplus48", home)
    assert dataset.images.shape == (9, 48, 48)
    assert [dataset.classes[label] for label in dataset.labels] == ["anger"] * 3 + ["contempt"] * 3 + ["happy"] * 3
    assert dataset.subjects == ("S010",) * 3 + ("S999",) * 3 + ("S010",) * 3
    assert set(dataset.sequences or ()) == {"S010_004", "S010_006", "S999_001"}
    assert "9 images instead of 981 (anger 3 of 135," in dataset.notes[0]


def test_apexes_are_last_frames(home: Path) -> None:
    picture(home / "CK+48" / "anger" / "S010_004_00000102.png", (48, 48))
    dataset = load_dataset("ckplus48[apex=true]", home)
    assert dataset.ids == (
        "anger/S010_004_00000102.png", "contempt/S999_001_00000019.png", "happy/S010_006_00000019.png",
    )  # fmt: skip
    assert "3 images instead of 327 (anger 1 of 45," in dataset.notes[0]
