from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from febench.core.dataset import Dataset
from febench.core.errors import DataError, UsageError
from febench.core.registry import load_plugin
from febench.results.record import Record
from febench.results.store import Store
from febench.running.executors.base import Failure
from febench.running.options import RunOptions
from febench.running.plan import Cell, Plan, make_row, wanted_cells
from febench.running.runner import Outcome, folds_of, store_outcomes
from febench.running.tasks import CellResult


def test_a_directory_of_something_else_is_refused(toy: Dataset, tmp_path: Path) -> None:
    options = RunOptions(dataset="toy", out=tmp_path)
    Store.open(tmp_path, folds_of(options, toy))
    for changes, words in (({"protocol": "subject"}, "protocol paper, not subject"), ({"seed": 1}, "seed 0, not 1")):
        with pytest.raises(UsageError, match=words) as refused:
            folds_of(dataclasses.replace(options, **changes), toy)
        assert refused.value.option == "out" and "--" not in str(refused.value)
    with pytest.raises(UsageError, match="data set toy, not other"):
        folds_of(options, dataclasses.replace(toy, name="other"))
    with pytest.raises(DataError, match="its images or labels changed"):
        folds_of(options, dataclasses.replace(toy, images=toy.images[::-1]))


def test_stored_folds_are_never_redrawn(toy: Dataset, tmp_path: Path) -> None:
    options = RunOptions(dataset="toy", out=tmp_path)
    first = Store.open(tmp_path, folds_of(options, toy)).manifest
    before = (tmp_path / "manifest.json").read_bytes()
    assert Store.open(tmp_path, folds_of(options, toy)).manifest.sha256 == first.sha256
    assert (tmp_path / "manifest.json").read_bytes() == before


class Disbeliever:
    """Looks on the disk for each cell that it is told of."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.told: list[str] = []
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)

    def begin(self, plan: Plan) -> None: ...

    def stored(self, cell: Cell, record: Record) -> None:
        assert cell.key in {stored.key for stored in Store(self.path).records}
        self.told.append(record.status)

    def end(self) -> None:
        self.notes.append("end")


def test_cells_of_a_group_are_stored_before_one_is_told_and_a_full_disk_is_no_result(
    toy: Dataset, tmp_path: Path, plugin: Path
) -> None:
    load_plugin(plugin)
    options = RunOptions(dataset="toy", out=tmp_path)
    store = Store.open(tmp_path, folds_of(options, toy))
    cells = wanted_cells([make_row("lottery", "paper", {})], store.manifest, runs=1)
    results = [CellResult([0] * store.manifest.n_test(1, cell.fold)) for cell in cells]
    failures = [Failure("full", "no room"), Failure("failed", "no"), Failure("full", "no room")]
    first = [Outcome(cell, result, {}) for cell, result in zip(cells, results[:4], strict=False)]
    second = [Outcome(cell, failure, {}) for cell, failure in zip(cells[4:], failures, strict=False)]
    watcher = Disbeliever(tmp_path)
    with store.writing() as writer:
        store_outcomes(iter([first, second, second[:1]]), options, tmp_path, writer, watcher)
    assert watcher.told == ["ok"] * 4 + ["failed"]
    assert watcher.notes == ["end", "3 cells of lottery met a full disk and stay missing: no room"]
    assert len(Store(tmp_path).records) == 5
