"""Results read by an index are those of the lines, whatever happens to the index."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from febench.core.errors import MismatchError
from febench.results import index
from febench.results.index import INDEX, IndexedDirectory, open_results
from febench.results.merge import pool
from febench.results.metrics import METRICS
from febench.results.record import Record
from febench.results.results import Results
from febench.results.store import CELLS, MANIFEST, Store
from febench.show.compare import compare
from febench.show.formats import render
from febench.show.tables import make_table
from tests.made_results import made_cell, made_dataset, made_results

DATASET = made_dataset(70)
PROTOCOL = "paper[runs=3]"


@pytest.fixture(autouse=True)
def always_indexed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index, "INDEXED_FROM", 0)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """Two methods, one with a failed cell."""
    path = tmp_path / "results"
    store = made_results(path, {"one": 0.6, "two": 0.8}, DATASET, PROTOCOL)
    append(path, made_cell(store.manifest, "three", 0.5, 1, 1, status="failed", error="no", predictions=None))
    return path


def append(path: Path, *records: Record) -> None:
    with (path / CELLS).open("a", encoding="utf-8") as file:
        file.writelines(record.to_line() for record in records)


def everything(results: Results) -> dict[str, Any]:
    """All that tables are made of."""
    told: dict[str, Any] = {
        name: render(make_table(name, [results]), "json") for name in ("1", "3", "cost", "settings", "convergence")
    }
    for row in results.rows:
        told[f"{row.label} cells"] = [vars(record) for record in row.records]
        told[f"{row.label} failed"] = [record.error for record in row.failed]
        told[row.label] = row.gaps, row.weights, dict(row.precisions), row.runs
        for metric in METRICS.values():
            folds = {run: values.tolist() for run, values in row.fold_values(metric).items()}
            told[f"{row.label} {metric.name}"] = str((row.summary(metric), row.scores(metric), folds))
    told["pairs"] = [str(pair) for pair in compare(results).pairs]
    told["aside"] = results.set_aside, results.outdated, dict(results.environments)
    told["frames"] = [results.to_frame(of, ["oa", "log-loss"]).to_csv() for of in ("runs", "cells", "predictions")]
    return told


def by_lines(path: Path) -> dict[str, Any]:
    return everything(Results.of(Store(path)))


def by_index(path: Path) -> dict[str, Any]:
    store = open_results(path)
    assert isinstance(store, IndexedDirectory)
    return everything(Results.of(store))


def is_sound(path: Path) -> bool:
    """Whether the index is read instead of the lines."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(index, "stored_lines", lambda *_: pytest.fail("the lines were read"))
        try:
            IndexedDirectory(path)
        except pytest.fail.Exception:
            return False
    return True


def test_an_index_is_made_by_the_first_reader_and_read_by_the_next(directory: Path) -> None:
    expected = by_lines(directory)
    assert not is_sound(directory)
    assert by_index(directory) == expected
    assert is_sound(directory)
    assert by_index(directory) == expected


def test_small_directories_have_none(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index, "INDEXED_FROM", (directory / CELLS).stat().st_size + 1)
    assert isinstance(open_results(directory), Store)
    assert not (directory / INDEX).exists()


def delete(path: Path) -> None:
    (path / INDEX).unlink()


