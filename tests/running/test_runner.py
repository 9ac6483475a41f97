from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from febench.core.dataset import Dataset
from febench.core.errors import DataError, UsageError
from febench.results.store import Store
from febench.running.options import RunOptions
from febench.running.runner import folds_of


def test_a_directory_of_something_else_is_refused(toy: Dataset, tmp_path: Path) -> None:
    options = RunOptions(dataset="toy", out=tmp_path)
    Store.open(tmp_path, folds_of(options, toy))
    for changes, words in (({"protocol": "subject"}, "protocol paper, not subject"), ({"seed": 1}, "seed 0, not 1")):
        with pytest.raises(UsageError, match=words) as refused:
            folds_of(dataclasses.replace(options, **changes), toy)
        assert refused.value.option == "out" and "--" not in str(refused.value)
    with pytest.raises(UsageError, match="data set toy, not other"):
        folds_of(options, dataclasses.replace(toy, name="other"))
    with pytest.raises(DataError, match="images or labels changed"):
        folds_of(options, dataclasses.replace(toy, images=toy.images[::-1]))


def test_stored_folds_are_never_redrawn(toy: Dataset, tmp_path: Path) -> None:
    options = RunOptions(dataset="toy", out=tmp_path)
    first = Store.open(tmp_path, folds_of(options, toy)).manifest
    before = (tmp_path / "manifest.json").read_bytes()
    assert Store.open(tmp_path, folds_of(options, toy)).manifest.sha256 == first.sha256
    assert (tmp_path / "manifest.json").read_bytes() == before
