"""A stored cell, and the self-checked line of JSON that holds it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from typing import Annotated, Any, cast, get_type_hints

import msgspec
import numpy as np
from numpy.typing import NDArray

from febench.core.errors import MismatchError
from febench.core.files import as_json

MEND = "restore it from a copy, or delete the line to have its cell computed again"
"""Advice for a damaged line of cells."""

Probabilities = list[list[float]]


def row_key(method: str, params: Mapping[str, Any]) -> str:
    """Return the key of a row: a method and its complete parameters, in any order."""
    return repr((method, sorted(params.items(), key=lambda item: item[0])))


class _LazyProbabilities:
    """A record's field that may be given as JSON text, which is read when first asked for: few readers want it."""

    def __get__(self, record: Any, owner: type[Any]) -> Probabilities | None:
        if record is None:
            return None
        value = record.__dict__["_probabilities"]
        if isinstance(value, msgspec.Raw):
            value = record.__dict__["_probabilities"] = _read_probabilities(record, value)
        return cast("Probabilities | None", value)

    def __set__(self, record: Any, value: Probabilities | msgspec.Raw | None) -> None:
        record.__dict__["_probabilities"] = value


@dataclass(frozen=True)
class Record:
    """One stored cell.

    Attributes
    ----------
    key : str
        Hash of all that the result depends on.
    method, params, version, label : str, dict, str, str
        The method, its complete parameters, its version, and what its row is called in tables.
    run, fold : int
        Counted from 1.
    seed : int
        Seed of the cell.
    status : str
        `ok`, or why there is no prediction: `failed` (raised), `timeout`, `crashed` (the process died), `invalid`
        (predictions that are none).
    predictions : list of int, or None
        Class indices of the fold's test images, in the manifest's order.
    probabilities : list of lists of float, or None
        A row an image, a column a class, to four significant digits (of cells of older versions four decimals); of a
        stored cell they are read when first asked for.
    contradictions : int
        Test images whose prediction is not their most probable class, so that the probabilities are of something else.
    seconds : dict
        Wall-clock seconds of `extract` (the whole data set, shared by all cells), `fit` and `predict`.
    peak_memory_mb : float or None
        Peak resident memory of the worker during the cell, where it can be measured.
    threads : int
        Threads the cell was given.
    environment : str
        Id in `environment.json`.
    info : dict
        What the method says of its training (`fit_info_`).
    error : str or None
        What went wrong, in a sentence.
    traceback : str or None
        Where a method raised, as Python prints it.
    """

    key: str
    method: str
    params: dict[str, Any]
    version: str
    label: str
    run: int
    fold: int
    seed: int
    status: str
    predictions: list[int] | None = None
    probabilities: _LazyProbabilities = _LazyProbabilities()
    contradictions: int = 0
    seconds: dict[str, float] = field(default_factory=dict)
    peak_memory_mb: float | None = None
    threads: int = 1
    environment: str = ""
    info: dict[str, Any] = field(default_factory=dict)
    error: str | None = None
    traceback: str | None = None

    @property
    def ok(self) -> bool:
        """Whether the cell has predictions."""
        return self.status == "ok"

    @property
    def cell(self) -> str:
        """The cell as sentences name it: `hwt run 1 fold 2`."""
        return f"{self.label} run {self.run} fold {self.fold}"

    @property
    def has_probabilities(self) -> bool:
        """Whether it has probabilities; this does not read them."""
        return self.__dict__["_probabilities"] not in (None, _NULL)

    def probability_array(self) -> NDArray[np.float64] | None:
        """The probabilities, shape (n, classes), None where there are none; what is read of text is not kept."""
        stored = self.__dict__["_probabilities"]
        stored = _read_probabilities(self, stored) if isinstance(stored, msgspec.Raw) else stored
        return None if stored is None else np.asarray(stored, dtype=np.float64)

    def to_line(self) -> str:
        """One line of JSON that ends with a check of itself."""
        content = {part.name: getattr(self, part.name) for part in fields(self)}
        body = json.dumps(content, separators=(",", ":"))
        return f'{body[:-1]},"check":"{_checksum(body.encode())}"}}\n'

    @classmethod
    def from_line(cls, line: bytes) -> Record:
        """Read a line back, each field of the type that it is declared with; fields that are not known are left out.

        Raises
        ------
        ValueError
            If it is not whole, not what was written, or no record.
        """
        body, mark, check = line.rstrip(b"\n").rpartition(b',"check":"')
        body += b"}"
        if not mark or check != f'{_checksum(body)}"}}'.encode():
            raise ValueError("does not match its checksum: it was edited or damaged")
        try:
            return _record(body)
        except (ValueError, RecursionError) as error:
            raise ValueError(f"is no result: {error}") from error


_NULL = msgspec.Raw(b"null")


def _field_of_line(part: Field[Any]) -> tuple[Any, ...]:
    """Return the type of a field of `Record` in a line: the same type, but probabilities as text."""
    if part.name == "probabilities":
        return part.name, msgspec.Raw, _NULL
    kind = get_type_hints(Record)[part.name]
    if part.default_factory is not MISSING:
        return part.name, kind, msgspec.field(default_factory=part.default_factory)
    return (part.name, kind) if part.default is MISSING else (part.name, kind, part.default)


_LINE = msgspec.json.Decoder(msgspec.defstruct("_Line", [_field_of_line(part) for part in fields(Record)]))
_PROBABILITIES: msgspec.json.Decoder[Probabilities | None] = msgspec.json.Decoder(
    list[list[Annotated[float, msgspec.Meta(ge=0, le=1)]]] | None
)


def _record(body: bytes) -> Record:
    try:
        line = _LINE.decode(body)
    except msgspec.ValidationError:
        raise
    except msgspec.DecodeError:  # what older versions wrote and JSON does not have: NaN, half a surrogate pair
        line = _LINE.decode(as_json(json.loads(body, parse_constant=lambda _: None)))
    return Record(**msgspec.structs.asdict(line))


def _read_probabilities(record: Record, text: msgspec.Raw) -> Probabilities | None:
    try:
        return _PROBABILITIES.decode(text)
    except ValueError as error:
        raise MismatchError(f"the line of {record.cell} has probabilities that are none ({error}); {MEND}") from error


def _checksum(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()[:16]
