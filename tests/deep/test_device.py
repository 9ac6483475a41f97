from __future__ import annotations

import platform

import pytest

torch = pytest.importorskip("torch", reason="needs the extra febench[deep]")

from deep.device import choose_device, keep_freed_memory  # noqa: E402


def test_the_c_library_takes_the_thresholds_where_it_has_them():
    assert keep_freed_memory() is (platform.libc_ver()[0] == "glibc")


def test_float32_on_a_gpu_is_no_less(monkeypatch):
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", True)
    choose_device("cpu")
    assert not torch.backends.cudnn.allow_tf32
