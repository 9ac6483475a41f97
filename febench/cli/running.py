"""`febench run`: requests to exit code, with what happened said on the way."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console

from febench.results.results import Results
from febench.run.progress import make_watcher
from febench.run.runner import Finished, Request, run
from febench.show.formats import render
from febench.show.tables import make_table

WHOLE, SOME_FAILED, INTERRUPTED = 0, 3, 130


def run_all(requests: Sequence[Request], console: Console) -> int:
    """Run each request and print its Table 3, and Table 4 after several; returns the exit code."""
    finished = []
    for request in requests:
        try:
            finished.append(run(request, make_watcher(console, request.path)))
        except KeyboardInterrupt:
            _say(console, f"interrupted; every finished cell is safe in {request.path}, the same command goes on")
            return INTERRUPTED
        _close(finished[-1], console)
    results = [Results.of(one.store) for one in finished]
    numbers = [3, 4] if len(results) > 1 else [3]
    print("\n\n".join(render(make_table(number, results), "text") for number in numbers))
    return WHOLE if all(one.whole for one in finished) else SOME_FAILED


def _close(done: Finished, console: Console) -> None:
    wanted = len(done.plan.cells)
    words = [f"{wanted - len(done.failed) - len(done.plan.missing)} of {wanted} wanted cells are in {done.store.path}"]
    if done.failed:
        words.append(f"{len(done.failed)} failed (to try them again: --retry-failed)")
    words += done.absent
    _say(console, "; ".join(words))


def _say(console: Console, text: str) -> None:
    console.print(text, markup=False, highlight=False, soft_wrap=True)
