from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from febench.errors import DataError, UsageError
from febench.manifest import Manifest, draw
from tests.conftest import make_dataset

classes_of_images = st.lists(st.integers(0, 6), min_size=12, max_size=120)


def people_of(counts: list[list[int]]) -> tuple[list[int], list[str]]:
    """Labels and subjects of people with so many images of each class."""
    labels = [k for row in counts for k, n in enumerate(row) for _ in range(n)]
    subjects = [f"s{i}" for i, row in enumerate(counts) for _ in range(sum(row))]
    return labels, subjects


def assert_sound(manifest: Manifest, n: int) -> None:
    """Every image is tested exactly once a run, validated exactly once, and the parts of a fold are disjoint."""
    for run in range(1, manifest.n_runs + 1):
        folds = [manifest.fold(run, fold) for fold in range(1, manifest.n_folds + 1)]
        assert sorted(i for fold in folds for i in fold.test) == list(range(n))
        assert sorted(i for fold in folds for i in fold.validation) == list(range(n))
        for fold in folds:
            assert sorted([*fold.train, *fold.validation, *fold.test]) == list(range(n))


@given(classes_of_images, st.integers(3, 10), st.integers(0, 5))
def test_paper_tests_every_image_once_and_deals_evenly(labels: list[int], groups: int, seed: int) -> None:
    manifest = draw(make_dataset(labels), f"paper[runs=2,groups={groups}]", seed)
    assert_sound(manifest, len(labels))
    for run in (1, 2):
        tests = [manifest.fold(run, g).test for g in range(1, groups + 1)]
        sizes = [len(test) for test in tests]
        assert max(sizes) - min(sizes) <= 1
        shares = np.array([np.bincount(manifest.labels[test], minlength=7) for test in tests])
        assert (shares.max(axis=0) - shares.min(axis=0) <= 1).all()


@settings(max_examples=40)
@given(
    st.lists(st.lists(st.integers(0, 4), min_size=3, max_size=3).filter(any), min_size=10, max_size=30),
    st.integers(0, 5),
)
def test_subject_never_puts_a_person_in_two_parts(counts: list[list[int]], seed: int) -> None:
    labels, subjects = people_of(counts)
    groups = 5
    manifest = draw(make_dataset(labels, subjects, classes=3), f"subject[runs=2,groups={groups}]", seed)
    assert_sound(manifest, len(labels))
    who = np.asarray(subjects)
    for run in (1, 2):
        for fold in (manifest.fold(run, g) for g in range(1, groups + 1)):
            parts = [set(who[part]) for part in (fold.train, fold.validation, fold.test)]
            assert not (parts[0] & parts[1] or parts[0] & parts[2] or parts[1] & parts[2])


def test_subject_loses_no_class_where_plain_grouping_does() -> None:
    """118 people with the class counts of CK+: sequences of three frames, most people lacking several classes."""
    rng = np.random.default_rng(0)
    for seed in range(5):
        counts = np.zeros((118, 7), dtype=int)
        for k, images in enumerate([135, 54, 177, 75, 207, 84, 249]):
            counts[rng.choice(118, images // 3, replace=False), k] = 3
        labels, subjects = people_of(counts.tolist())
        manifest = draw(make_dataset(labels, subjects), "subject", seed)
        for run in range(1, 11):
            for fold in (manifest.fold(run, g) for g in range(1, 11)):
                for part in (fold.train, fold.validation, fold.test):
                    assert set(manifest.labels[part]) == set(range(7))


def test_subject_balances_people_of_equal_size() -> None:
    labels, subjects = people_of([[5] * 7] * 20)
    manifest = draw(make_dataset(labels, subjects), "subject")
    assert {len(manifest.fold(r, g).test) for r in range(1, 11) for g in range(1, 11)} == {70}


@pytest.mark.parametrize("protocol", ["paper", "subject"])
def test_the_same_seed_draws_the_same_folds_and_another_others(protocol: str) -> None:
    labels, subjects = people_of([[1] * 7] * 20)
    data = make_dataset(labels, subjects)
    assert draw(data, protocol, 3).sha256 == draw(data, protocol, 3).sha256
    assert draw(data, protocol, 3).content["runs"] != draw(data, protocol, 4).content["runs"]


@pytest.mark.parametrize("protocol", ["paper", "subject"])
def test_runs_differ_and_do_not_depend_on_how_many_there_are(protocol: str) -> None:
    from febench.protocol import PROTOCOLS

    labels, subjects = people_of([[1] * 7] * 20)
    data = make_dataset(labels, subjects)
    found = PROTOCOLS.get(protocol)
    few, many = (found.deal(data, {"runs": n, "groups": 10}, seed=7).runs for n in (2, 4))
    assert all(
        np.array_equal(a, b) for one, other in zip(few, many, strict=False) for a, b in zip(one, other, strict=True)
    )
    assert not all(np.array_equal(a, b) for a, b in zip(many[0], many[1], strict=True))


@pytest.mark.parametrize(
    ("selector", "kind", "words"),
    [
        ("subject", DataError, "too few for 10 groups"),
        ("paper[groups=2]", UsageError, "at least 3 groups"),
        ("paper[runs=0]", UsageError, "at least 1 run"),
        ("paper[groups=99]", UsageError, "too few for 99 groups"),
        ("papers", UsageError, "did you mean paper"),
    ],
)
def test_what_cannot_be_dealt_is_refused(selector: str, kind: type[Exception], words: str) -> None:
    with pytest.raises(kind, match=words):
        draw(make_dataset([i % 7 for i in range(40)], [f"s{i % 5}" for i in range(40)]), selector)


def test_subject_needs_subjects() -> None:
    with pytest.raises(DataError, match="does not say which images show the same person"):
        draw(make_dataset([i % 7 for i in range(40)]), "subject")
