"""Cells of methods that train many folds at once: which device they are on, and what goes wrong with one of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from febench.results.store import Store
from tests.end_to_end.conftest import Febench

PACKER = '''
import os

import numpy as np
from febench import method
from febench.core.method import FoldOutcome


@method("packer")
class Packer:
    """Guesses by the seed, alone or in packs."""

    def __init__(self, trouble="", device="auto", deterministic=False, pack=1, random_state=None):
        self.trouble, self.pack, self.random_state = trouble, pack, random_state
        self.where = [device, deterministic, os.environ.get("CUDA_VISIBLE_DEVICES")]

    def fit(self, X, y):
        self.fit_info_ = {"where": self.where}
        return self

    def predict(self, X):
        return np.random.default_rng(self.random_state).integers(0, 7, len(X))

    def fit_predict_folds(self, X, folds):
        if self.trouble == "dies" or self.trouble == "dies-of-two" and len(folds) == 2:
            os._exit(1)
        outcomes = []
        for i, fold in enumerate(folds):
            found = np.random.default_rng(fold.random_state).integers(0, 7, len(fold.test))
            if self.trouble == "nonsense" and i == 2:
                found = found + 99
            info = {"where": self.where, "pack": self.pack, "folds": len(folds)}
            outcomes.append(FoldOutcome(found, None, np.arange(7), {"fit": 0.5, "predict": 0.25}, info))
        return outcomes[1:] if self.trouble == "short" else outcomes
'''

RUN = ("run", "--plugin", "plugin.py", "--plugin", "packer.py", "--dataset", "toy", "--runs", "4")


@pytest.fixture(autouse=True)
def packer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A method that packs, and two GPUs: none is touched, so none need be there."""
    (tmp_path / "packer.py").write_text(PACKER)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3,5")


def records(path: Path) -> list:
    return Store(path).records


@pytest.mark.parametrize(("asked", "pack", "folds"), [((), 10, [10] * 10), (("--pack", "4"), 4, [4] * 8 + [2] * 2)])
def test_a_gpu_gets_a_runs_cells_in_packs_and_each_worker_a_gpu_of_its_own(
    febench: Febench, tmp_path: Path, asked: tuple[str, ...], pack: int, folds: list[int]
) -> None:
    done = febench(*RUN, "--methods", "packer,lottery", "--out", "o", *asked, "--deterministic")
    assert done.returncode == 0, done.stderr
    packed = sorted((r for r in records(tmp_path / "o") if r.method == "packer"), key=lambda r: (r.run, r.fold))
    assert [record.info["folds"] for record in packed] == folds * 4
    assert {record.info["pack"] for record in packed} == {pack}
    assert {tuple(record.info["where"][:2]) for record in packed} == {("cuda", True)}
    assert {record.info["where"][2] for record in packed} <= {"3", "5"}
    assert {record.seconds["fit"] for record in packed} == {0.5}


def test_packed_cells_are_the_cells_of_the_processor(febench: Febench, tmp_path: Path) -> None:
    assert febench(*RUN, "--methods", "packer", "--out", "gpu").returncode == 0
    assert febench(*RUN, "--methods", "packer", "--out", "cpu", "--device", "cpu").returncode == 0
    by_key = [{r.key: r.predictions for r in records(tmp_path / name)} for name in ("gpu", "cpu")]
    assert by_key[0] == by_key[1] and len(by_key[0]) == 40
    assert all("folds" not in record.info for record in records(tmp_path / "cpu"))


@pytest.mark.parametrize(
    ("trouble", "failed", "words"),
    [
        ("dies", 40, "crashed"),
        ("nonsense", 4, "a class outside 0..6"),
        ("dies-of-two", 8, "crashed"),
        ("short", 40, "fit_predict_folds returned 7 outcomes for 8 folds"),
    ],
)
def test_what_goes_wrong_in_a_pack_costs_no_other(
    febench: Febench, tmp_path: Path, trouble: str, failed: int, words: str
) -> None:
    done = febench(*RUN, "--methods", f"packer[trouble={trouble}],lottery", "--out", "o", "--pack", "8")
    assert done.returncode == 3
    status = json.loads(febench("status", "o", "--json").stdout)
    assert {row["method"]: row["failed"] for row in status["rows"]} == {
        f"packer[trouble={trouble}]": failed,
        "lottery": 0,
    }
    assert words in febench("status", "o").stdout


@pytest.mark.skipif(Path("/proc/driver/nvidia").exists(), reason="here is a GPU that torch may be able to use")
def test_a_network_whose_gpu_torch_cannot_use_fails_rather_than_train_on_the_processor(
    febench: Febench, tmp_path: Path
) -> None:
    """As with a driver older than what the torch wheel needs."""
    tiny = "resnet18[steps=1,size=32,batch_size=4]"
    assert febench(*RUN, "--runs", "1", "--methods", tiny, "--out", "o").returncode == 3
    assert {record.status for record in records(tmp_path / "o")} == {"failed"}
    assert "torch finds no CUDA device" in febench("status", "o").stdout


def test_more_trainings_at_once_than_there_are_streams_for_are_refused(febench: Febench, tmp_path: Path) -> None:
    done = febench(*RUN, "--methods", "packer", "--out", "o", "--pack", "17")
    assert done.returncode == 2 and "pack must be at most 16, not 17" in done.stderr
    assert not (tmp_path / "o").exists()


def test_without_a_gpu_nothing_is_packed(febench: Febench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert febench(*RUN, "--methods", "packer", "--out", "o").returncode == 0
    assert all("folds" not in record.info for record in records(tmp_path / "o"))
