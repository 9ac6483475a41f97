from __future__ import annotations

import os
import time
from dataclasses import dataclass
from typing import Any

import pytest

from febench.running.executors.base import Failure
from febench.running.executors.local import LocalExecutor


@dataclass(frozen=True)
class Job:
    what: str

    def run(self) -> dict[str, Any]:
        if self.what == "hang":
            time.sleep(600)
        if self.what == "exit":
            os._exit(3)
        if self.what == "threads":
            return {name: os.environ[name] for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")}
        return {"pid": os.getpid(), "what": self.what}


def test_tasks_run_in_other_processes_and_each_comes_back_once() -> None:
    with LocalExecutor(jobs=2) as executor:
        found = dict(executor.map([str(i) for i in range(9)], Job))
    assert sorted(found) == [str(i) for i in range(9)]
    assert all(result["what"] == item for item, result in found.items() if isinstance(result, dict))
    assert os.getpid() not in {result["pid"] for result in found.values() if isinstance(result, dict)}


def test_hanging_and_dying_tasks_cost_only_themselves() -> None:
    with LocalExecutor(jobs=2, timeout=1.5) as executor:
        found = dict(executor.map(["a", "hang", "b", "exit", "c", "d"], Job))
    assert found["hang"] == Failure("timeout", "stopped after the time limit of 1.5 s")
    assert found["exit"] == Failure("crashed", "the process died (exit code 3)")
    assert all(isinstance(found[item], dict) for item in "abcd")


def test_workers_get_their_number_of_threads_and_the_parent_keeps_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.delenv("MKL_NUM_THREADS", raising=False)
    with LocalExecutor(jobs=1, threads=2) as executor:
        [(_, result)] = executor.map(["threads"], Job)
    assert result == {"OMP_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "2"}
    assert os.environ["OMP_NUM_THREADS"] == "7" and "MKL_NUM_THREADS" not in os.environ


def test_no_worker_outlives_the_executor() -> None:
    with LocalExecutor(jobs=2) as executor:
        pids = {result["pid"] for _, result in executor.map(["a", "b", "c"], Job) if isinstance(result, dict)}
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


class Unsendable:
    def __reduce__(self) -> str:
        raise TypeError("cannot be sent")

    def run(self) -> dict[str, Any]:
        return {}


def test_what_is_no_fault_of_a_task_is_no_failure_of_it() -> None:
    with LocalExecutor(jobs=1) as executor, pytest.raises(TypeError, match="cannot be sent"):
        list(executor.map(["a"], lambda _: Unsendable()))


@dataclass(frozen=True)
class OnDevice:
    what: str

    def run(self) -> dict[str, Any]:
        time.sleep(0.3)
        if self.what == "exit":
            os._exit(3)
        return {"pid": os.getpid(), "device": os.environ["CUDA_VISIBLE_DEVICES"]}


def test_each_worker_has_a_device_and_the_one_after_a_dead_worker_has_its() -> None:
    with LocalExecutor(jobs=2, devices=("7", "GPU-abc")) as executor:
        found = list(executor.map(["a", "b", "exit", "c", "d", "exit", "e", "f", "g", "h"], OnDevice))
    told = [result for _, result in found if isinstance(result, dict)]
    assert len(told) == 8
    devices = {info["pid"]: info["device"] for info in told}
    assert set(devices.values()) == {"7", "GPU-abc"}
    assert all(devices[info["pid"]] == info["device"] for info in told)


@dataclass(frozen=True)
class Heavy:
    weight: int

    def run(self) -> dict[str, Any]:
        time.sleep(1.2)
        return {}


def test_a_task_of_many_cells_has_the_time_of_all() -> None:
    with LocalExecutor(jobs=2, timeout=0.7) as executor:
        found = dict(executor.map([1, 20], Heavy))
    assert isinstance(found[1], Failure) and found[1].status == "timeout"
    assert found[20] == {}
