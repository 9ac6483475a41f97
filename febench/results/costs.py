"""Times, memory and sizes of cells. Times are compared within one host only: hosts are never mixed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from febench.results.cells import Cells
from febench.results.results import Results
from febench.results.rows import RowResults


@dataclass(frozen=True)
class Cost:
    """The cells of one method that were computed alike: one environment, one kind of device, equally many threads.

    Attributes
    ----------
    row : RowResults
        The method's row in other tables.
    device : str
        `cpu` or `cuda`, as the method says (`cpu` where it says nothing), and how many trainings shared it.
    threads : int
        Threads a cell was given.
    fit : float array, shape (cells,)
        Seconds of training in each cell.
    predict : float array, shape (cells,)
        Milliseconds an image of predicting in each cell.
    extract : float or None
        Seconds that the features of the whole data set took, once; None where there are none or it was not noted.
    parameters : tuple of int
        How many parameters the trained classifiers have, every number that occurs, rising.
    peak_memory_mb : float or None
        The largest resident memory of a worker process, in units of 2**20 bytes.
    selection : float or None
        Seconds of training in which parameters were selected, the median of the cells that tell it.
    peak_gpu_memory_mb : float or None
        The most of a GPU's memory that the method says it held, trainings side by side together, in the same units.
    """

    row: RowResults
    device: str
    threads: int
    fit: NDArray[np.float64]
    predict: NDArray[np.float64]
    extract: float | None
    parameters: tuple[int, ...]
    peak_memory_mb: float | None
    peak_gpu_memory_mb: float | None
    selection: float | None = None

    @property
    def cells(self) -> int:
        """Number of cells."""
        return len(self.fit)


@dataclass(frozen=True)
class Host:
    """The cells of one environment: one host with one set of libraries.

    Attributes
    ----------
    environment : str
        Its id; empty where the cells name none.
    about : mapping
        Host, processor, cores, platform, Python and packages; empty where they were not noted.
    costs : tuple of Cost
        In the order of the rows.
    """

    environment: str
    about: Mapping[str, Any]
    costs: tuple[Cost, ...]

    @property
    def cells(self) -> int:
        """Number of cells."""
        return sum(cost.cells for cost in self.costs)


def hosts(results: Results, rows: Sequence[RowResults] | None = None) -> list[Host]:
    """The costs of some rows (all by default), apart for each environment; the one with most cells first.

    Failed cells and cells without times do not count.
    """
    rows = results.rows if rows is None else rows
    by_host: dict[str, list[Cost]] = {}
    for row in rows:
        cells = row.cells.table
        timed = (cells["count"] > 0) & ~np.isnan(cells["fit"]) & ~np.isnan(cells["predict"])
        for environment, device, threads, table in _alike(row.cells.take(timed)):
            by_host.setdefault(environment, []).append(_cost(row, device, threads, table))
    every = [
        Host(environment, results.environments.get(environment, {}), tuple(costs))
        for environment, costs in by_host.items()
    ]
    return sorted(every, key=lambda host: -host.cells)


def _alike(cells: Cells) -> Iterator[tuple[str, str, int, NDArray[Any]]]:
    """Environment, device and threads of some cells, and the table of those that were computed so."""
    how = cells.table[["environment", "device", "threads"]]
    different, first, number = np.unique(how, return_index=True, return_inverse=True)
    for place in np.argsort(first):
        environment, device, threads = different[place].tolist()
        yield cells.words[environment], cells.words[device], threads, cells.table[number == place]


def _cost(row: RowResults, device: str, threads: int, table: NDArray[Any]) -> Cost:
    measured = {name: table[name][~np.isnan(table[name])] for name in ("extract", "selection", "memory", "gpu_memory")}
    sizes = np.unique(table["parameters"])
    return Cost(
        row=row,
        device=device,
        threads=threads,
        fit=table["fit"],
        predict=1000 * table["predict"] / table["count"],
        extract=float(np.median(measured["extract"])) if len(measured["extract"]) else None,
        parameters=tuple(sizes[sizes >= 0].tolist()),
        peak_memory_mb=float(measured["memory"].max()) if len(measured["memory"]) else None,
        peak_gpu_memory_mb=float(measured["gpu_memory"].max()) if len(measured["gpu_memory"]) else None,
        selection=float(np.median(measured["selection"])) if len(measured["selection"]) else None,
    )
