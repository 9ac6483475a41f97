"""Many stored cells as columns: what tables ask of every cell is in arrays, the rest is read when it is asked for."""

from __future__ import annotations

import json
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from typing import Any, NamedTuple, Protocol, overload

import numpy as np
from numpy.typing import NDArray

from febench.results.record import Record

CELL = np.dtype(
    [
        ("kind", np.int32), ("run", np.int32), ("fold", np.int32), ("ok", np.bool_),
        ("contradictions", np.int64), ("threads", np.int64), ("probable", np.bool_), ("traced", np.bool_),
        ("environment", np.int32), ("device", np.int32), ("precision", np.int32), ("choices", np.int32),
        ("extract", np.float64), ("fit", np.float64), ("predict", np.float64), ("selection", np.float64),
        ("memory", np.float64), ("gpu_memory", np.float64), ("parameters", np.int64),
        ("start", np.int64), ("count", np.int64), ("at", np.int64), ("length", np.int64),
    ]
)  # fmt: skip
"""Fields of a cell that can be used without its record.

`kind` is a place in `Cells.kinds`; `WORDS` are places in `Cells.words`. Where a record does not tell them, seconds and
memory are NaN, `precision`, `choices` and `parameters` -1. `probable` says whether it has probabilities, `traced`
whether it has the course of its training. Its predictions are `count` ones from `start` on; where its record is, `at`
and `length` tell `Cells.source`.
"""
WORDS = ("environment", "device", "precision", "choices")
"""The columns that are places in `Cells.words`."""
CHOICES = ("selected", "ends", "chosen", "tried", "not_tried")
"""What a method tells of the values it took of those that it may choose; as a word, a text of JSON."""
LARGEST = 2**62
"""Whole numbers beyond it, which an int64 could not hold, are stored as it."""
AT_ONCE = 4096
"""Records that become a part of a table together."""


class Kind(NamedTuple):
    """The fields that all cells of a row share."""

    method: str
    params: dict[str, Any]
    version: str
    label: str


class Source(Protocol):
    """The place of the records of cells: a file or memory."""

    def records(self, table: NDArray[Any]) -> Iterator[Record]:
        """Those of a table of dtype `CELL`, one after another."""
        ...


@dataclass(frozen=True)
class InMemory:
    """Records that are in memory; `at` is an index into them."""

    held: Sequence[Record]

    def records(self, table: NDArray[Any]) -> Iterator[Record]:
        """Those of a table, one after another."""
        return (self.held[at] for at in table["at"].tolist())


@dataclass(frozen=True, eq=False)
class Several:
    """Records of several sources.

    Attributes
    ----------
    sources : tuple of Source
        Where they are.
    starts : int64 array, shape (sources,)
        The `at` of each source's first record: it counts on from one source to the next.
    """

    sources: tuple[Source, ...]
    starts: NDArray[np.int64]

    def records(self, table: NDArray[Any]) -> Iterator[Record]:
        """Those of a table, one after another."""
        source, own = np.searchsorted(self.starts, table["at"], side="right") - 1, table.copy()
        own["at"] -= self.starts[source]
        for places in np.split(np.arange(len(table)), np.flatnonzero(np.diff(source)) + 1):
            yield from self.sources[source[places[0]]].records(own[places]) if len(places) else ()


@dataclass(frozen=True, eq=False)
class Cells(Sequence[Record]):
    """Cells as a sequence of their records, which are read when asked for, and as a table.

    Attributes
    ----------
    table : array of dtype `CELL`, shape (n,)
        What is known of each without its record.
    answers : integer array, shape (m,)
        Predictions, also of cells that are not in the table.
    kinds : tuple of Kind
        Methods with their parameters, versions and labels.
    words : tuple of str
        Environments, devices, precisions, and choices as JSON.
    source : Source
        Where their records are.
    """

    table: NDArray[Any]
    answers: NDArray[np.integer[Any]]
    kinds: tuple[Kind, ...]
    words: tuple[str, ...]
    source: Source

    @classmethod
    def of(cls, records: Iterable[Record]) -> Cells:
        """Cells whose records are held in memory."""
        if isinstance(records, Cells):
            return records
        held = list(records)
        return as_columns(((record, at, 0) for at, record in enumerate(held)), InMemory(held))

    def __len__(self) -> int:
        return len(self.table)

    @overload
    def __getitem__(self, place: int) -> Record: ...

    @overload
    def __getitem__(self, place: slice) -> Cells: ...

    def __getitem__(self, place: int | slice) -> Record | Cells:
        if isinstance(place, slice):
            return replace(self, table=self.table[place])
        return next(self.source.records(self.table[place][None]))

    def __iter__(self) -> Iterator[Record]:
        return self.source.records(self.table)

    def take(self, which: NDArray[Any]) -> Cells:
        """Some of the cells, by their places or by a mask."""
        return replace(self, table=self.table[which])

    def predictions(self, places: NDArray[np.int64]) -> NDArray[np.int64]:
        """The predictions of the cells at some places, one after the other."""
        start, count = self.table["start"][places], self.table["count"][places]
        ends = np.cumsum(count)
        shift = np.repeat(start - (ends - count), count)
        return self.answers[shift + np.arange(len(shift))].astype(np.int64)

    def named(self, column: str) -> NDArray[Any]:
        """The words of a column of words, an object array, shape (n,)."""
        words = np.array([*self.words, ""], dtype=object)
        named: NDArray[Any] = words[self.table[column]]
        return named

    @property
    def choices(self) -> list[dict[str, Any]]:
        """The values of `CHOICES` of each cell."""
        return [json.loads(text) if text else {} for text in self.named("choices")]

    @cached_property
    def last(self) -> Kind:
        """The kind of the last cell."""
        return self.kinds[int(self.table["kind"][-1])]


