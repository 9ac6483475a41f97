"""What training and predicting took. Times are compared within one host only: cells of different hosts never mix."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from febench.results.results import Results
from febench.results.rows import RowResults
from febench.results.store import Record


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
    """What was computed in one environment: one host with one set of libraries.

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
    timed = {row.label: _timed(row) for row in rows}
    every = []
    for environment in dict.fromkeys(record.environment for records in timed.values() for record in records):
        costs = []
        for row in rows:
            alike: dict[tuple[str, int], list[Record]] = {}
            for record in timed[row.label]:
                if record.environment == environment:
                    alike.setdefault((_device(record), record.threads), []).append(record)
            costs += [_cost(row, *how, records) for how, records in alike.items()]
        every.append(Host(environment, results.environments.get(environment, {}), tuple(costs)))
    return sorted(every, key=lambda host: -host.cells)


def _cost(row: RowResults, device: str, threads: int, records: Sequence[Record]) -> Cost:
    extracted = [record.seconds["extract"] for record in records if "extract" in record.seconds]
    memory = [record.peak_memory_mb for record in records if record.peak_memory_mb is not None]
    selecting = [record.info["selection_seconds"] for record in records if "selection_seconds" in record.info]
    held = [record.info.get("peak_gpu_memory_mb") for record in records]
    parameters = set()
    for record in records:  # a method says its size as `parameters`, or as `weights` where that is a number
        told = (record.info.get(name) for name in ("parameters", "weights"))
        numbers = [number for number in told if isinstance(number, int) and not isinstance(number, bool)]
        parameters.update(numbers[:1])
    return Cost(
        row=row,
        device=device,
        threads=threads,
        fit=np.asarray([record.seconds["fit"] for record in records]),
        predict=np.asarray([1000 * record.seconds["predict"] / len(record.predictions or ()) for record in records]),
        extract=float(np.median(extracted)) if extracted else None,
        parameters=tuple(sorted(parameters)),
        peak_memory_mb=max(memory, default=None),
        peak_gpu_memory_mb=max((float(most) for most in held if isinstance(most, (int, float))), default=None),
        selection=float(np.median(selecting)) if selecting else None,
    )


def _timed(row: RowResults) -> list[Record]:
    return [
        record for record in row.records if record.ok and record.predictions and {"fit", "predict"} <= {*record.seconds}
    ]


def _device(record: Record) -> str:
    """The kind of device: one GPU of a host is as good as the next; and how many trainings shared it, where told."""
    device, pack = str(record.info.get("device", "cpu")).partition(":")[0], record.info.get("pack", 1)
    return f"{device}, {pack} at once" if isinstance(pack, int) and pack > 1 else device
