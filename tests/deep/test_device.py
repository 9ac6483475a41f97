from __future__ import annotations

import platform

import pytest

pytest.importorskip("torch", reason="needs the extra febench[deep]")

from deep.device import keep_freed_memory


def test_the_c_library_takes_the_thresholds_where_it_has_them():
    assert keep_freed_memory() is (platform.libc_ver()[0] == "glibc")
