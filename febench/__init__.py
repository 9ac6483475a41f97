"""Which way of recognising facial expressions is better, by how much, and whether that difference is real."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from febench.core import __version__
from febench.core.dataset import Dataset, dataset
from febench.core.errors import DataError, FebenchError, MismatchError, UsageError
from febench.core.method import FoldOutcome, FoldTask, method
from febench.core.protocol import Deal, Roles, protocol, rotating
from febench.core.registry import load_plugin

if TYPE_CHECKING:
    from febench.api import compare, export, figure, load, load_all, report, run, table
    from febench.results.results import Results
    from febench.running.options import RunOptions
    from febench.show import figures, tables

__all__ = [
    "DataError",
    "Dataset",
    "Deal",
    "FebenchError",
    "FoldOutcome",
    "FoldTask",
    "MismatchError",
    "Results",
    "Roles",
    "RunOptions",
    "UsageError",
    "__version__",
    "compare",
    "dataset",
    "export",
    "figure",
    "figures",
    "load",
    "load_all",
    "load_plugin",
    "method",
    "protocol",
    "report",
    "rotating",
    "run",
    "table",
    "tables",
]

_LATER = {
    "Results": "febench.results.results",
    "RunOptions": "febench.running.options",
    **dict.fromkeys(("compare", "export", "figure", "load", "load_all", "report", "run", "table"), "febench.api"),
}
"""For each name that needs more than `import febench` should load, the module that has it."""


def __getattr__(name: str) -> Any:
    if name in _LATER:
        return getattr(import_module(_LATER[name]), name)
    if name in ("figures", "tables"):
        return import_module(f"febench.show.{name}")
    raise AttributeError(f"module 'febench' has no attribute {name!r}")


def __dir__() -> list[str]:
    return list(__all__)
