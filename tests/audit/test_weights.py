from __future__ import annotations

from pathlib import Path

import pytest

from febench.audit import audit
from febench.core.errors import DataError
from febench.core.provenance import image_hashes
from tests.audit.sets import a_set, folds, noise
from tests.core.test_provenance import safetensors


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
