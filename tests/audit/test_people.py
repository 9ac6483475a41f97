from __future__ import annotations

import dataclasses
from collections.abc import Iterable

import numpy as np
import pytest

from febench.audit.people import marked_names
from febench.core.dataset import Dataset, load_dataset
from febench.core.manifest import draw
from tests.audit.sets import a_set, codes, folds, noise, thirds
from tests.conftest import make_dataset


def test_the_same_person_in_training_and_test() -> None:
    data = a_set()
    finding = codes(data, thirds(data))["FEB001"]
    assert (finding.severity, finding.count) == ("error", 4)
    assert "p0 is in train and test of run 1, fold 2" in finding.examples


def test_nobody_in_training_and_test() -> None:
    data = a_set(subjects=tuple(f"p{i // 2 % 3}" for i in range(12)))
    assert "FEB001" not in codes(data, thirds(data))
    assert "FEB001" not in codes(data)


def test_the_protocols_say_of_themselves_who_is_where() -> None:
    data = make_dataset([i % 7 for i in range(140)], [f"p{i // 7}" for i in range(140)])
    assert codes(data, draw(data, "paper"))["FEB001"].count == 20
    assert "FEB001" not in codes(data, draw(data, "subject"))


def test_the_sets_own_split_counts_without_a_protocol() -> None:
    parts = ("train",) * 6 + ("test",) * 6
    assert "FEB001" not in codes(a_set(parts=parts))
    finding = codes(a_set(parts=("train",) * 7 + ("test",) * 5))["FEB001"]
    assert finding.examples == ("p2 is in train and test of the set's own split",)


def test_people_in_training_with_other_classes_than_they_are_tested_with() -> None:
    """Each of six people shows each of two classes once, and the second of them is tested."""
    data = a_set(subjects=tuple(f"p{i // 2}" for i in range(12)))
    apart = folds(data, [[[0, 2, 4, 6, 8, 10], [], [1, 3, 5, 7, 9, 11]]], [([0], [1], [2]), ([2], [1], [0])])
    finding = codes(data, apart)["FEB016"]
    assert (finding.severity, finding.count) == ("warning", 2)
    assert finding.examples[0] == (
        "run 1, fold 1: 6 of 6 test images show someone who is in training, 0 of these someone who is there with the "
        "same class"
    )
    assert "FEB016" not in codes(data) and "FEB016" not in codes(a_set(subjects=None), apart)
    twice = a_set(subjects=tuple(f"p{i // 4}" for i in range(12)))
    kept = folds(twice, [[[0, 1, 4, 5, 8, 9], [], [2, 3, 6, 7, 10, 11]]], [([0], [1], [2])])
    assert "FEB016" not in codes(twice, kept)
    whole = folds(data, [[[0, 1, 2, 3, 4, 5], [], [6, 7, 8, 9, 10, 11]]], [([0], [1], [2])])
    assert "FEB016" not in codes(data, whole)


def test_who_is_only_validated_on_is_not_trained_on() -> None:
    data = a_set(subjects=tuple(f"p{i // 2}" for i in range(12)))
    shown = folds(data, [[[0, 1, 2, 3], [4, 6, 8, 10], [5, 7, 9, 11]]], [([0], [1], [2])])
    assert "FEB016" not in codes(data, shown)
    parts = ("train", "test") * 6
    own = codes(a_set(subjects=data.subjects, parts=parts))["FEB016"]
    assert own.examples[0].startswith("the set's own split: 6 of 6")


def test_validation_is_not_test() -> None:
    assert "FEB001" not in codes(a_set(parts=("train",) * 7 + ("validation",) * 2 + ("test",) * 3))


def test_frames_of_one_sequence_in_two_parts() -> None:
    data = a_set(sequences=tuple(f"s{i // 3}" for i in range(12)))
    assert codes(data, thirds(data))["FEB002"].count == 4
    apart = a_set(sequences=tuple(f"s{i // 2}" for i in range(12)))
    assert "FEB002" not in codes(apart, thirds(apart))


def test_a_sequence_in_training_and_validation_counts_too() -> None:
    data = a_set(sequences=tuple(f"s{i // 2}" for i in range(12)))
    finding = codes(data, folds(data, [[[*range(9)], [9], [10, 11]]], [([0], [1], [2])]))["FEB002"]
    assert finding.examples == ("s4 is in train and validation of run 1, fold 1",)


