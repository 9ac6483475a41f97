from __future__ import annotations

import csv
import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pyarrow.parquet as pq
import pytest

import febench
from febench.core.errors import MismatchError, UsageError, spreadsheet_text
from febench.results import export as exporting
from febench.results import frames
from febench.results.frames import prediction_tables, schema
from febench.results.results import Results
from febench.results.store import CELLS, Store
from tests.made_results import made_cell, made_dataset, made_results

FORMULA = '=HYPERLINK("x")'


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """Two methods, one without probabilities and with a name that a spreadsheet would compute; one cell failed."""
    path = tmp_path / "o"
    store = made_results(path, {"hwt": 0.9}, made_dataset(70))
    made_results(path, {"mine": 0.7}, made_dataset(70), label=FORMULA, probabilities=False, runs=[1, 2])
    lost = made_cell(store.manifest, "mine", 0.7, 3, 1, label=FORMULA, status="timeout", predictions=None)
    with (path / CELLS).open("a", encoding="utf-8") as file:
        file.write(lost.to_line())
    return path


def rows_of(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def test_parquet_holds_what_the_frame_of_predictions_holds(directory: Path, tmp_path: Path) -> None:
    done = febench.export([directory], tmp_path / "a.parquet")
    assert (done.rows, done.failed, done.outdated) == (700 + 140, 1, 0)
    stored, frame = pq.read_table(tmp_path / "a.parquet").to_pandas(), febench.load(directory).to_frame("predictions")
    assert list(stored.columns) == list(frame.columns)
    for name in frame.columns:
        assert stored[name].astype(object).where(stored[name].notna(), None).tolist() == (
            frame[name].astype(object).where(frame[name].notna(), None).tolist()
        )


def test_csv_holds_the_same_and_names_stay_text(directory: Path, tmp_path: Path) -> None:
    febench.export([directory], tmp_path / "a.csv")
    rows = list(rows_of(tmp_path / "a.csv"))
    stored = pq.read_table(_parquet(directory, tmp_path)).to_pylist()
    assert len(rows) == len(stored)
    for one, other in zip(rows, stored, strict=True):
        assert one["label"] == spreadsheet_text(other["label"])
        assert (int(one["run"]), one["image"]) == (other["run"], other["image"])
        told = one["probability_anger"]
        assert (float(told) if told else None) == other["probability_anger"]
    assert {row["label"] for row in rows} == {"hwt", f"'{FORMULA}"}
    assert '"\'=HYPERLINK(""x"")"' in (tmp_path / "a.csv").read_text(encoding="utf-8")


def _parquet(directory: Path, tmp_path: Path) -> Path:
    febench.export([directory], tmp_path / "b.parquet")
    return tmp_path / "b.parquet"


def test_data_sets_of_other_classes_share_a_file(directory: Path, tmp_path: Path) -> None:
    made_results(tmp_path / "two", {"hwt": 0.9}, made_dataset(70, "two", ("anger", "yes")), runs=[1])
    febench.export([directory, tmp_path / "two"], tmp_path / "a.parquet")
    stored = pq.read_table(tmp_path / "a.parquet").to_pylist()
    assert len(stored) == 840 + 70
    for row in stored:
        known = {name for name, value in row.items() if name.startswith("probability_") and value is not None}
        if row["dataset"] == "two":
            assert known == {"probability_anger", "probability_yes"} and row["predicted_class"] in ("anger", "yes")
        else:
            assert len(known) == (7 if row["method"] == "hwt" else 0)


def test_groups_of_rows_change_nothing(directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = pq.read_table(_parquet(directory, tmp_path)).to_pylist()
    monkeypatch.setattr(exporting, "ROWS_AT_ONCE", 50)
    monkeypatch.setattr(frames, "CELLS_AT_ONCE", 3)
    febench.export([directory], tmp_path / "a.parquet")
    stored = pq.ParquetFile(tmp_path / "a.parquet")
    assert stored.num_row_groups > 10 and stored.read().to_pylist() == whole


def test_what_cannot_be_written_or_read_is_refused_in_a_sentence(directory: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"must end in \.parquet or \.csv, not 'a\.xlsx'"):
        febench.export([directory], tmp_path / "a.xlsx")
    with pytest.raises(UsageError, match=r"cannot write .*: it must be a file in a folder that exists"):
        febench.export([directory], tmp_path / "nowhere" / "a.csv")
    with pytest.raises(UsageError, match="named twice"):
        febench.export([directory, tmp_path / "." / "o"], tmp_path / "a.csv")
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="holds no results of febench"):
        febench.export([tmp_path / "empty"], tmp_path / "a.csv")
    with pytest.raises(UsageError, match="no results directory was named"):
        febench.export([], tmp_path / "a.csv")
    with pytest.raises(UsageError, match="cannot write"):
        febench.export([directory], directory / "manifest.json" / "a.csv")
    (tmp_path / "d.csv").mkdir()
    with pytest.raises(UsageError, match="cannot write"):
        febench.export([directory], tmp_path / "d.csv")


def test_a_file_is_whole_or_not_there(directory: Path, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("as it was")
    short = dataclasses.replace(made_cell(Store(directory).manifest, "hwt", 0.9, 1, 1, label="short"), predictions=[0])
    with (directory / CELLS).open("a", encoding="utf-8") as file:
        file.write(short.to_line())
    with pytest.raises(MismatchError, match="short run 1 fold 1"):
        febench.export([directory], tmp_path / "a.csv")
    assert (tmp_path / "a.csv").read_text() == "as it was"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.csv", "o"]


def test_probabilities_are_not_kept_in_memory_after_they_are_written(directory: Path) -> None:
    results = Results.of(Store(directory))
    columns = schema([results.manifest.classes])
    assert sum(len(table) for table in prediction_tables(results.manifest, results.rows, columns)) == 840
    assert isinstance(vars(results.rows[0].records[0])["_probabilities"], msgspec.Raw)
