from __future__ import annotations

import os
import platform
import subprocess
import sys

import pytest

torch = pytest.importorskip("torch", reason="needs the extra febench[deep]")

from deep.device import choose_device, choose_dtype, keep_freed_memory, processor_precision  # noqa: E402


def test_glibc_accepts_the_memory_thresholds():
    assert keep_freed_memory() is (platform.libc_ver()[0] == "glibc")


def test_float32_on_a_gpu_is_full_precision(monkeypatch):
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", True)
    choose_device("cpu")
    assert not torch.backends.cudnn.allow_tf32


def in_a_process(code, **variables):
    """What a new process prints; what `choose_device` sets is for a whole process."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), **variables}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.mark.parametrize(("before", "after"), [({}, "32"), ({"CUDA_DEVICE_MAX_CONNECTIONS": "4"}, "4")])
def test_a_gpu_has_32_work_queues_unless_set_otherwise(before, after, monkeypatch):
    monkeypatch.delenv("CUDA_DEVICE_MAX_CONNECTIONS", raising=False)
    code = """
import os, torch
from deep.device import choose_device
torch.cuda.is_available = lambda: print(os.environ["CUDA_DEVICE_MAX_CONNECTIONS"])  # the first thing asked of CUDA
choose_device("auto")
"""
    assert in_a_process(code, **before) == after


def test_deterministic_algorithms_do_not_fill_memory():
    code = """
import torch
from deep.device import choose_device
choose_device("cpu", deterministic=True)
print(torch.are_deterministic_algorithms_enabled(), torch.utils.deterministic.fill_uninitialized_memory)
"""
    assert in_a_process(code) == "True False"


def test_bfloat16_is_not_chosen_where_torch_may_not_use_its_instructions():
    """Whatever the processor has: what a machine with AVX2 alone trains in is float32."""
    code = (
        "from deep.device import choose_dtype, processor_precision; import torch;"
        "print(choose_dtype('auto', torch.device('cpu')), processor_precision())"
    )
    reported = in_a_process(code, ATEN_CPU_CAPABILITY="avx2")
    assert reported == "torch.float32 float32, as torch uses no bfloat16 instructions here"


def test_the_reported_precision_is_the_chosen_one():
    chosen = str(choose_dtype("auto", torch.device("cpu"))).removeprefix("torch.")
    assert processor_precision().startswith(f"{chosen}, as ")
