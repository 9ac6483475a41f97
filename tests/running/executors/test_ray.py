"""What only a cluster meets: nodes that are lost or lack something, files that are elsewhere."""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("ray", reason="needs the extra febench[ray]")

from ray.cluster_utils import Cluster

from febench.core.environment import environment
from febench.core.errors import UsageError
from febench.running.executors.base import Failure
from febench.running.executors.ray import MAX_LOST_NODES, RayExecutor


@dataclass(frozen=True)
class Slow:
    what: int

    def run(self) -> int:
        time.sleep(0.3)
        return self.what


@pytest.mark.slow
def test_all_tasks_come_back_when_a_node_is_killed_midway() -> None:
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    try:
        nodes = [cluster.add_node(num_cpus=1) for _ in range(2)]
        with RayExecutor(cluster.address) as executor:
            assert executor.slots == 3
            found = {}
            for item, result in executor.map(range(30), Slow):
                found[item] = result
                if len(found) == 6:
                    cluster.remove_node(nodes[0], allow_graceful=False)
        assert found == {i: i for i in range(30)}
    finally:
        cluster.shutdown()


@dataclass(frozen=True)
class Killer:
    """Kills the Ray worker under which it runs, as a task does that takes a node's memory."""

    harmless: bool

    def run(self) -> str:
        if not self.harmless:
            server = os.getppid()
            told = Path(f"/proc/{server}/stat").read_text().rpartition(")")[2].split()
            os.kill(int(told[1]), signal.SIGKILL)
            time.sleep(30)
        return "alive"


def test_a_task_that_brings_down_three_is_to_blame_and_no_other(cluster: Any) -> None:
    with RayExecutor(cluster.address) as executor:
        found = list(executor.map([True, False, True, True], Killer))
    assert sorted(str(result) for item, result in found if item) == ["alive"] * 3
    [failure] = [result for item, result in found if not item]
    assert isinstance(failure, Failure) and failure.status == "crashed"
    assert f"Ray lost {MAX_LOST_NODES} nodes or processes under it" in failure.error


@dataclass(frozen=True)
class Reader:
    path: Path

    @property
    def files(self) -> tuple[Path, ...]:
        return (self.path,)

    def with_files(self, here: Mapping[Path, Path]) -> Reader:
        return replace(self, path=here[self.path])

    def run(self) -> tuple[str, bytes]:
        time.sleep(0.1)
        return str(self.path), self.path.read_bytes()


def test_files_travel_once_and_the_drivers_folders_may_be_gone(cluster: Any, tmp_path: Path) -> None:
    folder = tmp_path / "driver"
    folder.mkdir()
    (folder / "features.npy").write_bytes(b"features" * 1000)
    with RayExecutor(cluster.address) as executor:
        results = executor.map([Reader(folder / "features.npy")] * 20, lambda task: task)
        told = [next(results)[1]]
        shutil.move(folder, tmp_path / "gone")
        told += [result for _, result in results]
    assert len(told) == 20 and {content for _, content in told} == {b"features" * 1000}
    places = {Path(path) for path, _ in told}
    assert all(place.is_relative_to(place.parents[1]) and place.parent.name == "received" for place in places)
    assert len(places) == 1 and tmp_path not in next(iter(places)).parents


@dataclass(frozen=True)
class Picky:
    """Runs only where a variable is not set."""

    what: int

    @property
    def unfit(self) -> str | None:
        return "method picky needs torch" if os.environ.get("FEBENCH_TEST_LACKS") else None

    def run(self) -> int:
        return self.what


@pytest.mark.slow
def test_tasks_that_a_node_cannot_run_go_to_another_and_if_there_is_none_it_is_said() -> None:
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    try:
        cluster.add_node(num_cpus=1, env_vars={"FEBENCH_TEST_LACKS": "1"})
        with RayExecutor(cluster.address) as executor:
            with pytest.raises(UsageError, match="no node of the cluster is fit for 0: method picky needs torch"):
                list(executor.map([0], Picky))
            cluster.add_node(num_cpus=1)
            assert dict(executor.map(range(12), Picky)) == {i: i for i in range(12)}
    finally:
        cluster.shutdown()


@dataclass(frozen=True)
class Told:
    environment: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Telling:
    def run(self) -> tuple[Told, Told]:
        return Told(), Told()


def test_results_name_what_they_were_computed_with(cluster: Any) -> None:
    with RayExecutor(cluster.address) as executor:
        [(_, (one, other))] = executor.map([0], lambda _: Telling())
    assert one.environment == other.environment == environment()


def test_no_cluster() -> None:
    with pytest.raises(UsageError, match=r"no Ray cluster answers at 127\.0\.0\.1:1"), RayExecutor("127.0.0.1:1"):
        pass
