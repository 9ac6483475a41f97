"""Print how hard the built-in faces are, beside a posed studio set of 70 people and 980 frontal faces.

Use: ``python tools/faces_profile.py [--subjects 20] [--shots 5] [--seed 0] [--splits 10]``
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pywt
from numpy.typing import NDArray
from PIL import Image
from skimage.feature import hog, local_binary_pattern
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold, cross_val_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, LinearSVC

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from febench.datasets.faces import FaceSet, draw_faces

Floats = NDArray[np.float64]

TARGETS = {
    "HOG, linear SVM": (85.0, 76.4),
    "LBP, linear SVM": (83.5, 77.9),
    "16 wavelet entropies, RBF SVM": (39.8, 30.0),
    "HOG, 1 nearest neighbour": (72.0, 58.2),
    "pixels at 64 px, RBF SVM": (85.2, 70.9),
}


def grey(images: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """The pictures in grey, at another size."""
    stack = [Image.fromarray(i).convert("L").resize((size, size), Image.Resampling.LANCZOS) for i in images]
    return np.stack([np.asarray(i) for i in stack])


def gradients(images: NDArray[np.uint8]) -> Floats:
    """HOG of 8x8 cells in 2x2 blocks."""
    return np.stack([hog(i, 9, (8, 8), (2, 2), block_norm="L2-Hys") for i in images])


def patterns(images: NDArray[np.uint8]) -> Floats:
    """Square-rooted histograms of uniform LBP on an 8x8 grid."""
    return np.stack([_pattern(i) for i in images])


def _pattern(image: NDArray[np.uint8]) -> Floats:
    codes = local_binary_pattern(image, 8, 1, "nri_uniform").astype(np.int64)  # type: ignore[no-untyped-call]
    side = len(codes) // 8
    cells = codes.reshape(8, side, 8, side).swapaxes(1, 2).reshape(64, -1)
    counts = np.stack([np.bincount(cell, minlength=59) for cell in cells])
    return np.asarray(np.sqrt(counts / counts.sum(axis=1, keepdims=True)).ravel())


def entropies(images: NDArray[np.uint8]) -> Floats:
    """Shannon entropy of every band of four stationary wavelet levels."""
    return np.stack([[_entropy(band) for band in _bands(i)] for i in images])


def _bands(image: NDArray[np.uint8]) -> Iterator[Floats]:
    for approximation, details in pywt.swt2(image.astype(np.float64), "db4", 4):
        yield approximation
        yield from details


def _entropy(band: Floats) -> float:
    counts, _ = np.histogram(band, bins=256)
    share = counts[counts > 0] / band.size
    return float(-(share * np.log2(share)).sum())


def rows(faces: FaceSet) -> Iterator[tuple[str, Floats, Any]]:
    """Name, features and classifier of every row."""
    large, small = grey(faces.images, 128), grey(faces.images, 64)
    edges = gradients(large)
    names = list(TARGETS)
    yield names[0], edges, make_pipeline(StandardScaler(), LinearSVC(C=0.01))
    yield names[1], patterns(large), make_pipeline(StandardScaler(), LinearSVC(C=0.01))
    yield names[2], entropies(large), make_pipeline(StandardScaler(), SVC(C=10.0))
    yield names[3], edges, KNeighborsClassifier(1)
    yield names[4], small.reshape(len(small), -1) / 255.0, SVC(C=10.0)


def accuracies(x: Floats, model: Any, faces: FaceSet, splits: int, seed: int) -> tuple[float, float]:
    """Per cent right in random folds, and in folds by subject."""
    random = StratifiedKFold(splits, shuffle=True, random_state=seed)
    grouped = StratifiedGroupKFold(splits, shuffle=True, random_state=seed)
    one = cross_val_score(model, x, faces.labels, cv=random).mean()
    other = cross_val_score(model, x, faces.labels, cv=grouped, groups=faces.subjects).mean()
    return 100.0 * float(one), 100.0 * float(other)


def main() -> None:
    """Read the command line and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name, value in (("subjects", 20), ("shots", 5), ("seed", 0), ("splits", 10)):
        parser.add_argument(f"--{name}", type=int, default=value)
    options = parser.parse_args()
    start = time.perf_counter()
    faces = draw_faces(options.subjects, options.shots, seed=options.seed)
    print(f"{len(faces.labels)} faces in {time.perf_counter() - start:.1f} s")
    print(f"{'':32}{'random':>8}{'target':>8}{'subject':>9}{'target':>8}")
    for name, x, model in rows(faces):
        got = accuracies(x, model, faces, options.splits, options.seed)
        want = TARGETS[name]
        print(f"{name:32}{got[0]:8.1f}{want[0]:8.1f}{got[1]:9.1f}{want[1]:8.1f}", flush=True)


if __name__ == "__main__":
    main()
