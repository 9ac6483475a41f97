"""Small data sets with one fault, and folds to go with them."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from numpy.typing import NDArray

from febench.audit import Finding, audit
from febench.core.dataset import Dataset
from febench.core.manifest import Manifest


def noise(n: int, size: int = 16, seed: int = 0) -> NDArray[np.uint8]:
    """Images that have nothing in common."""
    return np.random.default_rng(seed).integers(0, 255, (n, size, size), dtype=np.uint8)


def a_set(n: int = 12, **changes: Any) -> Dataset:
    """Sound images of two classes, four people with as many images each."""
    whole = Dataset(
        "sound", noise(n), np.arange(n) % 2, ("glad", "sad"), tuple(f"i{i}" for i in range(n)),
        tuple(f"p{i * 4 // n}" for i in range(n)),
    )  # fmt: skip
    return dataclasses.replace(whole, **changes)


Roles = tuple[list[int], list[int], list[int]]


def folds(dataset: Dataset, runs: list[list[list[int]]], roles: list[Roles]) -> Manifest:
    """A manifest with just these groups and roles, sound or not."""
    named = [dict(zip(("train", "validation", "test"), role, strict=True)) for role in roles]
    return Manifest(
        {
            "dataset": dataset.name, "protocol": "mine", "images": list(dataset.ids), "labels": dataset.labels.tolist(),
            "classes": list(dataset.classes), "runs": runs, "folds": named,
        }
    )  # fmt: skip


THREE = [([2], [1], [0]), ([0], [2], [1]), ([1], [0], [2])]
"""Three folds over three groups."""


def thirds(dataset: Dataset) -> Manifest:
    """Three folds of one run, images dealt in turn by pairs."""
    groups: list[list[int]] = [[], [], []]
    for i in range(len(dataset)):
        groups[i // 2 % 3].append(i)
    return folds(dataset, [groups], THREE)


def codes(dataset: Dataset, manifest: Manifest | None = None) -> dict[str, Finding]:
    """Findings by code."""
    return {finding.code: finding for finding in audit(dataset, manifest)}
