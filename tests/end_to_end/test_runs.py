"""Whole runs on a small data set: what is promised of crashes, of order and workers, and of bad methods."""

from __future__ import annotations

import csv
import json
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from febench.results.store import Store
from tests.end_to_end.conftest import COMMAND, Febench

TOY = ("--plugin", "plugin.py", "--dataset", "toy")


def predictions(path: Path) -> dict[str, list[int] | None]:
    return {record.key: record.predictions for record in Store(path).records}


def tables(febench: Febench, path: str) -> list[str]:
    return [febench("table", number, path).stdout for number in "123"]


def test_a_run_prints_table_3_and_a_second_one_has_nothing_to_do(febench: Febench, tmp_path: Path) -> None:
    first = febench("run", *TOY, "--methods", "pixel-svm,lottery")
    assert first.returncode == 0, first.stderr
    assert "pixel-svm" in first.stdout and "10/10" in first.stdout
    cells = tmp_path / "results" / "toy" / "paper" / "cells.jsonl"
    before = cells.read_bytes()
    again = febench("run", *TOY, "--methods", "pixel-svm,lottery")
    assert (again.returncode, again.stdout) == (0, first.stdout)
    assert cells.read_bytes() == before
    assert "200 of 200 wanted cells are in" in again.stderr


def test_one_run_first_and_the_rest_later_is_the_same_as_all_at_once(febench: Febench, tmp_path: Path) -> None:
    assert febench("run", *TOY, "--methods", "lottery", "--out", "steps", "--runs", "1").returncode == 0
    assert len(predictions(tmp_path / "steps")) == 10
    assert febench("run", *TOY, "--methods", "lottery", "--out", "steps").returncode == 0
    assert febench("run", *TOY, "--methods", "pixel-svm,lottery", "--out", "whole", "--jobs", "1").returncode == 0
    steps, whole = predictions(tmp_path / "steps"), predictions(tmp_path / "whole")
    assert len(steps) == 100 and steps.items() <= whole.items()


def test_one_worker_and_two_give_the_same_predictions(febench: Febench, tmp_path: Path) -> None:
    for jobs in "12":
        args = ("--methods", "pixel-svm,lottery", "--out", f"jobs{jobs}", "--runs", "3", "--jobs", jobs)
        assert febench("run", *TOY, *args).returncode == 0
    assert predictions(tmp_path / "jobs1") == predictions(tmp_path / "jobs2")
    compared = febench("verify", "jobs1", "--against", "jobs2")
    assert compared.returncode == 0 and "30 cells in both, 0 with other predictions" in compared.stdout


