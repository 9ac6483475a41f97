"""Runs whose cells are computed on a Ray cluster."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

pytest.importorskip("ray", reason="needs the extra febench[ray]")

from febench.results.record import Record
from febench.results.store import Store
from tests.end_to_end.conftest import COMMAND, Febench

RUN = ("run", "--plugin", "plugin.py", "--dataset", "toy", "--runs", "1", "--timeout", "20s")
SLOW = """
import time

import numpy as np
from febench import method


@method("slow")
class Slow:
    def __init__(self, random_state=None):
        self.random_state = random_state

    def extract(self, X):
        return X.reshape(len(X), -1).astype(float)

    def fit(self, X, y):
        assert X.ndim == 2
        time.sleep(0.5)
        return self

    def predict(self, X):
        return np.random.default_rng(self.random_state).integers(0, 7, len(X))
"""


def what_counts(record: Record) -> tuple[object, ...]:
    return record.label, record.run, record.fold, record.status, record.predictions, record.error, record.environment


@pytest.mark.slow
def test_cells_on_a_cluster_are_those_of_this_machine(febench: Febench, tmp_path: Path) -> None:
    """On equal hardware to the bit, failures included."""
    methods = ("--methods", "pixel-svm,lottery,raises,exits")
    local = febench(*RUN, *methods, "--out", "local")
    ray = febench(*RUN, *methods, "--out", "ray", "--executor", "ray")
    assert (local.returncode, ray.returncode) == (3, 3), ray.stderr
    assert "20 failed" in ray.stderr
    there = [sorted(map(what_counts, Store(tmp_path / name).records)) for name in ("local", "ray")]
    assert there[0] == there[1] and len(there[0]) == 40
    assert febench("verify", "ray").returncode == 0


@pytest.mark.slow
def test_a_driver_that_is_killed_goes_on_where_it_was(febench: Febench, tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text(SLOW)
    command = (*RUN, "--plugin", "slow.py", "--methods", "slow", "--out", "o", "--executor", "ray")
    cells = tmp_path / "o" / "cells.jsonl"
    with subprocess.Popen([*COMMAND, *command], cwd=tmp_path, env=os.environ, start_new_session=True) as driver:
        deadline = time.monotonic() + 60
        while not (cells.exists() and cells.read_bytes().count(b"\n") >= 2) and time.monotonic() < deadline:
            time.sleep(0.05)
        os.killpg(driver.pid, signal.SIGKILL)
    before = cells.read_bytes().count(b"\n")
    assert 2 <= before < 10
    done = febench(*command)
    assert done.returncode == 0, done.stderr
    assert f"10 cells wanted, {before} stored, {10 - before} to compute" in done.stderr
    assert len(Store(tmp_path / "o").records) == 10


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--executor", "ray", "--address", "127.0.0.1:1"), "no Ray cluster answers at 127.0.0.1:1"),
        (("--address", "auto"), "an address is that of a Ray cluster"),
        (("--executor", "slurm"), "there is no executor 'slurm'; choose local, ray"),
    ],
)
def test_what_cannot_be_is_said(febench: Febench, tmp_path: Path, options: tuple[str, ...], words: str) -> None:
    done = febench(*RUN, "--methods", "lottery", "--out", "o", *options)
    assert done.returncode == 2 and words in done.stderr and "Traceback" not in done.stderr
