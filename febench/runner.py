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
from febench.cache import cached_array, file_of, in_chunks
from febench.dataset import Dataset, load_dataset
from febench.environment import environment_id
from febench.errors import UsageError, printable
from febench.evaluate import CellTask, ExtractTask, Outcome, Recipe
from febench.executors.local import LocalExecutor
from febench.manifest import Manifest
from febench.plan import Cell, Plan, Row, make_plan, select_rows
from febench.store import MANIFEST, Record, Store, Writer, find_manifest, open_store

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

    @property
    def path(self) -> Path:
        """Where its results are."""
        return self.out or DEFAULT_RESULTS / _plain(self.dataset) / _plain(self.protocol)

    @property
    def workers(self) -> int:
        """Cells computed at once."""
        return self.jobs or max(1, _cores() // self.threads)


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
    _check(request.device, rows)
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
                _compute(request, dataset, plan, writer, watcher)
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


def _compute(request: Request, dataset: Dataset, plan: Plan, writer: Writer, watcher: Watcher) -> None:
    missing = plan.missing
    rows = list({cell.row.label: cell.row for cell in missing}.values())
    recipes = {row.label: Recipe.of(row.method, row.params, request.device) for row in rows}
    with LocalExecutor(request.workers, request.threads, request.timeout) as executor:
        found = executor.map(rows, lambda row: extract_task(dataset, recipes[row.label]))
        features = {row.label: outcome for row, outcome in found}
        for cell in missing:
            if features[cell.row.label].features is None:
                _keep(cell, features[cell.row.label], request, writer, watcher)
        ready = [cell for cell in missing if features[cell.row.label].features]
        for cell, outcome in executor.map(ready, lambda c: cell_task(c, recipes[c.row.label], features[c.row.label])):
            seconds = {**features[cell.row.label].seconds, **outcome.seconds}
            _keep(cell, replace(outcome, seconds=seconds), request, writer, watcher)


def extract_task(dataset: Dataset, recipe: Recipe) -> ExtractTask:
    """The work of computing a method's features of a data set, for a worker."""
    images = file_of(dataset.images)
    if images is None:
        images = cached_array("images", dataset.fingerprint, in_chunks(dataset.images), len(dataset))
    return ExtractTask(recipe, images, (dataset.fingerprint, environment_id()))


def cell_task(cell: Cell, recipe: Recipe, extracted: Outcome) -> CellTask:
    """The work of a cell, for a worker: labels of its training and validation images, none of its test images."""
    if extracted.features is None:
        raise ValueError(f"there are no features of {cell.row.label}: {extracted.error}")
    fold = cell.manifest.fold(cell.run, cell.fold)
    labels = cell.manifest.labels
    return CellTask(
        recipe=recipe,
        inputs=extracted.features,
        fold=fold,
        y_train=labels[fold.train],
        y_val=labels[fold.validation],
        n_classes=len(cell.manifest.classes),
        seed=cell.seed,
    )


def _keep(cell: Cell, outcome: Outcome, request: Request, writer: Writer, watcher: Watcher) -> None:
    result = {key: value for key, value in asdict(outcome).items() if key != "features"}
    record = Record(
        key=cell.key,
        method=cell.row.method.name,
        params=cell.row.params,
        version=cell.row.method.version,
        label=cell.row.label,
        run=cell.run,
        fold=cell.fold,
        seed=cell.seed,
        threads=request.threads,
        environment=environment_id(),
        **result,
    )
    writer.append(record)
    watcher.came_in(cell, record)


def _check(device: str, rows: tuple[Row, ...]) -> None:
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
