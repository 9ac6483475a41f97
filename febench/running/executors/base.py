"""The contract of executors: tasks go in, results come out as they end."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self, TypeVar

R_co = TypeVar("R_co", covariant=True)
R = TypeVar("R")
T = TypeVar("T")


@dataclass(frozen=True)
class Failure:
    """Why a task has no result.

    Attributes
    ----------
    status : str
        `failed` (it raised), `invalid` (predictions that are none), `timeout`, or `crashed` (its process died).
    error : str
        What went wrong, in a sentence.
    traceback : str or None
        Where it raised, as Python prints it.
    """

    status: str
    error: str
    traceback: str | None = None


class Task(Protocol[R_co]):
    """Anything that a worker can run.

    One with an attribute `weight` may take that many time limits, one with `limit` no more than so many seconds.
    """

    def run(self) -> R_co | Failure:
        """Do the work; raises nothing."""


class Executor(Protocol):
    """Runs tasks somewhere; a context manager."""

    def __enter__(self) -> Self:
        """Start the workers."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        """Stop the workers, whatever they are at."""

    def map(self, items: Iterable[T], task: Callable[[T], Task[R]]) -> Iterator[tuple[T, R | Failure]]:
        """Run the task of each item in order, and yield each item with what came of it as it ends."""
