"""From options to stored cells: data set, folds, plan, tasks on workers, store. The flow of `febench run` is here."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from febench.audit import Audited, findings_of
from febench.core.cache import cached_array, file_of, in_chunks, tell, telling
from febench.core.dataset import Dataset, load_dataset
from febench.core.environment import environment_id, id_of
from febench.core.errors import DataError, UnreadableFoldsError, UsageError, shortened
from febench.core.manifest import Manifest, draw, read
from febench.core.protocol import PROTOCOLS
from febench.results.record import Record
from febench.results.results import Results, is_doubt_about_names, is_error
from febench.results.store import MANIFEST, Asked, Store, Writer, is_store
from febench.results.twins import TwinCount
from febench.running.checkpoints import checkpoint_of, forget_checkpoint
from febench.running.executors.base import Executor, Failure
from febench.running.executors.local import LocalExecutor
from febench.running.forecast import TrialTask, try_rows
from febench.running.options import RunOptions
from febench.running.plan import Cell, Plan, Row, select_rows, wanted_cells
from febench.running.tasks import CellResult, CellTask, Extracted, ExtractTask, PackedMethod, PackTask

if TYPE_CHECKING:
    from febench.running.executors.ray import RayExecutor

MAX_ERROR_LENGTH = 10_000
"""Letters of an error, and of its traceback, that are stored at most."""


class Watcher(Protocol):
    """Shows a user what happens while cells are computed."""

    def note(self, text: str) -> None:
        """Show a message."""

    def begin(self, plan: Plan) -> None:
        """Show that the cells of a plan are about to be computed."""

    def stored(self, cell: Cell, record: Record) -> None:
        """Show that a cell was stored."""

    def end(self) -> None:
        """End: nothing more will be stored."""


class Outcome(NamedTuple):
    """The result or the failure of a cell, and the seconds that its features took."""

    cell: Cell
    result: CellResult | Failure
    seconds: dict[str, float]


@dataclass(frozen=True)
class Finished:
    """The results of a run that has ended.

    Attributes
    ----------
    store : Store
        The results.
    plan : Plan
        The wanted cells, and those that are stored now.
    absent : tuple of str
        A sentence on each wanted method that cannot run here.
    """

    store: Store
    plan: Plan
    absent: tuple[str, ...]

    @property
    def failed(self) -> list[Record]:
        """Records of the wanted cells that have no predictions."""
        return [record for record in self.plan.stored.values() if not record.ok]

    @property
    def asked(self) -> list[Asked]:
        """The requested rows, at their present versions."""
        return asked_of(self.plan.rows)

    @property
    def results(self) -> Results:
        """All results of the directory, the requested rows at their present versions."""
        return Results.of(self.store, asked=self.asked)

    @property
    def whole(self) -> bool:
        """Whether every wanted cell has predictions."""
        return not (self.failed or self.absent or self.plan.missing)


@dataclass(frozen=True)
class Prepared:
    """A run that was checked and can begin; nothing of it is written yet.

    Attributes
    ----------
    options : RunOptions
        Its options.
    rows : tuple of Row
        The methods.
    absent : tuple of str
        A sentence on each wanted method that cannot run here.
    dataset : Dataset
        The images.
    manifest : Manifest
        The folds.
    cells : tuple of Cell
        Every wanted cell.
    """

    options: RunOptions
    rows: tuple[Row, ...]
    absent: tuple[str, ...]
    dataset: Dataset
    manifest: Manifest
    cells: tuple[Cell, ...]


def prepare(*runs: RunOptions) -> list[Prepared]:
    """Check all runs of a command before the first one begins; write no results.

    Raises
    ------
    FebenchError
        If a run cannot begin with its options.
    """
    prepared = []
    datasets: dict[tuple[str, Path | None], Dataset] = {}
    for options in runs:
        rows, absent = select_rows(options.methods, options.preset, options.settings)
        if options.executor == "local":
            check_rows(rows, options.device)
        if (name := (options.dataset, options.data_dir)) not in datasets:
            datasets[name] = load_dataset(*name)
        dataset = datasets[name]
        manifest = folds_of(options, dataset)
        cells = wanted_cells(rows, manifest, options.wanted_runs, options.shard)
        prepared.append(Prepared(options, rows, absent, dataset, manifest, cells))
    return prepared


def run(prepared: Prepared, watcher: Watcher) -> Finished:
    """Compute and store the missing cells; it can be interrupted at any moment, and called again.

    Raises
    ------
    FebenchError
        If results cannot be stored, or are removed meanwhile. A method that fails costs only its own cells.
    """
    options, rows, dataset = prepared.options, prepared.rows, prepared.dataset
    store = Store.open(options.path, prepared.manifest)
    for sentence in prepared.absent:
        watcher.note(sentence)
    if store.redrawn:
        watcher.note(
            f"{store.path / MANIFEST} was missing or damaged: its folds were drawn again, and the stored cells fit them"
        )
    with _interruptible(), telling(watcher.note), store.writing() as writer:
        if store.torn:
            watcher.note(f"removed an incomplete last line, left by a crash, from {store.path / 'cells.jsonl'}")
        if store.set_aside:
            watcher.note(store.set_aside)
        _audit(dataset, store, watcher)
        store.ask(asked_of(rows))
        plan = plan_of(options, rows, prepared.cells, store.records)
        if plan.missing:
            with executor_for(options, plan.rows) as executor, cluster_for(options, plan.rows) as cluster:
                plan, sentences = forecast(executor, options, dataset, plan, watcher.note)
                plan = replace(plan, jobs=cluster.slots) if cluster else plan
                for sentence in (*sentences, *plan.over_limit()):
                    watcher.note(sentence)
                watcher.begin(plan)
                outcomes = compute(executor, cluster, options, dataset, store.path, plan)
                store_outcomes(outcomes, options, store.path, writer, watcher)
    on_disk = store.read_again()  # only what is on the disk counts as computed
    return Finished(on_disk, replace(plan, records=tuple(on_disk.records), retry_failed=False), prepared.absent)


def store_outcomes(
    outcomes: Iterator[list[Outcome]], options: RunOptions, path: Path, writer: Writer, watcher: Watcher
) -> None:
    """Store each group of outcomes in one commit, then show it; cells that met a full disk stay missing."""
    disk_full: dict[str, list[str]] = {}
    try:
        for group in outcomes:
            stored = []
            for cell, result, seconds in group:
                if isinstance(result, Failure) and result.status == "full":
                    disk_full.setdefault(cell.row.label, []).append(result.error)
                    continue
                if result.environment:
                    writer.note(dict(result.environment))
                stored.append((cell, record_of(cell, result, options.threads, seconds)))
            writer.append(*(record for _, record in stored))
            for cell, record in stored:
                watcher.stored(cell, record)
                if record.ok:
                    forget_checkpoint(checkpoint_of(path, cell))
    finally:
        watcher.end()
        for label, errors in disk_full.items():
            watcher.note(f"{len(errors)} cells of {label} met a full disk and stay missing: {errors[0]}")


def asked_of(rows: Sequence[Row]) -> list[Asked]:
    """Return the entries by which a results directory remembers requested rows."""
    return [Asked.now(row.method.name, row.params, row.method.version, row.label) for row in rows]


def plan_for(options: RunOptions) -> tuple[Plan, tuple[str, ...]]:
    """Return the plan of a run, and sentences on methods that cannot run or be timed here; write no results."""
    [prepared] = prepare(options)
    store = Store(options.path) if is_store(options.path) else None
    plan = plan_of(options, prepared.rows, prepared.cells, store.records if store else ())
    with executor_for(options, plan.rows) as executor:
        plan, sentences = forecast(executor, options, prepared.dataset, plan)
    foreign = (store.set_aside,) if store and store.set_aside else ()
    return plan, (*prepared.absent, *foreign, *sentences, *plan.over_limit())


def plan_of(options: RunOptions, rows: tuple[Row, ...], cells: tuple[Cell, ...], records: Sequence[Record]) -> Plan:
    """Return the plan of these cells: which are stored, and where each missing one is computed."""
    return Plan(
        rows,
        cells,
        tuple(records),
        options.workers,
        options.retry_failed,
        options.timeout,
        on_gpus=frozenset(row.label for row in rows if on_gpu(options, row)),
        gpus=len(options.gpus),
        pack=options.pack,
    )


def forecast(
    executor: Executor, options: RunOptions, dataset: Dataset, plan: Plan, note: Callable[[str], None] | None = None
) -> tuple[Plan, list[str]]:
    """Return the plan with a timed trial of each row that this machine has no cell of, and why trials failed.

    Cells on GPUs are not timed: they train side by side, and one alone says little about that. Nor are cells on other
    machines.
    """
    missing = {cell.row.label for cell in plan.missing}
    unknown = {row.label: row for row in plan.rows if row.label in missing and plan.estimate(row).seconds is None}
    extractions, unsendable = {}, []
    for label, row in unknown.items():
        elsewhere = on_gpu(options, row) or options.executor == "ray"
        method = None if elsewhere else pack_method(options, row)
        if isinstance(method, PackedMethod):
            extractions[label] = extract_task(dataset, method)
        elif method:
            unsendable.append(f"{label} has no forecast: {method.error}")
    if extractions and note:
        note(f"a short trial of each row that has no stored cell here, for the forecast: {', '.join(extractions)}")
    trials, failures = try_rows(executor, options.workers, dataset, plan, extractions)
    return replace(plan, trials=trials), [*failures, *unsendable]


def folds_of(options: RunOptions, dataset: Dataset) -> Manifest:
    """Return the folds of the results directory, or draw them where there are none; write nothing.

    Raises
    ------
    UsageError
        If the directory holds results of another data set, protocol or seed.
    DataError
        If the data set is the same by name but its images or labels are not.
    """
    path = options.path
    try:
        manifest = read(path / MANIFEST)
    except UnreadableFoldsError:
        return draw(dataset, options.protocol, options.seed, options.name)
    protocol, params = PROTOCOLS.select(options.protocol)
    wanted = (
        ("data set", manifest.dataset, dataset.name),
        ("protocol", manifest.protocol, protocol.label(params)),
        ("protocol version", manifest.protocol_version, protocol.version),
        ("seed", manifest.seed, options.seed),
    )
    for name, stored, requested in wanted:
        if stored != requested:
            raise UsageError(f"{path} holds results of {name} {stored}, not {requested}", option="out")
    if options.name and manifest.title != options.name:
        raise UsageError(
            f"{path} holds results of a data set called {manifest.title}, not {options.name}", option="name"
        )
    if manifest.fingerprint != dataset.fingerprint:
        raise DataError(
            f"{path} holds results of another data set {dataset.name}, or its images or labels changed (fingerprint "
            f"{manifest.fingerprint[:12]} there, {dataset.fingerprint[:12]} now)",
            option="name",
        )
    return manifest


def check_rows(rows: Sequence[Row], device: str) -> None:
    """Raise `UsageError` for a row that cannot run on that device with its parameters."""
    for row in rows:
        problem = row.method.check(row.params, device) if row.method.check else None
        if problem:
            raise UsageError(f"method {row.label} cannot run: {problem}")


def _audit(dataset: Dataset, store: Store, watcher: Watcher) -> None:
    """Audit the folds, once for a directory, and show what is wrong each time; the run goes on in any case."""
    if not store.audit_is_current:
        audited = Audited(dataset, store.manifest)
        store.keep_audit([asdict(finding) for finding in findings_of(audited)], audited.twins)
    watcher.note(dataset.summary)
    for note in dataset.notes:
        watcher.note(f"{dataset.name}: {note}")
    for finding in store.audit or ():
        if is_error(finding) or is_doubt_about_names(finding):
            message = f"audit: {finding['code']} {finding['title']} ({finding['count']})"
            watcher.note(f"{message}; febench audit says more of {dataset.name}")
    if store.twins is not None and (count := TwinCount.of(store.twins, store.manifest)).images:
        watcher.note(f"audit: at least {count} have an identical or nearly identical image in training")


def compute(
    executor: Executor, cluster: Executor | None, options: RunOptions, dataset: Dataset, path: Path, plan: Plan
) -> Iterator[list[Outcome]]:
    """Compute the missing cells and yield their outcomes as they end.

    Cells on the processor come first, each in a worker of its own; then cells on GPUs, the folds of a run in packs.
    Whatever kills a worker costs one cell, or one pack.

    Parameters
    ----------
    executor : Executor
        Computes features, and the cells on the processor; cells on GPUs have an executor of their own.
    cluster : Executor or None
        Computes all cells, if a cluster is used.
    options : RunOptions
        Workers and their limits.
    dataset : Dataset
        The images.
    path : Path
        Results directory, for the checkpoints of long trainings.
    plan : Plan
        The missing cells, and where each is computed.
    """
    on_processor = [(cell,) for cell in plan.missing if cell.row.label not in plan.on_gpus]
    if on_processor:
        yield from _compute_on(cluster or executor, executor, options, dataset, path, on_processor)
    if plan.packs and cluster:
        yield from _compute_on(cluster, executor, options, dataset, path, plan.packs)
    elif plan.packs:
        with gpu_executor(options) as on_devices:
            yield from _compute_on(on_devices, on_devices, options, dataset, path, plan.packs)


def _compute_on(
    executor: Executor,
    extracting: Executor,
    options: RunOptions,
    dataset: Dataset,
    path: Path,
    packs: Sequence[tuple[Cell, ...]],
) -> Iterator[list[Outcome]]:
    """Compute features on `extracting`, then packs of cells, each of one row, on `executor`."""
    rows = list({pack[0].row.label: pack[0].row for pack in packs}.values())
    packed = {row.label: pack_method(options, row) for row in rows}
    methods = {label: method for label, method in packed.items() if isinstance(method, PackedMethod)}
    features: dict[str, Extracted | Failure] = {
        label: failure for label, failure in packed.items() if isinstance(failure, Failure)
    }
    sent = [row for row in rows if row.label in methods]
    for row, extracted in extracting.map(sent, lambda row: extract_task(dataset, methods[row.label])):
        features[row.label] = extracted
        for note in extracted.notes if isinstance(extracted, Extracted) else ():
            tell(f"{row.label}: {note}")

    def task(pack: tuple[Cell, ...]) -> CellTask | PackTask:
        label = pack[0].row.label
        extracted = features[label]
        assert isinstance(extracted, Extracted)
        tasks = [cell_task(cell, methods[label], extracted.path, checkpoint_of(path, cell)) for cell in pack]
        return tasks[0] if len(tasks) == 1 else PackTask(tuple(tasks))

    with_features = []
    for pack in packs:
        extracted = features[pack[0].row.label]
        if isinstance(extracted, Failure):
            yield [Outcome(cell, extracted, {}) for cell in pack]
        else:
            with_features.append(pack)
    for group in executor.groups(with_features, task):
        outcomes = []
        for pack, result in group:
            extracted = features[pack[0].row.label]
            assert isinstance(extracted, Extracted)
            results = result if isinstance(result, tuple) else [result] * len(pack)
            outcomes += [Outcome(cell, part, extracted.seconds) for cell, part in zip(pack, results, strict=True)]
        yield outcomes


def on_gpu(options: RunOptions, row: Row) -> bool:
    """Return whether the cells of a row are computed on GPUs."""
    return bool(options.gpus) and row.method.accepts("device")


def executor_for(options: RunOptions, rows: Sequence[Row]) -> LocalExecutor:
    """Return workers for the cells on the processor, which have imported what these rows need."""
    imports = imports_of(row for row in rows if not on_gpu(options, row))
    return LocalExecutor(options.workers, options.threads, options.timeout, imports=imports)


def imports_of(rows: Iterable[Row]) -> list[str]:
    """Return the modules that the tasks of these rows need."""
    modules = [module for row in rows for module in (*row.method.needs, row.method.origin)]
    return list(dict.fromkeys([TrialTask.__module__, *modules]))


def cluster_for(options: RunOptions, rows: Sequence[Row]) -> AbstractContextManager[RayExecutor | None]:
    """Return the Ray cluster that cells are computed on, where the options ask for one."""
    if options.executor != "ray":
        return contextlib.nullcontext()
    from febench.running.executors.ray import RayExecutor

    return RayExecutor(options.address, options.threads, options.timeout, imports_of(rows))


def gpu_executor(options: RunOptions) -> LocalExecutor:
    """Return workers for cells on GPUs, one for each GPU."""
    return LocalExecutor(len(options.gpus), options.threads, options.timeout, devices=options.gpus)


def pack_method(options: RunOptions, row: Row) -> PackedMethod | Failure:
    """Return a row's method, pickled for workers; a failure if it holds something that cannot be pickled.

    A worker with a GPU must use it: with device `auto` it would train on the processor where torch cannot use the GPU.
    """
    device = "cuda" if on_gpu(options, row) else options.device
    try:
        return PackedMethod.of(row.method, row.params, device, deterministic=options.deterministic, pack=options.pack)
    except Exception as error:
        return Failure.of(error)


def extract_task(dataset: Dataset, method: PackedMethod) -> ExtractTask:
    """Return the task that computes a method's features of a data set."""
    images = file_of(dataset.images)
    if images is None:
        images = cached_array("images", dataset.fingerprint, in_chunks(dataset.images), len(dataset))
    return ExtractTask(method, images, (dataset.fingerprint, environment_id()))


