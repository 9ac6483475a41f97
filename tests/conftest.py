"""Fixtures shared by all tests: a cache of their own, and a small data set with a method as a plugin file."""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # read when numerical libraries are loaded: tests share the cores

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

from febench.core.dataset import DATASETS, Dataset
from febench.core.method import METHODS
from febench.core.protocol import PROTOCOLS

settings.register_profile("febench", deadline=None, derandomize=True)
settings.load_profile("febench")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what is marked `gpu` where there is no CUDA device."""
    if item.get_closest_marker("gpu"):
        torch = pytest.importorskip("torch")
        if not torch.cuda.is_available():
            pytest.skip("there is no CUDA device")


@pytest.fixture(scope="session", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Keep caches away from the user's own, for this process and those it starts."""
    before = os.environ.get("FEBENCH_CACHE")
    path = tmp_path_factory.mktemp("cache")
    os.environ["FEBENCH_CACHE"] = str(path)
    yield path
    if before is None:
        del os.environ["FEBENCH_CACHE"]
    else:
        os.environ["FEBENCH_CACHE"] = before


@pytest.fixture(autouse=True)
def own_registrations() -> Iterator[None]:
    """Forget after each test what it registered; what came through entry points stays."""
    yield
    for registry in (METHODS, DATASETS, PROTOCOLS):
        for name in set(registry._registered) - set(registry._offered):
            del registry._registered[name]


def make_dataset(labels: list[int], subjects: list[str] | None = None, classes: int = 7) -> Dataset:
    """A data set of tiny images whose brightest row tells the class, not always truly."""
    rng = np.random.default_rng(0)
    y = np.asarray(labels, dtype=np.int64)
    images = rng.integers(0, 200, (len(y), 8, 8), dtype=np.uint8)
    images[np.arange(len(y)), y % 8] += 40
    return Dataset(
        name="toy",
        images=images,
        labels=y,
        classes=tuple("abcdefghij"[:classes]),
        ids=tuple(f"i{i}" for i in range(len(y))),
        subjects=tuple(subjects) if subjects else None,
    )


@pytest.fixture
def toy() -> Dataset:
    """140 images, 7 classes, 20 people with one image of each class."""
    return make_dataset([i % 7 for i in range(140)], [f"p{i // 7}" for i in range(140)])


PLUGIN = '''
import os
import time

import numpy as np
from febench import Dataset, dataset, method
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVC


@dataset("toy")
def toy(n=140):
    """Tiny images whose brightest row tells the class."""
    rng = np.random.default_rng(0)
    y = np.arange(n) % 7
    images = rng.integers(0, 200, (n, 8, 8), dtype=np.uint8)
    images[np.arange(n), y] += 40
    people = tuple(f"p{i // 7}" for i in range(n))
    return Dataset("toy", images, y.astype(np.int64), tuple("abcdefg"), tuple(f"i{i}" for i in range(n)), people)


@method("pixel-svm", cite="Cortes & Vapnik 1995")
def pixel_svm(C=10.0, random_state=None):
    flat = FunctionTransformer(lambda X: X.reshape(len(X), -1))
    return make_pipeline(flat, StandardScaler(), SVC(C=C, random_state=random_state))


class Base(ClassifierMixin, BaseEstimator):
    def fit(self, X, y):
        return self

    def predict(self, X):
        return np.zeros(len(X), dtype=int)


@method("lottery", sets=["extended"])
class Lottery(Base):
    """Guesses; shows that seeds and not luck decide."""

    def __init__(self, random_state=None):
        self.random_state = random_state

    def predict(self, X):
        return np.random.default_rng(self.random_state).integers(0, 7, len(X))


@method("raises", sets=["extended"])
class Raises(Base):
    def fit(self, X, y):
        raise ValueError("nothing to learn here")


@method("hangs", sets=["extended"])
class Hangs(Base):
    def fit(self, X, y):
        while True:
            time.sleep(0.01)


@method("exits", sets=["extended"])
class Exits(Base):
    def fit(self, X, y):
        os._exit(1)


@method("nonsense", sets=["extended"])
class Nonsense(Base):
    def predict(self, X):
        return np.full(len(X), 99)


@method("needy", sets=["extended"], needs=["no_such_package"], extra="deep")
class Needy(Base):
    pass
'''


@pytest.fixture
def plugin(tmp_path: Path) -> Path:
    """A plugin file with a small data set, a good method and bad ones."""
    path = tmp_path / "plugin.py"
    path.write_text(PLUGIN, encoding="utf-8")
    return path
