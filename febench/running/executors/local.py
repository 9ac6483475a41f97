"""Tasks on worker processes of this machine, each with a hard time limit."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, wait
from concurrent.futures import TimeoutError as FutureTimeoutError
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from filelock import FileLock
from filelock import Timeout as FileLockTimeout
from pebble import ProcessExpired, ProcessFuture, ProcessPool

from febench.core.errors import FebenchError
from febench.running.executors.base import Failure, Task

THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
)

GPUS = (("/proc/driver/nvidia/gpus", "*"), ("/dev", "nvidia[0-9]*"), ("/dev", "dxg"))
"""Where Linux has a file for each GPU: its driver, a container, Windows's subsystem (all GPUs in one)."""

_TAKEN: list[FileLock] = []
"""What a worker has taken, kept from being collected."""


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


class LocalExecutor:
    """Worker processes on this machine; use as a context manager.

    Parameters
    ----------
    jobs : int
        Number of worker processes.
    threads : int
        Threads each may use in numerical libraries.
    timeout : float or None
        Seconds after which a task's process is killed; a task with a `weight` may take that many times as long.
    devices : sequence of str, optional
        GPUs by the names that CUDA knows them by, one for each worker.
    """

    def __init__(
        self, jobs: int, threads: int = 1, timeout: float | None = None, devices: Sequence[str] | None = None
    ) -> None:
        self._jobs = jobs
        self._devices = devices
        self._threads = threads
        self._timeout = timeout
        self._exit = contextlib.ExitStack()

    def __enter__(self) -> LocalExecutor:
        self._exit.enter_context(_thread_limit(self._threads))
        context = multiprocessing.get_context("spawn")
        locks = self._exit.enter_context(tempfile.TemporaryDirectory(prefix="febench-")) if self._devices else ""
        self._pool = ProcessPool(
            self._jobs, initializer=_begin_worker, initargs=(self._devices, locks), context=context
        )
        self._exit.callback(self._stop)
        return self

    def __exit__(self, *_: object) -> None:
        self._exit.close()

    def map(self, items: Iterable[T], task: Callable[[T], Task[R]]) -> Iterator[tuple[T, R | Failure]]:
        """Run the task of each item in order, a few ahead of the free workers, and yield each item as it ends."""
        waiting = iter(items)
        running: dict[ProcessFuture[R | Failure], tuple[T, float | None]] = {}
        while True:
            for item in islice(waiting, 2 * self._jobs - len(running)):
                work = task(item)
                limit = self._limit_of(work)
                running[self._pool.schedule(_run, args=(work,), timeout=limit)] = item, limit
            if not running:
                return
            wait(running, return_when=FIRST_COMPLETED)
            for done in [future for future in running if future.done()]:
                item, limit = running.pop(done)
                yield item, self._result(done, limit)

    def _limit_of(self, work: object) -> float | None:
        limits = [getattr(work, "limit", None), self._timeout and self._timeout * int(getattr(work, "weight", 1))]
        return min((limit for limit in limits if limit is not None), default=None)

    @staticmethod
    def _result(done: ProcessFuture[R | Failure], limit: float | None) -> R | Failure:
        try:
            return done.result()
        except FutureTimeoutError:
            return Failure("timeout", f"stopped after the time limit of {limit:g} s")
        except ProcessExpired as expired:
            code = expired.exitcode
            cause = f"exit code {code}"
            if code is not None and code < 0:
                with contextlib.suppress(ValueError):
                    cause = f"signal {signal.Signals(-code).name}"
            return Failure("crashed", f"the process died ({cause})")
        except BrokenProcessPool as error:
            raise FebenchError(
                "the worker processes do not start; a script that runs febench must do so below "
                "if __name__ == '__main__':"
            ) from error

    def _stop(self) -> None:
        self._pool.stop()  # type: ignore[no-untyped-call]
        self._pool.join()


def _run(task: Task[R]) -> R | Failure:
    return task.run()


def _begin_worker(devices: Sequence[str] | None, locks: str) -> None:
    """Leave Ctrl-C to the parent, and die with it; take a GPU that no other worker has."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_die_with_parent, daemon=True).start()
    if devices:
        os.environ["CUDA_VISIBLE_DEVICES"] = _take_one(devices, Path(locks))


def _take_one(devices: Sequence[str], locks: Path) -> str:
    """The first device that is free; it is this process's until that ends, however it ends."""
    while True:
        for place, device in enumerate(devices):
            lock = FileLock(locks / f"{place}.lock")
            with contextlib.suppress(FileLockTimeout):
                lock.acquire(blocking=False)
                _TAKEN.append(lock)
                return device
        time.sleep(0.1)


def _die_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


@contextlib.contextmanager
def _thread_limit(threads: int) -> Iterator[None]:
    """Have processes started from here limit the threads of their numerical libraries."""
    before: dict[str, Any] = {name: os.environ.get(name) for name in THREAD_VARIABLES}
    os.environ.update(dict.fromkeys(THREAD_VARIABLES, str(threads)))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
