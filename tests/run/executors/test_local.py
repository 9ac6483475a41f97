from __future__ import annotations

import os
import time
from dataclasses import dataclass

import pytest

from febench.run.executors.local import LocalExecutor
from febench.run.tasks import Outcome


@dataclass(frozen=True)
class Job:
    what: str

    def run(self) -> Outcome:
        if self.what == "hang":
            time.sleep(600)
        if self.what == "exit":
            os._exit(3)
        if self.what == "threads":
            return Outcome("ok", info={name: os.environ[name] for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")})
        return Outcome("ok", info={"pid": os.getpid(), "what": self.what})


def test_tasks_run_in_other_processes_and_each_comes_back_once() -> None:
    with LocalExecutor(jobs=2) as executor:
        found = dict(executor.map([str(i) for i in range(9)], Job))
    assert sorted(found) == [str(i) for i in range(9)]
    assert all(outcome.info["what"] == item for item, outcome in found.items())
    assert os.getpid() not in {outcome.info["pid"] for outcome in found.values()}


def test_hanging_and_dying_tasks_cost_only_themselves() -> None:
    with LocalExecutor(jobs=2, timeout=1.5) as executor:
        found = dict(executor.map(["a", "hang", "b", "exit", "c", "d"], Job))
    assert {item: outcome.status for item, outcome in found.items()} == {
        "a": "ok", "hang": "timeout", "b": "ok", "exit": "crashed", "c": "ok", "d": "ok",
    }  # fmt: skip
    assert found["hang"].error == "stopped after the time limit of 1.5 s (--timeout)"
    assert found["exit"].error == "the process died (exit code 3)"


def test_workers_get_their_number_of_threads_and_the_parent_keeps_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.delenv("MKL_NUM_THREADS", raising=False)
    with LocalExecutor(jobs=1, threads=2) as executor:
        [(_, outcome)] = executor.map(["threads"], Job)
    assert outcome.info == {"OMP_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "2"}
    assert os.environ["OMP_NUM_THREADS"] == "7" and "MKL_NUM_THREADS" not in os.environ


def test_no_worker_outlives_the_executor() -> None:
    with LocalExecutor(jobs=2) as executor:
        pids = {outcome.info["pid"] for _, outcome in executor.map(["a", "b", "c"], Job)}
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


class Unsendable:
    def __reduce__(self) -> str:
        raise TypeError("cannot be sent")

    def run(self) -> Outcome:
        return Outcome("ok")


def test_what_is_no_fault_of_a_task_is_not_an_outcome_of_it() -> None:
    with LocalExecutor(jobs=1) as executor, pytest.raises(TypeError, match="cannot be sent"):
        list(executor.map(["a"], lambda _: Unsendable()))


@dataclass(frozen=True)
class OnDevice:
    what: str

    def run(self) -> Outcome:
        time.sleep(0.3)
        if self.what == "exit":
            os._exit(3)
        return Outcome("ok", info={"pid": os.getpid(), "device": os.environ["CUDA_VISIBLE_DEVICES"]})


def test_each_worker_has_a_device_and_the_one_after_a_dead_worker_has_its() -> None:
    with LocalExecutor(jobs=2, devices=("7", "GPU-abc")) as executor:
        found = list(executor.map(["a", "b", "exit", "c", "d", "exit", "e", "f", "g", "h"], OnDevice))
    told = [outcome.info for _, outcome in found if outcome.status == "ok"]
    assert len(told) == 8
    devices = {info["pid"]: info["device"] for info in told}
    assert set(devices.values()) == {"7", "GPU-abc"}
    assert all(devices[info["pid"]] == info["device"] for info in told)


@dataclass(frozen=True)
class Heavy:
    weight: int

    def run(self) -> Outcome:
        time.sleep(1.2)
        return Outcome("ok")


def test_a_task_of_many_cells_has_the_time_of_all() -> None:
    with LocalExecutor(jobs=2, timeout=0.7) as executor:
        found = dict(executor.map([1, 20], Heavy))
    assert {item: outcome.status for item, outcome in found.items()} == {1: "timeout", 20: "ok"}
