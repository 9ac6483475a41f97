"""Which rows of some results a table shows."""

from __future__ import annotations

from collections.abc import Sequence

from febench.core.errors import UsageError
from febench.results.results import Results, RowResults


def chosen(results: Results, method: str | None) -> Sequence[RowResults]:
    """The rows of a method, by its name or by a row's label; all rows if none is named.

    Raises
    ------
    UsageError
        If there are none.
    """
    if method is None:
        return results.rows
    found = [row for row in results.rows if method in (row.label, row.method)]
    if not found:
        there = ", ".join(row.label for row in results.rows) or "nothing"
        raise UsageError(f"there is no {method!r} in these results of {results.manifest.dataset}; there is {there}")
    return found
