"""The cells that a run wants, those that are stored, those that are missing, and how long these will take."""

from __future__ import annotations

import heapq
import json
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain, groupby, islice
from pathlib import Path
from typing import Any

from febench.core.environment import environment_id
from febench.core.errors import UsageError
from febench.core.manifest import Manifest
from febench.core.method import METHODS, Method
from febench.core.selectors import format_selector, parse_selector, split_selectors
from febench.results.record import Record, row_key
from febench.running.executors.base import time_limit_in

SETS = ("all", "classical", "deep", "extended")
EXACT_CELLS_PER_WORKER = 20
"""The last cells of each worker that a forecast assigns one by one."""
CELLS_PER_ESTIMATE = 20
"""The latest cells of a row, by which the next ones are estimated: the machine may be busier now than before."""


@dataclass(frozen=True)
class Row:
    """One method with its parameters: a row of the tables."""

    method: Method
    params: dict[str, Any]
    label: str


@dataclass(frozen=True)
class Cell:
    """The unit of work, of failure and of storage."""

    row: Row
    manifest: Manifest
    run: int
    fold: int

    @property
    def seed(self) -> int:
        """Seed of the cell: a hash of what the cell is, independent of other cells."""
        return self.manifest.cell_seed(self.row.method.name, self.run, self.fold)

    @cached_property
    def key(self) -> str:
        """Hash of all that the result depends on."""
        method, params = self.row.method, json.loads(json.dumps(self.row.params))  # as they are read from a store
        return self.manifest.cell_key(method.name, params, method.version, self.run, self.fold)


@dataclass(frozen=True)
class Trial:
    """Times of a row, measured before its first cell by `febench.running.forecast`.

    Attributes
    ----------
    features : Path or None
        Where the features are or will be; None for a method without features.
    extract : float
        Seconds that the features of the whole data set will take; 0 if they are stored.
    cell : float or None
        Seconds of one cell, if the method can forecast them.
    """

    features: Path | None
    extract: float
    cell: float | None


@dataclass(frozen=True)
class Estimate:
    """Seconds of one cell (None if unknown), and their basis: `measured`, `tried` or `unknown`."""

    seconds: float | None
    basis: str


