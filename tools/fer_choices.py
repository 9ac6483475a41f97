"""Decide on FER2013 what depends on many images: how large a part a choice needs, and how many components cso keeps.

Training trains, PublicTest judges; PrivateTest is not read. For `lbp-knn`, `hog-svm` and `hog-mlp` the choice is made
on the first inner fold of a part of Training, as `baselines.selection` makes it; the values chosen are then trained on
all of Training. For `cso` one half of PublicTest validates and the other half judges.

Use: ``python tools/fer_choices.py lbp-knn|hog-svm|hog-mlp|cso --data-dir DIR --out DIR``
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.base import clone

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from baselines.selection import _set, inner_folds, part_of
from febench.core.dataset import load_dataset
from febench.running.plan import make_row

Array = np.ndarray
SIZES, SEEDS = (2_000, 5_000, 10_000, 20_000, 28_709), 3
"""Sizes of the part, and draws of it; of more than 10,000 images one draw."""
ROWS = {"lbp-knn": "lbp-knn[size=64]", "hog-svm": "hog-svm[size=64,cell=16]", "hog-mlp": "hog-mlp[cell=16,hidden=50]"}
"""One row of each kind, with features that are quick."""
NEIGHBOURS, CHUNK = (1, 3, 5, 9, 15, 25, 50, 100), 500
LARGEST_C = 2.0
COMPONENTS, CSO_IMAGES = (16, 24, 32, 40, 64), 2_000


def parts(data_dir: Path) -> tuple[Array, Array, Array, Array]:
    """Return images and labels of Training and of PublicTest."""
    dataset = load_dataset("fer2013", data_dir)
    part, images = np.array(dataset.parts), np.asarray(dataset.images)
    train, public = (np.flatnonzero(part == name) for name in ("train", "validation"))
    return images[train], dataset.labels[train], images[public], dataset.labels[public]


def neighbour_scores(X: Array, y: Array, X_test: Array, y_test: Array, columns: list[tuple[int, int]]) -> list[float]:
    """Return the accuracy of each block with each number of neighbours: the most votes win, of equal ones the first."""
    scores = []
    for start, stop in columns:
        A, B = X[:, start:stop], X_test[:, start:stop]
        squares, right = np.einsum("nd,nd->n", A, A), np.zeros(len(NEIGHBOURS))
        for first in range(0, len(B), CHUNK):
            part = slice(first, first + CHUNK)
            distance = squares - 2 * (B[part] @ A.T)
            nearest = np.argpartition(distance, NEIGHBOURS[-1], axis=1)[:, : NEIGHBOURS[-1]]
            order = np.argsort(np.take_along_axis(distance, nearest, axis=1), axis=1)
            labels = y[np.take_along_axis(nearest, order, axis=1)]
            for index, k in enumerate(NEIGHBOURS):
                votes = np.stack([(labels[:, :k] == label).sum(axis=1) for label in range(7)], axis=1)
                right[index] += (votes.argmax(axis=1) == y_test[part]).sum()
        scores += (right / len(B)).tolist()
    return scores


def fitted_scores(
    model: Any, X: Array, y: Array, X_test: Array, y_test: Array, val: tuple[Array, Array] | None = None
) -> Iterator[float]:
    """Yield the accuracy of each candidate of a model, trained on some images and tested on others."""
    for candidate in model.candidates:
        if candidate.params.get("classifier__C", 0) > LARGEST_C:
            continue
        pipeline = clone(model.pipeline).set_params(**_set(candidate, [(0, X.shape[1])]))
        *transformers, last = pipeline.named_steps.values()
        A = X
        for transformer in transformers:
            A = transformer.fit_transform(A, y)
        last.fit(A, y)
        yield float((pipeline.predict(X_test) == y_test).mean())


def part_sizes(name: str, data_dir: Path, out: Path) -> None:
    """Write the inner scores for each size of the part, and those on PublicTest of training on all."""
    images, y, public, y_public = parts(data_dir)
    method = make_row(ROWS[name], "paper", {})
    model: Any = method.method.build(**{**method.params, "random_state": 0})
    X, X_public = model.extract(images), model.extract(public)
    columns = model.features.columns(X.shape[1])
    path = out / f"{name}.jsonl"
    done = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    tasks = [(size, seed) for size in SIZES for seed in range(SEEDS if size <= 10_000 else 1)]
    with path.open("a") as file:
        for size, seed in [*tasks[:-1], (0, 0), tasks[-1]]:
            if any((line["size"], line["seed"]) == (size, seed) for line in done):
                continue
            if size == 0:  # what each candidate is worth: trained on all, judged on PublicTest
                train, test, A, y_A = np.arange(len(y)), np.arange(len(y_public)), X_public, y_public
            else:
                part = part_of(y, None, size, seed)
                fold = inner_folds(y[part], None, model.folds, seed)[0]
                (train, test), A, y_A = (part[indices] for indices in fold), X, y
            given = X[train], y[train], A[test], y_A[test]
            scores = neighbour_scores(*given, columns) if name == "lbp-knn" else list(fitted_scores(model, *given))
            file.write(json.dumps({"size": size, "seed": seed, "scores": scores}) + "\n")
            file.flush()


def components(data_dir: Path, out: Path) -> None:
    """Write cso's accuracy on one half of PublicTest, by the number of components and the seed."""
    images, y, public, y_public = parts(data_dir)
    path = out / "cso.jsonl"
    done = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    with path.open("a") as file:
        for seed in range(3):
            rng = np.random.default_rng(seed)
            train = rng.permutation(len(y))[:CSO_IMAGES]
            val, test = np.array_split(rng.permutation(len(y_public)), 2)
            for number in COMPONENTS:
                if any((line["components"], line["seed"]) == (number, seed) for line in done):
                    continue
                row = make_row(f"cso[components={number}]", "paper", {})
                model: Any = row.method.build(**{**row.params, "random_state": seed})
                model.fit(model.extract(images[train]), y[train], model.extract(public[val]), y_public[val])
                right = float((model.predict(model.extract(public[test])) == y_public[test]).mean())
                file.write(json.dumps({"components": number, "seed": seed, "accuracy": right}) + "\n")
                file.flush()


def main() -> None:
    """Compute what the command line names."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", choices=(*ROWS, "cso"))
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    if asked.name == "cso":
        components(asked.data_dir, asked.out)
    else:
        part_sizes(asked.name, asked.data_dir, asked.out)


if __name__ == "__main__":
    main()
