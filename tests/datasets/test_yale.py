"""Yale: GIF files with and without an ending, of which four kinds are expressions."""

from __future__ import annotations

from pathlib import Path

from febench.core.dataset import load_dataset
from tests.datasets import layouts


def test_expressions_only(tmp_path: Path) -> None:
    layouts.yale(tmp_path)
    dataset = load_dataset("yale", tmp_path)
    assert dataset.images.shape == (6, 243, 320)
    assert dataset.classes == ("happy", "neutral", "sadness", "surprise")
    assert dataset.ids == (
        "subject01.happy", "subject01.sad", "subject01.surprised", "subject02.normal", "subject04.normal",
        "subject04.sad",
    )  # fmt: skip
    assert dataset.labels.tolist() == [0, 2, 3, 1, 1, 2]
    assert dataset.subjects == ("subject01",) * 3 + ("subject02", "subject04", "subject04")
    assert dataset.notes == (
        "not the set as published: 6 images instead of 60 (happy 1 of 15, neutral 2 of 15, sadness 2 of 15, "
        "surprise 1 of 15); its scores compare with nobody else's",
        "left out as other conditions than the four expressions: subject01.gif, subject01.glasses, "
        "subject01.glasses.gif, subject01.wink",
        "the publisher says that subject04.sad was corrupted; it is a copy of subject04.normal",
    )
