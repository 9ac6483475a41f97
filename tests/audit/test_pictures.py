from __future__ import annotations

import numpy as np

from febench.core.cache import cached_array
from tests.audit.sets import a_set, codes, noise


def test_blank_images() -> None:
    images = noise(12)
    images[3], images[5] = 0, 200
    images[5, 4, 4] = 202
    finding = codes(a_set(images=images))["FEB008"]
    assert (finding.severity, finding.count, finding.examples) == ("warning", 2, ("i3", "i5"))
    images[3, 0, 0] = images[5, 4, 4] = 20
    assert "FEB008" not in codes(a_set(images=images))


def test_one_colour_is_blank_and_a_pattern_in_one_channel_is_not() -> None:
    images = np.stack([noise(12, seed=seed) for seed in range(3)], axis=3)
    images[4] = (10, 200, 30)
    images[6] = 50
    images[6, :8, :, 2] = 70
    assert codes(a_set(images=images))["FEB008"].examples == ("i4",)


def test_what_the_loader_noted() -> None:
    finding = codes(a_set(notes=("2 images are missing", "1 file was left out")))["FEB014"]
    assert (finding.severity, finding.examples) == ("warning", ("2 images are missing", "1 file was left out"))
    assert "FEB014" not in codes(a_set())


def test_a_memory_map_is_read_like_an_array() -> None:
    images = noise(3000, size=40)
    images[2999], images[1] = images[0], 9
    path = cached_array("images", "audited", iter([images]), len(images))
    mapped = a_set(3000, images=np.load(path, mmap_mode="r"))
    assert codes(mapped) == codes(a_set(3000, images=images))
    assert codes(mapped)["FEB004"].examples == ("i0 = i2999",)


def test_no_images_at_all() -> None:
    empty = a_set(0, images=noise(0))
    assert not [finding for finding in codes(empty).values() if "could not be done" in finding.title]
