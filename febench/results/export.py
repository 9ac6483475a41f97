"""Results in one file for other tools, written cell by cell: a row a prediction, a cell or a run.

Cells of older versions of a method are left out, as they are of every table.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from febench.core.errors import UsageError, spreadsheet_text
from febench.core.files import check_output, whole_file
from febench.results.frames import prediction_tables, schema
from febench.results.index import open_results
from febench.results.results import Results, check_version
from febench.results.store import read_manifest

if TYPE_CHECKING:
    import pyarrow as pa

SUFFIXES = (".parquet", ".csv")
ROWS_AT_ONCE = 1 << 17
"""Rows held before they are written: a row group of a parquet file."""


@dataclass(frozen=True)
class Exported:
    """Counts of what was exported, and of what was left out.

    Attributes
    ----------
    rows : int
        Rows.
    failed : int
        Cells without predictions, left out.
    outdated : int
        Cells of versions of a method that are not shown, left out.
    set_aside : tuple of str
        A sentence on cells of other folds, which are left out.
    without_twins : tuple of str
        For each directory, which test images are left out because they have a twin in training.
    """

    rows: int
    failed: int
    outdated: int
    set_aside: tuple[str, ...] = ()
    without_twins: tuple[str, ...] = ()


def export(
    paths: Sequence[Path],
    output: Path,
    rows: str = "predictions",
    metrics: Sequence[str] = ("oa", "uar"),
    version: str | None = None,
    without_twins: bool = False,
) -> Exported:
    """Write some results directories to a file, as `febench.export` describes it."""
    suffix = check_output(output, SUFFIXES, "an export's file")
    if not paths:
        raise UsageError("no results directory was named")
    if len({path.resolve() for path in paths}) < len(paths):
        raise UsageError("a results directory is named twice: each of its rows would be there twice")
    if version is not None:
        check_version([_results(path, version, without_twins) for path in paths], version)
    every = (_results(path, version, without_twins) for path in paths)  # one after another: results may be large
    if rows != "predictions":
        return _export_frame(list(every), output, suffix, rows, metrics)
    columns = schema([read_manifest(path).classes for path in paths])
    counts, aside, twins = [], [], []
    with whole_file(output) as file, _writer(file, suffix, columns) as writer:
        for results in every:
            written = 0
            for table in _in_groups(prediction_tables(results.manifest, results.rows, columns)):
                writer.write_table(table if suffix == ".parquet" else _for_spreadsheets(table))
                written += len(table)
            aside += [results.set_aside] if results.set_aside else []
            twins += _said_of_twins(results)
            counts.append((written, sum(len(row.failed) for row in results.rows), _n_outdated(results)))
    written, failed, outdated = (sum(column) for column in zip(*counts, strict=True))
    return Exported(written, failed, outdated, tuple(aside), tuple(twins))


def _export_frame(every: Sequence[Results], output: Path, suffix: str, rows: str, metrics: Sequence[str]) -> Exported:
    import pandas as pd

    frame = pd.concat([results.to_frame(rows, metrics) for results in every], ignore_index=True)
    with whole_file(output) as file:
        if suffix == ".parquet":
            frame.to_parquet(file, index=False)
        else:
            texts = frame.select_dtypes(["object", "string"]).columns
            frame[texts] = frame[texts].map(spreadsheet_text, na_action="ignore")
            frame.to_csv(file, index=False)
    failed = 0 if rows == "cells" else sum(len(row.failed) for results in every for row in results.rows)
    aside = tuple(results.set_aside for results in every if results.set_aside)
    twins = tuple(words for results in every for words in _said_of_twins(results))
    return Exported(len(frame), failed, sum(map(_n_outdated, every)), aside, twins)


def _results(directory: Path, version: str | None, without_twins: bool) -> Results:
    try:
        results = Results.of(open_results(directory), version)
    except OSError as error:
        raise UsageError(f"cannot read {directory}: {error.strerror}") from error
    return results.without_twins() if without_twins else results


def _said_of_twins(results: Results) -> list[str]:
    """Return which test images are left out, as a sentence, where those with a twin are."""
    if results.manifest.scored is None:
        return []
    name = f"{results.manifest.title}, protocol {results.manifest.protocol}"
    return [f"{name}: {results.twin_count} are left out, for they have a twin in training"]


def _n_outdated(results: Results) -> int:
    """Return how many cells are of versions that are not shown."""
    return sum(sum(versions.values()) for versions in results.outdated.values())


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


def _for_spreadsheets(table: pa.Table) -> pa.Table:
    """The same rows, no text of which a spreadsheet takes as a formula."""
    import pyarrow as pa

    def harmless(column: pa.ChunkedArray) -> pa.ChunkedArray:
        chunks = [
            pa.DictionaryArray.from_arrays(
                chunk.indices, pa.array([spreadsheet_text(text) for text in chunk.dictionary.to_pylist()], pa.string())
            )
            for chunk in column.chunks
        ]
        return pa.chunked_array(chunks, column.type)

    texts = (at for at, column in enumerate(table.schema) if pa.types.is_dictionary(column.type))
    for at in texts:
        table = table.set_column(at, table.schema.field(at), harmless(table.column(at)))
    return table


def _writer(file: BinaryIO, suffix: str, columns: pa.Schema) -> Any:
    if suffix == ".parquet":
        from pyarrow.parquet import ParquetWriter

        return ParquetWriter(file, columns, compression="zstd")
    from pyarrow.csv import CSVWriter

    return CSVWriter(file, columns)
