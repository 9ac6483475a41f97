"""Run tasks on the nodes of a Ray cluster; on each node in new worker processes, as on this machine.

A Ray worker holds a `LocalExecutor` of one worker: time limits, process trees and failures are those of `local`. Arrays
travel by Ray's object store, once to each node, and lie there in febench's cache under the hash of their content. The
tasks of a node that is lost are computed again elsewhere, and so are those that a node cannot run.
"""

from __future__ import annotations

import hashlib
import logging
import os
import pickle
import signal
import socket
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, Generic, TypeVar, cast

import numpy as np

from febench.core import __version__
from febench.core.cache import received_file
from febench.core.environment import environment
from febench.core.errors import FebenchError, UsageError
from febench.running.executors.base import Executor, Failure, Task
from febench.running.executors.local import LocalExecutor

CONNECT_TIMEOUT_S = 5.0
"""Seconds to wait for the address of a cluster to answer."""
MAX_LOST_NODES = 3
"""Nodes or Ray processes that may be lost while they run a task, before the task is taken for the cause."""
QUEUED_PER_SLOT = 2
"""Tasks that are handed to Ray for each that can run at once, so that no node waits for the driver."""

R = TypeVar("R")
T = TypeVar("T")


@dataclass(frozen=True)
class _Settings:
    """How a node runs tasks; the parameters of its `LocalExecutor`."""

    threads: int
    timeout: float | None
    imports: tuple[str, ...]


@dataclass(frozen=True)
class _Outcome:
    """The result of a task on a node, or why the node cannot run it."""

    result: Any
    environment: Mapping[str, Any]
    node: str
    unfit: str | None = None


@dataclass(eq=False)
class _Sent(Generic[T]):
    """A task that was handed to Ray: its item, its pickle, what it needs, and how earlier tries ended."""

    item: T
    packed: bytes
    files: tuple[Path, ...]
    on_gpu: bool
    lost: int = 0
    unfit: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, item: T, task: Any) -> _Sent[T]:
        """Pack the task of an item."""
        return cls(item, pickle.dumps(task), tuple(getattr(task, "files", ())), bool(getattr(task, "on_gpu", False)))


