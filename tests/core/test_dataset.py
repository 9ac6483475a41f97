from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from febench.core.dataset import Dataset, dataset, load_dataset
from febench.core.errors import DataError, UsageError
from tests.conftest import make_dataset


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"images": np.zeros((140, 8, 8), dtype=np.float32)}, "must be uint8"),
        ({"images": np.zeros((140, 8), dtype=np.uint8)}, "must be uint8"),
        ({"images": np.zeros((140, 8, 8, 1), dtype=np.uint8)}, "must be uint8"),
        ({"images": np.zeros((140, 8, 8, 4), dtype=np.uint8)}, "must be uint8"),
        ({"labels": np.zeros(140)}, "labels must be whole numbers"),
        ({"labels": np.zeros((140, 1), dtype=np.int64)}, "labels must be whole numbers"),
        ({"labels": np.zeros(139, dtype=np.int64)}, "differ in number"),
        ({"subjects": ("a",)}, "differ in number"),
        ({"ids": ("a",) * 140}, "not unique"),
        ({"labels": np.full(140, 7)}, "outside the class names"),
        ({"labels": np.full(140, -1)}, "outside the class names"),
    ],
)
def test_parts_that_do_not_fit_are_refused(toy: Dataset, changes: dict[str, Any], words: str) -> None:
    with pytest.raises(DataError, match=words):
        dataclasses.replace(toy, **changes)


def test_the_fingerprint_sees_pixels_labels_names_and_people_but_not_the_name(toy: Dataset) -> None:
    brighter = toy.images.copy()
    brighter[100, 3, 3] ^= 1
    changed = [
        {"images": brighter},
        {"labels": np.roll(toy.labels, 1)},
        {"classes": tuple("abcdefx")},
        {"ids": tuple(f"j{i}" for i in range(140))},
        {"subjects": None},
        {"images": toy.images.reshape(140, 4, 16)},
    ]
    prints = {dataclasses.replace(toy, **change).fingerprint for change in changed}
    assert len(prints | {toy.fingerprint}) == 7
    assert dataclasses.replace(toy, name="other").fingerprint == toy.fingerprint


def test_a_loaded_data_set_is_called_what_was_asked_for() -> None:
    @dataset("mine")
    def mine(n: int = 14) -> Dataset:
        return make_dataset([i % 7 for i in range(n)])

    assert load_dataset("mine").name == "mine"
    assert (load_dataset("mine[n=21]").name, len(load_dataset("mine[n=21]"))) == ("mine[n=21]", 21)


def test_the_built_in_faces_come_in_any_number_and_from_the_cache_the_same() -> None:
    first = load_dataset("faces[subjects=2,shots=1,size=32]")
    again = load_dataset("faces[subjects=2,shots=1,size=32]")
    assert first.images.shape == (14, 32, 32, 3) and first.synthetic and set(first.subjects or ()) == {"p01", "p02"}
    assert first.classes == ("anger", "disgust", "fear", "happy", "neutral", "sadness", "surprise")
    assert first.fingerprint == again.fingerprint
    with pytest.raises(UsageError, match="subjects must be at least 1"):
        load_dataset("faces[subjects=0]")
