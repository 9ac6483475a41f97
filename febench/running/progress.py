"""What is shown while cells are computed: live bars on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn
from rich.text import Text

from febench.core.errors import printable
from febench.results.metrics import confusion_matrix, metric_of
from febench.results.record import Record
from febench.running.checkpoints import underway
from febench.running.plan import Cell, Plan, duration

PLAIN_EVERY = 15.0  # seconds between plain lines
LOOK_EVERY = 2.0  # seconds between looks at how far long trainings are
SHOW_EVERY = 0.1  # seconds between two drawings of the bars, at least
UNDERWAY = 60.0  # seconds since a training last said how far it is; they say it every ten


@dataclass
class RowTally:
    """Counts of one method while it runs."""

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
    """Counts of all methods, and the time that is left.

    Parameters
    ----------
    plan : Plan
        What is computed; its stored cells count as done.
    """

    plan: Plan
    rows: dict[str, RowTally] = field(default_factory=dict)
    made: list[Record] = field(default_factory=list)
    """What came in since the plan,"""
    came_at: list[float] = field(default_factory=list)
    """and the moment at which each of them did."""
    packs: dict[str, list[tuple[float, int]]] = field(default_factory=lambda: defaultdict(list))
    """For a row on GPUs, seconds that passed before each of its packs came in, and the pack's cells."""

    def __post_init__(self) -> None:
        self._begun = time.monotonic()
        self._end: float | None = None
        self._find_again = 0.0
        self._pack_sizes = {pack[0].key: len(pack) for pack in self.plan.packs}
        for row in self.plan.rows:
            self.rows[row.label] = RowTally(len(self.plan.of(row)))
        for cell in self.plan.cells:
            if cell.key in self.plan.stored:
                self._count(cell, self.plan.stored[cell.key])

    def add(self, cell: Cell, record: Record) -> None:
        """Count one more cell."""
        self.made.append(record)
        before = self.came_at[-1] if self.came_at else self._begun
        self.came_at.append(time.monotonic())
        if cell.key in self._pack_sizes:  # the first of a pack, whose others come in with it
            self.packs[cell.row.label].append((self.came_at[-1] - before, self._pack_sizes[cell.key]))
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
        done, wanted = sum(r.done for r in self.rows.values()), sum(r.wanted for r in self.rows.values())
        failed = sum(r.failed for r in self.rows.values())
        parts = [f"{done}/{wanted} cells", f"{failed} failed" if failed else "", f"{self.left} left"]
        return ", ".join(part for part in parts if part)

    @property
    def left(self) -> str:
        """The remaining time in words, forecast anew as often as that takes a hundredth of the time, or every 30 s.

        A worker has its present cell since it handed in the last one: all workers' are among the latest that came.
        """
        now, jobs = time.monotonic(), self.plan.jobs
        if now >= self._find_again or len(self.made) == len(self.plan.missing):
            paces = {}
            for label, packs in self.packs.items():
                seconds, cells = zip(*packs, strict=True)
                paces[label] = sum(seconds) / sum(cells)
            left = self.plan.remaining(self.made, [now - came for came in self.came_at[-jobs:]], paces)
            self._end = None if left is None else now + left
            self._find_again = now + min(30.0, 100 * (time.monotonic() - now))
        return duration(None if self._end is None else max(0.0, self._end - now))


def say(console: Console, text: str) -> None:
    """Print a line as it is: nothing in it is markup, and nothing moves the cursor."""
    console.print(printable(text), markup=False, highlight=False, soft_wrap=True)


