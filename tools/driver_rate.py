"""How many results a second the driver of a run takes in: records, commits and what is shown of them.

Use: ``python tools/driver_rate.py --cells 100000 --workers 1000 --seconds 1``: made-up results of ten methods, as those
of so many workers would come whose cells take so many seconds, are stored in a directory that is deleted again;
`TMPDIR` says on which disk.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from rich.console import Console

from febench.core.manifest import draw
from febench.core.method import method
from febench.results.store import Store
from febench.running.options import RunOptions
from febench.running.plan import Cell, Plan, make_row, wanted_cells
from febench.running.progress import PlainWatcher
from febench.running.runner import Outcome, keep
from febench.running.tasks import CellResult
from tests.made_results import made_cell, made_dataset

METHODS_MADE, FOLDS = 10, 10


def main() -> None:
    """Measure what is asked for on the command line, and print it."""
    parser = argparse.ArgumentParser(description="Feed the driver with made-up results.")
    parser.add_argument("--cells", type=int, default=10_000)
    parser.add_argument("--workers", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=1.0, help="Of one cell; 0 feeds as fast as they are taken.")
    asked = parser.parse_args()
    for i in range(METHODS_MADE):
        method(f"made-{i}", sets=["extended"], version="1")(lambda: None)
    rows = [make_row(f"made-{i}", "full", {}) for i in range(METHODS_MADE)]
    runs = max(1, asked.cells // (METHODS_MADE * FOLDS))
    manifest = draw(made_dataset(), f"paper[runs={runs}]")
    plan = Plan(tuple(rows), wanted_cells(rows, manifest), jobs=asked.workers)
    example = made_cell(manifest, "made-0", 0.7, 1, 1)
    result = CellResult(
        predictions=example.predictions or [],
        probabilities=example.probabilities,
        seconds={"fit": 1.0, "predict": 0.01},
        peak_memory_mb=200.0,
        info={},
    )
    waits: list[float] = []

    def outcomes(cells: list[Cell]) -> Iterator[list[Outcome]]:
        """What has ended since the last group was taken, in the time of so many workers."""
        begun, handed = time.monotonic(), 0
        pace = asked.seconds / asked.workers
        while handed < len(cells):
            asked_at = time.monotonic()
            due = len(cells) if not pace else int((asked_at - begun) / pace)
            group = cells[handed : min(due, handed + asked.workers)]
            if not group:
                time.sleep(pace)
                continue
            handed += len(group)
            yield [Outcome(cell, result, {"extract": 1.0}) for cell in group]
            waits.append(time.monotonic() - asked_at)

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "results"
        store = Store.open(path, manifest)
        watcher = PlainWatcher(Console(stderr=True))
        missing = plan.missing
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        with store.writing() as writer:
            watcher.begin(plan)
            begun = time.monotonic()
            keep(outcomes(missing), RunOptions(dataset="made", out=path), path, writer, watcher)
            took = time.monotonic() - begun
        size = (path / "cells.jsonl").stat().st_size
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    waits.sort()
    cells, longest = len(plan.cells), waits[-1] * 1000
    print(
        f"{cells:,} cells in {took:.1f} s: {cells / took:,.0f} a second in {len(waits):,} commits of "
        f"{waits[len(waits) // 2] * 1000:.0f} ms (the longest {longest:.0f}); {size / cells:,.0f} bytes a cell; "
        f"peak memory {before:,.0f} MB before, {peak:,.0f} MB after"
    )


if __name__ == "__main__":
    main()
