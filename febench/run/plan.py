"""Which cells are wanted, which are stored, which are missing, and what the missing ones will cost."""

from __future__ import annotations

import hashlib
import json
import statistics
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from febench.core.environment import environment_id
from febench.core.errors import UsageError
from febench.core.manifest import Manifest
from febench.core.method import METHODS, Method
from febench.core.seeds import derive_seed
from febench.core.selectors import format_selector, parse_selector, split_selectors
from febench.papers import place
from febench.results.store import Record

PRESETS = ("paper", "quick")
SETS = ("all", "classical", "deep", "extended")


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
        """Seed of the cell: a hash of what it is, whatever else runs."""
        manifest, name = self.manifest, self.row.method.name
        return derive_seed(manifest.seed, manifest.dataset, manifest.protocol, name, self.run, self.fold)

    @cached_property
    def key(self) -> str:
        """Hash of all that the result depends on."""
        parts = {
            "method": self.row.method.name,
            "params": self.row.params,
            "version": self.row.method.version,
            "manifest": self.manifest.sha256,
            "run": self.run,
            "fold": self.fold,
            "seed": self.seed,
        }
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True)
class Estimate:
    """Seconds of one cell (None if nothing is known), and whether they are measured, scaled, guessed or unknown."""

    seconds: float | None
    basis: str


@dataclass(frozen=True)
class Plan:
    """The cells of a command, sorted by what is stored of them.

    Attributes
    ----------
    rows : tuple of Row
        The methods.
    cells : tuple of Cell
        Every wanted cell, breadth first: run 1 of every method, then run 2.
    stored : dict
        For the key of a cell, its record, of those that are in and not to be tried again.
    records : tuple of Record
        All records of the store, from which times are estimated.
    jobs : int
        Cells computed at once.
    """

    rows: tuple[Row, ...]
    cells: tuple[Cell, ...]
    stored: dict[str, Record]
    records: tuple[Record, ...]
    jobs: int

    @cached_property
    def missing(self) -> list[Cell]:
        """Cells still to compute, in order."""
        return [cell for cell in self.cells if cell.key not in self.stored]

    def of(self, row: Row) -> list[Cell]:
        """The wanted cells of one row."""
        return [cell for cell in self.cells if cell.row is row]

    @cached_property
    def _n_train(self) -> int:
        return len(self.cells[0].manifest.fold(1, 1).train)

    def estimate(self, row: Row, made: Iterable[Record] = ()) -> Estimate:
        """What one cell of a row takes; `made` are records made since the plan."""
        own = [record for record in (*self.records, *made) if record.method == row.method.name]
        return estimate_seconds(row, own, self._n_train)

    def remaining(self, made: Sequence[Record] = ()) -> float | None:
        """Seconds until all wanted cells are in, after `made` came in; None while a row's time is unknown."""
        done = {record.key for record in made}
        left = Counter(cell.row.label for cell in self.missing if cell.key not in done)
        times = [(left[row.label], self.estimate(row, made).seconds) for row in self.rows if left[row.label]]
        known = [n * seconds for n, seconds in times if seconds is not None]
        return sum(known) / self.jobs if len(known) == len(times) else None


def select_rows(
    methods: str, preset: str = "paper", settings: Mapping[str, Mapping[str, Any]] | None = None
) -> tuple[tuple[Row, ...], tuple[str, ...]]:
    """The rows that a list of methods and sets names, and a word about each member of a set that cannot run here.

    Parameters
    ----------
    methods : str
        Comma-separated names, `name[param=value]`, or sets: `all`, `classical`, `deep`, `extended`.
    preset : str
        `paper` or `quick`.
    settings : mapping
        For a method's name, parameters that go before those of the preset.

    Raises
    ------
    UsageError
        If something is unknown, or a method asked for by name needs what is not installed.
    """
    if preset not in PRESETS:
        raise UsageError(f"there is no preset {preset!r}; choose {' or '.join(PRESETS)}")
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
    _refuse_unused(settings, [row.method.name for row in rows.values()] + list(absent))
    if not rows and not absent:
        raise UsageError("no method was asked for; name some, or all")
    return tuple(rows.values()), tuple(absent.values())


