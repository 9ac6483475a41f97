"""Weights for other methods to start from: one training on a data set, kept as a file that says what it saw."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from febench.core.dataset import Dataset, load_dataset
from febench.core.errors import FebenchError, UsageError, printable
from febench.core.manifest import Manifest
from febench.core.protocol import Fold
from febench.core.provenance import image_hashes
from febench.core.seeds import derive_seed
from febench.results.store import open_store
from febench.run.compute import Means, checkpoint_of, executor_for, extract_task, forget_checkpoint
from febench.run.plan import Cell, Row, select_rows
from febench.run.runner import Request, check_device, record_of
from febench.run.tasks import CellTask, Outcome

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


def pretrain(request: Request, path: Path) -> Pretrained:
    """Train a method once and keep its weights.

    On a data set with its own split, it is the training of the cell of protocol `official`: the test part is never
    seen, and the result is stored as that cell's. On any other set it is trained on all images, and tested on none.

    Parameters
    ----------
    request : Request
        One method and the data set; its protocol is not looked at.
    path : Path
        Where the weights go; ends in `.safetensors`.

    Raises
    ------
    FebenchError
        If the method has no weights to keep, the request cannot be met, or the training fails.
    """
    row = _only_row(request)
    check_device(request.device, (row,))
    if path.suffix != ".safetensors" or not path.resolve().parent.is_dir():
        raise UsageError(f"weights go to a file that ends in .safetensors, in a folder that exists, not to {path}")
    if not hasattr(row.method.make(row.params, random_state=0, device="cpu"), "save_weights"):
        raise UsageError(f"method {row.method.name} has no weights to keep; name a network, such as resnet18")
    dataset = load_dataset(request.dataset, request.data_dir)
    if dataset.parts is None:
        return _on_everything(request, row, dataset, path)
    return _on_its_training_part(replace(request, protocol=OFFICIAL), row, dataset, path)


def _on_everything(request: Request, row: Row, dataset: Dataset, path: Path) -> Pretrained:
    nothing = np.empty(0, np.int64)
    everything = Fold(np.arange(len(dataset)), nothing, nothing)
    seed = derive_seed(request.seed, dataset.name, "pretrain", row.method.name, 1, 1)
    checkpoint = path.with_suffix(".checkpoint")
    _train(request.means, row, dataset, everything, seed, checkpoint, path)
    forget_checkpoint(checkpoint)
    return Pretrained(path, len(dataset), {}, None)


def _on_its_training_part(request: Request, row: Row, dataset: Dataset, path: Path) -> Pretrained:
    store = open_store(request.path, dataset, request.protocol, request.seed)
    cell = Cell(row, store.manifest, 1, 1)
    fold, checkpoint = store.manifest.fold(1, 1), checkpoint_of(store.path, cell)
    with store.writing() as writer:
        outcome = _train(request.means, row, dataset, fold, cell.seed, checkpoint, path)
        if cell.key not in {record.key for record in store.records if record.ok}:
            writer.append(record_of(cell, outcome, request.threads))
    forget_checkpoint(checkpoint)
    found = {"test": _share_right(store.manifest, fold, outcome)}
    if "validation_accuracy" in outcome.info:
        found = {"validation": float(outcome.info["validation_accuracy"]), **found}
    return Pretrained(path, len(fold.train), found, store.path)


def _train(means: Means, row: Row, dataset: Dataset, fold: Fold, seed: int, checkpoint: Path, path: Path) -> Outcome:
    recipe = means.recipe(row)
    with executor_for(means, row) as executor:
        _, extracted = next(executor.map([row], lambda _: extract_task(dataset, recipe)))
        if extracted.features is None:
            raise FebenchError(f"{row.label} could not be trained: {extracted.error}")
        task = CellTask(
            recipe=recipe,
            inputs=extracted.features,
            fold=fold,
            y_train=dataset.labels[fold.train],
            y_val=dataset.labels[fold.validation],
            n_classes=len(dataset.classes),
            seed=seed,
            checkpoint=checkpoint,
            weights=(path.resolve(), _origin(row, dataset, fold, seed)),
        )
        _, outcome = next(executor.map([row], lambda _: task))
    if outcome.status != "ok":
        raise FebenchError(f"{row.label} could not be trained: {outcome.error}")
    return replace(outcome, seconds={**extracted.seconds, **outcome.seconds})


def _origin(row: Row, dataset: Dataset, fold: Fold, seed: int) -> dict[str, Any]:
    """What the weights are to say of themselves."""
    seen = np.unique(dataset.labels[fold.train])
    pieces = np.array_split(fold.train, max(1, len(fold.train) // 1024))
    return {
        "dataset": dataset.name,
        "fingerprint": dataset.fingerprint,
        "images": [one for piece in pieces for one in image_hashes(dataset.images[piece])],
        "classes": [dataset.classes[i] for i in seen],
        "method": row.label,
        "params": row.params,
        "seed": seed,
    }


def _only_row(request: Request) -> Row:
    rows, absent = select_rows(request.methods, request.preset, request.settings)
    if len(rows) != 1:
        raise UsageError(f"name one method to pretrain, not {printable(request.methods)} {' '.join(absent)}".rstrip())
    return rows[0]


def _share_right(manifest: Manifest, fold: Fold, outcome: Outcome) -> float:
    return float(np.mean(manifest.labels[fold.test] == np.asarray(outcome.predictions)))
