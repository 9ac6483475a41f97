"""`febench compare`: which differences are real, for people or as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from febench.cli.listing import find_stores
from febench.core.selectors import split_selectors
from febench.results.results import Results
from febench.show.compare import compare_documents
from febench.show.formats import render


def show_comparison(directories: Sequence[Path], methods: str | None, rope: float, pairs: str | None, how: str) -> None:
    """Print what the tests say of some results directories."""
    results = [Results.of(store) for store in find_stores(directories)]
    asked = split_selectors(methods) if methods else []
    print(render(compare_documents(results, asked, rope=rope, pairs=pairs), how))
