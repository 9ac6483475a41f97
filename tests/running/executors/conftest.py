from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from febench.running.executors.base import Executor
from febench.running.executors.local import LocalExecutor

Make = Callable[..., Executor]


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A Ray cluster of three nodes on this machine, whose caches are not this process's."""
    pytest.importorskip("ray", reason="needs the extra febench[ray]")
    from ray.cluster_utils import Cluster

    before = os.environ["FEBENCH_CACHE"]
    os.environ["FEBENCH_CACHE"] = str(tmp_path_factory.mktemp("nodes"))
    nodes = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    for _ in range(2):
        nodes.add_node(num_cpus=1)
    os.environ["FEBENCH_CACHE"] = before
    yield nodes
    nodes.shutdown()


@pytest.fixture(params=["local", "ray"])
def make(request: pytest.FixtureRequest) -> Make:
    """What makes an executor of each kind, given `threads` and `timeout`."""
    if request.param == "local":
        return lambda **options: LocalExecutor(2, **options)
    address = request.getfixturevalue("cluster").address
    from febench.running.executors.ray import RayExecutor

    return lambda **options: RayExecutor(address, **options)
