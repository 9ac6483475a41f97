"""Which way of recognising facial expressions is better, by how much, and whether that difference is real."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from febench.dataset import Dataset, dataset
from febench.method import method
from febench.protocol import protocol
from febench.registry import load_plugin

if TYPE_CHECKING:
    from febench import figures, tables
    from febench.exporting import export
    from febench.library import figure, load, run, table
    from febench.results import Results

__version__ = "0.1.0"

__all__ = [
    "Dataset",
    "Results",
    "dataset",
    "export",
    "figure",
    "figures",
    "load",
    "load_plugin",
    "method",
    "protocol",
    "run",
    "table",
    "tables",
]

_LATER = {
    "Results": "febench.results",
    "export": "febench.exporting",
    **dict.fromkeys(("figure", "load", "run", "table"), "febench.library"),
}
"""For each name that needs more than `import febench` should load, the module that has it."""


def __getattr__(name: str) -> Any:
    if name in _LATER:
        return getattr(import_module(_LATER[name]), name)
    if name in ("figures", "tables"):
        return import_module(f"febench.{name}")
    raise AttributeError(f"module 'febench' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
