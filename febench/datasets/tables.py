"""Read CSV files. No other module does."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import chain
from pathlib import Path

from febench.core.errors import DataError

MAX_LINE_LENGTH = 2**20  # characters; the pixels of an image of 512 x 512 fit


def read_table(
    path: Path,
    columns: Mapping[str, Sequence[str]],
    error: Callable[[str], DataError],
    *,
    optional: Sequence[str] = (),
    without_header: Sequence[str] = (),
) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield the line number and the requested columns of each row, stripped; skip blank lines.

    Parameters
    ----------
    path : Path
        The file, in UTF-8.
    columns : mapping
        For each requested column, its possible names in lower case; a file may write them in any case.
    error : callable
        Turns a message into an exception.
    optional : sequence of str
        Columns that may be missing; they are then empty.
    without_header : sequence of str
        All columns in order, if the file may have no header. By default it must have one.

    Raises
    ------
    DataError
        If the file cannot be read, is not such a table, or a row does not fit; the message names the line.
    """
    csv.field_size_limit(MAX_LINE_LENGTH)
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            first_line = file.readline(MAX_LINE_LENGTH)
            lines = csv.reader(
                chain([first_line], iter(partial(file.readline, MAX_LINE_LENGTH), "")),
                strict=True,
                delimiter=_delimiter(first_line),
            )
            rows = ((lines.line_num, row) for row in lines if any(field.strip() for field in row))
            line, first = next(rows, (0, []))
            indices = _indices([name.strip().casefold() for name in first], columns)
            missing = [name for name in columns if name not in indices and name not in optional]
            if missing and without_header and len(first) == len(without_header):
                indices, missing = {name: without_header.index(name) for name in columns}, []
                yield line, {name: first[index].strip() for name, index in indices.items()}
            if missing:
                columns_missing = " and no column ".join(missing)
                raise error(f"{path} has no column {columns_missing}; its first line is {first_line.strip()[:80]!r}")
            absent = dict.fromkeys(set(columns) - set(indices), "")
            for line, row in rows:
                if len(row) != len(first):
                    raise error(f"{path} line {line} has {len(row)} columns, not {len(first)}")
                yield line, {**absent, **{name: row[index].strip() for name, index in indices.items()}}
    except UnicodeDecodeError as problem:
        raise error(f"{path} cannot be read as CSV in UTF-8: {problem}") from problem
    except csv.Error as problem:
        raise error(f"{path} line {lines.line_num} is not CSV: {problem}") from problem
    except OSError as problem:
        raise error(f"{path} cannot be read ({problem.strerror})") from problem


def has_columns(path: Path, columns: Mapping[str, Sequence[str]]) -> bool:
    """Return whether the first line of a file names these columns."""
    try:
        with path.open(newline="", encoding="utf-8-sig", errors="replace") as file:
            first_line = file.readline(MAX_LINE_LENGTH)
            first = next(csv.reader([first_line], delimiter=_delimiter(first_line)), [])
    except (OSError, csv.Error):
        return False
    return len(_indices([name.strip().casefold() for name in first], columns)) == len(columns)


def _delimiter(line: str) -> str:
    """Return the delimiter of a line: a comma, or the semicolon or tab that some programs write."""
    return max(",;\t", key=line.count)


def _indices(header: list[str], columns: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """Return the index of each column that is present."""
    matches = {name: [word for word in words if word in header] for name, words in columns.items()}
    return {name: header.index(words[0]) for name, words in matches.items() if words}
