"""Trials of rows before their first cell, on small data, and what they leave behind."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from febench.core.dataset import Dataset
from febench.core.manifest import draw
from febench.core.registry import load_plugin
from febench.running.executors.base import Failure
from febench.running.executors.local import LocalExecutor
from febench.running.forecast import IMAGES_PER_TRIAL_CHUNK, MAX_SAMPLE_IMAGES, TrialTask, try_rows
from febench.running.plan import Plan, Trial, make_row, wanted_cells
from febench.running.runner import extract_task
from febench.running.tasks import Extracted, PackedMethod

PLUGIN = """
from febench import method


class Tells:
    def __init__(self, seconds):
        self.seconds = seconds

    def extract(self, X):
        return X.reshape(len(X), -1)

    def forecast(self, X, y, n):
        assert X.ndim == 2 and len(X) == len(y) <= n
        return self.seconds * n

    def fit(self, X, y):
        raise AssertionError("a trial fits nothing by itself")


class Silent:
    def fit(self, X, y):
        return self

    def predict(self, X):
        return [0] * len(X)


class Breaks(Silent):
    def forecast(self, X, y, n):
        raise OSError("no clock here")


class Dies(Silent):
    def forecast(self, X, y, n):
        import os

        os._exit(3)


@method("tells", version="1")
def tells(seconds=2.0):
    return Tells(seconds)


for plain in (Silent, Breaks, Dies):
    method(plain.__name__.lower(), version="1")(plain)
"""


@pytest.fixture(autouse=True)
def methods(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FEBENCH_CACHE", str(tmp_path / "cache"))
    (tmp_path / "telling.py").write_text(PLUGIN)
    load_plugin(tmp_path / "telling.py")


def planned(dataset: Dataset, *names: str) -> Plan:
    rows = tuple(make_row(name, "paper", {}) for name in names)
    return Plan(rows, wanted_cells(rows, draw(dataset, "paper"), 1), jobs=2)


def tried(dataset: Dataset, plan: Plan) -> tuple[dict[str, Trial], list[str]]:
    methods = {row.label: PackedMethod.of(row.method, row.params, "cpu") for row in plan.rows}
    extractions = {label: extract_task(dataset, method) for label, method in methods.items()}
    with LocalExecutor(plan.jobs) as executor:
        return try_rows(executor, plan.jobs, dataset, plan, extractions)


def test_rows_are_tried_and_those_that_cannot_tell_stay_unknown(toy: Dataset) -> None:
    plan = planned(toy, "tells", "silent", "breaks", "dies")
    trials, words = tried(toy, plan)
    n = len(plan.cells[0].manifest.fold(1, 1).train)
    assert trials["tells"].cell == 2.0 * n and trials["tells"].features is not None
    assert trials["silent"] == Trial(None, 0.0, None)
    assert set(trials) == {"tells", "silent"}
    assert sorted(words) == [
        "breaks has no forecast: OSError: no clock here (telling.py:30)",
        "dies has no forecast: the process died (exit code 3)",
    ]


def test_features_that_are_there_take_no_time_and_others_in_proportion(toy: Dataset) -> None:
    (row,) = planned(toy, "tells").rows
    extraction = extract_task(toy, PackedMethod.of(row.method, row.params, "cpu"))
    task = TrialTask(extraction, np.arange(IMAGES_PER_TRIAL_CHUNK), toy.labels[:IMAGES_PER_TRIAL_CHUNK], 100)
    trial = task.run()
    assert isinstance(trial, Trial) and trial.extract > 0 and trial.cell == 200.0
    assert trial.features is not None and not trial.features.exists()  # a trial leaves no features behind
    assert isinstance(extraction.run(), Extracted) and trial.features.exists()
    assert task.run() == Trial(trial.features, 0.0, 200.0)


def test_no_test_image_and_no_more_than_a_sample_reaches_a_trial(toy: Dataset) -> None:
    plan = planned(toy, "tells")
    seen = []

    class Recorder:
        def map(self, items, task):  # type: ignore[no-untyped-def]
            for item in items:
                seen.append(task(item))
                yield item, Failure("failed", "not run")

    try_rows(Recorder(), 1, toy, plan, {"tells": extract_task(toy, PackedMethod.of(plan.rows[0].method, {}, "cpu"))})  # type: ignore[arg-type]
    fold = plan.cells[0].manifest.fold(1, 1)
    assert set(seen[0].sample) <= set(fold.train) and len(seen[0].sample) == min(MAX_SAMPLE_IMAGES, len(fold.train))
    assert np.array_equal(seen[0].y, toy.labels[seen[0].sample])
