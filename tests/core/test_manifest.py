from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from febench.core.dataset import Dataset
from febench.core.errors import MismatchError, UsageError
from febench.core.manifest import draw, read
from febench.core.protocol import Deal, Roles, protocol, rotating


def test_what_is_written_is_read_back(toy: Dataset, tmp_path: Path) -> None:
    manifest = draw(toy, "paper", seed=1)
    (tmp_path / "manifest.json").write_text(manifest.to_text())
    found = read(tmp_path / "manifest.json")
    assert found.sha256 == manifest.sha256
    assert (found.ids, found.classes, found.n_runs, found.n_folds) == (toy.ids, toy.classes, 10, 10)
    assert (found.subjects, found.protocol_version, found.roles) == (toy.subjects, "1", rotating(10))
    assert np.array_equal(found.groups(3)[3], manifest.fold(3, 4).test)
    assert np.array_equal(found.fold(3, 4).train, manifest.fold(3, 4).train)


def test_the_hash_sees_every_part(toy: Dataset) -> None:
    manifest = draw(toy, "paper")
    changed = json.loads(json.dumps(manifest.content))
    changed["runs"][0][0], changed["runs"][0][1] = changed["runs"][0][1], changed["runs"][0][0]
    assert type(manifest)(changed).sha256 != manifest.sha256


def test_a_plugins_protocol_says_what_it_keeps_together_and_the_folds_tell_it(toy: Dataset, tmp_path: Path) -> None:
    def thirds(dataset: Dataset, *, seed: int) -> Deal:
        return Deal([np.array_split(np.arange(len(dataset)), 3)], rotating(3))

    filmed = dataclasses.replace(toy, sequences=tuple(f"film {i // 2}" for i in range(140)))
    protocol("thirds", version="1", together="sequences")(thirds)
    manifest = draw(filmed, "thirds")
    (tmp_path / "manifest.json").write_text(manifest.to_text())
    for one in (manifest, read(tmp_path / "manifest.json")):
        assert one.together is not None
        assert len(np.unique(one.together)) == 70 and np.array_equal(one.together[::2], one.together[1::2])
    assert draw(toy, "thirds").together is None
    before = {name: value for name, value in manifest.content.items() if name != "sequences"}
    with pytest.raises(UsageError, match="drawn before protocol thirds kept sequences together"):
        _ = type(manifest)(before).together
    with pytest.raises(UsageError, match="there is no protocol 'unknown'"):
        _ = type(manifest)({**manifest.content, "protocol": "unknown"}).together
    with pytest.raises(UsageError, match="keeps together 'people'; choose subjects or sequences"):
        protocol("fourths", version="1", together="people")(thirds)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["paper", "subject", "loso"])
def test_what_is_kept_together_changes_no_folds_of_before(toy: Dataset, name: str) -> None:
    assert set(draw(toy, name).content) == {
        "format", "dataset", "fingerprint", "synthetic", "protocol", "protocol_version", "seed", "classes", "images",
        "labels", "subjects", "folds", "runs",
    }  # fmt: skip


@pytest.mark.parametrize("damage", [("[", "("), ('"seed": 0', '"seed": 1'), ('"format": 1', '"format": 2')])
def test_a_damaged_file_is_refused(toy: Dataset, tmp_path: Path, damage: tuple[str, str]) -> None:
    path = tmp_path / "manifest.json"
    path.write_text(draw(toy, "paper").to_text().replace(*damage, 1))
    with pytest.raises(MismatchError, match=r"manifest\.json"):
        read(path)


def test_fold_g_tests_on_g_and_validates_on_the_next(toy: Dataset) -> None:
    manifest = draw(toy, "paper")
    tests = [set(manifest.fold(1, g).test) for g in range(1, 11)]
    validations = [set(manifest.fold(1, g).validation) for g in range(1, 11)]
    assert validations == [*tests[1:], tests[0]]


THIRDS = [np.arange(50), np.arange(50, 100), np.arange(100, 140)]


@pytest.mark.parametrize(
    ("runs", "folds", "words"),
    [
        ([[range(70), range(69, 140), range(0)]], rotating(3), "run 1 the groups do not hold every image exactly once"),
        ([[range(70), range(70, 139), range(0)]], rotating(3), "run 1 the groups do not hold every image exactly once"),
        ([THIRDS, [range(140), [], []]], rotating(3), "run 2 fold 1 has no image to train on or to test"),
        ([THIRDS], (Roles((0,), (1,), (3,)),), "name groups that are none of the 3"),
        ([THIRDS], (Roles((0,), (1,), (-1,)),), "name groups that are none of the 3"),
        ([THIRDS, [range(70), range(70, 140)]], rotating(3), "name groups that are none of the 2"),
        ([THIRDS], (Roles((0, 1), (1,), (2,)),), "fold 1 uses a group twice"),
        ([THIRDS], (), "no run or no fold"),
        ([], rotating(3), "no run or no fold"),
    ],
)
def test_an_unsound_deal_is_refused(
    toy: Dataset, runs: list[list[Sequence[int]]], folds: tuple[Roles, ...], words: str
) -> None:
    def crooked(dataset: Dataset, *, seed: int) -> Deal:
        return Deal([[np.asarray(group, dtype=np.int64) for group in groups] for groups in runs], folds)

    protocol("crooked", version="1")(crooked)
    with pytest.raises(UsageError, match=words):
        draw(toy, "crooked")
