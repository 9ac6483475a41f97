from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Febench = Callable[..., subprocess.CompletedProcess[str]]
COMMAND = (sys.executable, "-c", "from febench.cli import main; main()")


@pytest.fixture
def febench(tmp_path: Path, plugin: Path) -> Febench:
    """Run the command line in a directory of its own, as a user would."""

    def call(*args: str, timeout: float = 120) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*COMMAND, *args], cwd=tmp_path, env={**os.environ, "COLUMNS": "200"},
            capture_output=True, text=True, timeout=timeout, check=False,
        )  # fmt: skip

    return call
