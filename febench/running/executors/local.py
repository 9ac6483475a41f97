"""Tasks on worker processes of this machine, each with a hard time limit."""

from __future__ import annotations

import contextlib
import os
import pickle
import selectors
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Generic, TypeVar

from febench.core.errors import FebenchError
from febench.running.executors.base import TIME_LIMIT_ERROR, Executor, Failure, Task
from febench.running.executors.launch import Launcher, launcher
from febench.running.executors.server import ENDED
from febench.running.executors.worker import BEGUN

THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
)

GPUS = (("/proc/driver/nvidia/gpus", "*"), ("/dev", "nvidia[0-9]*"), ("/dev", "dxg"))
"""Where Linux has a file for each GPU: its driver, a container, Windows's subsystem (all GPUs in one)."""

LIBRARIES = frozenset(("PIL", "joblib", "numpy", "pywt", "scipy", "skimage", "sklearn", "torch", "torchvision"))
"""What may be loaded by the server that workers are forked from, if it is loaded here: it starts no thread."""

READY = 300.0
"""Seconds in which a worker must have done its imports."""
DEATHS = 10
"""How often in a row the server may die before any worker has begun."""

R = TypeVar("R")
T = TypeVar("T")


def gpus() -> tuple[str, ...]:
    """Names by which CUDA knows the GPUs that may be used, without loading it."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None:
        return tuple(name.strip() for name in visible.split(",") if name.strip() not in ("", "-1"))
    return tuple(str(i) for i in range(gpu_files()))


def gpu_files() -> int:
    """How many GPUs there are files of, whether they may be used or not."""
    counts = (len(list(Path(folder).glob(names))) for folder, names in GPUS)
    return next(filter(None, counts), 0)


@dataclass(eq=False)
class _Worker(Generic[T, R]):
    """A worker process, seen from here.

    Attributes
    ----------
    item, task
        What it does.
    limit : float or None
        Seconds it may take, once its imports are done.
    link : socket
        `unsent` goes there, and what comes is `told`: its process id when it begins, then its result.
    device : str or None
        The GPU that is its alone.
    deadline : float or None
        When it is stopped.
    stopped : bool
        Whether it was.
    """

    item: T
    task: Task[R]
    limit: float | None
    link: socket.socket
    unsent: memoryview
    device: str | None = None
    told: bytearray = field(default_factory=bytearray)
    deadline: float | None = field(default_factory=lambda: time.monotonic() + READY)
    stopped: bool = False

    @property
    def pid(self) -> int | None:
        """Its process id, once it has begun."""
        return BEGUN.unpack_from(self.told)[0] if len(self.told) >= BEGUN.size else None

    def exchange(self) -> bool:
        """Send and take what can be now; whether it has said all that it will."""
        had_begun = self.pid is not None
        try:
            while part := self.link.recv(1 << 20):
                self.told += part
            over = True
        except OSError as error:
            over = not isinstance(error, BlockingIOError)
        if self.pid is not None and not had_begun:
            self.deadline = None if self.limit is None else time.monotonic() + self.limit
        with contextlib.suppress(OSError):
            if self.unsent:
                self.unsent = self.unsent[self.link.send(self.unsent) :]
                if not self.unsent:
                    self.link.shutdown(socket.SHUT_WR)
        return over

    def result(self, code: int) -> R | Failure:
        """What came of it, after it has ended with this exit code; a failure `killed` may be no fault of its own."""
        if code == 0 and len(self.told) > BEGUN.size:
            try:
                result: R | Failure = pickle.loads(memoryview(self.told)[BEGUN.size :])
                return result
            except Exception as error:
                return Failure.of(error)
        if self.stopped and self.pid is None:
            return Failure("timeout", f"its imports were not done after {READY:g} s")
        if self.stopped:
            return Failure("timeout", TIME_LIMIT_ERROR.format(self.limit))
        if code >= 0:
            return Failure("crashed", f"the process died (exit code {code})")
        name = f"signal {-code}"
        with contextlib.suppress(ValueError):
            name = f"signal {signal.Signals(-code).name}"
        return Failure("killed", f"the process died ({name})")


class LocalExecutor(Executor):
    """Worker processes on this machine, a clean one for each task; use as a context manager.

    Parameters
    ----------
    jobs : int
        Number of worker processes.
    threads : int
        Threads each may use in numerical libraries.
    timeout : float or None
        Seconds after which a task's process is killed, with all that it started; a task with a `weight` may take that
        many times as long.
    devices : sequence of str, optional
        GPUs by the names that CUDA knows them by, one for each worker.
    imports : sequence of str, optional
        Modules that tasks will need, imported once for all of them, as are the numerical ones that are loaded here.
    """

    def __init__(
        self,
        jobs: int,
        threads: int = 1,
        timeout: float | None = None,
        devices: Sequence[str] | None = None,
        imports: Sequence[str] = (),
    ) -> None:
        self._jobs = jobs
        self._devices = devices
        self._timeout = timeout
        self._variables = dict.fromkeys(THREAD_VARIABLES, str(threads))
        # Libraries that may use several threads start them when they are imported, and CUDA must never meet a fork
        self._fork = sys.platform == "linux" and threads == 1 and not devices
        loaded = [name for name in sys.modules if name.partition(".")[0] in LIBRARIES]
        self._imports = list(dict.fromkeys([*imports, *loaded])) if self._fork else []
        self._launcher: Launcher | None = None
        self._last = 0
        self._deaths = 0

    def __enter__(self) -> LocalExecutor:
        self._selector = selectors.DefaultSelector()
        return self

    def __exit__(self, *_: object) -> None:
        self._selector.close()
        if self._launcher:
            self._launcher.close()

    def groups(self, items: Iterable[T], task: Callable[[T], Task[R]]) -> Iterator[list[tuple[T, R | Failure]]]:
        """Run the task of each item in order, and yield items as they end; see `Executor`.

        What may be the machine's fault, a full disk or a killed process, is tried once more at the end, alone.
        """
        again = []
        for ended in self._run(((item, task(item)) for item in items), self._jobs):
            group = []
            for worker, result in ended:
                if isinstance(result, Failure) and result.status in ("killed", "full"):
                    again.append((worker.item, worker.task))
                else:
                    group.append((worker.item, result))
            if group:
                yield group
        for [(worker, result)] in self._run(iter(again), 1):
            if isinstance(result, Failure) and result.status == "killed":
                cause = "probably memory: " if "SIGKILL" in result.error else ""
                result = Failure("crashed", f"{cause}{result.error}, and again when it ran alone")
            yield [(worker.item, result)]

    def _run(self, tasks: Iterator[tuple[T, Task[R]]], jobs: int) -> Iterator[list[tuple[_Worker[T, R], R | Failure]]]:
        """Run so many tasks at a time, and yield the workers that have ended, with what came of each."""
        running: dict[int, _Worker[T, R]] = {}
        try:
            while True:
                for item, task in islice(tasks, jobs - len(running)):
                    self._last += 1
                    running[self._last] = self._start(item, task, {worker.device for worker in running.values()})
                if not running:
                    return
                ended = []
                for number, code in self._wait(running):
                    worker = running.pop(number)
                    self._part_from(worker)
                    ended.append((worker, worker.result(code)))
                if ended:
                    yield ended
        finally:
            for number, worker in running.items():
                self._kill(number)
                self._part_from(worker)

    def _start(self, item: T, task: Task[R], devices_in_use: set[str | None]) -> _Worker[T, R]:
        device = next((device for device in self._devices or () if device not in devices_in_use), None)
        variables = {} if device is None else {"CUDA_VISIBLE_DEVICES": device}
        unsent = memoryview(pickle.dumps((variables, pickle.dumps(task))))
        limits = [getattr(task, "limit", None), self._timeout and self._timeout * int(getattr(task, "weight", 1))]
        limit = min((limit for limit in limits if limit is not None), default=None)
        if self._launcher is None:
            self._launcher = launcher(self._variables, self._imports, self._fork)
            self._selector.register(self._launcher.control, selectors.EVENT_READ)
        link, theirs = socket.socketpair()
        link.setblocking(False)
        with theirs:
            self._launcher.start(self._last, theirs)
        worker = _Worker(item, task, limit, link, unsent, device)
        self._selector.register(link, selectors.EVENT_READ | selectors.EVENT_WRITE, worker)
        return worker

    def _kill(self, number: int) -> None:
        if self._launcher:
            self._launcher.kill(number)

    def _part_from(self, worker: _Worker[T, R]) -> None:
        worker.exchange()
        with contextlib.suppress(KeyError):
            self._selector.unregister(worker.link)
        worker.link.close()

    def _wait(self, running: Mapping[int, _Worker[T, R]]) -> list[tuple[int, int]]:
        """Serve the workers until something happens; the numbers of those that have ended, with their exit codes."""
        deadlines = [worker.deadline for worker in running.values() if worker.deadline is not None]
        ended: list[tuple[int, int]] = []
        for key, _ in self._selector.select(max(0.0, min(deadlines) - time.monotonic()) if deadlines else None):
            worker = key.data
            if worker is None:
                ended = self._ended(running)
            elif worker.exchange():
                self._selector.unregister(worker.link)
            elif not worker.unsent:
                self._selector.modify(worker.link, selectors.EVENT_READ, worker)
        for number, worker in running.items():
            if worker.deadline is not None and worker.deadline <= time.monotonic():
                worker.stopped, worker.deadline = True, None
                self._kill(number)
        return ended

    def _ended(self, running: Mapping[int, _Worker[T, R]]) -> list[tuple[int, int]]:
        assert self._launcher is not None
        try:
            told = self._launcher.control.recv(ENDED.size * 100)
        except ConnectionError:
            told = b""
        if told:
            self._deaths = 0
            return [(number, code) for number, code in ENDED.iter_unpack(told) if number in running]
        # Somebody killed the server, and its workers have died with it
        self._deaths = 0 if any(worker.pid is not None for worker in running.values()) else self._deaths + 1
        if self._deaths > DEATHS:
            raise FebenchError("the process that starts workers dies each time it is started")
        for worker in running.values():
            if worker.pid is not None:
                with contextlib.suppress(OSError):
                    os.killpg(worker.pid, signal.SIGKILL)
        self._selector.unregister(self._launcher.control)
        self._launcher.close()
        self._launcher = None
        if self._deaths > 1:  # of its imports, it may be
            self._imports = []
        return [(number, -signal.SIGKILL) for number in running]
