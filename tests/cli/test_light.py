"""Nothing heavy is imported before it is needed."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("torch", "torchvision", "skimage", "sklearn", "scipy", "matplotlib", "pandas", "pyarrow", "jinja2")


@pytest.mark.parametrize("code", ["import febench", "import febench.cli"])
def test_import_loads_nothing_heavy(code: str) -> None:
    found = subprocess.run(
        [sys.executable, "-c", f"{code}; import sys; print([m for m in {HEAVY} if m in sys.modules])"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert found.stdout.strip() == "[]"


def test_help_that_nobody_reads_to_its_end_is_no_error() -> None:
    code = "import sys; sys.argv = ['febench', 'run', '--help']; from febench.cli import main; main()"
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout and process.stderr
    process.stdout.close()
    assert process.stderr.read() == "" and process.wait() == 1
    process.stderr.close()


def test_listing_methods_loads_no_torch() -> None:
    code = (
        "from febench.core.method import METHODS; [METHODS.get(name) for name in METHODS.names];"
        "import sys; print('torch' in sys.modules)"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "False"
