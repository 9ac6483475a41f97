"""Results whose accuracies in every fold are set by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

import numpy as np

from febench.core.dataset import Dataset
from febench.core.manifest import Manifest, draw
from febench.results.record import Record
from febench.results.results import Results
from tests.conftest import make_dataset

Errors = Callable[[int, int], int]
"""How many test images of a run and fold are taken for another class."""


def people(n: int = 20, images: int = 35, name: str = "made") -> Dataset:
    """So many people, each with five images of each of seven classes."""
    total = n * images
    return replace(make_dataset([i % 7 for i in range(total)], [f"p{i // images}" for i in range(total)]), name=name)


def cells(manifest: Manifest, method: str, errors: Errors, runs: Iterable[int] | None = None) -> list[Record]:
    """Cells of a method that errs on the first so many test images of each fold."""
    found = []
    for run in runs or range(1, manifest.n_runs + 1):
        for fold in range(1, manifest.n_folds + 1):
            labels = manifest.labels[manifest.fold(run, fold).test].copy()
            wrong = errors(run, fold)
            labels[:wrong] = (labels[:wrong] + 1) % 7
            key = f"{method} {run}.{fold}"
            found.append(Record(key, method, {}, "1", method, run, fold, 0, "ok", labels.tolist()))
    return found


def about(mean: float, spread: float = 1.0, seed: int = 0) -> Errors:
    """Errors that scatter about a mean."""
    return lambda run, fold: max(0, round(np.random.default_rng([seed, run, fold]).normal(mean, spread)))


def made(manifest: Manifest, runs: Iterable[int] | None = None, **methods: Errors) -> Results:
    """Results of methods by name."""
    runs = list(runs) if runs is not None else None
    return Results.from_records(
        manifest, [record for name, errors in methods.items() for record in cells(manifest, name, errors, runs)]
    )


def of_protocol(protocol: str = "paper", **dataset: object) -> Manifest:
    """Folds of the made people."""
    return draw(people(**dataset), protocol)  # type: ignore[arg-type]
