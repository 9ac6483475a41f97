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

from baselines.inner_folds import inner_folds, sample_of
from febench.core.dataset import load_dataset
from febench.running.plan import make_row

Array = np.ndarray
SIZES, SEEDS = (2_000, 5_000, 10_000, 20_000, 28_709), 3
"""Sizes of the part, and draws of it; of more than 10,000 images one draw."""
ROWS = {"lbp-knn": "lbp-knn[size=64]", "hog-svm": "hog-svm[size=64,cell=16]", "hog-mlp": "hog-mlp[cell=16,hidden=50]"}
"""One row of each kind, with features that are quick."""
LARGEST_C = 2.0
COMPONENTS, CSO_IMAGES = (16, 24, 32, 40, 64), 2_000


def parts(data_dir: Path) -> tuple[Array, Array, Array, Array]:
    """Return images and labels of Training and of PublicTest."""
    dataset = load_dataset("fer2013", data_dir)
    part, images = np.array(dataset.parts), np.asarray(dataset.images)
    train, public = (np.flatnonzero(part == name) for name in ("train", "validation"))
    return images[train], dataset.labels[train], images[public], dataset.labels[public]


def fitted_scores(
    model: Any, X: Array, y: Array, X_test: Array, y_test: Array, columns: list[tuple[int, int]]
) -> Iterator[float]:
    """Yield the accuracy of each candidate of a model, trained on some images and tested on others."""
    for candidate in model.candidates:
        if candidate.params.get("classifier__C", 0) > LARGEST_C:
            continue
        pipeline = clone(model.pipeline).set_params(**candidate.pipeline_params(columns))
        *transformers, last = pipeline.named_steps.values()
        A = X
        for transformer in transformers:
            A = transformer.fit_transform(A, y)
        last.fit(A, y)
        yield float((pipeline.predict(X_test) == y_test).mean())


def part_sizes(name: str, data_dir: Path, out: Path) -> None:
    """Write the inner scores for each size of the part, and those on PublicTest of training on all."""
    images, y, public, y_public = parts(data_dir)
    method = make_row(ROWS[name], "full", {})
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
                part = sample_of(y, None, size, seed)
                fold = inner_folds(y[part], None, model.folds, seed)[0]
                (train, test), A, y_A = (part[indices] for indices in fold), X, y
            scores = list(fitted_scores(model, X[train], y[train], A[test], y_A[test], columns))
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
                row = make_row(f"cso[components={number}]", "full", {})
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
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    if args.name == "cso":
        components(args.data_dir, args.out)
    else:
        part_sizes(args.name, args.data_dir, args.out)


if __name__ == "__main__":
    main()