@dataclass(frozen=True)
class Plan:
    """The cells of a run: which are stored, and which are missing.

    Attributes
    ----------
    rows : tuple of Row
        The methods.
    cells : tuple of Cell
        Every wanted cell, breadth first: run 1 of every method, then run 2.
    records : tuple of Record
        All records of the store; times are estimated from them.
    jobs : int
        Cells computed at once.
    retry_failed : bool
        Whether cells that failed are missing.
    timeout : float or None
        Seconds that a cell may take; cells that were stopped at a shorter limit are missing.
    trials : mapping
        The trial of each timed row, by its label.
    on_gpus : frozenset of str
        Labels of the rows whose cells are computed on GPUs, after all others.
    gpus, pack : int
        Number of GPUs, and the cells that each gets at once, at most.
    """

    rows: tuple[Row, ...]
    cells: tuple[Cell, ...]
    records: tuple[Record, ...] = ()
    jobs: int = 1
    retry_failed: bool = False
    timeout: float | None = None
    trials: Mapping[str, Trial] = field(default_factory=dict)
    on_gpus: frozenset[str] = frozenset()
    gpus: int = 0
    pack: int = 1

    @cached_property
    def stored(self) -> dict[str, Record]:
        """Records of the stored wanted cells that are not computed again, by key."""
        known = {record.key: record for record in self.records if record.ok or not self._tries_again(record)}
        return {cell.key: known[cell.key] for cell in self.cells if cell.key in known}

    def _tries_again(self, failed: Record) -> bool:
        limit = time_limit_in(failed.error) if failed.status == "timeout" and failed.error else None
        return self.retry_failed or (limit is not None and (self.timeout is None or limit < self.timeout))

    def over_limit(self) -> list[str]:
        """Return a sentence for each row whose cells are expected to take longer than the time limit."""
        rows = {cell.row.label: cell.row for cell in self.missing}
        times = {label: self.estimate(row).seconds for label, row in rows.items()}
        return [
            f"{label}: a cell is expected to take {duration(seconds)}, more than the time limit of "
            f"{duration(self.timeout)}, and would be stopped then: give more with --timeout"
            for label, seconds in times.items()
            if seconds is not None and self.timeout and seconds > self.timeout
        ]

    @cached_property
    def missing(self) -> list[Cell]:
        """Cells to compute, in order; but one cell of each row whose time is unknown comes first."""
        missing = [cell for cell in self.cells if cell.key not in self.stored]
        unknown = {row.label for row in self.rows if self.estimate(row).seconds is None}
        first = {cell.row.label: cell for cell in reversed(missing) if cell.row.label in unknown}
        return sorted(missing, key=lambda cell: cell is not first.get(cell.row.label))

    @cached_property
    def packs(self) -> list[tuple[Cell, ...]]:
        """The missing cells on GPUs, in the packs that train side by side: cells of one row and run."""
        cells = (cell for cell in self.cells if cell.key not in self.stored and cell.row.label in self.on_gpus)
        runs = [tuple(run) for _, run in groupby(cells, lambda cell: (cell.row.label, cell.run))]
        return [run[start : start + self.pack] for run in runs for start in range(0, len(run), self.pack)]

    @property
    def workers_in_words(self) -> str:
        """The workers that compute the missing cells, such as `2 workers and 1 GPU`."""
        on_gpus = sum(map(len, self.packs))
        parts = [f"{self.jobs} workers"] if on_gpus < len(self.missing) else []
        parts += [f"{self.gpus} GPU{'s' * (self.gpus > 1)}"] if on_gpus else []
        return " and ".join(parts)

    def of(self, row: Row) -> list[Cell]:
        """Return the wanted cells of one row."""
        return [cell for cell in self.cells if cell.row is row]

    def estimate(self, row: Row, new_records: Sequence[Record] = ()) -> Estimate:
        """Return the seconds of one cell of a row on this machine.

        They are the median of the row's latest cells, or else those of its trial. `new_records` were stored since the
        plan was made.
        """
        wanted = (row.method.name, row.method.version, row.params, environment_id())
        stored = self._records_of.get(row_key(row.method.name, row.params), [])
        seconds = (
            record.seconds.get("fit", 0.0) + record.seconds.get("predict", 0.0)
            for record in chain(reversed(new_records), reversed(stored))
            if record.ok and (record.method, record.version, record.params, record.environment) == wanted
        )
        if latest := list(islice(seconds, CELLS_PER_ESTIMATE)):
            return Estimate(statistics.median(latest), "measured")
        trial = self.trials.get(row.label)
        if trial is None or trial.cell is None:
            return Estimate(None, "unknown")
        return Estimate(trial.cell, "tried")

    @cached_property
    def _records_of(self) -> dict[str, list[Record]]:
        """The records of each row, so that an estimate does not search those of all rows."""
        by_row: dict[str, list[Record]] = {}
        for record in self.records:
            by_row.setdefault(row_key(record.method, record.params), []).append(record)
        return by_row

    def remaining(
        self, new_records: Sequence[Record] = (), busy: Sequence[float] = (), paces: Mapping[str, float] | None = None
    ) -> float | None:
        """Return the seconds until all wanted cells are stored; None while the time of a row is unknown.

        Parameters
        ----------
        new_records : sequence of Record
            Records that were stored since the plan was made.
        busy : sequence of float
            Seconds for which each busy worker has had its present cell.
        paces : mapping
            For the label of a row on GPUs, seconds from one of its cells to the next. No trial or record has them:
            most of a pack's time may be the start of its process.
        """
        done = {record.key for record in new_records}
        labels = [cell.row.label for cell in self.missing if cell.key not in done]
        times = {label: (paces or {}).get(label) for label in self.on_gpus}
        rows = (row for row in self.rows if row.label not in self.on_gpus)
        times |= {row.label: self.estimate(row, new_records).seconds for row in rows}
        if any(times[label] is None for label in labels):
            return None
        on_gpus = sum(times[label] or 0.0 for label in labels if label in self.on_gpus)
        on_processor = [times[label] or 0.0 for label in labels if label not in self.on_gpus]
        ends = [-seconds for seconds in busy[: self.jobs]]  # when each worker is free, from now on
        ends += [0.0] * (self.jobs - len(ends))
        early = on_processor[: -EXACT_CELLS_PER_WORKER * self.jobs]
        if early:  # they keep all workers busy, in any order
            ends = [(sum(ends) + sum(early)) / self.jobs] * self.jobs
        heapq.heapify(ends)
        for seconds in on_processor[len(early) :]:  # the worker that is free first takes the next cell
            heapq.heapreplace(ends, ends[0] + seconds)
        extractions = {} if new_records else {trial.features: trial.extract for trial in self.trials.values()}
        return max(0.0, *ends) + sum(extractions.values()) / self.jobs + on_gpus


