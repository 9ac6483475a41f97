"""The papers' tables from stored results, with the papers' own numbers beside. A table never trains."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from febench.core.errors import UsageError
from febench.results.results import Results, RowResults
from febench.show.tables.accuracy import table_2
from febench.show.tables.choice import chosen
from febench.show.tables.comparison import table_3
from febench.show.tables.convergence import MOMENTS, convergence_table
from febench.show.tables.cost import cost_table
from febench.show.tables.drop import table_4
from febench.show.tables.sensitivity import table_1
from febench.show.tables.table import Difference, Document, Median, PlusMinus, Table, Value

__all__ = [
    "MOMENTS", "Difference", "Document", "Median", "PlusMinus", "Table", "Value", "chosen", "convergence_table",
    "cost_table", "make_table", "table_1", "table_2", "table_3", "table_4",
]  # fmt: skip

_MAKERS: dict[str, Callable[[Results, Sequence[RowResults]], Document]] = {
    "1": table_1, "2": table_2, "3": table_3, "cost": cost_table, "convergence": convergence_table,
}  # fmt: skip


def make_table(name: str | int, results: Sequence[Results], method: str | None = None) -> list[Document]:
    """Table 1, 2, 3, 4, `cost` or `convergence` of some results directories: one document each, of table 4 one of all.

    Raises
    ------
    UsageError
        If there is no such table, no such method in the results, or they are not of one data set (table 4).
    """
    if str(name) == "4":
        return [table_4(results, method)]
    if str(name) not in _MAKERS:
        raise UsageError(f"there is no table {name}; choose 1, 2, 3, 4, cost or convergence")
    return [_MAKERS[str(name)](one, chosen(one, method)) for one in results]