def as_columns(given: Iterable[tuple[Record, int, int]], source: Source) -> Cells:
    """Cells of records that come one after another, each with its `at` and `length` in the source; none is kept."""
    kinds: dict[str, tuple[int, Kind]] = {}
    words: dict[str, int] = {}
    answers, parts = array("i"), [np.empty(0, dtype=CELL)]
    given = iter(given)
    while some := list(islice(given, AT_ONCE)):
        rows = []
        for record, at, length in some:
            kind = Kind(record.method, record.params, record.version, record.label)
            number, _ = kinds.setdefault(repr(kind), (len(kinds), kind))
            predictions = (record.predictions or ()) if record.ok else ()
            rows.append((number, *_facts(record, words), len(answers), len(predictions), at, length))
            answers.extend(predictions)
        parts.append(np.array(rows, dtype=CELL))
    numbers = np.frombuffer(answers, dtype=np.intc) if answers else np.empty(0, dtype=np.intc)
    named = tuple(kind for _, kind in kinds.values())
    small = np.min_scalar_type(int(numbers.max(initial=0)))
    return Cells(np.concatenate(parts), numbers.astype(small), named, tuple(words), source)


def concatenated(parts: Sequence[Cells]) -> Cells:
    """Some cells, and those of other directories after them; their records stay where they are."""
    kinds: dict[str, tuple[int, Kind]] = {}
    words: dict[str, int] = {}
    tables, answers, starts = [np.empty(0, dtype=CELL)], [np.empty(0, dtype=np.uint8)], [0]
    for part in parts:
        table, predictions = part.table.copy(), part.predictions(np.arange(len(part)))
        used, which = np.unique(table["kind"], return_inverse=True)
        own = [part.kinds[number] for number in used.tolist()]
        table["kind"] = np.array([kinds.setdefault(repr(kind), (len(kinds), kind))[0] for kind in own])[which]
        for column in WORDS:
            used, which = np.unique(table[column], return_inverse=True)
            numbers = [one if one < 0 else words.setdefault(part.words[one], len(words)) for one in used.tolist()]
            table[column] = np.array(numbers)[which]
        table["start"] = sum(map(len, answers)) + np.cumsum(table["count"]) - table["count"]
        table["at"] += starts[-1]
        starts.append(int(table["at"].max(initial=starts[-1] - 1)) + 1)
        tables.append(table)
        answers.append(predictions.astype(part.answers.dtype))
    source = Several(tuple(part.source for part in parts), np.array(starts[:-1], dtype=np.int64))
    named = tuple(kind for _, kind in kinds.values())
    return Cells(np.concatenate(tables), np.concatenate(answers), named, tuple(words), source)


def _facts(record: Record, words: dict[str, int]) -> tuple[Any, ...]:
    """Return the fields of `CELL` between a record's kind and its predictions; new texts get a number."""
    info, seconds = record.info, record.seconds
    precision = words.setdefault(str(info["dtype"]), len(words)) if "dtype" in info else -1
    chosen = {name: info[name] for name in CHOICES if name in info}
    choices = words.setdefault(json.dumps(chosen), len(words)) if chosen else -1
    # a method says its size as `parameters`, or as `weights` where that is a number
    sizes = [info[name] for name in ("parameters", "weights") if _is_whole(info.get(name))]
    return (
        record.run, record.fold, record.ok, _bounded(record.contradictions), _bounded(record.threads),
        record.has_probabilities, bool(info.get("trace")),
        words.setdefault(record.environment, len(words)), words.setdefault(_device(info), len(words)), precision,
        choices,
        *(seconds.get(part, np.nan) for part in ("extract", "fit", "predict")), _number(info.get("selection_seconds")),
        _number(record.peak_memory_mb), _number(info.get("peak_gpu_memory_mb")), _bounded(sizes[0]) if sizes else -1,
    )  # fmt: skip


def _device(info: dict[str, Any]) -> str:
    """The kind of device: one GPU of a host is as good as the next; and how many trainings shared it, where stored."""
    device, pack = str(info.get("device", "cpu")).partition(":")[0], info.get("pack", 1)
    return f"{device}, {pack} at once" if isinstance(pack, int) and pack > 1 else device


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _bounded(number: int) -> int:
    """A whole number that fits an int64, whatever a file says."""
    return max(-LARGEST, min(number, LARGEST))


def _number(value: Any) -> float:
    """A number as a float, NaN for what is none."""
    if isinstance(value, int):
        return float(_bounded(value))
    return value if isinstance(value, float) else np.nan
