"""The cells of a plan on the workers of this machine: processors' cells each on its own, a GPU's in packs."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path

from febench.core.cache import cached_array, file_of, in_chunks
from febench.core.dataset import Dataset
from febench.core.environment import environment_id
from febench.run.executors.local import LocalExecutor
from febench.run.plan import Cell, Row
from febench.run.tasks import CellTask, ExtractTask, Outcome, PackTask, Recipe

CHECKPOINTS = ".checkpoints"
STEP = ".step"
GPUS = (("/proc/driver/nvidia/gpus", "*"), ("/dev", "nvidia[0-9]*"), ("/dev", "dxg"))
"""Where Linux has a file for each GPU: its driver, a container, Windows's subsystem (all GPUs in one)."""


@dataclass(frozen=True)
class Means:
    """What cells are computed with.

    Attributes
    ----------
    workers, threads : int
        Processes on the processor, and threads of each.
    timeout : float or None
        Seconds a cell may take.
    device : str
        `auto`, `cpu` or `cuda`.
    deterministic : bool
        Whether a GPU must give the same bits each time.
    pack : int
        Trainings that share a GPU; 0 for as many as pay.
    """

    workers: int
    threads: int = 1
    timeout: float | None = None
    device: str = "cpu"
    deterministic: bool = False
    pack: int = 0

    def recipe(self, row: Row) -> Recipe:
        """A row's method, packed for the way to a worker."""
        return Recipe.of(row.method, row.params, self.device, deterministic=self.deterministic, pack=self.pack)

    def on_gpu(self, row: Row) -> bool:
        """Whether a row's cells go to GPUs."""
        return self.device != "cpu" and row.method.accepts("device") and bool(gpus())


@dataclass(frozen=True)
class Underway:
    """How far the training of a cell is, by its word of `age` seconds ago."""

    method: str
    run: int
    fold: int
    step: int
    steps: int
    age: float


def compute(means: Means, dataset: Dataset, path: Path, cells: Sequence[Cell]) -> Iterator[tuple[Cell, Outcome]]:
    """Compute cells, those of the processor first, and yield each as it ends.

    Parameters
    ----------
    means : Means
        Workers and their limits.
    dataset : Dataset
        The images.
    path : Path
        Results directory, for the states of long trainings.
    cells : sequence of Cell
        What is wanted, in order.
    """
    ordinary = [cell for cell in cells if not means.on_gpu(cell.row)]
    if ordinary:
        with _on_processor(means) as executor:
            yield from _on(executor, means, dataset, path, [(cell,) for cell in ordinary])
    packs = _packs(cell for cell in cells if means.on_gpu(cell.row))
    if packs:
        with _on_gpus(means) as executor:
            yield from _on(executor, means, dataset, path, packs)


def executor_for(means: Means, row: Row) -> LocalExecutor:
    """Workers for a row's cells."""
    return _on_gpus(means) if means.on_gpu(row) else _on_processor(means)


def gpus() -> tuple[str, ...]:
    """Names by which CUDA knows the GPUs that may be used, without loading it."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None:
        return tuple(name.strip() for name in visible.split(",") if name.strip() not in ("", "-1"))
    counts = (len(list(Path(folder).glob(names))) for folder, names in GPUS)
    return tuple(str(i) for i in range(next(filter(None, counts), 0)))


def checkpoint_of(path: Path, cell: Cell) -> Path:
    """Where the training of a cell may keep its state: of use to the same cell in the same environment alone."""
    name = f"{cell.row.method.name} {cell.run} {cell.fold} {cell.key[:32]}-{environment_id()}.pt"
    return path / CHECKPOINTS / name


def forget_checkpoint(checkpoint: Path) -> None:
    """Delete what a training kept on its way: its result is stored."""
    for file in (checkpoint, checkpoint.with_suffix(STEP)):
        file.unlink(missing_ok=True)
    with contextlib.suppress(OSError):  # other trainings have theirs there, or there never were any
        checkpoint.parent.rmdir()


def underway(path: Path) -> list[Underway]:
    """The long trainings of a results directory that are not done, with what they last said of themselves."""
    files = sorted(path.glob(f"{CHECKPOINTS}/*{STEP}"))
    return [found for file in files if (found := _underway(file))]


def _underway(file: Path) -> Underway | None:
    try:
        method, run, fold, _ = file.stem.split(" ")
        step, steps = map(int, file.read_text().split())
        return Underway(method, int(run), int(fold), step, steps, time.time() - file.stat().st_mtime)
    except (OSError, ValueError):  # being written or deleted at this moment, or not ours
        return None


def extract_task(dataset: Dataset, recipe: Recipe) -> ExtractTask:
    """The work of computing a method's features of a data set, for a worker."""
    images = file_of(dataset.images)
    if images is None:
        images = cached_array("images", dataset.fingerprint, in_chunks(dataset.images), len(dataset))
    return ExtractTask(recipe, images, (dataset.fingerprint, environment_id()))


def cell_task(cell: Cell, recipe: Recipe, extracted: Outcome, checkpoint: Path | None = None) -> CellTask:
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
        checkpoint=checkpoint,
    )


def _on_processor(means: Means) -> LocalExecutor:
    return LocalExecutor(means.workers, means.threads, means.timeout)


def _on_gpus(means: Means) -> LocalExecutor:
    """A worker a GPU."""
    return LocalExecutor(len(gpus()), means.threads, means.timeout, devices=gpus())


def _on(
    executor: LocalExecutor, means: Means, dataset: Dataset, path: Path, packs: Sequence[tuple[Cell, ...]]
) -> Iterator[tuple[Cell, Outcome]]:
    """Compute features, then packs of cells of one row each."""
    rows = list({pack[0].row.label: pack[0].row for pack in packs}.values())
    recipes = {row.label: means.recipe(row) for row in rows}
    found = executor.map(rows, lambda row: extract_task(dataset, recipes[row.label]))
    features = {row.label: outcome for row, outcome in found}

    def task(pack: tuple[Cell, ...]) -> CellTask | PackTask:
        label = pack[0].row.label
        tasks = [cell_task(cell, recipes[label], features[label], checkpoint_of(path, cell)) for cell in pack]
        return tasks[0] if len(tasks) == 1 else PackTask(tuple(tasks))

    for cell in (cell for pack in packs for cell in pack if features[cell.row.label].features is None):
        yield cell, features[cell.row.label]
    ready = [pack for pack in packs if features[pack[0].row.label].features]
    for pack, outcome in executor.map(ready, task):
        for cell, part in zip(pack, outcome.parts or [outcome] * len(pack), strict=True):
            yield cell, replace(part, seconds={**features[cell.row.label].seconds, **part.seconds})


def _packs(cells: Iterable[Cell]) -> list[tuple[Cell, ...]]:
    """The cells of one row and run together."""
    return [tuple(group) for _, group in groupby(cells, key=lambda cell: (cell.row.label, cell.run))]
