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
from febench.running.executors.server import WORKER_ENDED
from febench.running.executors.worker import WORKER_STARTED

THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
)

GPU_FILES = (("/proc/driver/nvidia/gpus", "*"), ("/dev", "nvidia[0-9]*"), ("/dev", "dxg"))
"""Folders and patterns of the files of GPUs on Linux: of the driver, in a container, in WSL (one for all GPUs)."""

PRELOADABLE_LIBRARIES = frozenset(
    ("PIL", "joblib", "numpy", "pywt", "scipy", "skimage", "sklearn", "torch", "torchvision")
)
"""Packages that the server imports for workers if this process has them: importing them starts no thread."""

WORKER_START_TIMEOUT_S = 300.0
"""Seconds that a worker may take to start and import."""
MAX_SERVER_DEATHS = 10
"""How often in a row the server may die before a worker has started."""

R = TypeVar("R")
T = TypeVar("T")


def gpus() -> tuple[str, ...]:
    """Return the names of the GPUs that may be used, as CUDA knows them, without loading CUDA."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None:
        return tuple(name.strip() for name in visible.split(",") if name.strip() not in ("", "-1"))
    return tuple(str(i) for i in range(gpu_files()))


def gpu_files() -> int:
    """Return how many GPUs the system has files of, whether they may be used or not."""
    counts = (len(list(Path(folder).glob(names))) for folder, names in GPU_FILES)
    return next(filter(None, counts), 0)


@dataclass(eq=False)
class _Worker(Generic[T, R]):
    """A worker process, as this process sees it.

    Attributes
    ----------
    item, task
        What it computes.
    limit : float or None
        Seconds that the task may take after its imports.
    link : socket
        Sends `unsent`, the rest of the pickled task; fills `received`: a `WORKER_STARTED` message, then the result.
    device : str or None
        The GPU that this worker has to itself.
    deadline : float or None
        When it is stopped.
    stopped : bool
        Whether it was stopped.
    """

    item: T
    task: Task[R]
    limit: float | None
    link: socket.socket
    unsent: memoryview
    device: str | None = None
    received: bytearray = field(default_factory=bytearray)
    deadline: float | None = field(default_factory=lambda: time.monotonic() + WORKER_START_TIMEOUT_S)
    stopped: bool = False

    @property
    def pid(self) -> int | None:
        """Its process id, once its imports are done."""
        return WORKER_STARTED.unpack_from(self.received)[0] if len(self.received) >= WORKER_STARTED.size else None

    def exchange(self) -> bool:
        """Send and receive what is possible now; return whether the worker has closed its end."""
        had_started = self.pid is not None
        try:
            while part := self.link.recv(1 << 20):
                self.received += part
            closed = True
        except OSError as error:
            closed = not isinstance(error, BlockingIOError)
        if self.pid is not None and not had_started:
            self.deadline = None if self.limit is None else time.monotonic() + self.limit
        with contextlib.suppress(OSError):
            if self.unsent:
                self.unsent = self.unsent[self.link.send(self.unsent) :]
                if not self.unsent:
                    self.link.shutdown(socket.SHUT_WR)
        return closed

    def result(self, code: int) -> R | Failure:
        """Return the result of a worker that has ended; a failure of status `killed` may be the machine's fault."""
        if code == 0 and len(self.received) > WORKER_STARTED.size:
            try:
                result: R | Failure = pickle.loads(memoryview(self.received)[WORKER_STARTED.size :])
                return result
            except Exception as error:
                return Failure.of(error)
        if self.stopped and self.pid is None:
            return Failure("timeout", f"its imports were not done after {WORKER_START_TIMEOUT_S:g} s")
        if self.stopped:
            return Failure("timeout", TIME_LIMIT_ERROR.format(self.limit))
        if code >= 0:
            return Failure("crashed", f"the process died (exit code {code})")
        name = f"signal {-code}"
        with contextlib.suppress(ValueError):
            name = f"signal {signal.Signals(-code).name}"
        return Failure("killed", f"the process died ({name})")


class LocalExecutor(Executor):
    """Runs tasks in worker processes on this machine, a new process for each; use as a context manager.

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
        loaded = [name for name in sys.modules if name.partition(".")[0] in PRELOADABLE_LIBRARIES]
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
        """Run the task of each item in order; yield items with their results as they end, see `Executor`.

        A task that met a full disk or was killed, perhaps by the machine's fault, is tried once more at the end, alone.
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
        """Run `jobs` tasks at a time; yield groups of workers that have ended, with their results."""
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
                    self._close(worker)
                    ended.append((worker, worker.result(code)))
                if ended:
                    yield ended
        finally:
            for number, worker in running.items():
                self._kill(number)
                self._close(worker)

    def _start(self, item: T, task: Task[R], devices_in_use: set[str | None]) -> _Worker[T, R]:
        device = next((device for device in self._devices or () if device not in devices_in_use), None)
        variables = {} if device is None else {"CUDA_VISIBLE_DEVICES": device}
        unsent = memoryview(pickle.dumps((variables, pickle.dumps(task))))
        limits = [getattr(task, "limit", None), self._timeout and self._timeout * int(getattr(task, "weight", 1))]
        limit = min((limit for limit in limits if limit is not None), default=None)
        if self._launcher is None:
            self._launcher = launcher(self._variables, self._imports, self._fork)
            self._selector.register(self._launcher.control, selectors.EVENT_READ)
        link, worker_end = socket.socketpair()
        link.setblocking(False)
        with worker_end:
            self._launcher.start(self._last, worker_end)
        worker = _Worker(item, task, limit, link, unsent, device)
        self._selector.register(link, selectors.EVENT_READ | selectors.EVENT_WRITE, worker)
        return worker

    def _kill(self, number: int) -> None:
        if self._launcher:
            self._launcher.kill(number)

    def _close(self, worker: _Worker[T, R]) -> None:
        worker.exchange()
        with contextlib.suppress(KeyError):
            self._selector.unregister(worker.link)
        worker.link.close()

    def _wait(self, running: Mapping[int, _Worker[T, R]]) -> list[tuple[int, int]]:
        """Exchange data until something happens; return numbers and exit codes of the workers that have ended."""
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
            messages = self._launcher.control.recv(WORKER_ENDED.size * 100)
        except ConnectionError:
            messages = b""
        if messages:
            self._deaths = 0
            return [(number, code) for number, code in WORKER_ENDED.iter_unpack(messages) if number in running]
        # The server was killed, and its workers have died with it
        self._deaths = 0 if any(worker.pid is not None for worker in running.values()) else self._deaths + 1
        if self._deaths > MAX_SERVER_DEATHS:
            raise FebenchError("the process that starts workers dies each time it is started")
        for worker in running.values():
            if worker.pid is not None:
                with contextlib.suppress(OSError):
                    os.killpg(worker.pid, signal.SIGKILL)
        self._selector.unregister(self._launcher.control)
        self._launcher.close()
        self._launcher = None
        if self._deaths > 1:  # its imports may be the cause
            self._imports = []
        return [(number, -signal.SIGKILL) for number in running]
