"""What a power cut leaves: every cell that was said to be safe, and folds that are there or can be drawn again."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pytest

from febench.core.cache import array_path, cached_array
from febench.core.errors import MismatchError, UnreadableFoldsError
from febench.core.files import make_folder, replacing
from febench.core.manifest import draw
from febench.results import store as stores
from febench.results.store import CELLS, MANIFEST, Store
from tests.end_to_end.conftest import Febench
from tests.faults.conftest import Survived
from tests.faults.power import Disk, write
from tests.made_results import made_cell, made_dataset, made_results

FOLDS = draw(made_dataset(140), "paper")
CELLS_WRITTEN = [made_cell(FOLDS, "m", 0.8, run, fold, False) for run in (1, 2) for fold in range(1, 6)]


def work(disk: Disk, at_once: int = 1) -> None:
    """Open a store in a new folder and write some cells, so many in each commit."""
    with Store.open(disk.root / "toy" / "paper", FOLDS).writing() as writer:
        for start in range(0, len(CELLS_WRITTEN), at_once):
            writer.append(*CELLS_WRITTEN[start : start + at_once])
            disk.done += at_once


@pytest.mark.parametrize("at_once", [1, 5])
def test_no_moment_of_a_run_loses_a_stored_cell_or_the_folds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, survived: Survived, at_once: int
) -> None:
    disk = Disk(tmp_path / "disk")
    disk.root.mkdir()
    disk.record(monkeypatch)
    work(disk, at_once)
    monkeypatch.undo()
    assert len(disk.images) >= 20 + 2 * len(CELLS_WRITTEN) // at_once
    assert disk.images[-1][0] == len(CELLS_WRITTEN) - at_once
    for number, (done, image) in enumerate(disk.images):
        left = write(image, tmp_path / f"left{number}") / "toy" / "paper"
        assert done == 0 or [r.key for r in Store(left).records[:done]] == [r.key for r in CELLS_WRITTEN[:done]]
        again = Store.open(left, FOLDS)
        assert not again.redrawn and len(again.records) >= done
        with again.writing() as writer:
            for record in CELLS_WRITTEN[len(again.records) :]:
                writer.append(record)
        assert [record.key for record in Store(left).records] == [record.key for record in CELLS_WRITTEN]
        survived.count()


@contextlib.contextmanager
def unsynced(path: Path) -> Iterator[BinaryIO]:
    """As files were replaced before: nothing says that what was written is on the disk."""
    partial = path.with_suffix(".tmp")
    with partial.open("wb") as file:
        yield file
    partial.replace(path)


def test_folds_that_a_power_cut_emptied_are_drawn_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = Disk(tmp_path / "disk")
    disk.root.mkdir()
    disk.record(monkeypatch)
    monkeypatch.setattr(stores, "replacing", unsynced)
    work(disk)
    monkeypatch.undo()
    emptied = 0
    for number, (done, image) in enumerate(disk.images):
        if done and image.get(f"toy/paper/{MANIFEST}") == b"":
            left = write(image, tmp_path / f"left{number}") / "toy" / "paper"
            with pytest.raises(UnreadableFoldsError, match="is empty or torn"):
                Store(left)
            mended = Store.open(left, FOLDS)
            assert mended.redrawn and len(mended.records) >= done
            assert (left / MANIFEST).read_text() == FOLDS.to_text()
            emptied += 1
    assert emptied >= 5


@pytest.mark.parametrize("left", [None, b"", b"\0" * 100, FOLDS.to_text().encode()[:-40]])
def test_lost_folds_are_held_against_the_cells(tmp_path: Path, left: bytes | None) -> None:
    made_results(tmp_path, {"m": 0.8}, made_dataset(140), runs=[1])
    (tmp_path / MANIFEST).unlink() if left is None else (tmp_path / MANIFEST).write_bytes(left)
    cells = (tmp_path / CELLS).read_bytes()
    with pytest.raises(MismatchError, match="the folds drawn now are not those of the 10 cells"):
        Store.open(tmp_path, draw(made_dataset(140), "paper", seed=1))
    assert (tmp_path / CELLS).read_bytes() == cells
    assert left is None or (tmp_path / MANIFEST).read_bytes() == left
    assert len(Store.open(tmp_path, FOLDS).records) == 10 and not Store.open(tmp_path, FOLDS).redrawn


def test_whole_folds_of_another_content_are_never_drawn_over(tmp_path: Path) -> None:
    made_results(tmp_path, {"m": 0.8}, made_dataset(140), runs=[1])
    edited = (tmp_path / MANIFEST).read_text().replace('"seed": 0', '"seed": 1')
    (tmp_path / MANIFEST).write_text(edited)
    with pytest.raises(MismatchError, match="edited or damaged"):
        Store.open(tmp_path, FOLDS)
    assert (tmp_path / MANIFEST).read_text() == edited


def test_the_same_command_draws_lost_folds_again_and_reading_verbs_name_it(febench: Febench, tmp_path: Path) -> None:
    run = ("run", "--plugin", "plugin.py", "--dataset", "toy", "--methods", "lottery", "--runs", "1", "--out", "all/o")
    first = febench(*run)
    assert first.returncode == 0, first.stderr
    (tmp_path / "all" / "o" / MANIFEST).write_text("")
    for verb in (("table", "3", "all/o"), ("status", "all"), ("verify", "all/o"), ("report", "all", "-o", "r.html")):
        told = febench(*verb)
        assert told.returncode == 5 and "the febench run that made these results draws the folds again" in told.stderr
    other = febench(*run, "--seed", "1")
    assert other.returncode == 5 and "name the data set, protocol and seed" in other.stderr
    again = febench(*run)
    assert again.returncode == 0 and "drawn again, and the stored cells fit them" in again.stderr
    assert again.stdout == first.stdout and "to compute" not in again.stderr


def test_what_replaces_a_file_is_on_the_disk_before_its_name_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = Disk(tmp_path / "disk")
    disk.root.mkdir()
    path = disk.root / "new" / "file"
    disk.record(monkeypatch)
    make_folder(path.parent)
    for content in (b"old", b"new"):
        with replacing(path) as file:
            file.write(content)
        disk.done += 1
    monkeypatch.undo()
    for done, image in disk.images:
        assert image.get("new/file") in ((None, b"old"), (b"old", b"new"), (b"new",))[done]


def test_a_cached_array_is_whole_or_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = Disk(tmp_path / "disk")
    disk.root.mkdir()
    monkeypatch.setenv("FEBENCH_CACHE", str(disk.root))
    name = str(array_path("t", "k").relative_to(disk.root))
    disk.record(monkeypatch)
    content = cached_array("t", "k", iter([np.arange(1000)]), 1000).read_bytes()
    assert {image[name] for _, image in disk.images if name in image} <= {content}
    assert any(name in image for _, image in disk.images)
