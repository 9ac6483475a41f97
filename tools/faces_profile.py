"""Measure how hard a draw of the built-in faces is, beside ten figures that the face model was fitted to.

The figures are accuracies of five features, in random folds and in folds by person. They were given with the
commission of this project, as measured with one seed on a posed studio set of 70 people and 980 frontal faces.
Neither the set's name nor the script that measured them is known here, so they cannot be checked. The face model was
changed until seed 0, which is faces700, had all ten within 6 points: that is an input of the benchmark and no
finding. Draws of other seeds are not held to it: of seeds 1 to 6, four lie outside, all of them easier (HOG by person
up to 9 points). The studio set's folds train on 63 people and those here on 18, so that equal accuracy does not mean
equal images.

The exit status is 1 if a figure lies outside.

Choices: 128 px, grey (BT.601). HOG has 9 bins, cells of 8x8 px, blocks of 2x2 cells (L2-Hys). LBP has 8 points at
radius 1, the 58 uniform patterns and one bin for the others, on a grid of 8x8 cells, each cell's shares square-rooted.
Wavelet entropies are those of `baselines.features`: E = -sum p log2 p with p = c²/sum(c²), db4, 4 levels, 16 bands.
Pixels are grey at 64 px. Every feature is standardised within the training folds, but for the nearest neighbour. The
linear SVM is one-versus-rest with C = 0.01, the RBF SVM has C = 10 and gamma one over the number of features. There
are 10 folds, random within classes or whole people, and accuracies are means over the seeds that split them.

Use: ``python tools/faces_profile.py [--subjects 20] [--shots 5] [--seed 0] [--splits 3]``
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from skimage.feature import hog, local_binary_pattern
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold, cross_val_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, LinearSVC

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from baselines.features import grey, wavelet_entropy
from febench.datasets.faces import FaceSet, draw_faces

Floats = NDArray[np.floating]

TARGETS = {
    "HOG, linear SVM": (85.0, 76.4),
    "LBP, linear SVM": (83.5, 77.9),
    "16 wavelet entropies, RBF SVM": (39.8, 30.0),
    "HOG, 1 nearest neighbour": (72.0, 58.2),
    "pixels at 64 px, RBF SVM": (85.2, 70.9),
}
TOLERANCE = 6.0
FOLDS = 10


def gradients(images: Floats) -> Floats:
    """HOG of 8x8 cells in 2x2 blocks."""
    return np.stack([hog(image, 9, (8, 8), (2, 2), block_norm="L2-Hys") for image in images]).astype(np.float32)


def patterns(images: Floats) -> Floats:
    """Square-rooted histograms of uniform LBP on an 8x8 grid."""
    histograms = []
    for image in images:
        codes = local_binary_pattern(np.rint(image).astype(np.uint8), 8, 1, "nri_uniform")  # type: ignore[no-untyped-call]
        side = len(codes) // 8
        cells = codes.astype(np.int64).reshape(8, side, 8, side).swapaxes(1, 2).reshape(64, -1)
        counts = np.stack([np.bincount(cell, minlength=59) for cell in cells])
        histograms.append(np.sqrt(counts / side**2).ravel())
    return np.stack(histograms).astype(np.float32)


def rows(faces: FaceSet) -> Iterator[tuple[str, Floats, Any]]:
    """Name, features and classifier of every row."""
    large = grey(faces.images, 128)
    edges = gradients(large)
    linear = make_pipeline(StandardScaler(), LinearSVC(C=0.01))
    radial = make_pipeline(StandardScaler(), SVC(C=10.0))
    models = (linear, linear, radial, KNeighborsClassifier(1), radial)
    features = (
        edges,
        patterns(large),
        wavelet_entropy(faces.images),
        edges,
        grey(faces.images, 64).reshape(len(large), -1),
    )
    yield from zip(TARGETS, features, models, strict=True)


def accuracies(x: Floats, model: Any, faces: FaceSet, splits: int) -> tuple[float, float]:
    """Per cent right in random folds, and in folds by subject."""
    random = [StratifiedKFold(FOLDS, shuffle=True, random_state=seed) for seed in range(splits)]
    grouped = [StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed) for seed in range(splits)]
    one = np.mean([cross_val_score(model, x, faces.labels, cv=cv).mean() for cv in random])
    other = np.mean([cross_val_score(model, x, faces.labels, cv=cv, groups=faces.subjects).mean() for cv in grouped])
    return 100.0 * float(one), 100.0 * float(other)


def report(name: str, got: tuple[float, float]) -> bool:
    """Print a row; whether both figures are near enough."""
    pairs = list(zip(got, TARGETS[name], strict=True))
    near = all(abs(is_ - want) <= TOLERANCE for is_, want in pairs)
    figures = "  ".join(f"{is_:8.1f}{want:8.1f}{is_ - want:+8.1f}" for is_, want in pairs)
    print(f"{name:30}{figures}  {'ok' if near else 'OFF'}", flush=True)
    return near


def main() -> int:
    """Read the command line and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name, value in (("subjects", 20), ("shots", 5), ("seed", 0), ("splits", 3)):
        parser.add_argument(f"--{name}", type=int, default=value)
    options = parser.parse_args()
    start = time.perf_counter()
    faces = draw_faces(options.subjects, options.shots, seed=options.seed)
    print(f"{len(faces.labels)} faces in {time.perf_counter() - start:.1f} s")
    heads = f"{'target':>8}{'diff.':>8}"
    print(f"{'':30}{'random':>8}{heads}  {'subject':>8}{heads}")
    near = [report(name, accuracies(x, model, faces, options.splits)) for name, x, model in rows(faces)]
    return int(not all(near))


if __name__ == "__main__":
    sys.exit(main())
