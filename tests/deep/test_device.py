from __future__ import annotations

import os
import platform
import subprocess
import sys

import pytest

torch = pytest.importorskip("torch", reason="needs the extra febench[deep]")

from deep.device import choose_device, choose_dtype, keep_freed_memory, processor_precision  # noqa: E402


def test_the_c_library_takes_the_thresholds_where_it_has_them():
    assert keep_freed_memory() is (platform.libc_ver()[0] == "glibc")


def test_float32_on_a_gpu_is_no_less(monkeypatch):
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", True)
    choose_device("cpu")
    assert not torch.backends.cudnn.allow_tf32


def test_bfloat16_is_not_chosen_where_torch_is_told_to_do_without():
    """Whatever the processor has: what a machine with AVX2 alone trains in is float32."""
    said = (
        "from deep.device import choose_dtype, processor_precision; import torch;"
        "print(choose_dtype('auto', torch.device('cpu'))); print(processor_precision())"
    )
    told = subprocess.run(
        [sys.executable, "-c", said],
        env={**os.environ, "ATEN_CPU_CAPABILITY": "avx2", "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    dtype, why = told.stdout.splitlines()
    assert dtype == "torch.float32"
    assert why == "float32, for torch uses no bfloat16 instructions here"


def test_the_precision_that_is_told_is_the_one_that_is_chosen():
    chosen = str(choose_dtype("auto", torch.device("cpu"))).removeprefix("torch.")
    assert processor_precision().startswith(f"{chosen}, for ")
