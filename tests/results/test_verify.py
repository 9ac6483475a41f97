"""A results directory verified, and held against another."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from febench.core.dataset import Dataset
from febench.core.manifest import draw
from febench.results.store import Store
from febench.results.verify import compare_stores, verify_store
from tests.made_results import made_cell


def test_a_results_directory_is_verified_and_held_against_another(toy: Dataset, tmp_path: Path) -> None:
    stores = [Store.open(tmp_path / name, draw(toy, "paper")) for name in "ab"]
    made = [made_cell(stores[0].manifest, "m", 0.5, 1, fold, probabilities=False) for fold in range(1, 11)]
    for store, last in zip(stores, (made[-1], dataclasses.replace(made[-1], predictions=[0] * 14)), strict=True):
        with store.writing() as writer:
            writer.append(*made[:-1], last)
    assert all(finding.ok is not False for store in stores for finding in verify_store(store))
    found = compare_stores(stores[0], stores[1])
    assert [finding.ok for finding in found] == [True, True, False]
    assert found[1].detail == "10 of 10 cells are in both"
    assert found[2].detail == "10 cells in both, 1 with other predictions, 0 with other probabilities"


def test_probabilities_are_compared_and_directories_without_a_common_cell_do_not_agree(
    toy: Dataset, tmp_path: Path
) -> None:
    stores = [Store.open(tmp_path / name, draw(toy, "paper")) for name in "abc"]
    made = [made_cell(stores[0].manifest, "m", 0.5, 1, fold, probabilities=False) for fold in range(1, 11)]
    for store, half in zip(stores, (0.5, 0.25, None), strict=True):
        with store.writing() as writer:
            for record in made:
                beliefs = [[half or 0.0] * 7] * len(record.predictions or ())
                other = {} if half else {"key": f"other {record.key}"}
                writer.append(dataclasses.replace(record, probabilities=beliefs, **other))
    found = compare_stores(stores[0], stores[1])
    assert [finding.ok for finding in found] == [True, True, False]
    assert found[2].detail == "10 cells in both, 0 with other predictions, 10 with other probabilities"
    strangers = compare_stores(stores[0], stores[2])
    assert [finding.ok for finding in strangers] == [True, False] and "0 of 10 cells" in strangers[1].detail
