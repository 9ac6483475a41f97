"""`name` gives a data set its name in tables, and keeps two sets of one loader apart; folds and seeds stay."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from febench.api import table
from febench.core.dataset import Dataset
from febench.core.errors import DataError, UsageError
from febench.core.manifest import draw
from febench.results.results import Results
from febench.results.store import MANIFEST, Store
from febench.running.options import RunOptions
from febench.running.runner import folds_of
from tests.made_results import made_cell


def test_a_manifest_without_a_name_has_no_such_field_and_a_name_changes_neither_folds_nor_seeds(toy: Dataset) -> None:
    plain, named = draw(toy, "paper"), draw(toy, "paper", name="mine")
    assert "name" not in plain.content and named.content == {**plain.content, "name": "mine"}
    assert plain.title == "toy" and named.title == "mine" and named.dataset == "toy"
    assert named.cell_seed("m", 1, 1) == plain.cell_seed("m", 1, 1)


def test_tables_show_the_name_and_their_data_hold_the_selector_too(toy: Dataset, tmp_path: Path) -> None:
    store = Store.open(tmp_path, draw(toy, "paper", name="my faces"))
    with store.writing() as writer:
        writer.append(*(made_cell(store.manifest, "m", 0.5, 1, fold) for fold in range(1, 11)))
    assert json.loads((tmp_path / MANIFEST).read_text())["name"] == "my faces"
    results = Results.of(Store(tmp_path))
    assert "(my faces, protocol paper)" in table(3, results)
    data = json.loads(table(3, results, format="json"))
    assert (data["dataset"], data["name"]) == ("toy", "my faces")


def test_results_have_a_folder_of_the_name() -> None:
    assert RunOptions(dataset="folder", name="mine").path == Path("results/mine/paper")
    assert RunOptions(dataset="folder", name="../a").path == Path("results/.._a/paper")


@pytest.mark.parametrize("name", ["..", " ", "a\nb", "jaffe"])
def test_a_name_that_misleads_is_refused(name: str) -> None:
    with pytest.raises(UsageError) as refused:
        RunOptions(dataset="folder", name=name)
    assert refused.value.option == "name"


def test_other_images_under_the_same_selector_or_another_name_are_not_mixed_in(toy: Dataset, tmp_path: Path) -> None:
    options = RunOptions(dataset="toy", name="mine", out=tmp_path)
    Store.open(tmp_path, folds_of(options, toy))
    assert folds_of(options, toy).title == folds_of(dataclasses.replace(options, name=""), toy).title == "mine"
    with pytest.raises(UsageError, match="results of a data set called mine, not yours") as refused:
        folds_of(dataclasses.replace(options, name="yours"), toy)
    assert refused.value.option == "name"
    with pytest.raises(DataError, match="another data set toy, or its images or labels changed") as changed:
        folds_of(options, dataclasses.replace(toy, images=toy.images[::-1]))
    assert changed.value.option == "name"