def cell_task(cell: Cell, method: PackedMethod, inputs: Path, checkpoint: Path | None = None) -> CellTask:
    """Return the task of a cell: it has labels of training and validation images, and none of test images."""
    fold, labels, groups = cell.manifest.fold(cell.run, cell.fold), cell.manifest.labels, cell.manifest.together
    return CellTask(
        method=method,
        inputs=inputs,
        fold=fold,
        y_train=labels[fold.train],
        y_val=labels[fold.validation],
        class_names=cell.manifest.classes,
        seed=cell.seed,
        groups=None if groups is None else groups[fold.train],
        checkpoint=checkpoint,
    )


def record_of(cell: Cell, result: CellResult | Failure, threads: int, seconds: dict[str, float]) -> Record:
    """Return the record of a cell; `seconds` are those of its features."""
    fields = {"status": "ok", **vars(result)} if isinstance(result, CellResult) else dict(vars(result))
    for name in ("error", "traceback"):
        if fields.get(name):
            fields[name] = shortened(fields[name], MAX_ERROR_LENGTH)
    elsewhere = fields.pop("environment")
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
        environment=id_of(dict(elsewhere)) if elsewhere else environment_id(),
        **{**fields, "seconds": {**seconds, **fields.get("seconds", {})}},
    )


@contextlib.contextmanager
def _interruptible() -> Iterator[None]:
    """Treat signals that ask a process to end as Ctrl-C: SIGTERM, SIGHUP of a closed terminal, SIGUSR1 of batch queues.

    Signals that the caller ignores, as `nohup` does SIGHUP, stay ignored.
    """

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before: dict[int, Any] = {}
    try:
        for name in ("SIGTERM", "SIGHUP", "SIGUSR1"):
            number = getattr(signal, name, None)  # Windows has the first alone
            if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
                before[number] = signal.signal(number, interrupt)
    except ValueError:  # not in the main thread: the caller handles signals
        yield
        return
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
