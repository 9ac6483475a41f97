"""Devices, their precision, their memory, and seeds on them."""

from __future__ import annotations

import ctypes
import os
import platform
import secrets
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import cache

import torch

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
"""Parameters of glibc's `mallopt`, from its malloc.h."""

TRIM_THRESHOLD_BYTES = 1 << 30
MMAP_THRESHOLD_BYTES = 32 << 20
"""The largest that glibc accepts."""

CUDA_OUT_OF_MEMORY = 2
"""cudaErrorMemoryAllocation."""

OUT_OF_MEMORY_MESSAGES = ("out of memory", "STATUS_ALLOC_FAILED", "unable to find an engine")
"""Of CUDA, its libraries and cuDNN; the last where no algorithm's workspace fits (pytorch issue 108645)."""


def choose_device(name: str, *, deterministic: bool = False) -> torch.device:
    """Return a device by name; "auto" is a GPU if there is one.

    From then on in this process
    - convolutions on a GPU compute in full float32: torch would drop 13 bits;
    - the driver has 32 work queues instead of 8, so that no stream waits for another, unless CUDA was in use before;
    - with `deterministic`, torch uses only algorithms that give the same bits each time. It does not fill memory before
      use, as nothing here is read before it is written.

    Raises
    ------
    RuntimeError
        If the device is cuda and there is none.
    """
    os.environ.setdefault("CUDA_DEVICE_MAX_CONNECTIONS", "32")
    if deterministic:
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        torch.use_deterministic_algorithms(True)
        torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    torch.backends.cudnn.allow_tf32 = False
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    device = torch.device(name)
    if device.type == "cuda" and not torch.cuda.is_available():
        raise RuntimeError(f"torch finds no CUDA device here: choose device auto or cpu, not {name}")
    return device


def choose_dtype(precision: str, device: torch.device) -> torch.dtype:
    """Return the type of a precision; "auto" is bfloat16 if the device computes in it, else float32."""
    bf16 = precision == "bf16" or (precision == "auto" and has_bf16(device))
    return torch.bfloat16 if bf16 else torch.float32


def has_bf16(device: torch.device) -> bool:
    """Return whether torch uses bfloat16 instructions on a device: emulated ones are slower than float32.

    A processor may have them and torch not use them (`ATEN_CPU_CAPABILITY=avx2`).
    """
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if torch.backends.cpu.get_cpu_capability() == "AVX2":
        return False
    if hasattr(torch.cpu, "get_capabilities"):
        capabilities = torch.cpu.get_capabilities()
        return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))
    return bool(getattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)())  # torch < 2.12


def processor_precision() -> str:
    """Return what precision "auto" is on this processor, and why."""
    if has_bf16(torch.device("cpu")):
        return "bfloat16, as this processor has instructions for it"
    return "float32, as torch uses no bfloat16 instructions here"


def autocast(device: torch.device, dtype: torch.dtype) -> AbstractContextManager[None]:
    """Return a context of autocast to a lower precision, which does nothing for float32."""
    return torch.autocast(device.type, dtype, enabled=dtype is not torch.float32)


@cache
def keep_freed_memory() -> bool:
    """Have the C library keep freed memory for the next step; return whether it can, which only glibc does.

    Otherwise it returns gradients of megabytes to the system after each step of a training and requests them again in
    the next, and the system clears every page.
    """
    if platform.libc_ver()[0] != "glibc":
        return False
    library = ctypes.CDLL(None)
    return bool(
        library.mallopt(M_MMAP_THRESHOLD, MMAP_THRESHOLD_BYTES)
        and library.mallopt(M_TRIM_THRESHOLD, TRIM_THRESHOLD_BYTES)
    )


@cache
def stream_at(slot: int, device: torch.device) -> torch.cuda.Stream | None:
    """Return a GPU's stream for one of the trainings side by side, the same throughout a process; None on a processor.

    torch hands out 32 streams in turn, and graphs on the same stream corrupt each other: destroying a graph frees the
    workspaces of its stream (pytorch issue 193402). So streams are reused by slot.
    """
    return torch.cuda.Stream(device) if device.type == "cuda" else None  # type: ignore[no-untyped-call]


def free_memory(device: torch.device) -> int:
    """Return the free bytes of a GPU after torch has released unused memory; on a processor the largest integer."""
    if device.type != "cuda":
        return sys.maxsize
    torch.cuda.empty_cache()
    return int(torch.cuda.mem_get_info(device)[0])


def watch_memory(device: torch.device) -> None:
    """Have `peak_memory` measure from here on."""
    if device.type == "cuda":
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats(device)


def peak_memory(device: torch.device) -> dict[str, float]:
    """Return `peak_gpu_memory_mb`, torch's largest use of GPU memory in 2**20 bytes; empty on a processor."""
    if device.type != "cuda":
        return {}
    return {"peak_gpu_memory_mb": round(torch.cuda.max_memory_reserved(device) / 2**20, 1)}


def ran_out_of_memory(error: BaseException | None) -> bool:
    """Return whether a GPU's memory ran out, also if that is the cause of an error, as it is when a capture fails."""
    if error is None:
        return False
    if isinstance(error, torch.OutOfMemoryError):
        return True
    if isinstance(error, torch.AcceleratorError) and getattr(error, "error_code", None) == CUDA_OUT_OF_MEMORY:
        return True
    if isinstance(error, RuntimeError) and any(message in str(error) for message in OUT_OF_MEMORY_MESSAGES):
        return True
    return ran_out_of_memory(error.__cause__) or ran_out_of_memory(error.__context__)


@contextmanager
def seeded(seed: int | None, device: torch.device) -> Iterator[torch.Generator]:
    """Yield a seeded generator on the device; torch's global generators are seeded inside and restored afterwards."""
    seed = secrets.randbits(63) if seed is None else seed
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.default_generator.manual_seed(seed)
        if device.type == "cuda":
            torch.cuda.manual_seed(seed)
        yield torch.Generator(device=device).manual_seed(seed)
