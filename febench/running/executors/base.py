"""What an executor is: it runs tasks, and yields results as they end.

The way of a task through `local.py`, the executor of one machine::

    this process                     server (server.py)              worker (worker.py)
    LocalExecutor.groups
      _start: pickle the task
      Launcher.start  --START_OR_KILL, a socket-->  fork  ------->  work: read the task
                                                                    task.load(): imports
      the clock starts  <--------------WORKER_STARTED------------   task.run()
      _Worker.result    <--------------pickled result------------   exit
      Launcher.control  <--WORKER_ENDED: exit code--  collect it

On Windows, with GPUs or with several threads a worker is a Python of its own, not a fork. `ray.py` runs tasks on the
nodes of a cluster, each by a `LocalExecutor` of that node.
"""

from __future__ import annotations

import errno
import traceback
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self, TypeVar

from febench.core.errors import FebenchError

R_co = TypeVar("R_co", covariant=True)
R = TypeVar("R")
T = TypeVar("T")

DISK_FULL_ERRNOS = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))
"""Error numbers of a full disk, and of a user's exhausted quota."""
MAX_ERROR_CHAIN = 20
"""Errors that led to one another, of which at most so many are looked at."""


TIME_LIMIT_ERROR = "stopped after the time limit of {:g} s"


def time_limit_in(error: str) -> float | None:
    """Return the seconds after which a task was stopped, read from the error that says so; None of other errors."""
    before, after = TIME_LIMIT_ERROR.split("{:g}")
    seconds = error.removeprefix(before).removesuffix(after)
    return float(seconds) if before + seconds + after == error else None


@dataclass(frozen=True)
class Failure:
    """Why a task has no result.

    Attributes
    ----------
    status : str
        `failed` (it raised), `invalid` (predictions that are none), `timeout`, `crashed` (its process died), or
        `full` (it met a full disk, which says nothing of the method: it is not stored).
    error : str
        What went wrong, in a sentence.
    traceback : str or None
        Where it raised, as Python prints it.
    environment : mapping or None
        Where that was, if not on this machine; see `febench.core.environment`.
    """

    status: str
    error: str
    traceback: str | None = None
    environment: Mapping[str, Any] | None = None

    @classmethod
    def of(cls, error: BaseException) -> Failure:
        """Return the failure of a task that raised this error, even if the error cannot be printed."""
        try:
            text = " ".join(str(error).split())
        except BaseException:
            text = "an error that cannot be printed"
        frames = traceback.extract_tb(error.__traceback__)
        location = f" ({Path(frames[-1].filename).name}:{frames[-1].lineno})" if frames else ""
        try:
            trace = "".join(traceback.format_exception(error))
        except BaseException:
            trace = None
        status, cause = "failed", error
        for _ in range(MAX_ERROR_CHAIN):
            if isinstance(cause, OSError) and cause.errno in DISK_FULL_ERRNOS:
                status = "full"
            cause = cause.__cause__ or cause.__context__ or cause
        if isinstance(error, FebenchError):  # a sentence for people, not a fault of the method's code
            return cls(status, text)
        return cls(status, f"{type(error).__name__}: {text}{location}", trace)


class Task(Protocol[R_co]):
    """Anything that a worker can run.

    A task with an attribute `weight` may take that many time limits; a task with `limit` at most so many seconds. The
    time starts when `load()` has returned, where a task has it: it imports what the work needs. What `load` raises is
    ignored, because `run` will raise it again.

    For other machines a task may have `files`, the paths that it reads; `with_files(paths)`, which returns the same
    task for these files on that machine; `on_gpu`, whether it is for a GPU; and `unfit`, a sentence that says why it
    cannot run on the machine where it is called, or None.
    """

    def run(self) -> R_co | Failure:
        """Do the work; raises nothing."""


class Executor(ABC):
    """Runs tasks somewhere; a context manager."""

    @abstractmethod
    def __enter__(self) -> Self:
        """Start the workers."""

    @abstractmethod
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        """Stop the workers, whatever they are doing."""

    @abstractmethod
    def groups(self, items: Iterable[T], task: Callable[[T], Task[R]]) -> Iterator[list[tuple[T, R | Failure]]]:
        """Run the task of each item in order; yield groups of items with their results.

        A group is never empty, and holds all items that have ended since the last one, so that a slow step, such as a
        commit to the disk, can be done once for all of them.
        """

    def map(self, items: Iterable[T], task: Callable[[T], Task[R]]) -> Iterator[tuple[T, R | Failure]]:
        """Run the task of each item in order; yield each item with its result as it ends."""
        for group in self.groups(items, task):
            yield from group
