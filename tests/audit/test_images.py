from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from febench.audit import audit
from febench.core.cache import cached_array
from febench.core.dataset import Dataset
from febench.core.errors import DataError
from febench.core.provenance import image_hashes
from febench.datasets.detectors import Face
from tests.audit.sets import a_set, codes, folds, noise, thirds
from tests.core.test_provenance import safetensors


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
    assert codes(data, thirds(data))["FEB006"].detail == "1 pairs, 2 images in all; 1 groups are in two parts"
    together = with_copy(0, 1, shift=1)
    assert codes(together, thirds(together))["FEB006"].detail == "1 pairs, 2 images in all; 0 groups are in two parts"


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


def test_images_missing_are_counted_and_other_notes_are_none() -> None:
    finding = codes(a_set(notes=("1 file was left out",), departures={"2 images are missing": 2, "1 too many": 1}))[
        "FEB014"
    ]
    assert finding.count == 3
    assert (finding.severity, finding.examples) == ("warning", ("2 images are missing", "1 too many"))
    assert "FEB014" not in codes(a_set(notes=("1 file was left out",)))


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


def test_pretrained_on_images_of_the_set(tmp_path: Path) -> None:
    data = a_set()
    weights = safetensors(tmp_path / "w.safetensors", image_hashes(data.images[[2, 9]]))
    [finding] = [one for one in audit(data, weights=weights) if one.code == "FEB013"]
    assert (finding.severity, finding.count, finding.examples) == ("error", 2, ("i2", "i9"))


def test_pretrained_on_images_that_are_not_tested(tmp_path: Path) -> None:
    data = a_set()
    split = folds(data, [[[*range(8)], [8, 9], [10, 11]]], [([0], [1], [2])])
    trained = safetensors(tmp_path / "a.safetensors", image_hashes(data.images[:10]))
    assert "FEB013" not in {one.code for one in audit(data, split, trained)}
    tested = safetensors(tmp_path / "b.safetensors", image_hashes(data.images[:11]))
    assert [one.examples for one in audit(data, split, tested) if one.code == "FEB013"] == [("i10",)]


def test_pretrained_on_other_images(tmp_path: Path) -> None:
    weights = safetensors(tmp_path / "w.safetensors", image_hashes(noise(5, seed=9)))
    assert "FEB013" not in {one.code for one in audit(a_set(), weights=weights)}


def test_weights_that_say_nothing_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="do not say which images"):
        audit(a_set(), weights=safetensors(tmp_path / "w.safetensors", None))


@pytest.mark.parametrize(("shift", "told"), [(0, False), (40, True)])
def test_faces_that_are_not_aligned(monkeypatch: pytest.MonkeyPatch, shift: int, told: bool) -> None:
    """A detector that sees the brightest pixels as eyes; they lie at one place, or at any."""

    class Brightest:
        fingerprint = f"brightest {shift}"

        def __call__(self, image: np.ndarray) -> list[Face]:
            y, x = np.unravel_index(image[..., 0].argmax(), image.shape[:2])
            return [Face((0, 0, 50, 50), np.array([(x, y), (x + 30, y), (0, 0), (0, 0), (0, 0)], float))]

    monkeypatch.setattr("febench.datasets.alignment.load_detector", lambda name: Brightest())
    images = np.zeros((40, 128, 128), np.uint8)
    rng = np.random.default_rng(0)
    for image in images:
        x, y = rng.integers(40 - shift, 41 + shift, 2)
        image[y : y + 4, x : x + 4] = 255
    finding = codes(a_set(40, images=images)).get("FEB018")
    assert (finding is not None) is told and (finding is None or finding.severity == "info")