@pytest.mark.parametrize(
    ("names", "people"),
    [
        (["AF01", "BF01", "AM01", "BM01"], 2),
        (["af01", "bf01"], 1),
        (["AF01", "BF02", "AM03"], 0),
        (["F01", "M01", "F02", "M02"], 0),
        (["p1_s1", "p1_s2", "p2_s1", "p2_s2"], 2),
        (["p1-session1", "p1-session2", "p2-session1"], 1),
        (["anna visit 1", "anna visit 2"], 1),
        (["anna_1", "anna_2", "bob_1", "bob_2", "carl_1", "carl_2"], 3),
        (["p1", "p1_2", "p2", "p2_2"], 2),
        ([f"S{s:03}_{q:03}" for s in range(12) for q in range(1, 7)], 12),
        ([f"subject_{i}" for i in range(20)], 0),
        ([f"man_{i}" for i in range(9)] + [f"woman_{i}" for i in range(9)], 0),
        ([f"site{s}_s{i}" for s in (1, 2) for i in range(20)], 0),
        ([f"S{i:03}" for i in range(20)], 0),
        (["p1_1", "p1_2", *(f"p{i}_1" for i in range(2, 9))], 0),
        (["KA", "NA", "NM"], 0),
        ([], 0),
    ],
)
def test_names_of_sessions(names: list[str], people: int) -> None:
    assert len(marked_names(names)) == people


def test_sessions_taken_for_people() -> None:
    data = a_set(subjects=tuple(("AF01", "BF01", "AM01", "BM01")[i // 3] for i in range(12)))
    finding = codes(data)["FEB003"]
    assert (finding.severity, finding.count, finding.examples[0]) == ("warning", 2, "AF01 = BF01: one person, F01?")
    assert "FEB003" not in codes(a_set(subjects=("F01", "M01", "F02", "M02") * 3))


def test_two_subjects_with_an_identical_image() -> None:
    images = noise(12)
    images[11] = images[0]
    finding = codes(a_set(images=images))["FEB003"]
    assert (finding.count, finding.examples) == (1, ("p0 = p3? both have i0 = i11",))
    images = noise(12)
    images[1] = images[0]
    images[5], images[11] = 7, 7
    assert "FEB003" not in codes(a_set(images=images))


def test_nobody_knows_who_is_who() -> None:
    assert codes(a_set(subjects=None))["FEB012"].examples == ("sound has no subjects",)
    assert "FEB012" not in codes(a_set())


def test_some_without_a_name() -> None:
    finding = codes(a_set(subjects=("unknown", " ", "") + ("NA",) * 9))["FEB015"]
    assert (finding.count, finding.examples) == (3, ("i0", "i1", "i2"))
    assert "FEB015" not in codes(a_set()) and "FEB015" not in codes(a_set(subjects=None))


def test_people_of_one_class_and_classes_of_one_person() -> None:
    subjects = ("a", "a", "b", "b", "c", "c", "d", "e")
    data = a_set(8, subjects=subjects, labels=np.array([0, 0, 0, 1, 0, 1, 2, 0]), classes=("glad", "sad", "odd"))
    assert codes(data)["FEB017"].examples == ("a has 2 images, all of glad", "odd is of one person, d")
    assert "FEB017" not in codes(a_set())


def with_names(faces: Dataset, names: Iterable[str]) -> Dataset:
    return dataclasses.replace(faces, subjects=tuple(names))


@pytest.mark.parametrize("selector", ["faces[subjects=10,shots=3,seed=7]", "faces[subjects=8,shots=1,seed=3]"])
def test_names_that_are_not_of_people_are_doubted_and_true_names_are_not(selector: str) -> None:
    faces = load_dataset(selector)
    assert "FEB023" not in codes(faces)
    shuffled = np.random.default_rng(0).permutation(np.array(faces.subjects)).tolist()
    finding = codes(with_names(faces, shuffled))["FEB023"]
    assert (finding.severity, finding.count) == ("warning", len(set(faces.subjects or ())))


def test_numbers_of_shots_that_every_person_has_are_doubted() -> None:
    faces = load_dataset("faces[subjects=10,shots=3,seed=7]")
    assert "FEB023" in codes(with_names(faces, (name.rpartition("-")[2] for name in faces.ids)))


def test_too_few_images_or_names_cannot_be_doubted() -> None:
    faces = load_dataset("faces[subjects=4,shots=1,seed=3]")
    assert len(faces) == 28 and "FEB023" not in codes(with_names(faces, (str(i % 4) for i in range(28))))
    faces = load_dataset("faces[subjects=8,shots=1,seed=3]")
    assert "FEB023" not in codes(with_names(faces, ["all"] * len(faces)))
