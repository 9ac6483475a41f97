"""The papers' tables from stored results. A table never trains.

`make_table` makes one by its name; `table_1` to `table_4`, `people_table`, `ladder_table`, `cost_table`,
`convergence_table` and `settings_table` are each one. They give a `Document`: its `tables` as they are laid out, and
`data`, which is what JSON holds. All other names are for the rest of `febench.show`, and may change.

>>> febench.tables.table_3(results, results.rows).data["rows"]
"""

from __future__ import annotations

from collections.abc import Sequence

from febench.core.errors import UsageError
from febench.results.metrics import OA, metric_of
from febench.results.results import Results
from febench.show.tables.accuracy import class_spreads, shows_papers, table_1, table_2, table_3
from febench.show.tables.by_metric import about_of, definition
from febench.show.tables.drop import table_4
from febench.show.tables.ladder import LADDERS, ladder_table, rungs_of
from febench.show.tables.people import people_table
from febench.show.tables.settings import settings_table
from febench.show.tables.table import (
    INTERVAL_OF_PEOPLE,
    MAJORITY,
    Detail,
    Difference,
    Document,
    Median,
    PlusMinus,
    Table,
    Value,
    caveat_notes,
    chosen,
    dataset_of,
    floor_data,
    head_data,
    key_of,
    noted,
    origin_of,
    run_command,
    run_counts,
    said_of_floor,
    titled,
    versions_of,
)
from febench.show.tables.training import convergence_table, cost_table

__all__ = [
    "INTERVAL_OF_PEOPLE", "LADDERS", "MAJORITY", "TABLES", "Detail", "Difference", "Document", "Median", "PlusMinus",
    "Table", "Value", "about_of", "caveat_notes", "chosen", "class_spreads", "convergence_table", "cost_table",
    "dataset_of",
    "definition", "floor_data", "head_data", "key_of", "ladder_table", "make_table", "noted", "origin_of",
    "people_table", "run_command", "run_counts", "rungs_of", "said_of_floor", "settings_table", "shows_papers",
    "table_1", "table_2",
    "table_3", "table_4", "titled", "versions_of",
]  # fmt: skip

TABLES = ("1", "2", "3", "4", "people", "ladder", "cost", "convergence", "settings")


def make_table(
    name: str | int,
    results: Sequence[Results],
    method: str | None = None,
    metric: str | None = None,
    *,
    paper: bool = False,
    sort: bool = False,
) -> list[Document]:
    """A table of some results directories by its name, one document each; of table 4 one of all.

    Parameters
    ----------
    name : str or int
        1 sensitivities, 2 a metric in each run, 3 comparison, 4 the drop, `people`, `ladder`, `cost`, `convergence`,
        `settings`.
    results : sequence of Results
        Of any data sets and protocols; of table 4 on one data set.
    method : str or None
        Only this method; `people` then has a row a person.
    metric : str or None
        Of tables 2, 3, 4, people and ladder; overall accuracy by default.
    paper : bool
        Whether tables 1 to 3 of other images or folds than the papers' have the papers' numbers too.
    sort : bool
        Whether rows are sorted by the metric, the best first; else they are in the papers' order.

    Raises
    ------
    UsageError
        If there is no such table or metric, no such method in the results, they are not of one data set (table 4), the
        table is not of a metric, or the papers print nothing for it.
    """
    name = str(name)
    if name not in TABLES:
        raise UsageError(f"there is no table {name}; choose {', '.join(TABLES[:-1])} or {TABLES[-1]}")
    if metric is not None and name in ("1", "cost", "convergence", "settings"):
        raise UsageError(f"table {name} is not of a metric; 2, 3, 4, people and ladder are", option="metric")
    by = metric_of(metric or "oa")
    if paper and name not in ("1", "2", "3"):
        raise UsageError(f"the papers print nothing for table {name}; they do for 1, 2 and 3", option="paper")
    if paper and by is not OA:
        raise UsageError(f"the papers print no {by.title}: leave out the metric", option="paper")
    if name == "4":
        return [table_4(results, method, by, sort=sort)]
    documents = []
    for one in results:
        rows = chosen(one, method, by if sort else None)
        match name:
            case "1":
                documents.append(table_1(one, rows, paper=paper))
            case "2":
                documents.append(table_2(one, rows, by, paper=paper))
            case "3":
                documents.append(table_3(one, rows, by, paper=paper, every=results))
            case "people":
                documents.append(people_table(one, rows, by, each=method is not None))
            case "ladder":
                documents.append(ladder_table(one, rows, by))
            case "cost":
                documents.append(cost_table(one, rows))
            case "settings":
                documents.append(settings_table(one, rows))
            case _:
                documents.append(convergence_table(one, rows))
    return documents