def tear(path: Path) -> None:
    content = (path / INDEX).read_bytes()
    (path / INDEX).write_bytes(content[: len(content) // 2])


def empty(path: Path) -> None:
    (path / INDEX).write_bytes(b"")


def flip(path: Path) -> None:
    """Each byte that the checksum guards is as good as another; this one is a prediction or a number."""
    content = bytearray((path / INDEX).read_bytes())
    content[len(content) // 2] ^= 1
    (path / INDEX).write_bytes(content)


def append_a_line(path: Path) -> None:
    append(path, made_cell(Store(path).manifest, "three", 0.5, 1, 2))


def tear_a_line(path: Path) -> None:
    with (path / CELLS).open("a", encoding="utf-8") as file:
        file.write('{"key":"')


def edit_a_line(path: Path) -> None:
    """The first cell took other memory; the file's time is another, its length and end are not."""
    lines, before = (path / CELLS).read_text(encoding="utf-8").splitlines(keepends=True), (path / CELLS).stat()
    changed = replace(Record.from_line(lines[0].encode()), peak_memory_mb=300.0)
    (path / CELLS).write_text("".join([changed.to_line(), *lines[1:]]), encoding="utf-8")
    os.utime(path / CELLS, ns=(before.st_atime_ns, before.st_mtime_ns + 1))
    assert (path / CELLS).stat().st_size == before.st_size


def replace_the_last_line(path: Path) -> None:
    """Of the same length, in a file of the same time."""
    lines, before = (path / CELLS).read_text(encoding="utf-8").splitlines(keepends=True), (path / CELLS).stat()
    changed = replace(Record.from_line(lines[-1].encode()), error="oh")
    (path / CELLS).write_text("".join([*lines[:-1], changed.to_line()]), encoding="utf-8")
    os.utime(path / CELLS, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (path / CELLS).stat().st_size == before.st_size


def of_another_version(path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(index, "FORMAT", index.FORMAT + 1)
        delete(path)
        IndexedDirectory(path)


def of_other_folds(path: Path) -> None:
    """The index of a directory whose cells are of the same length, time and last line is not enough."""
    text = (path / MANIFEST).read_text(encoding="utf-8")
    other = path.with_name("other")
    made_results(other, {}, made_dataset(70, name="other"), PROTOCOL)
    shutil.copy(other / MANIFEST, path / MANIFEST)
    delete(path)
    IndexedDirectory(path)
    (path / MANIFEST).write_text(text, encoding="utf-8")


@pytest.mark.parametrize(
    "damage",
    [
        delete, tear, empty, flip, append_a_line, tear_a_line, edit_a_line, replace_the_last_line, of_another_version,
        of_other_folds,
    ],
)  # fmt: skip
def test_an_index_that_is_not_sound_or_of_other_lines_is_made_again(
    directory: Path, damage: Callable[[Path], None]
) -> None:
    by_index(directory)
    assert is_sound(directory)
    damage(directory)
    assert not is_sound(directory)
    expected = by_lines(directory)
    assert by_index(directory) == expected
    assert is_sound(directory)
    assert by_index(directory) == expected
    assert IndexedDirectory(directory).torn == Store(directory).torn


def test_any_flipped_byte_is_seen(directory: Path) -> None:
    IndexedDirectory(directory)
    content = (directory / INDEX).read_bytes()
    for at in np.linspace(0, len(content) - 1, 40).astype(int).tolist():
        changed = bytearray(content)
        changed[at] ^= 1
        (directory / INDEX).write_bytes(changed)
        assert not is_sound(directory), at


def test_where_no_index_can_be_written_the_lines_are_read(directory: Path) -> None:
    (directory / INDEX).mkdir()
    assert by_index(directory) == by_lines(directory)
    assert not is_sound(directory)


def test_a_record_whose_line_has_changed_is_refused(directory: Path) -> None:
    results = Results.of(open_results(directory))
    content = (directory / CELLS).read_bytes()
    (directory / CELLS).write_bytes(content.replace(b'"seconds":{"extract":1.5', b'"seconds":{"extract":1.6', 1))
    with pytest.raises(MismatchError, match="does not match its checksum"):
        list(results.rows[0].records)
    lines = content.splitlines(keepends=True)
    (directory / CELLS).write_bytes(b"".join([lines[1], lines[0], *lines[2:]]))
    with pytest.raises(MismatchError):
        list(results.rows[0].records)


def test_lines_of_other_folds_are_set_aside_by_the_index_too(directory: Path) -> None:
    other = made_results(directory.with_name("other"), {"one": 0.5}, made_dataset(70, name="other"), PROTOCOL)
    append(directory, *list(other.records)[:2])
    by_index(directory)
    assert is_sound(directory)
    assert IndexedDirectory(directory).foreign == Store(directory).foreign == (62, 63)


CELL = st.fixed_dictionaries(
    {
        "method": st.sampled_from(["a", "b"]),
        "accuracy": st.sampled_from([0.3, 0.9]),
        "run": st.integers(1, 2),
        "fold": st.integers(1, 10),
        "probabilities": st.booleans(),
    },
    optional={
        "status": st.sampled_from(["ok", "failed"]),
        "version": st.sampled_from(["1", "2"]),
        "params": st.sampled_from([{}, {"C": 1.0}, {"weights": "FER2013"}]),
        "label": st.sampled_from(["a", "b", "a (quick)"]),
        "contradictions": st.sampled_from([0, 3]),
        "environment": st.sampled_from(["", "x"]),
        "threads": st.sampled_from([1, 2]),
        "peak_memory_mb": st.sampled_from([None, 3.5]),
        "seconds": st.sampled_from([{}, {"fit": 1.0}, {"fit": 2.0, "predict": 0.5}]),
        "error": st.sampled_from([None, "because"]),
        "info": st.fixed_dictionaries(
            {},
            optional={
                "dtype": st.sampled_from(["float32", "bfloat16"]),
                "device": st.sampled_from(["cpu", "cuda:1"]),
                "pack": st.sampled_from([1, 4, "many"]),
                "parameters": st.sampled_from([7, 10**30, True, "few"]),
                "weights": st.sampled_from([9, "ImageNet"]),
                "selection_seconds": st.sampled_from([0.5, 3, None]),
                "peak_gpu_memory_mb": st.sampled_from([None, 12.5]),
                "trace": st.sampled_from([[], [[1, 0.5, None], [5, 0.25, 0.75]]]),
                "selected": st.sampled_from([{}, {"C": 2.0}, {"C": float("inf"), "kernel": "rbf"}]),
                "chosen": st.sampled_from([7, "hog[C=2]"]),
                "tried": st.sampled_from([1, 12]),
                "not_tried": st.sampled_from([[], ["half of it: too slow"]]),
            },
        ),
    },
)


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folds without a cell."""
    path = tmp_path_factory.mktemp("bare") / "results"
    made_results(path, {}, DATASET, "paper[runs=2]")
    return path


@given(cells=st.lists(CELL, max_size=30), whole=st.booleans())
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
def test_the_index_says_what_the_lines_say(bare: Path, cells: list[dict[str, Any]], whole: bool) -> None:
    manifest = Store(bare).manifest
    records = [made_cell(manifest, **cell) for cell in cells]
    records = [one if one.ok else replace(one, predictions=None, probabilities=None) for one in records]
    if whole:
        records += [made_cell(manifest, "a", 0.7, 1, fold) for fold in range(1, 11)]
    (bare / CELLS).write_text("".join(record.to_line() for record in records), encoding="utf-8")
    expected = by_lines(bare)
    assert by_index(bare) == expected
    assert is_sound(bare)
    assert by_index(bare) == expected


def test_settings_read_a_line_a_row_and_its_failures(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = {"selected": {"C": 2.0}, "tried": 12, "not_tried": ["half of it: too slow"]}
    manifest = Store(directory).manifest
    append(directory, *(made_cell(manifest, "two", 0.8, 1, fold, info={**told, "x": 1}) for fold in range(1, 11)))
    IndexedDirectory(directory)
    read, from_line = [], Record.from_line
    monkeypatch.setattr(Record, "from_line", lambda line: read.append(line) or from_line(line))
    results = Results.of(open_results(directory))
    assert "not tried in 10 of 30 cells: half of it" in render(make_table("settings", [results]), "text")
    assert results.rows[1].cells.choices == [told] * 10 + [{}] * 20
    assert len(read) == len(results.rows) + sum(len(row.failed) > 0 for row in results.rows)


def shared_out(path: Path, tmp_path: Path) -> list[Path]:
    """The lines of a directory in two others, some in both; the first cell of `two` failed in one of them."""
    manifest, records = Store(path).manifest, Store(path).records
    failed = replace(records[30], status="failed", error="first", predictions=None, probabilities=None)
    assert failed.method == "two"
    parts = [tmp_path / "a", tmp_path / "b"]
    for part, own in zip(parts, ([*records[:30], failed], [*records[20:], records[0]]), strict=True):
        made_results(part, {}, DATASET, PROTOCOL)
        append(part, *own)
        assert Store(part).manifest.sha256 == manifest.sha256
    return parts


@pytest.mark.parametrize("damage", [None, delete, tear, append_a_line, tear_a_line])
def test_several_directories_are_one_by_their_indexes_too(
    directory: Path, tmp_path: Path, damage: Callable[[Path], None] | None
) -> None:
    parts = shared_out(directory, tmp_path)
    for part in parts:
        IndexedDirectory(part)
    if damage:
        damage(parts[1])
    (expected,) = pool([Results.of(Store(part)) for part in parts])
    (pooled,) = pool([Results.of(open_results(part)) for part in parts])
    assert everything(pooled) == everything(expected)
    assert [len(row.cells) for row in pooled.rows[:2]] == [30, 30] and not pooled.rows[1].failed


def test_different_predictions_of_a_cell_are_refused_by_the_index_too(directory: Path, tmp_path: Path) -> None:
    parts = shared_out(directory, tmp_path)
    other = made_cell(Store(directory).manifest, "two", 0.1, 3, 10)
    append(parts[0], other)
    with pytest.raises(MismatchError, match="different predictions of two run 3 fold 10"):
        pool([Results.of(open_results(part)) for part in parts])
