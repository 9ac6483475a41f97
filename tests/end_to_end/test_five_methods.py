"""The main job in small: five methods, few faces, short training; and the README's own example."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.end_to_end.conftest import Febench

README = Path(__file__).parents[2] / "README.md"
SMALL = ("--dataset", "faces[subjects=3,shots=2,size=32]", "--protocol", "paper[runs=1,groups=3]", "--out", "o")
SHORT = (
    "resnet18.steps=4", "resnet18.size=32", "resnet50.steps=4", "resnet50.size=32",
    "cso.evaluations=300", "bbo.evaluations=300", "hwt.iterations=5",
)  # fmt: skip


def test_five_methods_one_command(febench: Febench) -> None:
    pytest.importorskip("torch", reason="the deep methods need febench[deep]")
    settings = [part for setting in SHORT for part in ("--set", setting)]
    done = febench("run", "--methods", "all", "--preset", "quick", "--device", "cpu", *SMALL, *settings, timeout=300)
    assert done.returncode == 0, done.stderr
    table = json.loads(febench("table", "3", "o", "--json").stdout)
    assert [row["method"].split("[")[0] for row in table["rows"]] == [
        "hwt", "cso", "bbo", "resnet18 (quick)", "resnet50 (quick)",
    ]  # fmt: skip
    assert all(row["runs"] == 1 and row["sd"] is None and row["published"] is None for row in table["rows"])
    assert table["synthetic"] is True and table["complete"] is True


def test_the_readmes_method_works_as_written(febench: Febench, tmp_path: Path) -> None:
    blocks = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), flags=re.DOTALL)
    [example] = [block for block in blocks if "@method" in block]
    assert len(example.strip().splitlines()) <= 15
    (tmp_path / "mine.py").write_text(example)
    done = febench("run", "--plugin", "mine.py", "--methods", "classical,pixel-svm", *SMALL, *_short_classical())
    assert done.returncode == 0, done.stderr
    assert "pixel-svm" in done.stdout
    listed = json.loads(febench("methods", "--plugin", "mine.py", "--json").stdout)
    mine = next(row for row in listed if row["name"] == "pixel-svm")
    assert mine["available"] and mine["cite"] == "Cortes & Vapnik 1995" and mine["params"] == {"C": 10.0}


def _short_classical() -> list[str]:
    return [part for setting in SHORT if "resnet" not in setting for part in ("--set", setting)]