def duration(seconds: float | None) -> str:
    """Return seconds as a text with the unit that fits."""
    if seconds is None:
        return "an unknown time"
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


def select_rows(
    methods: str, preset: str = "full", settings: Mapping[str, Mapping[str, Any]] | None = None
) -> tuple[tuple[Row, ...], tuple[str, ...]]:
    """Return the rows that a list of methods and sets names, and a sentence on each member that cannot run here.

    Parameters
    ----------
    methods : str
        Comma-separated names, `name[param=value]`, or sets: `all`, `classical`, `deep`, `extended`.
    preset : str
        `full` or `quick`.
    settings : mapping
        For a method's name, parameters that replace those of the preset.

    Raises
    ------
    UsageError
        If a name is unknown, or a method that is named itself needs a package that is not installed.
    """
    settings = settings or {}
    rows: dict[str, Row] = {}
    absent: dict[str, str] = {}
    for text in split_selectors(methods):
        members, broken = members_of(text)
        absent |= broken
        for selector in members or [text]:
            row = make_row(selector, preset, settings)
            if row.method.missing is None:
                rows[row.label] = row
            elif members:
                absent[row.method.name] = f"{row.method.name} is left out: it {row.method.missing}"
            else:
                raise UsageError(f"method {row.method.name} cannot run here: it {row.method.missing}")
    requested = {*(row.method.name for row in rows.values()), *absent}
    for name in settings:
        if name not in requested:
            raise UsageError(f"parameters are set for method {name}, which is not among the requested methods")
    if not rows and not absent:
        raise UsageError("no method is named; name some, or all")
    return tuple(rows.values()), tuple(absent.values())


def members_of(text: str) -> tuple[list[str], dict[str, str]]:
    """Return the methods of a set, and a sentence on each whose package is broken; nothing if there is no such set.

    `all` is every method outside the set `extended`.
    """
    if text not in SETS:
        return [], {}
    members, broken = [], {}
    for name in METHODS.names:
        try:
            method = METHODS.get(name)
        except UsageError as error:
            broken[name] = f"{name} is left out: {error}"
        else:
            if text in method.sets or (text == "all" and method.in_all):
                members.append(name)
    return members, broken if text == "all" else {}


def make_row(selector: str, preset: str, settings: Mapping[str, Mapping[str, Any]]) -> Row:
    """Return the row of a selector; its label in tables is `name`, `name (quick)` or `name[param=value]`."""
    method, own = METHODS.find(selector)
    changes = method.presets.get(preset, {})
    params = method.resolve({**changes, **settings.get(method.name, {}), **own})
    params = method.settle(params) if method.settle else params
    usual = method.resolve(changes)
    shown = f"{method.name} ({preset})" if changes else method.name
    return Row(method, params, format_selector(shown, {k: v for k, v in params.items() if v != usual[k]}))


def wanted_cells(
    rows: Sequence[Row], manifest: Manifest, runs: int | None = None, shard: tuple[int, int] | None = None
) -> tuple[Cell, ...]:
    """Return the cells of these rows, breadth first: run 1 of every method, then run 2.

    Parameters
    ----------
    rows : sequence of Row
        The methods.
    manifest : Manifest
        The folds.
    runs : int or None
        Number of runs, from the first on; None for all that the protocol draws.
    shard : pair of int or None
        `(3, 20)`: only every 20th cell of each row, from the third on.

    Raises
    ------
    UsageError
        If there are not that many runs.
    """
    wanted = manifest.n_runs if runs is None else runs
    if not 1 <= wanted <= manifest.n_runs:
        name = parse_selector(manifest.protocol)[0]
        more = f"; for more, the protocol is {name}[runs={wanted}]" if wanted > 0 else ""
        raise UsageError(
            f"protocol {manifest.protocol} has 1 to {manifest.n_runs} runs to choose, not {wanted}{more}", option="runs"
        )
    first, every = shard or (1, 1)
    n_folds = manifest.n_folds
    return tuple(
        Cell(row, manifest, run, fold)
        for run in range(1, wanted + 1)
        for row in rows
        for fold in range(1, n_folds + 1)
        if ((run - 1) * n_folds + fold - first) % every == 0
    )
