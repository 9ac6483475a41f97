"""What `import febench` promises stays what it is, whatever else of febench is imported later."""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path
from types import ModuleType

import febench


def test_the_citation_is_of_this_version() -> None:
    citation = (Path(__file__).parents[1] / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\nversion: {febench.__version__}\n" in citation


def test_no_module_takes_the_place_of_a_public_function() -> None:
    """A subpackage of the same name would: importing it sets the attribute of its parent."""
    inside = {module.name for module in pkgutil.iter_modules(febench.__path__)}
    for name in febench.__all__:
        assert name not in inside, f"febench.{name} is hidden once febench/{name} is imported"
    for layer in sorted(inside):
        importlib.import_module(f"febench.{layer}")
    modules = {name for name in febench.__all__ if isinstance(getattr(febench, name), ModuleType)}
    assert modules == {"figures", "tables"}
