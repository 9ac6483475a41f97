"""Every prediction in one file for other tools, written cell by cell."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from febench.core.errors import UsageError
from febench.core.manifest import read
from febench.results.frames import prediction_tables, schema
from febench.results.results import Results
from febench.results.store import MANIFEST, Store

if TYPE_CHECKING:
    import pyarrow as pa

SUFFIXES = (".parquet", ".csv")
ROWS_AT_ONCE = 1 << 17
"""Rows held before they are written: a row group of a parquet file."""


@dataclass(frozen=True)
class Exported:
    """What went into a file, and what did not.

    Attributes
    ----------
    predictions : int
        Rows.
    failed : int
        Cells without predictions, left out.
    outdated : int
        Cells of older versions of a method, left out.
    """

    predictions: int
    failed: int
    outdated: int


def export(directories: Sequence[str | Path], output: str | Path) -> Exported:
    """Write every prediction of some results directories to a `.parquet` or `.csv` file, a row a prediction.

    The columns are those of `Results.to_frame("predictions")`. The file is whole or not there.

    Parameters
    ----------
    directories : sequence of paths
        Results directories; their data sets may differ.
    output : path
        The file; its name says in which form.

    Raises
    ------
    UsageError
        If the form is unknown, the file cannot be written, or a directory is named twice.
    MismatchError
        If stored results are damaged.
    """
    return _export([Path(directory) for directory in directories], Path(output))


def _export(directories: Sequence[Path], output: Path) -> Exported:
    if output.suffix.lower() not in SUFFIXES:
        raise UsageError(f"an export's file must end in {' or '.join(SUFFIXES)}, not {output.name!r}")
    if not directories:
        raise UsageError("no results directory was named")
    if len({path.resolve() for path in directories}) < len(directories):
        raise UsageError("a results directory is named twice: each of its predictions would be there twice")
    columns = schema([_classes(path) for path in directories])
    with _whole_file(output) as file, _writer(file, output.suffix.lower(), columns) as writer:
        counts = [_export_one(_results(path), columns, writer) for path in directories]
    return Exported(*(sum(column) for column in zip(*counts, strict=True)))


def _results(directory: Path) -> Results:
    try:
        return Results.of(Store(directory))
    except OSError as error:
        raise UsageError(f"cannot read {directory}: {error.strerror}") from error


def _classes(directory: Path) -> tuple[str, ...]:
    if not (directory / MANIFEST).is_file():
        raise UsageError(f"{directory} holds no results of febench (no {MANIFEST})")
    return read(directory / MANIFEST).classes


def _export_one(results: Results, columns: pa.Schema, writer: Any) -> tuple[int, int, int]:
    rows = 0
    for table in _in_groups(prediction_tables(results, columns)):
        writer.write_table(table)
        rows += len(table)
    return rows, sum(len(row.failed) for row in results.rows), sum(results.outdated.values())


def _in_groups(tables: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """The same rows in fewer tables."""
    import pyarrow as pa

    held: list[pa.Table] = []
    for table in tables:
        held.append(table)
        if sum(map(len, held)) >= ROWS_AT_ONCE:
            yield pa.concat_tables(held).unify_dictionaries()
            held = []
    if held:
        yield pa.concat_tables(held).unify_dictionaries()


def _writer(file: BinaryIO, suffix: str, columns: pa.Schema) -> Any:
    if suffix == ".parquet":
        from pyarrow.parquet import ParquetWriter

        return ParquetWriter(file, columns, compression="zstd")
    from pyarrow.csv import CSVWriter

    return CSVWriter(file, columns)


@contextlib.contextmanager
def _whole_file(output: Path) -> Iterator[BinaryIO]:
    """A file to write to; what is written becomes `output` at the end, or nothing does."""
    partial = output.with_name(f"{output.name}.partial")
    try:
        with partial.open("wb") as file:
            yield file
        partial.replace(output)
    except OSError as error:
        raise UsageError(f"cannot write {output}: {error.strerror}; choose another place with -o") from error
    finally:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
