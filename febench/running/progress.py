"""Show progress while cells are computed: live bars on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn
from rich.table import Column
from rich.text import Text

from febench.core.errors import printable
from febench.results.metrics import confusion_matrix, metric_of
from febench.results.record import Record
from febench.running.checkpoints import underway
from febench.running.plan import Cell, Plan, duration

PLAIN_LINE_INTERVAL_S = 15.0
CHECKPOINT_POLL_INTERVAL_S = 2.0
REDRAW_INTERVAL_S = 0.1
MAX_CHECKPOINT_AGE_S = 60.0
"""A training that has reported its step within so many seconds is under way; trainings report every ten seconds."""
MAX_LABEL_WIDTH, BAR_WIDTH = 24, 10
"""Columns of a terminal for a row's label and for its bar; the status takes what is left."""


@dataclass
class RowTally:
    """Counts of one row while it runs."""

    wanted: int
    done: int = 0
    failed: int = 0
    confusion: NDArray[np.int64] | int = 0

    @property
    def accuracy(self) -> str:
        """Overall accuracy and mean sensitivity over all test images so far."""
        if isinstance(self.confusion, int):
            return "-"
        oa, uar = (float(metric_of(name).value(self.confusion.astype(np.float64))) for name in ("oa", "uar"))
        return f"{oa:.1f} % (mean sensitivity {uar:.1f} %)"


@dataclass
class Tally:
    """Counts of all rows, and the remaining time.

    Parameters
    ----------
    plan : Plan
        The cells to compute; its stored cells count as done.
    """

    plan: Plan
    rows: dict[str, RowTally] = field(default_factory=dict)
    new_records: list[Record] = field(default_factory=list)
    """Records that were stored since the plan was made."""
    times: list[float] = field(default_factory=list)
    """The time at which each of them was stored."""
    packs: dict[str, list[tuple[float, int]]] = field(default_factory=lambda: defaultdict(list))
    """For a row on GPUs, the seconds before each of its packs was stored, and the number of cells in the pack."""

    def __post_init__(self) -> None:
        self._start_time = time.monotonic()
        self._end: float | None = None
        self._next_forecast = 0.0
        self._pack_sizes = {pack[0].key: len(pack) for pack in self.plan.packs}
        for row in self.plan.rows:
            self.rows[row.label] = RowTally(len(self.plan.of(row)))
        for cell in self.plan.cells:
            if cell.key in self.plan.stored:
                self._count(cell, self.plan.stored[cell.key])

    def add(self, cell: Cell, record: Record) -> None:
        """Count one more cell."""
        self.new_records.append(record)
        before = self.times[-1] if self.times else self._start_time
        self.times.append(time.monotonic())
        if cell.key in self._pack_sizes:  # the first cell of a pack: the others are stored with it
            self.packs[cell.row.label].append((self.times[-1] - before, self._pack_sizes[cell.key]))
        self._count(cell, record)

    def _count(self, cell: Cell, record: Record) -> None:
        row = self.rows[cell.row.label]
        row.done += 1
        row.failed += not record.ok
        if record.predictions is not None:
            labels = cell.manifest.labels[cell.manifest.test(cell.run, cell.fold)]
            n_classes = len(cell.manifest.classes)
            row.confusion = row.confusion + confusion_matrix(labels, np.asarray(record.predictions), n_classes)

    @property
    def summary(self) -> str:
        """All counts in one line."""
        rows = self.rows.values()
        done, wanted, failed = (sum(getattr(row, name) for row in rows) for name in ("done", "wanted", "failed"))
        parts = [f"{done}/{wanted} cells", f"{failed} failed" if failed else "", f"{self.left} left"]
        return ", ".join(part for part in parts if part)

    @property
    def left(self) -> str:
        """The remaining time as text; a new forecast takes at most a hundredth of the time, and is made every 30 s.

        A worker has had its present cell since its last one was stored, which is among the latest records.
        """
        now, jobs = time.monotonic(), self.plan.jobs
        if now >= self._next_forecast or len(self.new_records) == len(self.plan.missing):
            paces = {}
            for label, packs in self.packs.items():
                paces[label] = sum(seconds for seconds, _ in packs) / sum(cells for _, cells in packs)
            busy = [now - stored for stored in self.times[-jobs:]]
            seconds = self.plan.remaining(self.new_records, busy, paces)
            self._end = None if seconds is None else now + seconds
            self._next_forecast = now + min(30.0, 100 * (time.monotonic() - now))
        return duration(None if self._end is None else max(0.0, self._end - now))


def say(console: Console, text: str) -> None:
    """Print a line without markup and without control characters."""
    console.print(printable(text), markup=False, highlight=False, soft_wrap=True)


