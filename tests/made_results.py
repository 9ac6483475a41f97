"""Results of made-up methods in the store's own format: large runs, ties, gaps and failures without any training.

`tools/make_results.py` writes as many as are asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from febench.core.dataset import Dataset
from febench.core.manifest import Manifest, draw
from febench.results.record import Record
from febench.results.store import CELLS, Store

CLASSES = ("anger", "disgust", "fear", "happy", "neutral", "sadness", "surprise")


def made_dataset(
    n_images: int = 700, name: str = "made", classes: tuple[str, ...] = CLASSES, **changes: Any
) -> Dataset:
    """Images of one pixel, equally many of each class, 35 (five of each class) of each person."""
    labels = np.arange(n_images, dtype=np.int64) % len(classes)
    people = tuple(f"person {i // (5 * len(classes))}" for i in range(n_images))
    images = np.random.default_rng(0).integers(0, 256, (n_images, 1, 1), dtype=np.uint8)
    ids = tuple(f"{i:05d}" for i in range(n_images))
    return Dataset(name, images, labels, classes, ids, people, **changes)


def made_results(
    path: Path,
    methods: Mapping[str, float],
    dataset: Dataset | None = None,
    protocol: str = "paper",
    runs: Iterable[int] | None = None,
    probabilities: bool = True,
    **changes: Any,
) -> Store:
    """Write a results directory and read it.

    Parameters
    ----------
    path : Path
        Where; more methods may be added to what is there.
    methods : mapping
        For each method's name, the share of images it gets right, more or less.
    dataset : Dataset or None
        `made_dataset()` by default.
    protocol : str
        Protocol that deals the folds.
    runs : iterable of int, or None
        Which runs are in, counted from 1; all by default.
    probabilities : bool
        Whether cells hold probabilities.
    **changes
        Fields of every record that are set otherwise.
    """
    store = Store.open(path, draw(dataset or made_dataset(), protocol))
    wanted = list(runs) if runs is not None else range(1, store.manifest.n_runs + 1)
    with store.writing():
        pass
    with (path / CELLS).open("a", encoding="utf-8") as file:
        for run in wanted:
            for name, accuracy in methods.items():
                for fold in range(1, store.manifest.n_folds + 1):
                    file.write(made_cell(store.manifest, name, accuracy, run, fold, probabilities, **changes).to_line())
    return Store(path)


def made_cell(
    manifest: Manifest, method: str, accuracy: float, run: int, fold: int, probabilities: bool = True, **changes: Any
) -> Record:
    """A cell that gets about a share `accuracy` of its test images right, and the others wrong at random."""
    rng = np.random.default_rng([*method.encode(), run, fold])
    test = manifest.fold(run, fold).test
    n_classes = len(manifest.classes)
    wrong = rng.random(len(test)) >= accuracy
    predictions = (manifest.labels[test] + wrong * rng.integers(1, n_classes, len(test))) % n_classes
    fields = {
        "label": method,
        "status": "ok",
        "predictions": predictions.tolist(),
        "probabilities": _probabilities(rng, predictions, n_classes) if probabilities else None,
        "seconds": {"extract": 1.5, "fit": round(float(rng.gamma(9, 0.1)), 4), "predict": 0.01},
        "peak_memory_mb": 200.0,
        "info": {"parameters": 1000},
        **changes,
    }
    params, version = fields.pop("params", {}), fields.pop("version", "1")
    key, seed = manifest.cell_key(method, params, version, run, fold), manifest.cell_seed(method, run, fold)
    return Record(key, method, params, version, run=run, fold=fold, seed=seed, **fields)


def _probabilities(rng: np.random.Generator, predictions: np.ndarray[Any, Any], n_classes: int) -> list[list[float]]:
    found = rng.random((len(predictions), n_classes))
    found[np.arange(len(predictions)), predictions] += 1
    return [[round(p, 4) for p in row] for row in (found / found.sum(axis=1, keepdims=True)).tolist()]
