"""`faces700`, the built-in data set: faces drawn by code, so that febench runs offline and without licences."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

from febench.core.cache import cached_array
from febench.core.dataset import Dataset, dataset
from febench.core.errors import UsageError
from febench.datasets import faces as model
from febench.datasets.decoding import track

CITE = "febench's own parametric face model"


@dataset("faces700", cite=CITE)
def faces700() -> Dataset:
    """20 people x 7 emotions x 5 shots = 700 synthetic RGB faces of 128x128 pixels."""
    return _load("faces700", subjects=20, shots=5, size=128, seed=0)


@dataset("faces", cite=CITE)
def faces(subjects: int = 20, shots: int = 5, size: int = 128, seed: int = 0) -> Dataset:
    """Synthetic faces of `subjects` people, 7 emotions, `shots` of each, `size` pixels square."""
    return _load("faces", subjects=subjects, shots=shots, size=size, seed=seed)


def _load(name: str, *, subjects: int, shots: int, size: int, seed: int) -> Dataset:
    try:
        index = model.index_faces(subjects, shots)
        pictures = track(model.draw_pictures(subjects, shots, size, seed), len(index.ids), f"{name}: drawing")
        key = [_drawing_version(), subjects, shots, size, seed]
        path = cached_array("faces", key, (picture[np.newaxis] for picture in pictures), len(index.ids))
    except ValueError as error:
        raise UsageError(f"data set {name}: {error}") from error
    return Dataset(
        name=name,
        images=np.load(path, mmap_mode="r"),
        labels=index.labels,
        classes=model.CLASSES,
        ids=index.ids,
        subjects=index.subjects,
        synthetic=True,
    )


def _drawing_version() -> str:
    """Return the hash of the face model's source, so that the cache never serves faces of other code."""
    sources = sorted(Path(model.__file__).parent.glob("*.py"))
    return hashlib.sha256(b"\0".join(source.read_bytes() for source in sources)).hexdigest()
