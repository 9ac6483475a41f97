"""From a request to results: data set, protocol, plan, evaluation, store."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from febench.audit import audit
from febench.core.dataset import Dataset, load_dataset
from febench.core.environment import environment_id
from febench.core.errors import UsageError, printable
from febench.core.manifest import Manifest
from febench.results.store import MANIFEST, Record, Store, find_manifest, open_store
from febench.run.compute import Means, checkpoint_of, compute, forget_checkpoint
from febench.run.plan import Cell, Plan, Row, make_plan, select_rows
from febench.run.tasks import Outcome

DEFAULT_RESULTS = Path("results")


@dataclass(frozen=True)
class Request:
    """What a user asks for: the arguments of `febench run` and `febench plan`.

    Attributes
    ----------
    methods, dataset, protocol : str
        Selectors; `methods` may list several and name sets.
    data_dir : Path or None
        Where data sets live.
    preset : str
        `paper` or `quick`.
    runs : int or None
        Only the first so many runs.
    out : Path or None
        Results directory; `results/<data set>/<protocol>` by default.
    device : str
        `auto`, `cpu` or `cuda`.
    jobs : int or None
        Cells computed at once; a core each by default.
    threads : int
        Threads of each cell.
    timeout : float or None
        Seconds a cell may take.
    settings : mapping
        For a method's name, its parameters.
    retry_failed : bool
        Whether to compute failed cells again.
    seed : int
        Base seed of folds and cells.
    deterministic : bool
        Whether a GPU must give the same bits each time.
    pack : int
        Trainings that share a GPU; 0 for as many as pay.
    """

    methods: str = "all"
    dataset: str = "faces700"
    protocol: str = "paper"
    data_dir: Path | None = None
    preset: str = "paper"
    runs: int | None = None
    out: Path | None = None
    device: str = "auto"
    jobs: int | None = None
    threads: int = 1
    timeout: float | None = None
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    retry_failed: bool = False
    seed: int = 0
    deterministic: bool = False
    pack: int = 0

    @property
    def path(self) -> Path:
        """Where its results are."""
        return self.out or DEFAULT_RESULTS / _plain(self.dataset) / _plain(self.protocol)

    @property
    def workers(self) -> int:
        """Cells computed at once."""
        return self.jobs or max(1, _cores() // self.threads)

    @property
    def means(self) -> Means:
        """What its cells are computed with."""
        return Means(self.workers, self.threads, self.timeout, self.device, self.deterministic, self.pack)


class Watcher(Protocol):
    """Told of everything that happens while cells are computed."""

    def note(self, text: str) -> None:
        """Something a user should read."""

    def begin(self, plan: Plan) -> None:
        """The cells of a plan are about to be computed."""

    def came_in(self, cell: Cell, record: Record) -> None:
        """A cell was stored."""

    def end(self) -> None:
        """Nothing more will come."""


@dataclass(frozen=True)
class Finished:
    """How a run ended.

    Attributes
    ----------
    store : Store
        The results.
    plan : Plan
        The wanted cells, and what is stored of them now.
    absent : tuple of str
        A word about each wanted method that cannot run here.
    """

    store: Store
    plan: Plan
    absent: tuple[str, ...]

    @property
    def failed(self) -> list[Record]:
        """Wanted cells that have no predictions."""
        return [record for record in self.plan.stored.values() if not record.ok]

    @property
    def whole(self) -> bool:
        """Whether every wanted cell is in."""
        return not (self.failed or self.absent or self.plan.missing)


def plan_for(request: Request) -> tuple[Plan, tuple[str, ...]]:
    """The plan of a request, without writing anything, and a word about each method that cannot run here."""
    rows, absent = select_rows(request.methods, request.preset, request.settings)
    dataset = load_dataset(request.dataset, request.data_dir)
    manifest = find_manifest(request.path, dataset, request.protocol, request.seed)
    records = Store(request.path).records if (request.path / MANIFEST).exists() else []
    return _plan(request, rows, manifest, records), absent


def run(request: Request, watcher: Watcher) -> Finished:
    """Compute the missing cells of a request; safe to interrupt at any moment, and to call again.

    Raises
    ------
    FebenchError
        If the request cannot be met at all; a method that fails costs only its own cells.
    """
    rows, absent = select_rows(request.methods, request.preset, request.settings)
    check_device(request.device, rows)
    dataset = load_dataset(request.dataset, request.data_dir)
    folds = find_manifest(request.path, dataset, request.protocol, request.seed)
    _plan(request, rows, folds, [])  # refuses what cannot be met before anything is written
    store = open_store(request.path, dataset, request.protocol, request.seed)
    for word in absent:
        watcher.note(word)
    with _interruptible(), store.writing() as writer:
        if store.torn:
            watcher.note(f"dropped a line torn by a crash at the end of {store.path / 'cells.jsonl'}")
        _audit(dataset, store, watcher)
        plan = _plan(request, rows, store.manifest, store.records)
        if plan.missing:
            watcher.begin(plan)
            try:
                for cell, outcome in compute(request.means, dataset, store.path, plan.missing):
                    record = record_of(cell, outcome, request.threads)
                    writer.append(record)
                    watcher.came_in(cell, record)
                    if outcome.status == "ok":
                        forget_checkpoint(checkpoint_of(store.path, cell))
            finally:
                watcher.end()
    done = _plan(replace(request, retry_failed=False), rows, store.manifest, store.records)
    return Finished(store, done, absent)


def _plan(request: Request, rows: tuple[Row, ...], manifest: Manifest, records: list[Record]) -> Plan:
    return make_plan(
        rows, manifest, records, runs=request.runs, jobs=request.workers, retry_failed=request.retry_failed
    )  # fmt: skip


def _audit(dataset: Dataset, store: Store, watcher: Watcher) -> None:
    """Audit the folds once for a directory, and say each time what is wrong; the run goes on whatever it is."""
    if store.audit is None:
        store.keep_audit([asdict(finding) for finding in audit(dataset, store.manifest)])
    for note in dataset.notes:
        watcher.note(printable(f"{dataset.name}: {note}"))
    for finding in store.audit or ():
        if finding["severity"] == "error":
            watcher.note(printable(f"audit: {finding['code']} {finding['title']} ({finding['count']}); febench audit "
                                   f"{dataset.name} --protocol {store.manifest.protocol} says more"))  # fmt: skip


def record_of(cell: Cell, outcome: Outcome, threads: int) -> Record:
    """What is stored of a cell."""
    result = {key: value for key, value in asdict(outcome).items() if key not in ("features", "parts")}
    return Record(
        key=cell.key,
        method=cell.row.method.name,
        params=cell.row.params,
        version=cell.row.method.version,
        label=cell.row.label,
        run=cell.run,
        fold=cell.fold,
        seed=cell.seed,
        threads=threads,
        environment=environment_id(),
        **result,
    )


def check_device(device: str, rows: tuple[Row, ...]) -> None:
    """Refuse a device on which one of the rows cannot run.

    Raises
    ------
    UsageError
        If there is such a row, or no such device.
    """
    if device not in ("auto", "cpu", "cuda"):
        raise UsageError(f"there is no device {device!r}; choose auto, cpu or cuda")
    for row in rows:
        problem = row.method.check(row.params, device) if row.method.check else None
        if problem:
            raise UsageError(f"method {row.label} cannot run: {problem}")


def _plain(selector: str) -> str:
    return "".join(c if c.isalnum() or c in "._-=,+" else "_" for c in selector)


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextlib.contextmanager
def _interruptible() -> Iterator[None]:
    """Treat a polite request to end (SIGTERM) as Ctrl-C."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    try:
        before = signal.signal(signal.SIGTERM, interrupt)
    except ValueError:  # not in the main thread: whoever runs febench there handles signals
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
