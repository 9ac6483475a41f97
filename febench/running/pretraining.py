"""Weights for other methods to start from: one training on a data set, kept as a file that says what it saw."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from febench.core.dataset import Dataset, load_dataset
from febench.core.environment import id_of
from febench.core.errors import FebenchError, UsageError, printable
from febench.core.manifest import numbered
from febench.core.protocol import Fold
from febench.core.provenance import image_hashes
from febench.core.seeds import derive_seed
from febench.results.store import Store
from febench.running.checkpoints import checkpoint_of, forget_checkpoint
from febench.running.executors.base import Failure
from febench.running.options import RunOptions
from febench.running.plan import Cell, Row, select_rows
from febench.running.runner import (
    asked_of,
    check_rows,
    executor_for,
    extract_task,
    folds_of,
    gpu_executor,
    on_gpu,
    pack_method,
    record_of,
)
from febench.running.tasks import CellResult, CellTask

OFFICIAL = "official"


@dataclass(frozen=True)
class Pretrained:
    """What came of a pretraining.

    Attributes
    ----------
    path : Path
        The weights.
    n_images : int
        How many images it was trained on.
    accuracy : dict
        Accuracy on the set's own `validation` and `test` parts, as fractions; empty where it has none.
    stored : Path or None
        Results directory that holds the test predictions, as the cell of protocol `official` that this training is.
    """

    path: Path
    n_images: int
    accuracy: dict[str, float]
    stored: Path | None


def pretrain(options: RunOptions, path: Path) -> Pretrained:
    """Train a method once and keep its weights.

    On a data set with its own split, it is the training of the cell of protocol `official`: the test part is never
    seen, and the result is stored as that cell's. On any other set it is trained on all images, and tested on none.

    Parameters
    ----------
    options : RunOptions
        One method and the data set; its protocol is not looked at.
    path : Path
        Where the weights go; ends in `.safetensors`.

    Raises
    ------
    FebenchError
        If the method has no weights to keep, the options cannot be met, or the training fails.
    """
    rows, absent = select_rows(options.methods, options.preset, options.settings)
    if len(rows) != 1:
        raise UsageError(f"name one method to pretrain, not {printable(options.methods)} {' '.join(absent)}".rstrip())
    row = rows[0]
    check_rows((row,), options.device)
    if path.suffix != ".safetensors" or not path.resolve().parent.is_dir():
        raise UsageError(f"weights go to a file that ends in .safetensors, in a folder that exists, not to {path}")
    if not hasattr(row.method.make(row.params, random_state=0, device="cpu"), "save_weights"):
        raise UsageError(f"method {row.method.name} has no weights to keep; name a network, such as resnet18")
    dataset = load_dataset(options.dataset, options.data_dir)
    if dataset.parts is None:
        nothing = np.empty(0, np.int64)
        everything = Fold(np.arange(len(dataset)), nothing, nothing)
        seed = derive_seed(options.seed, dataset.name, "pretrain", row.method.name, 1, 1)
        about = {"label": row.label, "params": row.params, "seed": seed, "images": dataset.fingerprint}
        checkpoint = path.with_name(f"{path.stem}-{id_of(about)}.checkpoint")  # of use to the same training alone
        people = numbered(dataset.subjects)[1] if dataset.subjects else None  # kept apart as under `official`
        _train(options, row, dataset, everything, people, seed, checkpoint, path)
        forget_checkpoint(checkpoint)
        return Pretrained(path, len(dataset), {}, None)

    options = replace(options, protocol=OFFICIAL)
    store = Store.open(options.path, folds_of(options, dataset))
    cell = Cell(row, store.manifest, 1, 1)
    fold, checkpoint = store.manifest.fold(1, 1), checkpoint_of(store.path, cell)
    with store.writing() as writer:
        result, seconds = _train(options, row, dataset, fold, store.manifest.together, cell.seed, checkpoint, path)
        store.ask(asked_of((row,)))
        if cell.key not in {record.key for record in store.records if record.ok}:
            writer.append(record_of(cell, result, options.threads, seconds))
    forget_checkpoint(checkpoint)
    accuracy = {"test": float(np.mean(store.manifest.labels[fold.test] == np.asarray(result.predictions)))}
    if "validation_accuracy" in result.info:
        accuracy = {"validation": float(result.info["validation_accuracy"]), **accuracy}
    return Pretrained(path, len(fold.train), accuracy, store.path)


def _train(
    options: RunOptions,
    row: Row,
    dataset: Dataset,
    fold: Fold,
    together: NDArray[np.int64] | None,
    seed: int,
    checkpoint: Path,
    path: Path,
) -> tuple[CellResult, dict[str, float]]:
    """Train on a fold and keep the weights; what came of it, and the seconds of the features.

    `together` is a number for each image of the data set, as in `Manifest.together`.
    """
    method = pack_method(options, row)
    if isinstance(method, Failure):
        raise FebenchError(f"{row.label} could not be trained: {method.error}")
    pieces = np.array_split(fold.train, max(1, len(fold.train) // 1024))
    origin = {
        "dataset": dataset.name,
        "fingerprint": dataset.fingerprint,
        "images": [one for piece in pieces for one in image_hashes(dataset.images[piece])],
        "classes": [dataset.classes[i] for i in np.unique(dataset.labels[fold.train])],
        "method": row.label,
        "params": row.params,
        "seed": seed,
    }
    with gpu_executor(options) if on_gpu(options, row) else executor_for(options, [row]) as executor:
        _, extracted = next(executor.map([row], lambda _: extract_task(dataset, method)))
        if isinstance(extracted, Failure):
            raise FebenchError(f"{row.label} could not be trained: {extracted.error}")
        task = CellTask(
            method=method,
            inputs=extracted.path,
            fold=fold,
            y_train=dataset.labels[fold.train],
            y_val=dataset.labels[fold.validation],
            class_names=dataset.classes,
            seed=seed,
            groups=None if together is None else together[fold.train],
            checkpoint=checkpoint,
            weights=(path.resolve(), origin),
        )
        _, result = next(executor.map([row], lambda _: task))
    if isinstance(result, Failure):
        raise FebenchError(f"{row.label} could not be trained: {result.error}")
    return result, extracted.seconds
