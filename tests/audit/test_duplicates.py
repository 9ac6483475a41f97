from __future__ import annotations

import numpy as np

from febench.core.dataset import Dataset
from tests.audit.sets import a_set, codes, folds, noise, thirds


def with_copy(of: int, at: int, shift: int = 0, n: int = 12) -> Dataset:
    images = noise(n)
    images[at] = images[of]
    images[at, 0, 0] ^= shift
    return a_set(images=images, subjects=None)


def test_identical_images() -> None:
    finding = codes(with_copy(0, 2))["FEB004"]
    assert (finding.severity, finding.count, finding.examples) == ("warning", 1, ("i0 = i2",))
    assert "FEB004" not in codes(with_copy(0, 2, shift=1)) and "FEB004" not in codes(a_set())


def test_identical_images_in_two_parts() -> None:
    data = with_copy(0, 2)
    finding = codes(data, thirds(data))["FEB005"]
    assert (finding.severity, finding.count) == ("error", 1)
    assert finding.examples == ("i0 = i2, in validation and test of run 1, fold 1",)
    assert "FEB005" not in codes(data)
    together = with_copy(0, 1)
    assert "FEB005" not in codes(together, thirds(together))


def test_identical_images_in_two_parts_of_the_sets_own_split() -> None:
    parts = ("train",) * 10 + ("test",) * 2
    data = a_set(images=with_copy(0, 11).images, parts=parts)
    assert codes(data)["FEB005"].examples == ("i0 = i11, in train and test of the set's own split",)
    assert "FEB005" not in codes(a_set(images=with_copy(0, 1).images, parts=parts))


def test_an_image_that_is_itself_in_two_parts() -> None:
    data = a_set()
    twice = folds(data, [[[*range(9)], [8, 9], [10, 11]]], [([0], [1], [2])])
    assert codes(data, twice)["FEB005"].examples == ("i8, in train and validation of run 1, fold 1",)


def test_nearly_the_same_images() -> None:
    data = with_copy(0, 2, shift=1)
    alone = codes(data)["FEB006"]
    assert (alone.severity, alone.count, alone.examples) == ("warning", 1, ("i0 ~ i2",))
    assert codes(data, thirds(data))["FEB006"].detail == "2 images in all; 1 groups are in two parts"
    together = with_copy(0, 1, shift=1)
    assert codes(together, thirds(together))["FEB006"].detail == "2 images in all; 0 groups are in two parts"


def test_identical_images_are_not_told_as_nearly_the_same() -> None:
    assert "FEB006" not in codes(with_copy(0, 2))


def test_copies_stand_with_what_is_nearly_like_them() -> None:
    images = with_copy(0, 2, shift=1).images.copy()
    images[7] = images[0]
    assert codes(a_set(images=images))["FEB006"].examples == ("i0 ~ i2 ~ i7",)


def test_flat_images_are_like_nothing() -> None:
    images = (noise(12) % 3 + 100).astype(np.uint8)
    assert "FEB006" not in codes(a_set(images=images))


def studio(differ: int) -> Dataset:
    """Images of four people, each before the same background, the face of each shot a little other."""
    rng = np.random.default_rng(0)
    people = rng.integers(0, 255, (4, 32, 32)).repeat(6, axis=0)
    shots = rng.integers(-differ, differ + 1, (24, 32, 32))
    return a_set(24, images=np.clip(people + shots, 0, 255).astype(np.uint8))


def test_one_person_in_one_studio_is_no_copy_but_nearly_the_same_shot_is() -> None:
    assert "FEB006" not in codes(studio(12))
    images = studio(12).images.copy()
    images[1] = np.clip(images[0].astype(int) + np.random.default_rng(1).integers(-1, 2, (32, 32)), 0, 255)
    assert codes(a_set(24, images=images))["FEB006"].examples == ("i0 ~ i1",)
    assert codes(a_set(24, images=studio(12).images, subjects=None))["FEB006"].count >= 4


def test_a_person_of_whom_all_images_are_compressed_anew() -> None:
    assert codes(studio(1))["FEB006"].count == 4


def test_identical_images_with_different_labels() -> None:
    finding = codes(with_copy(0, 3))["FEB007"]
    assert (finding.severity, finding.count, finding.examples) == ("warning", 1, ("i0 (glad) = i3 (sad)",))
    assert "FEB007" not in codes(with_copy(0, 2))


def test_the_examples_show_two_labels_first() -> None:
    images = noise(12)
    images[[2, 4, 6, 7]] = images[0]
    assert codes(a_set(images=images))["FEB007"].examples == ("i0 (glad) = i7 (sad) = i2 (glad) and 2 more",)
