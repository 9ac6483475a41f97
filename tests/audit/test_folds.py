from __future__ import annotations

import numpy as np

from tests.audit.sets import THREE, a_set, codes, folds, thirds

SPLIT = [([0], [1], [2])]


def labelled(*labels: int) -> np.ndarray:
    return np.array(labels, dtype=np.int64)


def test_a_class_missing_in_training_or_test() -> None:
    data = a_set(labels=labelled(*[0] * 10, 1, 1))
    finding = codes(data, folds(data, [[[0, 1, 2, 10], [3, 4, 5, 11], [6, 7, 8, 9]]], THREE))["FEB009"]
    assert (finding.severity, finding.count) == ("error", 2)
    assert finding.examples == ("sad is missing in train of run 1, fold 1", "sad is missing in test of run 1, fold 3")
    assert finding.detail == "and 1 in validation, such as sad is missing in validation of run 1, fold 2"


def test_no_class_missing() -> None:
    data = a_set()
    assert "FEB009" not in codes(data, thirds(data)) and "FEB009" not in codes(data)


def test_a_class_missing_in_validation_alone_is_a_warning() -> None:
    data = a_set()
    finding = codes(data, folds(data, [[[*range(8)], [8, 10], [9, 11, 0]]], SPLIT))["FEB009"]
    assert (finding.severity, finding.examples) == ("warning", ("sad is missing in validation of run 1, fold 1",))


def test_a_split_without_validation_lacks_nothing_there() -> None:
    assert "FEB009" not in codes(a_set(parts=("train",) * 8 + ("test",) * 4))
    lacking = a_set(labels=labelled(*[0, 1] * 5, 0, 0), parts=("train",) * 10 + ("test",) * 2)
    assert codes(lacking)["FEB009"].examples == ("sad is missing in test of the set's own split",)


def test_fewer_images_than_groups() -> None:
    data = a_set(labels=labelled(*[0] * 10, 1, 1))
    finding = codes(data, thirds(data))["FEB010"]
    assert (finding.severity, finding.examples) == ("warning", ("sad has 2 images for 3 groups",))
    enough = a_set(labels=labelled(*[0] * 9, 1, 1, 1))
    assert "FEB010" not in codes(enough, thirds(enough)) and "FEB010" not in codes(data)


def test_images_never_tested_or_tested_twice() -> None:
    data = a_set(3, labels=labelled(0, 1, 1))
    once_each = [[0], [1], [2]]
    finding = codes(data, folds(data, [once_each], [*THREE[:2], ([1], [2], [0])]))["FEB011"]
    assert (finding.severity, finding.count) == ("error", 2)
    assert finding.examples == ("i0, tested 2 times in run 1", "i2, tested 0 times in run 1")
    assert "FEB011" not in codes(data, folds(data, [once_each], THREE))


def test_an_image_in_no_group_or_twice_in_one_is_seen() -> None:
    data = a_set(4)
    finding = codes(data, folds(data, [[[0], [1], [2, 3]], [[0], [1, 1], [2]]], THREE))["FEB011"]
    assert finding.examples == ("i1, tested 2 times in run 2", "i3, tested 0 times in run 2")


def test_a_protocol_of_one_fold_tests_a_part_by_design() -> None:
    data = a_set()
    assert "FEB011" not in codes(data, folds(data, [[[*range(8)], [8, 9], [10, 11]]], SPLIT))
    assert "FEB011" not in codes(a_set(parts=("train",) * 8 + ("test",) * 4))
