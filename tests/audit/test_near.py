from __future__ import annotations

from itertools import combinations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from febench.audit.groups import Groups
from febench.audit.likeness import Likeness, shrink
from febench.audit.near import PAIRS_EACH, Looks, Search, close_pairs, near_groups

NOBODY = Groups.named(())
hashes = st.integers(0, 2**64 - 1)
flips = st.lists(st.integers(0, 63), max_size=5)


def array(found: set[int]) -> NDArray[np.uint64]:
    return np.array(sorted(found), dtype=np.uint64)


def by_comparing_all(values: NDArray[np.uint64]) -> set[tuple[int, int]]:
    numbers = [int(value) for value in values]
    return {(i, j) for i, j in combinations(range(len(numbers)), 2) if (numbers[i] ^ numbers[j]).bit_count() <= 3}


@given(st.lists(st.tuples(st.integers(0, 3), flips), max_size=60), st.lists(hashes, min_size=4, max_size=4))
def test_every_close_pair_is_found_and_no_other(near: list[tuple[int, list[int]]], centres: list[int]) -> None:
    values = array({centres[which] ^ sum(1 << bit for bit in set(bits)) for which, bits in near})
    found = close_pairs(values)
    assert found.whole
    assert set(zip(found.low.tolist(), found.high.tolist(), strict=True)) == by_comparing_all(values)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 255), st.integers(0, 60)), min_size=1, max_size=30))
def test_groups_are_those_of_comparing_all(recipe: list[tuple[int, int, int]]) -> None:
    images = np.random.default_rng(0).integers(0, 255, (6, 12, 12), dtype=np.uint8)[[which for which, _, _ in recipe]]
    for image, (_, value, pixels) in zip(images, recipe, strict=True):
        image.reshape(-1)[: 2 * pixels] = value
    likeness = Likeness.of(images)
    found = near_groups(likeness, NOBODY)
    assert found.whole
    assert {frozenset(found.groups[g].tolist()) for g in range(len(found.groups))} == quadratic(images, likeness)


def quadratic(images: NDArray[np.uint8], likeness: Likeness) -> set[frozenset[int]]:
    """Groups of images nearly the same, every two compared; copies go with them."""
    looks = Looks.of(likeness.small, np.full(len(images), -1))
    group = {i: {i} for i in range(len(images))}
    near: set[int] = set()
    for i, j in combinations(range(len(images)), 2):
        same = np.array_equal(images[i], images[j])
        close = (int(likeness.hashes[i]) ^ int(likeness.hashes[j])).bit_count() <= 3
        flat = min(likeness.contrasts[i], likeness.contrasts[j]) < 4
        if same or (close and not flat and looks.alike(np.array([i]), np.array([j]))[0]):
            near |= set() if same else {i, j}
            joined = group[i] | group[j]
            group.update(dict.fromkeys(joined, joined))  # type: ignore[arg-type]
    return {frozenset(members) for members in group.values() if members & near}


def compared(search: Search) -> int:
    return sum(len(low) for low, _ in search.candidates())


def test_equal_hashes_do_not_make_it_quadratic() -> None:
    n = 20_000
    search = Search.among(np.zeros(n, np.uint64), np.arange(n, dtype=np.float32))
    assert compared(search) <= PAIRS_EACH * n and not search.whole


def test_hashes_all_close_to_each_other_do_not_make_it_quadratic() -> None:
    cube = np.repeat(np.arange(2**12, dtype=np.uint64), 5)
    search = Search.among(cube, np.arange(len(cube), dtype=np.float32))
    assert compared(search) <= 2 * PAIRS_EACH * len(cube) and not search.whole


def test_a_crowded_place_is_cut_and_told() -> None:
    agreeing = np.arange(2500, dtype=np.uint64) << np.uint64(40)
    assert close_pairs(agreeing[:100]).whole and not close_pairs(agreeing).whole


def test_few_images_with_equal_hashes_are_all_compared() -> None:
    search = Search.among(np.array([5, 5, 5, 4, 15 << 40], np.uint64), np.zeros(5, np.float32))
    pairs = {frozenset(pair) for low, high in search.candidates() for pair in zip(low, high, strict=True)}
    assert search.whole and pairs == {frozenset(pair) for pair in combinations(range(4), 2)}


def test_cells_are_means_whatever_the_sizes() -> None:
    images = np.random.default_rng(0).integers(0, 255, (3, 12, 20), dtype=np.uint8)
    assert np.allclose(shrink(images, 3, 4), images.reshape(3, 3, 4, 4, 5).mean(axis=(2, 4)), atol=1e-3)
    assert np.allclose(shrink(images, 5, 7).mean(axis=(1, 2)), images.mean(axis=(1, 2)), atol=1e-3)
    assert np.allclose(shrink(images[:, :2, :2], 4, 4), images[:, :2, :2].repeat(2, 1).repeat(2, 2), atol=1e-3)


def test_a_hash_does_not_depend_on_the_other_images() -> None:
    images = np.random.default_rng(0).integers(0, 255, (700, 64, 64, 3), dtype=np.uint8)
    whole, alone = Likeness.of(images), Likeness.of(images[650:651])
    assert whole.hashes[650] == alone.hashes[0] and whole.digests[650] == alone.digests[0]
