"""The environment of a computation: stored with every cell, never part of its key."""

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
    """Python, platform, processor (its name, and a hash of its features), a hash of the host's name, libraries."""
    return {
        "python": platform.python_version(),
        "platform": platform.platform(terse=True),
        "processor": _cpuinfo("model name") or platform.processor() or platform.machine(),
        "processor_features": _hash(_cpuinfo("flags")),
        "cores": os.cpu_count(),
        "host": _hash(platform.node()),
        "variables": {name: value for name, value in sorted(os.environ.items()) if name.startswith("OPENBLAS_CORE")},
        "packages": {name: found for name in PACKAGES if (found := installed(name))},
    }


@cache
def environment_id() -> str:
    """A short hash of the environment."""
    return id_of(environment())


def id_of(noted: dict[str, Any]) -> str:
    """The id under which an environment is noted: a hash of it, so that what was changed since is seen."""
    return hashlib.sha256(json.dumps(noted, sort_keys=True).encode()).hexdigest()[:12]


def installed(package: str) -> str | None:
    """The version of a package that is installed, else None."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _cpuinfo(entry: str) -> str:
    """An entry of the first processor in Linux's list; empty elsewhere."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines() if cpuinfo.exists() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(entry)), "")


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]
