"""What a result was computed with: recorded beside every cell, never part of its key."""

from __future__ import annotations

import hashlib
import json
import os
import platform
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

PACKAGES = ("febench", "numpy", "scipy", "scikit-learn", "PyWavelets", "pillow", "scikit-image", "torch", "torchvision")


@cache
def environment() -> dict[str, Any]:
    """Python, platform, processor, a hash of the host's name, and library versions."""
    return {
        "python": platform.python_version(),
        "platform": platform.platform(terse=True),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "host": hashlib.sha256(platform.node().encode()).hexdigest()[:8],
        "packages": {name: found for name in PACKAGES if (found := _version(name))},
    }


@cache
def environment_id() -> str:
    """A short hash of the environment."""
    return hashlib.sha256(json.dumps(environment(), sort_keys=True).encode()).hexdigest()[:12]


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
