from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from febench.core.errors import UsageError
from febench.results.results import Results
from febench.results.store import CELLS, Store
from tests.made_results import made_cell, made_dataset, made_results

METHODS = {"hwt": 0.9, "mine": 0.7}


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """Two whole methods; of a third one run is whole, one has a failed cell and a missing one."""
    path = tmp_path_factory.mktemp("frames")
    store = made_results(path, METHODS, made_dataset(140))
    made_results(path, {"partial": 0.5}, runs=[1], dataset=made_dataset(140), params={"C": 1.0, "a": "x"})
    with (path / CELLS).open("a", encoding="utf-8") as file:
        for fold in range(1, 9):
            file.write(made_cell(store.manifest, "partial", 0.5, 2, fold, params={"C": 1.0, "a": "x"}).to_line())
        lost = made_cell(store.manifest, "partial", 0.5, 2, 9, params={"C": 1.0, "a": "x"})
        failed = dataclasses.replace(
            lost, status="failed", predictions=None, probabilities=None, error="ValueError: no"
        )
        file.write(failed.to_line())
    return Results.of(Store(path))


def test_means_over_a_frame_of_runs_are_those_of_the_tables(results: Results) -> None:
    frame = results.to_frame()
    means = frame.groupby("label")["overall_accuracy"].agg(["count", "mean", "std"])
    for row in results.rows:
        mean, sd = row.summary().mean, row.summary().sd
        assert means.loc[row.label, "count"] == len(row.accuracies)
        assert means.loc[row.label, "mean"] == pytest.approx(mean)
        assert sd is None or means.loc[row.label, "std"] == pytest.approx(sd)
    hwt = frame[frame.label == "hwt"].iloc[4]
    assert hwt.run == 5 and hwt.images == 140
    assert [hwt[f"sensitivity_{name}"] for name in results.manifest.classes] == list(results.rows[0].sensitivities[5])


def test_a_frame_of_cells_has_every_cell_and_says_which_runs_are_whole(results: Results) -> None:
    frame = results.to_frame("cells")
    assert len(frame) == 100 + 100 + 19
    partial = frame[frame.label == "partial"].set_index(["run", "fold"])
    assert partial.loc[(1, 1), "run_complete"] and not partial.loc[(2, 1), "run_complete"]
    assert partial.loc[(2, 9), "status"] == "failed" and np.isnan(partial.loc[(2, 9), "accuracy"])
    assert partial.loc[(2, 9), "error"] == "ValueError: no" and partial.loc[(1, 1), "images"] == 14
    assert json.loads(partial.loc[(1, 1), "parameters"]) == {"C": 1.0, "a": "x"}


def test_a_frame_of_predictions_has_every_prediction_of_every_image(results: Results) -> None:
    frame = results.to_frame("predictions")
    assert len(frame) == 2 * 10 * 140 + 14 * 18
    hits = frame[frame.label == "mine"].assign(hit=lambda f: f.true_class.astype(str) == f.predicted_class.astype(str))
    mine = next(row for row in results.rows if row.label == "mine")
    assert (100 * hits.groupby("run").hit.mean()).to_dict() == pytest.approx(mine.accuracies)
    assert frame[frame.label == "hwt"].groupby(["run", "image"], observed=True).size().eq(1).all()
    cell = frame[(frame.label == "hwt") & (frame.run == 3) & (frame.fold == 2)]
    record = next(one for one in results.rows[0].records if (one.run, one.fold) == (3, 2))
    test = results.manifest.fold(3, 2).test
    assert list(cell.image) == [results.manifest.ids[i] for i in test]
    assert (
        cell[[f"probability_{name}" for name in results.manifest.classes]].to_numpy().tolist() == record.probabilities
    )


def test_older_versions_are_in_no_frame(tmp_path: Path) -> None:
    old = made_results(tmp_path / "old", {"mine": 0.1}, made_dataset(70))
    new = made_results(tmp_path / "new", {"mine": 0.9}, made_dataset(70))
    outdated = [dataclasses.replace(record, version="0", key=f"old {record.key}") for record in old.records]
    results = Results.from_records(new.manifest, [*outdated, *new.records])
    assert results.outdated == {"mine": {"0": 100}}
    for of, rows in {"runs": 10, "cells": 100, "predictions": 700}.items():
        frame = results.to_frame(of)
        assert len(frame) == rows and set(frame.version) == {"1"}


def test_no_results_are_an_empty_frame(tmp_path: Path) -> None:
    results = Results.of(made_results(tmp_path, {}, made_dataset(70)))
    for of in ("runs", "cells", "predictions"):
        frame = results.to_frame(of)
        assert len(frame) == 0 and {"label", "run"} <= set(frame.columns)


def test_unknown_frames_are_refused(tmp_path: Path) -> None:
    results = Results.of(made_results(tmp_path, {}, made_dataset(70)))
    with pytest.raises(UsageError, match="no frame of 'folds'; choose runs, cells, predictions"):
        results.to_frame("folds")


def test_names_no_file_could_hold_are_escaped(tmp_path: Path) -> None:
    dataset = dataclasses.replace(made_dataset(70), ids=tuple(f"{i}\udcff" for i in range(70)))
    frame = Results.of(made_results(tmp_path, {"mine": 0.9}, dataset, runs=[1])).to_frame("predictions")
    assert frame.image.iloc[0].endswith("\\udcff")