class RayExecutor(Executor):
    """Tasks on a Ray cluster; use as a context manager.

    Parameters
    ----------
    address : str or None
        Of the cluster, `auto` for the one that this machine belongs to; None starts one on this machine alone.
    threads : int
        Processors each task asks for, and threads it may use in numerical libraries.
    timeout : float or None
        Seconds after which a task's process is killed on its node; see `LocalExecutor`.
    imports : sequence of str
        Modules that tasks will need.

    Raises
    ------
    UsageError
        On entering, if Ray is not installed, or no cluster answers at that address.
    """

    def __init__(
        self,
        address: str | None = None,
        threads: int = 1,
        timeout: float | None = None,
        imports: Sequence[str] = (),
    ) -> None:
        self._address = address
        self._settings = _Settings(threads, timeout, tuple(imports))
        self._refs: dict[Path, tuple[str, Any]] = {}

    def __enter__(self) -> RayExecutor:
        try:
            import ray
        except ImportError as error:
            raise UsageError(f"executor ray needs the package ray: pip install 'febench[ray]' ({error})") from error
        self._ray: Any = ray
        host, colon, port = (self._address or "").rpartition(":")
        before = signal.getsignal(signal.SIGTERM)
        try:
            if colon and port.isdigit() and "/" not in host:
                socket.create_connection((host, int(port)), CONNECT_TIMEOUT_S).close()  # Ray itself tries for minutes
            # without an address Ray would join whatever cluster it finds on this machine, another run's among them
            ray.init(address=self._address or "local", log_to_driver=False, logging_level=logging.ERROR)
        except Exception as error:  # of many kinds
            what = f"no Ray cluster answers at {self._address}" if self._address else "Ray starts no cluster here"
            raise UsageError(f"{what}: {error}", option="address") from error
        finally:
            if threading.current_thread() is threading.main_thread():
                signal.signal(signal.SIGTERM, before)  # Ray has put its own there
        self._perform = ray.remote(num_cpus=self._settings.threads, max_retries=0)(_perform)
        return self

    def __exit__(self, *_: object) -> None:
        self._refs.clear()
        self._ray.shutdown()

    @property
    def slots(self) -> int:
        """Tasks that the processors of the cluster can run at once, as it is now."""
        return max(1, int(self._ray.cluster_resources().get("CPU", 0)) // self._settings.threads)

    def groups(self, items: Iterable[T], task: Callable[[T], Task[R]]) -> Iterator[list[tuple[T, R | Failure]]]:
        """Run the task of each item in order, and yield items as they end; see `Executor`.

        Results and failures with a field `environment` have there what they were computed with. A task with `files`
        gets them on its node by `with_files`, one whose `on_gpu` is true has a GPU to itself, and one that is `unfit`
        for a node, which it says why, is run on another.
        """
        waiting = (_Sent.of(item, task(item)) for item in items)
        again: list[_Sent[T]] = []
        running: dict[Any, _Sent[T]] = {}
        try:
            while True:
                room = QUEUED_PER_SLOT * self.slots - len(running)
                for sent in [again.pop() for _ in range(min(room, len(again)))] or islice(waiting, max(0, room)):
                    running[self._send(sent)] = sent
                if not running:
                    return
                ended, _ = self._ray.wait(list(running), timeout=1.0)
                if ended:  # and what else there is
                    ended, _ = self._ray.wait(list(running), num_returns=len(running), timeout=0)
                group = []
                for reference in ended:
                    sent = running.pop(reference)
                    result = self._result(reference, sent)
                    if result is None:
                        again.append(sent)
                    else:
                        group.append((sent.item, cast("R | Failure", result)))
                if group:
                    yield group
        finally:
            for reference in running:
                self._ray.cancel(reference, force=True)

    def _send(self, sent: _Sent[T]) -> Any:
        files = {}
        for path in sent.files:
            if path not in self._refs:
                content = np.fromfile(path, dtype=np.uint8)
                digest = hashlib.blake2b(content.data).hexdigest()
                self._refs[path] = digest, self._ray.put(content)
            digest, reference = self._refs[path]
            files[path] = digest, [reference]  # in a list it is not fetched before it is known to be missing there
        perform = self._perform.options(num_gpus=int(sent.on_gpu), scheduling_strategy=self._place(sent))
        return perform.remote(sent.packed, files, self._settings, __version__)

    def _place(self, sent: _Sent[T]) -> Any:
        """Return where Ray may run a task: anywhere, or on another node than those that could not run it."""
        if not sent.unfit:
            return "DEFAULT"
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        needed = "GPU" if sent.on_gpu else "CPU"
        alive = [node["NodeID"] for node in self._ray.nodes() if node["Alive"] and node["Resources"].get(needed)]
        fit = [node for node in alive if node not in sent.unfit]
        if not fit:
            raise UsageError(f"no node of the cluster is fit for {sent.item}: {'; '.join(set(sent.unfit.values()))}")
        return NodeAffinitySchedulingStrategy(node_id=fit[sent.lost % len(fit)], soft=False)

    def _result(self, reference: Any, sent: _Sent[T]) -> Any:
        """Return the result of a task; None if it must be computed again."""
        errors = self._ray.exceptions
        try:
            outcome: _Outcome = self._ray.get(reference)
        except errors.RayTaskError as error:
            raise FebenchError(f"a Ray worker could not run a task: {error.cause or error}") from error
        except errors.RayError as error:  # a node, a process or an object is gone
            sent.lost += 1
            if sent.lost < MAX_LOST_NODES:
                return None
            return Failure(
                "crashed", f"Ray lost {MAX_LOST_NODES} nodes or processes under it, at last by {type(error).__name__}"
            )
        if outcome.unfit:
            sent.unfit[outcome.node] = outcome.unfit
            return None
        return _located(outcome.result, outcome.environment)


def _fetched(held: list[Any]) -> Any:
    import ray

    return ray.get(held[0])


def _located(result: Any, environment: Mapping[str, Any]) -> Any:
    """Return a result, or all results of a pack, with the environment it was computed in."""
    if isinstance(result, tuple):
        return tuple(_located(part, environment) for part in result)
    return replace(result, environment=environment) if hasattr(result, "environment") else result


# On a node

_executors: dict[_Settings, LocalExecutor] = {}
"""The executors of this Ray worker process."""


def _perform(packed: bytes, files: Mapping[Path, tuple[str, list[Any]]], settings: _Settings, driver: str) -> _Outcome:
    """Run a task in a clean process of this node."""
    import ray

    node = ray.get_runtime_context().get_node_id()
    about = environment()
    if driver != __version__:
        return _Outcome(None, about, node, f"it has febench {__version__}, the driver {driver}")
    try:
        task = pickle.loads(packed)
    except Exception as error:
        return _Outcome(None, about, node, f"it cannot unpack the task ({type(error).__name__}: {error})")
    if unfit := getattr(task, "unfit", None):
        return _Outcome(None, about, node, unfit)
    here = {path: received_file(digest, partial(_fetched, held)) for path, (digest, held) in files.items()}
    task = task.with_files(here) if here else task
    if settings not in _executors:
        devices = [name for name in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if name] or None
        executor = LocalExecutor(1, settings.threads, settings.timeout, devices, settings.imports)
        _executors[settings] = executor.__enter__()
    [(_, result)] = _executors[settings].map([None], lambda _: task)
    return _Outcome(result, about, node)
