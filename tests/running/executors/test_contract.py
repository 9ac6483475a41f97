"""What every executor promises."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from febench.running.executors.base import Failure
from tests.running.executors.conftest import Make


@dataclass(frozen=True)
class Job:
    what: str

    def run(self) -> dict[str, Any]:
        if self.what == "hang":
            time.sleep(600)
        if self.what == "exit":
            os._exit(3)
        if self.what == "raise":
            raise ValueError("no")
        if self.what == "threads":
            return {name: os.environ[name] for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")}
        return {"pid": os.getpid(), "what": self.what}


def test_tasks_run_in_other_processes_and_each_comes_back_once(make: Make) -> None:
    with make() as executor:
        found = list(executor.map([str(i) for i in range(9)], Job))
    assert sorted(item for item, _ in found) == [str(i) for i in range(9)]
    results = [result for _, result in found if isinstance(result, dict)]
    assert [result["what"] for result in results] == [item for item, _ in found]
    pids = {result["pid"] for result in results}
    assert len(pids) == 9 and os.getpid() not in pids


def test_hanging_dying_and_raising_tasks_cost_only_themselves(make: Make) -> None:
    with make(timeout=1.5) as executor:
        found = dict(executor.map(["a", "hang", "b", "exit", "raise", "c", "d"], Job))
    failures = {item: found[item] for item in ("hang", "exit", "raise")}
    told = {item: (one.status, one.error) for item, one in failures.items() if isinstance(one, Failure)}
    assert told["hang"] == ("timeout", "stopped after the time limit of 1.5 s")
    assert told["exit"] == ("crashed", "the process died (exit code 3)")
    assert told["raise"][0] == "failed" and told["raise"][1].startswith("ValueError: no (test_contract.py:")
    assert all(isinstance(found[item], dict) for item in "abcd")


def test_workers_get_their_number_of_threads_and_the_parent_keeps_its_own(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    with make(threads=1) as executor:
        [(_, result)] = executor.map(["threads"], Job)
    assert result == {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    assert os.environ["OMP_NUM_THREADS"] == "7"


@dataclass(frozen=True)
class Hang:
    path: Path | None

    def run(self) -> dict[str, Any]:
        if self.path:
            self.path.write_text(str(os.getpid()))
            time.sleep(600)
        return {}


def test_no_worker_outlives_the_executor_though_its_task_hangs(make: Make, tmp_path: Path) -> None:
    told = tmp_path / "pid"
    with make() as executor:
        results = executor.map([told, None], Hang)
        assert next(results) == (None, {})
        assert until(lambda: told.exists() and told.read_text() != "")
        results.close()  # type: ignore[attr-defined]
    process = Path("/proc") / told.read_text()
    assert until(lambda: not process.exists())


def until(what: Callable[[], bool], seconds: float = 30.0) -> bool:
    """Whether it comes true before that."""
    deadline = time.monotonic() + seconds
    while not what() and time.monotonic() < deadline:
        time.sleep(0.05)
    return what()


@dataclass(frozen=True)
class Heavy:
    weight: int

    def run(self) -> dict[str, Any]:
        time.sleep(1.2)
        return {}


def test_a_task_of_many_cells_has_the_time_of_all(make: Make) -> None:
    with make(timeout=0.7) as executor:
        found = dict(executor.map([1, 20], Heavy))
    assert isinstance(found[1], Failure) and found[1].status == "timeout"
    assert found[20] == {}


@dataclass(frozen=True)
class Wait:
    seconds: float

    def run(self) -> float:
        time.sleep(self.seconds)
        return self.seconds


def test_a_group_holds_all_that_ended_while_nobody_asked(make: Make) -> None:
    with make() as executor:
        list(executor.map(range(2), Wait))  # a cluster's processes take a while to start
        groups = executor.groups([0.0, 0.3, 0.4], Wait)
        first = next(groups)
        time.sleep(3.0)
        others = list(groups)
    assert sorted(item for group in [first, *others] for item, _ in group) == [0.0, 0.3, 0.4]
    assert all(item == result for group in [first, *others] for item, result in group)
    assert len(others) <= 2 and [] not in others
