"""What febench adds to a cell, against scikit-learn's own cross-validation of the same classifier on the same folds.

Run with `make bench`; nothing is asserted about time.
"""

from __future__ import annotations

import io
import time
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console
from sklearn.model_selection import cross_validate

from febench.core.dataset import load_dataset
from febench.core.method import METHODS
from febench.core.registry import load_plugin
from febench.running.options import RunOptions
from febench.running.progress import PlainWatcher
from febench.running.runner import prepare, run


def test_ratio_to_cross_validate(plugin: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    load_plugin(plugin)
    options = RunOptions(methods="pixel-svm", dataset="toy[n=700]", out=tmp_path / "out", jobs=2)
    start = time.perf_counter()
    done = run(*prepare(options), PlainWatcher(Console(file=io.StringIO())))
    ours = time.perf_counter() - start
    manifest, data = done.store.manifest, load_dataset("toy[n=700]")
    folds = [manifest.fold(r, g) for r in range(1, 11) for g in range(1, 11)]
    splits = [(fold.train, fold.test) for fold in folds]
    svm = METHODS.get("pixel-svm").make({"C": 10.0}, random_state=0, device="cpu")
    start = time.perf_counter()
    scores = cross_validate(svm, data.images, data.labels, cv=splits, n_jobs=1)["test_score"]
    stock = time.perf_counter() - start
    hits = [
        np.mean(np.asarray(r.predictions) == data.labels[manifest.fold(r.run, r.fold).test]) for r in done.store.records
    ]
    assert np.mean(hits) == pytest.approx(np.mean(scores))
    with capsys.disabled():
        print(f"\n100 cells: febench on 2 workers {ours:.1f} s, start-up included; cross_validate on 1 {stock:.1f} s")
