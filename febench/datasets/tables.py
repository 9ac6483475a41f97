"""CSV files: the one place where they are read."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import chain
from pathlib import Path

from febench.core.errors import DataError

LONGEST = 2**20  # characters of a line: the pixels of an image of 512 x 512 fit


def read_table(
    path: Path,
    columns: Mapping[str, Sequence[str]],
    error: Callable[[str], DataError],
    *,
    optional: Sequence[str] = (),
    without_header: Sequence[str] = (),
) -> Iterator[tuple[int, dict[str, str]]]:
    """Line number and wanted columns of each row; blank lines are passed over, blanks round words are cut.

    Parameters
    ----------
    path : Path
        The file, in UTF-8.
    columns : mapping
        For each wanted column, the names it goes by, in small letters; a file may write them in any case.
    error : callable
        Makes an exception of a sentence.
    optional : sequence of str
        Those of the columns that may be missing; they are then empty.
    without_header : sequence of str
        The columns in order, of a file whose first line may be a row already. By default there must be a header.

    Raises
    ------
    DataError
        If the file cannot be read, is not such a table, or a row does not fit; the sentence names the line.
    """
    csv.field_size_limit(LONGEST)
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            begins = file.readline(LONGEST)
            lines = csv.reader(
                chain([begins], iter(partial(file.readline, LONGEST), "")), strict=True, delimiter=_delimiter(begins)
            )
            rows = ((lines.line_num, row) for row in lines if any(field.strip() for field in row))
            line, first = next(rows, (0, []))
            places = _places([name.strip().casefold() for name in first], columns)
            missing = [name for name in columns if name not in places and name not in optional]
            if missing and without_header and len(first) == len(without_header):
                places, missing = {name: without_header.index(name) for name in columns}, []
                yield line, {name: first[place].strip() for name, place in places.items()}
            if missing:
                raise error(
                    f"{path} has no column {' and no column '.join(missing)}; its first line is {begins.strip()[:80]!r}"
                )
            absent = dict.fromkeys(set(columns) - set(places), "")
            for line, row in rows:
                if len(row) != len(first):
                    raise error(f"{path} line {line} has {len(row)} columns, not {len(first)}")
                yield line, {**absent, **{name: row[place].strip() for name, place in places.items()}}
    except UnicodeDecodeError as problem:
        raise error(f"{path} cannot be read as CSV in UTF-8: {problem}") from problem
    except csv.Error as problem:
        raise error(f"{path} line {lines.line_num} is not CSV: {problem}") from problem
    except OSError as problem:
        raise error(f"{path} cannot be read ({problem.strerror})") from problem


def has_columns(path: Path, columns: Mapping[str, Sequence[str]]) -> bool:
    """Whether the first line of a file names these columns."""
    try:
        with path.open(newline="", encoding="utf-8-sig", errors="replace") as file:
            begins = file.readline(LONGEST)
            first = next(csv.reader([begins], delimiter=_delimiter(begins)), [])
    except (OSError, csv.Error):
        return False
    return len(_places([name.strip().casefold() for name in first], columns)) == len(columns)


def _delimiter(line: str) -> str:
    """What stands between the columns: a comma, or what some programs write instead."""
    return max(",;\t", key=line.count)


def _places(header: list[str], columns: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """Where each column is, of those that are there."""
    named = {name: [header.index(word) for word in words if word in header] for name, words in columns.items()}
    return {name: places[0] for name, places in named.items() if places}
