from __future__ import annotations

import io
import os
import re
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from febench.core.dataset import Dataset
from febench.core.environment import environment_id
from febench.core.manifest import draw
from febench.core.registry import load_plugin
from febench.results.record import Record
from febench.running.plan import Cell, Plan, make_row, wanted_cells
from febench.running.progress import LiveWatcher, PlainWatcher, Tally, duration, make_watcher


@pytest.fixture
def plan(toy: Dataset, plugin: Path) -> Plan:
    load_plugin(plugin)
    rows = tuple(make_row(name, "full", {}) for name in ("lottery", "pixel-svm"))
    return Plan(rows, wanted_cells(rows, draw(toy, "paper"), 1))


def a_record(cell: Cell, ok: bool = True) -> Record:
    row, fold = cell.row, cell.manifest.fold(cell.run, cell.fold)
    right = cell.manifest.labels[fold.test].tolist()
    return Record(
        cell.key, row.method.name, row.params, row.method.version, row.label, cell.run, cell.fold, cell.seed,
        "ok" if ok else "failed", right if ok else None, seconds={"fit": 2.0}, environment=environment_id(),
        error=None if ok else "ValueError: [bold]no",
    )  # fmt: skip


def watched(plan: Plan, terminal: bool, path: Path = Path(), width: int = 120) -> str:
    console = Console(file=io.StringIO(), force_terminal=terminal, width=width, color_system=None)
    watcher = make_watcher(console, path)
    watcher.begin(plan)
    for cell in plan.cells:
        watcher.stored(cell, a_record(cell, ok=cell.fold != 3))
    watcher.end()
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@pytest.mark.parametrize("terminal", [False, True])
def test_plan_failures_and_counts_are_told(plan: Plan, terminal: bool) -> None:
    told = watched(plan, terminal)
    assert "toy, protocol paper: 20 cells wanted, 0 stored, 20 to compute on 1 workers" in told
    assert "lottery run 1 fold 3: failed, ValueError: [bold]no" in told
    assert "20/20 cells, 2 failed, 0.0 s left" in told


def test_the_time_of_gpus_is_told_by_what_passes_between_their_packs(
    plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of each cell, that is: what a training says of itself leaves out the start of its process."""
    clock = [100.0]
    monkeypatch.setattr("febench.running.progress.time.monotonic", lambda: clock[0])
    plan = replace(plan, on_gpus=frozenset({"lottery", "pixel-svm"}), gpus=1, pack=5)
    tally = Tally(plan)
    left = []
    for number, cell in enumerate(cell for pack in plan.packs for cell in pack):
        clock[0] += 20.0 if number % 5 == 0 else 0.0
        tally.add(cell, a_record(cell))
        left.append(tally.left)
    assert left[:9] == ["an unknown time"] * 9  # of the other method nothing is in
    assert left[10:] == ["36 s", "32 s", "28 s", "24 s", "20 s", "16 s", "12 s", "8.0 s", "4.0 s", "0.0 s"]


def test_what_takes_long_to_forecast_is_counted_down_meanwhile(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundred thousand cells must not wait for the forecast of what is left of them."""
    clock = [100.0]
    forecasts = iter([70.0, 5.0])

    def slow(*_: object) -> float:
        clock[0] += 0.5
        return next(forecasts)

    monkeypatch.setattr("febench.running.progress.time.monotonic", lambda: clock[0])
    monkeypatch.setattr(Plan, "remaining", slow)
    tally = Tally(plan)
    left = []
    for cell in plan.cells[:12]:
        clock[0] += 5.0
        tally.add(cell, a_record(cell))
        left.append(tally.left)
    assert left[:4] == ["70 s", "64 s", "60 s", "54 s"] and left[5:7] == ["44 s", "5.0 s"]


def test_plain_lines_tell_the_end_of_each_run_and_the_accuracy_so_far(plan: Plan) -> None:
    told = watched(plan, terminal=False)
    assert "lottery run 1 is stored, accuracy so far 100.0 % (mean sensitivity 100.0 %); 10/20 cells, 1 failed" in told
    assert "an unknown time left" in told
    assert "\x1b" not in told


def test_the_watcher_suits_the_console() -> None:
    assert isinstance(make_watcher(Console(file=io.StringIO()), Path()), PlainWatcher)
    assert isinstance(make_watcher(Console(file=io.StringIO(), force_terminal=True), Path()), LiveWatcher)


def test_a_terminal_shows_how_far_long_trainings_are(plan: Plan, tmp_path: Path) -> None:
    (tmp_path / ".checkpoints").mkdir()
    steps = [tmp_path / ".checkpoints" / f"resnet18 1 {fold} 0123-4567.step" for fold in (1, 2)]
    steps[0].write_text("742 12000")
    steps[1].write_text("11 13")
    os.utime(steps[1], (0, 0))  # of a run that was killed
    told = watched(plan, terminal=True, path=tmp_path)
    assert "step 742 of 12,000" in told and "of 13" not in told


@pytest.mark.parametrize("width", [60, 80, 120])
def test_each_row_has_one_line_with_its_whole_counter_at_any_width(plan: Plan, tmp_path: Path, width: int) -> None:
    (tmp_path / ".checkpoints").mkdir()
    (tmp_path / ".checkpoints" / "resnet18 1 1 0123-4567.step").write_text("742 12000")
    text = watched(plan, terminal=True, path=tmp_path, width=width)
    frames = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "\n", text).replace("\r", "\n").splitlines()
    for label in ("all cells", "lottery", "pixel-svm"):
        lines = [line for line in frames if line.startswith(f"{label} ") and " fold " not in line]
        assert lines and all(re.search(r" \d+/\d+ ", line) and len(line) <= width for line in lines), label
    assert any("step 742 of 12,000" in line for line in frames if line.startswith("all cells "))
    assert not any(line.startswith(("accuracy", "left", "(mean")) for line in frames)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(None, "an unknown time"), (0.04, "0.0 s"), (75, "75 s"), (600, "10 min"), (9000, "2.5 h")],
)
def test_durations_in_words(seconds: float | None, words: str) -> None:
    assert duration(seconds) == words
