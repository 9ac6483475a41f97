"""The notebook of the documentation, run from its first cell to its last."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.notebooks import code_cells, texts

ROOT = Path(__file__).parents[2]
NOTEBOOK = ROOT / "docs" / "febench.ipynb"


def without_numbers(told: list[str]) -> list[str]:
    """Texts without digits, signs and the widths that hang on them: what does not depend on the machine."""
    return [" ".join(re.sub(r"[-+\d.]+", " ", text).split()) for text in told]


def stored() -> list[dict[str, Any]]:
    return code_cells(json.loads(NOTEBOOK.read_text(encoding="utf-8")))


@pytest.mark.slow
def test_the_notebook_runs_and_its_stored_outputs_are_of_this_code(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.notebooks", str(NOTEBOOK)], cwd=tmp_path, capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)}, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    for outputs, cell in zip(json.loads(done.stdout), stored(), strict=True):
        told, known = texts(outputs), texts(cell["outputs"])
        if not any("highest mean" in text for text in told):  # a verdict may turn with the machine
            assert without_numbers(told) == without_numbers(known), f"run python -m tests.notebooks {NOTEBOOK} --write"
    assert (tmp_path / "predictions.parquet").stat().st_size > 1000


def test_its_cells_are_numbered_as_they_run_and_show_something() -> None:
    assert [cell["execution_count"] for cell in stored()] == list(range(1, len(stored()) + 1))
    assert sum("image/png" in output.get("data", {}) for cell in stored() for output in cell["outputs"]) == 3