class PlainWatcher:
    """A line now and then, for logs and pipes."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._said = 0.0
        self._in_run: Counter[tuple[str, int]] = Counter()

    def note(self, text: str) -> None:
        """Print a line."""
        self._said = time.monotonic()
        say(self._console, text)

    def begin(self, plan: Plan) -> None:
        """Print what will be done and what it will take."""
        self._tally = Tally(plan)
        self._in_run = Counter((cell.row.label, cell.run) for cell in plan.missing)
        for line in describe(plan):
            self.note(line)

    def came_in(self, cell: Cell, record: Record) -> None:
        """Print each failure, the end of each run of a method, and a line every so often."""
        self._tally.add(cell, record)
        self._in_run[cell.row.label, cell.run] -= 1
        if not record.ok:
            self.note(f"{record.cell}: {record.status}, {record.error}")
        if not self._in_run[cell.row.label, cell.run]:
            row = self._tally.rows[cell.row.label]
            self.note(f"{cell.row.label} run {cell.run} is in, accuracy so far {row.accuracy}; {self._tally.summary}")
        elif time.monotonic() - self._said > PLAIN_EVERY:
            self.note(self._tally.summary)

    def end(self) -> None:
        """Nothing is left on the screen to tidy."""


class ProblemsOnly:
    """Speaks only of what goes wrong."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def note(self, text: str) -> None:
        """Print a line."""
        say(self._console, text)

    def begin(self, plan: Plan) -> None:
        """Nothing is wrong yet."""

    def came_in(self, cell: Cell, record: Record) -> None:
        """Print each failure."""
        if not record.ok:
            self.note(f"{record.cell}: {record.status}, {record.error}")

    def end(self) -> None:
        """Nothing is left on the screen to tidy."""


class StepsColumn(ProgressColumn):
    """How far the long trainings of a results directory are, at the end of the first bar: cells may take hours."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path
        self._looked = -LOOK_EVERY
        self._text = Text()

    def render(self, task: Task) -> Text:
        """Look every few seconds, whether a cell ended or not."""
        if task.id:
            return Text()
        if time.monotonic() - self._looked >= LOOK_EVERY:
            self._looked = time.monotonic()
            found = [one for one in underway(self._path) if one.age < UNDERWAY]
            self._text = Text(", ".join(f"step {one.step:,} of {one.steps:,}" for one in found))
        return self._text


class LiveWatcher:
    """A bar a method, redrawn in place, for terminals."""

    def __init__(self, console: Console, path: Path) -> None:
        self._console = console
        self._path = path
        self._bars: Progress | None = None

    def note(self, text: str) -> None:
        """Print a line above the bars."""
        say(self._console, text)

    def begin(self, plan: Plan) -> None:
        """Print what will be done and what it will take, and start the bars."""
        for line in describe(plan):
            self.note(line)
        self._tally = Tally(plan)
        said = TextColumn("{task.fields[said]}", markup=False)
        self._bars = Progress(
            TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), said,
            StepsColumn(self._path), console=self._console, transient=True,
        )  # fmt: skip
        self._total = self._bars.add_task("all cells", total=len(plan.cells), said="")
        self._tasks = {
            label: self._bars.add_task(printable(label), total=row.wanted, said="")
            for label, row in self._tally.rows.items()
        }
        self._show()
        self._bars.start()

    def came_in(self, cell: Cell, record: Record) -> None:
        """Count the cell; failures stay on the screen as lines."""
        self._tally.add(cell, record)
        if not record.ok:
            self.note(f"{record.cell}: {record.status}, {record.error}")
        if time.monotonic() - self._shown > SHOW_EVERY:
            self._show()

    def end(self) -> None:
        """Take the bars off the screen and leave the counts."""
        if self._bars is not None:
            self._bars.stop()
            self.note(self._tally.summary)

    def _show(self) -> None:
        assert self._bars is not None
        self._shown = time.monotonic()
        rows = self._tally.rows
        for label, task in self._tasks.items():
            failed = f", {rows[label].failed} failed" if rows[label].failed else ""
            self._bars.update(task, completed=rows[label].done, said=f"accuracy so far {rows[label].accuracy}{failed}")
        done = sum(row.done for row in rows.values())
        self._bars.update(self._total, completed=done, said=f"{self._tally.left} left; Ctrl-C loses nothing")


def make_watcher(console: Console, path: Path) -> PlainWatcher | LiveWatcher:
    """The watcher that suits where the console writes to, of what is computed into a results directory."""
    return LiveWatcher(console, path) if console.is_terminal else PlainWatcher(console)


def describe(plan: Plan) -> list[str]:
    """What a plan will do and take, a line each."""
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
    whole = plan.remaining()
    known = "not to be told before each method has finished a cell" if whole is None else f"about {duration(whole)}"
    return [*lines, f"  in all {known}"]