def test_killed_three_times_and_run_again_is_as_if_nothing_had_happened(febench: Febench, tmp_path: Path) -> None:
    args = ("run", *TOY, "--methods", "pixel-svm,lottery", "--runs", "3", "--jobs", "1")  # one job: rows in one order
    assert febench(*args, "--out", "calm").returncode == 0
    cells = tmp_path / "killed" / "cells.jsonl"
    for stored in (1, 10, 25):  # of 60: in the first row, in the middle of it, and in its last run
        process = subprocess.Popen(
            [*COMMAND, *args, "--out", "killed"], cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        while not (cells.exists() and cells.read_bytes().count(b"\n") >= stored):
            assert process.poll() is None, "the run ended before it was killed"
            time.sleep(0.005)
        process.kill()
        assert process.wait() == -signal.SIGKILL
    assert len(predictions(tmp_path / "killed")) < 60
    assert febench(*args, "--out", "killed").returncode == 0
    assert predictions(tmp_path / "killed") == predictions(tmp_path / "calm")
    assert tables(febench, "killed") == tables(febench, "calm")


def test_an_interrupted_run_says_so_and_goes_on_later(febench: Febench, tmp_path: Path) -> None:
    args = ["run", *TOY, "--methods", "hangs"]
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job starts all it starts without
    with subprocess.Popen([*COMMAND, *args], cwd=tmp_path, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        process.stderr.readline()
        process.send_signal(signal.SIGINT)
        words = process.stderr.read()
        assert process.wait(30) == 130
    assert "the same command goes on" in words
    assert febench("run", *TOY, "--methods", "lottery").returncode == 0


def test_bad_methods_cost_only_their_own_cells(febench: Febench, tmp_path: Path) -> None:
    bad = ("raises", "exits", "nonsense", "hangs")
    args = (
        "run",
        *TOY,
        "--methods",
        f"pixel-svm,{','.join(bad)}",
        "--protocol",
        "paper[runs=1,groups=3]",
        "--out",
        "o",
    )
    done = febench(*args, "--timeout", "5s")
    assert done.returncode == 3, done.stderr
    rows = {row["method"]: row for row in json.loads(febench("table", "3", "o", "--json").stdout)["rows"]}
    assert rows["pixel-svm"]["runs"] == 1 and all(rows[name]["runs"] == 0 for name in bad)
    for words in (
        "failed, ValueError: nothing to learn here (plugin.py:",
        "crashed, the process died (exit code 1)",
        "invalid, predict returned a class outside 0..6",
        "timeout, stopped after the time limit of 5 s",
    ):
        assert words in done.stdout
    again = febench(*args, "--timeout", "5s")
    assert again.returncode == 3 and "12 failed" in again.stderr and "to compute" not in again.stderr
    retried = febench("run", *TOY, "--methods", "raises", *args[7:], "--retry-failed")
    assert retried.returncode == 3 and "3 to compute" in retried.stderr
    assert 'raise ValueError("nothing to learn here")' in febench("status", "o").stdout
    status = json.loads(febench("status", "o", "--json").stdout)
    assert {row["method"]: row["failed"] for row in status["rows"]} == {"pixel-svm": 0, **dict.fromkeys(bad, 3)}


def test_both_protocols_at_once_end_in_the_drop(febench: Febench, tmp_path: Path) -> None:
    done = febench("run", *TOY, "--methods", "pixel-svm", "--protocol", "paper,subject", "--out", "both", "--runs", "2")
    assert done.returncode == 0, done.stderr
    assert "Table 4. The drop on toy" in done.stdout
    drop = json.loads(febench("table", "4", "both", "--json").stdout)
    refused = febench("verify", "both", "--against", "both/paper")
    assert refused.returncode == 2 and "compares one results directory, and both holds 2" in refused.stderr
    assert drop["protocols"] == ["paper", "subject"] and drop["rows"][0]["protocols"]["subject"]["runs"] == 2


def test_a_protocol_that_cannot_be_is_refused_before_the_first_one_computes(febench: Febench, tmp_path: Path) -> None:
    """It would be said after hours of the first one."""
    for bad in ("subject[groups=99]", "official"):
        refused = febench("run", *TOY, "--methods", "lottery", "--protocol", f"paper,{bad}", "--out", "o")
        assert refused.returncode == 4 and refused.stderr.startswith("febench: toy has ")
        assert not (tmp_path / "o").exists()
    assert febench("run", *TOY, "--methods", "lottery", "--protocol", "paper", "--out", "o/subject").returncode == 0
    refused = febench("run", *TOY, "--methods", "lottery", "--protocol", "paper,subject", "--out", "o")
    assert refused.returncode == 2 and "holds results of protocol paper, not subject" in refused.stderr
    assert not (tmp_path / "o" / "paper").exists()


SCALED = """
import numpy as np
from febench import method
import beside
from sklearn.base import BaseEstimator, ClassifierMixin

SCALE = 1

@method("scaled")
class Scaled(ClassifierMixin, BaseEstimator):
    def fit(self, X, y):
        self.y_ = y
        return self
    def predict(self, X):
        return np.full(len(X), SCALE * beside.ANSWER)

@method("constant")
class Constant(Scaled):
    def predict(self, X):
        return np.zeros(len(X), dtype=int)
"""


def test_a_plugin_edited_and_edited_back_is_shown_as_it_is(febench: Febench, tmp_path: Path) -> None:
    """What a run prints, and what is read afterwards, is of the version that was asked for last."""
    plugin, beside = tmp_path / "plugin.py", tmp_path / "beside.py"
    given = plugin.read_text()

    def run(scale: int, answer: int, methods: str = "scaled") -> str:
        plugin.write_text(given + SCALED.replace("SCALE = 1", f"SCALE = {scale}"))
        beside.write_text(f"ANSWER = {answer}\n")
        done = febench("run", *TOY, "--methods", methods, "--runs", "1", "--out", "o")
        assert done.returncode == 0, done.stderr
        return done.stderr.strip().splitlines()[-1]

    def answer(*version: str) -> int:
        febench("export", "o", "-o", "p.csv", *version)
        with (tmp_path / "p.csv").open() as file:
            [label] = {row["predicted_class"] for row in csv.DictReader(file) if row["method"] == "scaled"}
        return "abcdefg".index(label)

    assert "10 of 10" in run(1, 2) and answer() == 2
    assert "10 of 10" in run(0, 2) and answer() == 0
    run(1, 2)
    assert answer() == 2
    run(1, 3)
    assert answer() == 3
    run(1, 2, "constant")
    assert answer() == 3, "a run of another method changes nothing of it"
    document = json.loads(febench("status", "o", "--json").stdout)
    row = next(row for row in document["rows"] if row["method"] == "scaled")
    assert list(row["other_versions"].values()) == [10, 10]
    assert {answer("--version", version[:8]) for version in row["other_versions"]} == {0, 2}
    shown = febench("table", "3", "o").stdout
    assert "also stored: version" in shown and "see --version" in shown
    refused = febench("table", "3", "o", "--version", "nothing")
    assert refused.returncode == 2 and "there is no version nothing in these results" in refused.stderr


def test_plan_tells_and_writes_nothing(febench: Febench, tmp_path: Path) -> None:
    found = json.loads(febench("plan", *TOY, "--methods", "lottery", "--json").stdout)
    assert (found["wanted"], found["stored"], found["missing"]) == (100, 0, 100)
    assert not (tmp_path / "results").exists()
    febench("run", *TOY, "--methods", "lottery", "--runs", "1")
    found = json.loads(febench("plan", *TOY, "--methods", "lottery", "--json").stdout)
    assert (found["stored"], found["missing"]) == (10, 90) and found["seconds"] > 0


@pytest.mark.parametrize("other", ["subject", "paper[groups=5]"])
def test_a_directory_keeps_to_its_protocol(febench: Febench, other: str) -> None:
    assert febench("run", *TOY, "--methods", "lottery", "--runs", "1", "--out", "o").returncode == 0
    refused = febench("run", *TOY, "--methods", "lottery", "--out", "o", "--protocol", other)
    assert refused.returncode == 2 and f"holds results of protocol paper, not {other}" in refused.stderr


NOTEBOOK = """
import numpy as np
from rich.console import Console
from febench import load_plugin, method
from febench.running.progress import make_watcher
from febench.results.results import Results
from febench.running.options import RunOptions
from febench.running.runner import prepare, run
load_plugin("plugin.py")
OFFSET = 2

@method("in-notebook")
class InNotebook:
    def fit(self, X, y):
        return self
    def predict(self, X):
        return np.full(len(X), OFFSET)

options = RunOptions(methods="in-notebook", dataset="toy", runs=1)
done = run(*prepare(options), make_watcher(Console(stderr=True), options.path))
print(Results.of(done.store).row("in-notebook").accuracies)
"""


def test_a_method_registered_in_a_notebook_reaches_the_workers(febench: Febench, tmp_path: Path) -> None:
    found = subprocess.run([*COMMAND[:2], NOTEBOOK], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr
    assert found.stdout.startswith("{1: 14.2857")


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="reads /proc, which this system has not")
def test_no_worker_outlives_a_killed_run(febench: Febench, tmp_path: Path) -> None:
    process = subprocess.Popen(
        [*COMMAND, "run", *TOY, "--methods", "hangs", "--jobs", "2"], cwd=tmp_path, stderr=subprocess.PIPE, text=True
    )
    workers: list[int] = []
    while len(workers) < 3:  # two, and the server that they are forked from
        workers = [one for server in children(process.pid) for one in (server, *children(server))]
        time.sleep(0.1)
    time.sleep(1)
    process.kill()
    process.wait()
    deadline = time.monotonic() + 20
    while any(map(alive, workers)) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not [pid for pid in workers if alive(pid)]


def children(pid: int) -> list[int]:
    """Processes whose parent is `pid`, by Linux's own word."""
    listed = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for path in listed for child in path.read_text().split()]


def alive(pid: int) -> bool:
    """Whether a process still runs; one that only waits to be collected does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


LONG = '''
import time
from febench import method


@method("long", sets=["extended"])
class Long:
    """Says how far it is, as a training of hours does, and dies the first time."""

    def __init__(self, checkpoint=None):
        self.checkpoint = checkpoint

    def fit(self, X, y):
        first = not self.checkpoint.exists()
        self.checkpoint.parent.mkdir(exist_ok=True)
        self.checkpoint.write_text("half")
        self.checkpoint.with_suffix(".step").write_text("500 1000")
        if first:
            raise RuntimeError("killed")
        self.fit_info_ = {"seconds_before": 100.0}
        return self

    def predict(self, X):
        return [0] * len(X)
'''


def test_a_long_training_is_told_of_goes_on_and_leaves_nothing(febench: Febench, tmp_path: Path) -> None:
    (tmp_path / "long.py").write_text(LONG)
    args = ("run", "--plugin", "plugin.py", "--plugin", "long.py", "--dataset", "toy", "--methods", "long")
    args += ("--protocol", "paper[runs=1,groups=3]", "--out", "o")
    assert febench(*args).returncode == 3
    status = json.loads(febench("status", "o", "--json").stdout)["underway"]
    assert [(one["method"], one["run"], one["fold"], one["step"], one["steps"]) for one in status] == [
        ("long", 1, fold, 500, 1000) for fold in (1, 2, 3)
    ]
    assert "long, run 1, fold 2: step 500 of 1,000" in febench("status", "o").stdout
    assert febench(*args, "--retry-failed").returncode == 0
    records = {record.fold: record for record in Store(tmp_path / "o").records if record.ok}
    assert len(records) == 3 and all(record.seconds["fit"] > 100 for record in records.values())
    assert not (tmp_path / "o" / ".checkpoints").exists()


def test_reading_verbs_without_a_directory_read_what_the_last_run_wrote(febench: Febench, tmp_path: Path) -> None:
    nothing = febench("table", "3")
    assert nothing.returncode == 2 and "there are no results in results" in nothing.stderr
    assert febench("run", *TOY, "--methods", "lottery", "--runs", "1", "--name", "first").returncode == 0
    assert febench("run", *TOY, "--methods", "lottery", "--runs", "1", "--name", "last").returncode == 0
    shutil.copytree(tmp_path / "results" / "last", tmp_path / "results" / "reference")
    for verb in (("table", "3"), ("status",), ("report",), ("export",)):
        done = febench(*verb)
        assert done.returncode == 0, done.stderr
        assert f"reading {Path('results', 'last')}, which was written last" in done.stderr
    assert (tmp_path / "report.html").exists() and (tmp_path / "predictions.parquet").exists()
