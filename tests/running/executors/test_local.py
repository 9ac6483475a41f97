from __future__ import annotations

import os
import time
from dataclasses import dataclass
from typing import Any

import pytest

from febench.running.executors.local import LocalExecutor
from tests.running.executors.test_contract import Job


def test_workers_get_their_number_of_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MKL_NUM_THREADS", raising=False)
    with LocalExecutor(jobs=1, threads=2) as executor:
        [(_, result)] = executor.map(["threads"], Job)
    assert result == {"OMP_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "2"}
    assert "MKL_NUM_THREADS" not in os.environ


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