class PlainWatcher:
    """Prints a line from time to time, for logs and pipes."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._last_line = 0.0
        self._in_run: Counter[tuple[str, int]] = Counter()

    def note(self, text: str) -> None:
        """Print a line."""
        self._last_line = time.monotonic()
        say(self._console, text)

    def begin(self, plan: Plan) -> None:
        """Print the cells to compute and the forecast."""
        self._tally = Tally(plan)
        self._in_run = Counter((cell.row.label, cell.run) for cell in plan.missing)
        for line in describe(plan):
            self.note(line)

    def stored(self, cell: Cell, record: Record) -> None:
        """Print each failure, the end of each run of a row, and a line every few seconds."""
        self._tally.add(cell, record)
        self._in_run[cell.row.label, cell.run] -= 1
        if not record.ok:
            self.note(f"{record.cell}: {record.status}, {record.error}")
        if not self._in_run[cell.row.label, cell.run]:
            row = self._tally.rows[cell.row.label]
            self.note(
                f"{cell.row.label} run {cell.run} is stored, accuracy so far {row.accuracy}; {self._tally.summary}"
            )
        elif time.monotonic() - self._last_line > PLAIN_LINE_INTERVAL_S:
            self.note(self._tally.summary)

    def end(self) -> None:
        """Do nothing: there are no bars to remove."""


class ProblemsOnly:
    """Prints only problems."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def note(self, text: str) -> None:
        """Print a line."""
        say(self._console, text)

    def begin(self, plan: Plan) -> None:
        """Print nothing."""

    def stored(self, cell: Cell, record: Record) -> None:
        """Print each failure."""
        if not record.ok:
            self.note(f"{record.cell}: {record.status}, {record.error}")

    def end(self) -> None:
        """Do nothing: there are no bars to remove."""


class StatusColumn(ProgressColumn):
    """The status of each bar; that of the first begins with the steps of long trainings, whose cells may take hours."""

    def __init__(self, path: Path) -> None:
        super().__init__(Column(no_wrap=True, overflow="ellipsis", ratio=1))
        self._path = path
        self._last_poll = -CHECKPOINT_POLL_INTERVAL_S
        self._steps: list[str] = []

    def render(self, task: Task) -> Text:
        """Return the status; steps are read again every few seconds, whether a cell ended or not."""
        if task.id == 0 and time.monotonic() - self._last_poll >= CHECKPOINT_POLL_INTERVAL_S:
            self._last_poll = time.monotonic()
            trainings = [training for training in underway(self._path) if training.age < MAX_CHECKPOINT_AGE_S]
            self._steps = [f"step {training.step:,} of {training.steps:,}" for training in trainings]
        parts = [*self._steps] if task.id == 0 else []
        return Text("; ".join([*parts, task.fields["status"]]))


class LiveWatcher:
    """Draws a bar for each row on a terminal."""

    def __init__(self, console: Console, path: Path) -> None:
        self._console = console
        self._path = path
        self._bars: Progress | None = None

    def note(self, text: str) -> None:
        """Print a line above the bars."""
        say(self._console, text)

    def begin(self, plan: Plan) -> None:
        """Print the cells to compute and the forecast, and start the bars."""
        for line in describe(plan):
            self.note(line)
        self._tally = Tally(plan)
        label = Column(no_wrap=True, overflow="ellipsis", max_width=MAX_LABEL_WIDTH)
        self._bars = Progress(
            TextColumn("{task.description}", markup=False, table_column=label),
            BarColumn(BAR_WIDTH, table_column=Column(min_width=BAR_WIDTH, no_wrap=True)),
            MofNCompleteColumn(
                table_column=Column(min_width=len(f"{len(plan.cells)}/{len(plan.cells)}"), no_wrap=True)
            ),
            StatusColumn(self._path),
            console=self._console,
            transient=True,
            expand=True,
        )
        self._total = self._bars.add_task("all cells", total=len(plan.cells), status="")
        self._tasks = {
            label: self._bars.add_task(printable(label), total=row.wanted, status="")
            for label, row in self._tally.rows.items()
        }
        self._show()
        self._bars.start()

    def stored(self, cell: Cell, record: Record) -> None:
        """Count the cell; print a failure as a line that stays."""
        self._tally.add(cell, record)
        if not record.ok:
            self.note(f"{record.cell}: {record.status}, {record.error}")
        if time.monotonic() - self._last_redraw > REDRAW_INTERVAL_S:
            self._show()

    def end(self) -> None:
        """Remove the bars and print the counts."""
        if self._bars is not None:
            self._bars.stop()
            self.note(self._tally.summary)

    def _show(self) -> None:
        assert self._bars is not None
        self._last_redraw = time.monotonic()
        rows = self._tally.rows
        for label, task in self._tasks.items():
            failed = f", {rows[label].failed} failed" if rows[label].failed else ""
            self._bars.update(
                task, completed=rows[label].done, status=f"accuracy so far {rows[label].accuracy}{failed}"
            )
        done = sum(row.done for row in rows.values())
        self._bars.update(self._total, completed=done, status=f"{self._tally.left} left; Ctrl-C loses nothing")


def make_watcher(console: Console, path: Path) -> PlainWatcher | LiveWatcher:
    """Return bars for a terminal and plain lines for other outputs."""
    return LiveWatcher(console, path) if console.is_terminal else PlainWatcher(console)


def describe(plan: Plan) -> list[str]:
    """Return the lines that say what a plan will compute and how long that will take."""
    manifest = plan.cells[0].manifest
    head = f"{manifest.title}, protocol {manifest.protocol}: {len(plan.cells)} cells wanted, "
    lines = [head + f"{len(plan.stored)} stored, {len(plan.missing)} to compute on {plan.workers_in_words}"]
    for row in plan.rows:
        missing = sum(cell.row is row for cell in plan.missing)
        if missing:
            estimate = plan.estimate(row)
            each = (
                "time unknown" if estimate.seconds is None else f"{duration(estimate.seconds)} each ({estimate.basis})"
            )
            lines.append(f"  {row.label}: {missing} cells, {each}")
    seconds = plan.remaining()
    total = "unknown until each method has finished a cell" if seconds is None else f"about {duration(seconds)}"
    return [*lines, f"  in all {total}"]