def members_of(text: str) -> tuple[list[str], dict[str, str]]:
    """The methods of a set, and a word about each whose package is broken; nothing if the text is not a set.

    `all` is every method outside the set `extended`.
    """
    if text not in SETS:
        return [], {}
    members, broken = [], {}
    for name in sorted(METHODS.names, key=place):
        try:
            found = METHODS.get(name)
        except UsageError as error:
            broken[name] = f"{name} is left out: {error}"
        else:
            if text in found.sets or (text == "all" and found.in_all):
                members.append(name)
    return members, broken if text == "all" else {}


def make_row(selector: str, preset: str, settings: Mapping[str, Mapping[str, Any]]) -> Row:
    """A row, with the name it has in tables: `name`, `name (quick)`, `name[param=value]`."""
    name, method, given = METHODS.find(selector)
    changes = method.presets.get(preset, {})
    params = method.resolve({**changes, **settings.get(name, {}), **given})
    params = method.settle(params) if method.settle else params
    usual = method.resolve(changes)
    shown = f"{name} ({preset})" if changes else name
    return Row(method, params, format_selector(shown, {k: v for k, v in params.items() if v != usual[k]}))


def make_plan(
    rows: Sequence[Row],
    manifest: Manifest,
    records: Iterable[Record],
    *,
    runs: int | None = None,
    jobs: int = 1,
    retry_failed: bool = False,
) -> Plan:
    """Sort the wanted cells of some rows by what is stored of them.

    Parameters
    ----------
    rows : sequence of Row
        The methods.
    manifest : Manifest
        The folds.
    records : iterable of Record
        What is stored.
    runs : int or None
        Only the first so many runs; None for all that the protocol draws.
    jobs : int
        Cells computed at once.
    retry_failed : bool
        Whether cells that failed are missing.

    Raises
    ------
    UsageError
        If there are not that many runs.
    """
    wanted = manifest.n_runs if runs is None else runs
    if not 1 <= wanted <= manifest.n_runs:
        name = parse_selector(manifest.protocol)[0]
        raise UsageError(
            f"--runs takes 1 to {manifest.n_runs} under protocol {manifest.protocol}, not {wanted}"
            + (f"; for more: --protocol '{name}[runs={wanted}]'" if wanted > 0 else "")
        )
    folds = [(run, fold) for run in range(1, wanted + 1) for fold in range(1, manifest.n_folds + 1)]
    by_run = sorted(((run, i, fold) for i in range(len(rows)) for run, fold in folds), key=lambda c: c[:2])
    cells = tuple(Cell(rows[i], manifest, run, fold) for run, i, fold in by_run)
    records = tuple(records)
    known = {record.key: record for record in records if record.ok or not retry_failed}
    stored = {cell.key: known[cell.key] for cell in cells if cell.key in known}
    return Plan(tuple(rows), cells, stored, records, jobs)


def estimate_seconds(row: Row, records: Iterable[Record], n_train: int) -> Estimate:
    """What one cell of a row takes on this machine.

    Measured on stored cells of the row, else scaled from cells of the same method with other parameters, else the
    method's own guess.
    """
    method = row.method
    here = [
        record
        for record in records
        if record.ok
        and (record.method, record.version, record.environment) == (method.name, method.version, environment_id())
    ]
    same = [_spent(record) for record in here if record.params == row.params]
    if same:
        return Estimate(statistics.median(same), "measured")
    if method.cost is None:
        return Estimate(None, "unknown")
    ratios = [_spent(record) / method.cost(record.params, n_train) for record in here]
    guess = method.cost(row.params, n_train)
    return Estimate(guess * statistics.median(ratios), "scaled") if ratios else Estimate(guess, "guessed")


def _spent(record: Record) -> float:
    return record.seconds.get("fit", 0.0) + record.seconds.get("predict", 0.0)


def _refuse_unused(settings: Iterable[str], names: Iterable[str]) -> None:
    for name in settings:
        if name not in names:
            raise UsageError(f"--set {name}....: method {name} is not among those asked for")
