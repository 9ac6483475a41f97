"""Hold the choice of parameters inside each cell against the best fixed ones, on small sets of another kind.

A set is ten people of `faces`, seven expressions, three shots, made grey, each photograph with a gamma and a ramp of
light of its own, and read through `folder`. On five sets every setting that a method selects from is tried as a fixed
one, and the best of them is taken (it knows five sets; a cell knows its own training images). On ten others selected
and fixed meet on the same folds. What is printed is the mean over sets of the difference of accuracy, with its standard
error.

Use: ``python tools/small_sets.py [--protocol paper] [--folds 1,4,7] [--methods hog-svm,lbp-svm] [-o FILE.csv]``
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from febench.core.dataset import Dataset, load_dataset
from febench.core.manifest import draw
from febench.core.selectors import format_selector
from febench.running.executors.base import Failure
from febench.running.options import RunOptions
from febench.running.plan import Cell, make_row
from febench.running.runner import cell_task, extract_task, pack_method
from febench.running.tasks import Extracted, PackedMethod

METHODS = "hwt,cso,bbo,jaya,bwe-fsvm,hos-svm,lbp-svm,hog-svm,lbp-knn,hog-mlp"
CHOOSING, TESTING = range(211, 216), range(201, 211)
"""Seeds of the sets that fixed settings are chosen on, and of those on which both are compared."""
BT601 = (0.299, 0.587, 0.114)


def small_set(seed: int, folder: Path) -> Dataset:
    """Ten people in a hundred kinds of light, as files in folders of their expression."""
    faces = load_dataset(f"faces[subjects=10,shots=3,seed={seed}]")
    rng = np.random.default_rng(seed)
    down, across = np.mgrid[-1:1:128j, -1:1:128j]
    for number, (image, label) in enumerate(zip(faces.images, faces.labels, strict=True)):
        grey = np.asarray(Image.fromarray(image).resize((128, 128)), dtype=np.float64) @ BT601 / 255
        angle, depth = rng.uniform(0, 2 * np.pi), rng.uniform(0, 0.5)
        lit = grey ** np.exp(rng.uniform(-0.6, 0.6)) * (1 + depth * (np.cos(angle) * across + np.sin(angle) * down))
        place = folder / faces.classes[label]
        place.mkdir(parents=True, exist_ok=True)
        person = sorted(set(faces.subjects or ())).index((faces.subjects or ())[number])
        Image.fromarray(np.uint8(np.clip(lit, 0, 1) * 255)).save(place / f"person{person:02d}_{number:03d}.png")
    return load_dataset("folder[subject_pattern=person(\\d+)]", folder)


def settings_of(name: str) -> list[dict[str, Any]]:
    """Every setting that a method selects from, by the names of its parameters."""
    row = make_row(name, "full", {})
    model: Any = row.method.build(**row.params)
    if hasattr(model, "settings"):
        return list(model.settings)
    settings = []
    for candidate in model.candidates:
        params = {key.partition("__")[2]: value for key, value in candidate.params.items()}
        settings.append({**model.features.blocks[candidate.block].settings, **params})
    return settings


def accuracy(label: str, dataset: Dataset, protocol: str, folds: list[int]) -> float:
    """Share of the tested images of some folds of run 1 that a method gets right, as `febench run` computes it."""
    row, manifest = make_row(label, "full", {}), draw(dataset, protocol)
    method = pack_method(RunOptions(), row)
    assert isinstance(method, PackedMethod), method
    extracted = extract_task(dataset, method).run()
    assert isinstance(extracted, Extracted), extracted
    right: list[bool] = []
    for fold in folds:
        cell = Cell(row, manifest, 1, fold)
        result = cell_task(cell, method, extracted.path).run()
        assert not isinstance(result, Failure), result
        right += list(manifest.labels[manifest.test(1, fold)] == result.predictions)
    return float(np.mean(right))


def main() -> None:
    """Compare what is asked for on the command line."""
    parser = argparse.ArgumentParser(description="Selected against the best fixed parameters, on small sets.")
    parser.add_argument("--protocol", default="paper")
    parser.add_argument("--folds", default="1,4,7", help="Of run 1.")
    parser.add_argument("--methods", default=METHODS)
    parser.add_argument("-o", "--output", type=Path, help="CSV of every accuracy on the ten sets.")
    asked = parser.parse_args()
    folds = [int(fold) for fold in asked.folds.split(",")]
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        sets = {seed: small_set(seed, Path(folder) / str(seed)) for seed in [*CHOOSING, *TESTING]}
        for name in asked.methods.split(","):
            labels = [format_selector(name, setting) for setting in settings_of(name)]
            scores = [np.mean([accuracy(label, sets[s], asked.protocol, folds) for s in CHOOSING]) for label in labels]
            fixed = labels[int(np.argmax(scores))]
            pairs = [[accuracy(label, sets[s], asked.protocol, folds) for label in (name, fixed)] for s in TESTING]
            rows += [(name, fixed, s, *pair) for s, pair in zip(TESTING, pairs, strict=True)]
            selected, best = 100 * np.array(pairs).T
            error = np.std(selected - best, ddof=1) / np.sqrt(len(TESTING))
            print(
                f"{name:9} selected {selected.mean():5.1f}  {fixed} {best.mean():5.1f}  "
                f"difference {np.mean(selected - best):+.1f} ± {error:.1f}",
                flush=True,
            )
    if asked.output:
        pd.DataFrame(rows, columns=["method", "fixed", "seed", "selected", "best"]).to_csv(asked.output, index=False)


if __name__ == "__main__":
    main()
