from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import GroupKFold

from febench.core.errors import DataError, UsageError
from febench.core.manifest import Manifest, draw
from febench.core.protocol import PROTOCOLS
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


@settings(max_examples=40)
@given(
    st.lists(st.lists(st.integers(0, 3), min_size=3, max_size=3).filter(any), min_size=6, max_size=15),
    st.sampled_from(["subject[runs=2,groups=5]", "loso[runs=2]"]),
    st.integers(0, 5),
)
def test_groups_are_the_people_and_an_inner_split_by_them_keeps_people_apart(
    counts: list[list[int]], protocol: str, seed: int
) -> None:
    labels, subjects = people_of(counts)
    manifest, who = draw(make_dataset(labels, subjects, classes=3), protocol, seed), np.asarray(subjects)
    together = manifest.together
    assert together is not None and together.shape == (len(labels),)
    for train in (manifest.fold(run, fold).train for run in (1, 2) for fold in range(1, manifest.n_folds + 1)):
        groups = together[train]
        assert len(set(zip(groups, who[train], strict=True))) == len(set(groups)) == len(set(who[train]))
        for inner, left_out in GroupKFold(2).split(train, groups=groups):
            assert not set(who[train[inner]]) & set(who[train[left_out]])


def test_groups_are_none_where_images_are_dealt_one_by_one_or_people_are_not_known() -> None:
    labels, subjects = people_of([[1] * 7] * 20)
    parts = ("train",) * 105 + ("test",) * 35
    known, unknown = (replace(make_dataset(labels, people), parts=parts) for people in (subjects, None))
    assert draw(known, "paper").together is None
    assert draw(unknown, "official").together is None
    together = draw(known, "official").together
    assert together is not None and together.tolist() == np.unique(subjects, return_inverse=True)[1].tolist()


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


def test_loso_tests_each_person_alone() -> None:
    labels, subjects = people_of([[1] * 7] * 6)
    manifest = draw(make_dataset(labels, subjects), "loso[runs=2]")
    assert_sound(manifest, len(labels))
    who = np.asarray(subjects)
    for run in (1, 2):
        tested = [set(who[manifest.fold(run, fold).test]) for fold in range(1, 7)]
        assert all(len(one) == 1 for one in tested) and len(set.union(*tested)) == 6
        assert all(len(set(who[manifest.fold(run, fold).validation])) == 1 for fold in range(1, 7))


def test_official_takes_the_parts_as_they_are() -> None:
    parts = ("train",) * 70 + ("validation",) * 30 + ("test",) * 40
    manifest = draw(replace(make_dataset([i % 7 for i in range(140)]), parts=parts), "official")
    assert (manifest.n_runs, manifest.n_folds) == (1, 1)
    fold = manifest.fold(1, 1)
    for part, start, end in ((fold.train, 0, 70), (fold.validation, 70, 100), (fold.test, 100, 140)):
        assert part.tolist() == list(range(start, end))


@given(st.booleans(), st.integers(0, 5))
def test_official_sets_a_tenth_aside_where_there_is_no_validation_part(known: bool, seed: int) -> None:
    labels, subjects = people_of([[1] * 7] * 20)
    data = make_dataset(labels, subjects if known else None)
    parts = ("train",) * 105 + ("test",) * 35
    manifest = draw(replace(data, parts=parts), "official[runs=3]", seed)
    for fold in (manifest.fold(run, 1) for run in (1, 2, 3)):
        assert fold.test.tolist() == list(range(105, 140))
        assert sorted([*fold.train, *fold.validation]) == list(range(105))
        assert 7 <= len(fold.validation) <= 14
        assert set(manifest.labels[fold.validation]) == set(range(7))
        if known:
            assert not set(np.asarray(subjects)[fold.train]) & set(np.asarray(subjects)[fold.validation])
    assert not np.array_equal(manifest.fold(1, 1).validation, manifest.fold(2, 1).validation)


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        (None, "no split of its own; choose another protocol"),
        (("train",) * 14, "has no test part"),
        (("test",) * 14, "has no training part"),
    ],
)
def test_official_needs_a_split(parts: tuple[str, ...] | None, words: str) -> None:
    with pytest.raises(DataError, match=words):
        draw(replace(make_dataset([i % 7 for i in range(14)]), parts=parts), "official")


@pytest.mark.parametrize("protocol", ["paper", "subject"])
def test_the_same_seed_draws_the_same_folds_and_another_others(protocol: str) -> None:
    labels, subjects = people_of([[1] * 7] * 20)
    data = make_dataset(labels, subjects)
    assert draw(data, protocol, 3).sha256 == draw(data, protocol, 3).sha256
    assert draw(data, protocol, 3).content["runs"] != draw(data, protocol, 4).content["runs"]


@pytest.mark.parametrize("protocol", ["paper", "subject"])
def test_runs_differ_and_do_not_depend_on_how_many_there_are(protocol: str) -> None:
    labels, subjects = people_of([[1] * 7] * 20)
    data = make_dataset(labels, subjects)
    found = PROTOCOLS.get(protocol)
    few, many = (found.deal(data, {"runs": n, "groups": 10}, seed=7).runs for n in (2, 4))
    assert all(
        np.array_equal(a, b) for one, other in zip(few, many, strict=False) for a, b in zip(one, other, strict=True)
    )
    assert not all(np.array_equal(a, b) for a, b in zip(many[0], many[1], strict=True))


@pytest.mark.parametrize(
    ("selector", "n_people", "kind", "words"),
    [
        ("subject", 5, DataError, r"has 5 people, too few for 10 groups; try subject\[groups=5\]"),
        ("subject", None, DataError, "does not say which images show the same person"),
        ("paper[groups=2]", 5, UsageError, "at least 3 groups"),
        ("paper[runs=0]", 5, UsageError, "at least 1 run"),
        ("paper[groups=99]", 5, UsageError, "too few for 99 groups"),
        ("papers", 5, UsageError, "did you mean paper"),
        ("loso[runs=0]", 5, UsageError, "at least 1 run"),
        ("loso[groups=5]", 5, UsageError, "no parameter 'groups'"),
        ("loso", 2, DataError, "has 2 people; loso needs at least 3"),
        ("loso", None, DataError, "does not say which images show the same person"),
    ],
)
def test_what_cannot_be_dealt_is_refused(
    selector: str, n_people: int | None, kind: type[Exception], words: str
) -> None:
    subjects = [f"s{i % n_people}" for i in range(40)] if n_people else None
    with pytest.raises(kind, match=words):
        draw(make_dataset([i % 7 for i in range(40)], subjects), selector)


@pytest.mark.parametrize(("parts", "protocol"), [(None, "paper"), (("train", "test") * 7, "official")])
def test_without_people_the_protocol_that_fits_is_named(parts: tuple[str, ...] | None, protocol: str) -> None:
    unnamed = replace(make_dataset([i % 7 for i in range(14)]), parts=parts)
    with pytest.raises(DataError, match=f"which images show the same person: use protocol {protocol}"):
        draw(unnamed, "loso")
