"""The contract of executors: tasks go in, results come out as they end."""

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

FULL = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))
"""How a disk, or a user's share of one, says that it is full."""
CHAIN = 20
"""How many errors that led to one another are looked at."""


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
        """The failure of what raised this error, whatever its class does when it is looked at."""
        try:
            text = " ".join(str(error).split())
        except BaseException:
            text = "an error that cannot be printed"
        frames = traceback.extract_tb(error.__traceback__)
        place = f" ({Path(frames[-1].filename).name}:{frames[-1].lineno})" if frames else ""
        try:
            where = "".join(traceback.format_exception(error))
        except BaseException:
            where = None
        status, cause = "failed", error
        for _ in range(CHAIN):
            if isinstance(cause, OSError) and cause.errno in FULL:
                status = "full"
            cause = cause.__cause__ or cause.__context__ or cause
        if isinstance(error, FebenchError):  # a sentence for people, not a fault of the method's code
            return cls(status, text)
        return cls(status, f"{type(error).__name__}: {text}{place}", where)


class Task(Protocol[R_co]):
    """Anything that a worker can run.

    One with an attribute `weight` may take that many time limits, one with `limit` no more than so many seconds. The
    clock starts when `load()` is done, where a task has it: it imports what the work needs, and what it raises is left
    for `run` to meet again.

    For other machines a task may have `files`, the paths that it reads, and `with_files`, the same task given where
    each of them is there; `on_gpu`, whether it is for a GPU; and `unfit`, why it cannot run where that is asked.
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
        """Stop the workers, whatever they are at."""

    @abstractmethod
    def groups(self, items: Iterable[T], task: Callable[[T], Task[R]]) -> Iterator[list[tuple[T, R | Failure]]]:
        """Run the task of each item in order, and yield items with what came of them.

        A group is never empty, and holds all that have ended while nobody asked: what is slow for each, such as a
        commit to the disk, can be done once for all of them.
        """

    def map(self, items: Iterable[T], task: Callable[[T], Task[R]]) -> Iterator[tuple[T, R | Failure]]:
        """Run the task of each item in order, and yield each item with what came of it as it ends."""
        for group in self.groups(items, task):
            yield from group
