"""Nearly identical images across training and test, and names that are not names of people."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from febench.audit.checks import Audited
from febench.audit.groups import Groups
from febench.core.dataset import Dataset, load_dataset
from febench.core.manifest import draw
from febench.results.twins import TwinCount, Twins
from tests.audit.sets import THREE, a_set, codes, folds, noise


def films(n_films: int = 8, frames: int = 5, **changes: object) -> Dataset:
    """Films of which each frame is the one before, a little brighter, with the noise of a sensor."""
    rng = np.random.default_rng(0)
    scenes = rng.integers(0, 200, (n_films, 8, 8)).repeat(8, axis=1).repeat(8, axis=2)
    brighter = scenes[:, None] * (1 + 0.01 * np.arange(frames)[:, None, None])
    images = np.clip(brighter + rng.normal(0, 1, brighter.shape), 0, 255).astype(np.uint8).reshape(-1, 64, 64)
    n = len(images)
    return a_set(n, images=images, labels=np.arange(n) // frames % 2, **changes)


def dealt_at_random(data: Dataset, share_of_test: float = 0.3) -> tuple[str, ...]:
    rng = np.random.default_rng(1)
    return tuple("test" if rng.random() < share_of_test else "train" for _ in range(len(data)))


def test_frames_of_films_dealt_at_random_are_an_error() -> None:
    data = films(subjects=None)
    parts = dealt_at_random(data)
    split = dataclasses.replace(data, parts=parts)
    trained_on = {i // 5 for i in range(40) if parts[i] == "train"}
    with_twin = [i for i in range(40) if parts[i] == "test" and i // 5 in trained_on]
    for found in (codes(split), codes(split, draw(split, "official"))):
        assert found["FEB019"].severity == "error"
        assert found["FEB019"].count == len(with_twin)
        assert " ~ " in found["FEB019"].examples[0] and "in test of" in found["FEB019"].examples[0]


def test_films_whole_in_one_part_are_none() -> None:
    data = films(subjects=None, parts=tuple("test" if i < 10 else "train" for i in range(40)))
    assert "FEB019" not in codes(data) and codes(data)["FEB006"].count == 8


@pytest.mark.parametrize(("twins", "wrong"), [(1, False), (2, True)])
def test_the_share_from_which_on_it_is_an_error(twins: int, wrong: bool) -> None:
    """Of 40 test images one is 2.5 %, two are 5 %."""
    images = noise(80, size=64)
    images[40 : 40 + twins] = np.clip(images[:twins].astype(int) + 2, 0, 255).astype(np.uint8)
    data = a_set(80, images=images, subjects=None, parts=("train",) * 40 + ("test",) * 40)
    assert codes(data)["FEB006"].count == twins
    assert ("FEB019" in codes(data)) == wrong


@pytest.mark.parametrize("protocol", ["paper[runs=1]", "subject[runs=1]"])
@pytest.mark.parametrize("selector", ["faces[subjects=10,shots=5,seed=21]", "faces[subjects=30,shots=2,seed=22]"])
def test_distinct_photographs_of_named_people_are_not_accused(selector: str, protocol: str) -> None:
    data = load_dataset(selector)
    found = codes(data, draw(data, protocol))
    assert not {"FEB019", "FEB020", "FEB021", "FEB022"} & set(found)
    audited = Audited(data, draw(data, protocol))
    assert audited.tests_with_twin(audited.near.groups)[1].share < 0.03


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 6), min_size=12, max_size=12), st.permutations(range(12)))
def test_audit_and_stored_twins_agree_with_comparing_all(groups: list[int], order: list[int]) -> None:
    data = a_set(12)
    manifest = folds(data, [[order[:4], order[4:8], order[8:]], [order[:2], order[2:7], order[7:]]], THREE)
    numbers = np.array(groups)
    members = [np.flatnonzero(numbers == number).tolist() for number in sorted(set(groups)) if number]
    members = [group for group in members if len(group) > 1]
    named = Groups(
        np.array([image for group in members for image in group], np.int64),
        np.cumsum([0, *map(len, members)])[:-1].astype(np.int64),
    )
    expected = by_comparing_all(manifest, members)
    assert Twins({"nearly identical": members}).in_training(manifest).tolist() == expected
    where, count = Audited(data, manifest).tests_with_twin(named)
    assert count == TwinCount(sum(expected), len(expected))
    assert set(where) == set(manifest.all_tests[0][np.array(expected)].tolist())


def by_comparing_all(manifest: object, members: list[list[int]]) -> list[bool]:
    found = []
    for run in (1, 2):
        for number in (1, 2, 3):
            fold = manifest.fold(run, number)  # type: ignore[attr-defined]
            found += [any(i in group and set(group) & set(fold.train.tolist()) for group in members) for i in fold.test]
    return found


def test_names_of_single_images_are_an_error() -> None:
    data = load_dataset("faces[subjects=6,shots=2,seed=23,size=48]")
    numbers = dataclasses.replace(data, subjects=tuple(map(str, range(len(data)))))
    found = codes(numbers, draw(numbers, "paper[runs=1]"))
    assert (found["FEB020"].severity, found["FEB020"].count) == ("error", len(data))
    assert found["FEB021"].severity == "error", "photographs of one person look alike: the names are none"
    mostly = dataclasses.replace(data, subjects=tuple(f"p{min(i, 50)}" for i in range(len(data))))
    assert codes(mostly)["FEB020"].count == 50
    half = dataclasses.replace(data, subjects=tuple(f"p{i}" if i < 5 else f"q{i % 5}" for i in range(len(data))))
    assert "FEB020" not in codes(half)


def test_numbers_of_shots_for_people_are_an_error() -> None:
    data = load_dataset("faces[subjects=6,shots=5,seed=24]")
    shots = dataclasses.replace(data, subjects=tuple(f"shot {i % 5}" for i in range(len(data))))
    found = codes(shots, draw(shots, "loso"))["FEB021"]
    assert found.severity == "error" and "(shot " in found.examples[0]


def test_twins_of_a_few_people_are_a_warning() -> None:
    images = noise(120, size=64)
    images[60] = np.clip(images[0].astype(int) + 2, 0, 255).astype(np.uint8)
    found = codes(a_set(120, images=images))["FEB021"]
    assert (found.severity, found.count) == ("warning", 1)
    assert found.examples == ("i0 (p0) ~ i60 (p2)",)


def test_as_many_people_as_classes_is_a_warning() -> None:
    data = a_set(subjects=tuple(("glad", "sad")[i % 2] for i in range(12)))
    assert (codes(data)["FEB022"].severity, codes(data)["FEB022"].count) == ("warning", 2)
    assert "FEB022" not in codes(a_set())
