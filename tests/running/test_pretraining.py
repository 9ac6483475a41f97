from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from febench.core.dataset import Dataset, dataset
from febench.core.errors import FebenchError
from febench.core.method import method
from febench.results.store import Store
from febench.running.options import RunOptions
from febench.running.pretraining import pretrain
from tests.conftest import make_dataset


class Keeps:
    """Keeps as its weights what it was given."""

    def fit(self, X: Any, y: Any, groups: Any = "none given", class_names: Any = ()) -> Keeps:
        self.fit_info_ = {"groups": None if groups is None else groups.tolist(), "class_names": list(class_names)}
        return self

    def predict(self, X: Any) -> Any:
        return np.zeros(len(X), dtype=int)

    def save_weights(self, path: Path, origin: dict[str, Any]) -> None:
        path.write_text(json.dumps(self.fit_info_))


PARTS = ("train",) * 70 + ("validation",) * 35 + ("test",) * 35


@pytest.mark.parametrize(("parts", "trained"), [(None, 140), (PARTS, 70)])
@pytest.mark.parametrize("known", [True, False])
def test_a_training_for_its_weights_keeps_known_people_apart(
    parts: tuple[str, ...] | None, trained: int, known: bool, tmp_path: Path
) -> None:
    people = [f"p{i // 7:02d}" for i in range(140)]

    @dataset("posed")
    def posed() -> Dataset:
        return dataclasses.replace(make_dataset([i % 7 for i in range(140)], people if known else None), parts=parts)

    method("keeps", version="1")(Keeps)
    options = RunOptions(methods="keeps", dataset="posed", out=tmp_path / "o", jobs=1)
    pretrain(options, tmp_path / "w.safetensors")
    given = json.loads((tmp_path / "w.safetensors").read_text())
    assert given["groups"] == ([i // 7 for i in range(trained)] if known else None)
    assert given["class_names"] == list("abcdefg")
    if parts is not None:
        assert Store(tmp_path / "o").records[0].info == given


@pytest.mark.slow
@pytest.mark.parametrize("other", [{"dataset": "posed[first=1]"}, {"settings": {"halts": {"depth": 2}}}])
def test_a_state_left_halfway_serves_the_same_training_alone(other: dict[str, Any], tmp_path: Path) -> None:
    """Of other parameters or other images it would end in weights that are not what their record says."""

    @dataset("posed")
    def posed(first: int = 0) -> Dataset:
        made = make_dataset([i % 7 for i in range(140)], None)
        made.images[0] = first
        return made

    class Halts(Keeps):
        def __init__(self, checkpoint: Path | None = None, depth: int = 1) -> None:
            self.checkpoint = checkpoint

        def fit(self, X: Any, y: Any) -> Halts:  # type: ignore[override]
            assert self.checkpoint is not None
            self.fit_info_ = {"resumed": self.checkpoint.exists()}
            if not self.fit_info_["resumed"]:
                self.checkpoint.write_text("half")
                raise RuntimeError("killed")
            return self

    method("halts", version="1")(Halts)
    options = RunOptions(methods="halts", dataset="posed", jobs=1)
    for asked in (options, dataclasses.replace(options, **other)):
        with pytest.raises(FebenchError, match="killed"):
            pretrain(asked, tmp_path / "w.safetensors")
    pretrain(options, tmp_path / "w.safetensors")
    assert json.loads((tmp_path / "w.safetensors").read_text()) == {"resumed": True}
