"""Results for other tools, as data frames and as files: a row a run, a row a cell, or a row a prediction.

Cells of older versions of a method are left out of all of them, as they are of every table.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from febench.core.errors import MismatchError, UsageError
from febench.core.files import check_output, whole_file
from febench.results.metrics import Metric, metric_of
from febench.results.results import Results, RowResults
from febench.results.store import Record, Store, read_manifest

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

ROWS = ("runs", "cells", "predictions")
TEXTS = ("dataset", "protocol", "manifest", "method", "label", "parameters", "version")
"""The columns that every frame begins with."""
SUFFIXES = (".parquet", ".csv")
ROWS_AT_ONCE = 1 << 17
"""Rows held before they are written: a row group of a parquet file."""


@dataclass(frozen=True)
class Exported:
    """What went into a file, and what did not.

    Attributes
    ----------
    rows : int
        Rows.
    failed : int
        Cells without predictions, left out.
    outdated : int
        Cells of older versions of a method, left out.
    """

    rows: int
    failed: int
    outdated: int


def to_frame(results: Results, of: str = "runs", metrics: Sequence[str] = ("oa", "uar")) -> pd.DataFrame:
    """Results as a data frame.

    Parameters
    ----------
    results : Results
        Results of one data set under one protocol.
    of : str
        What a row is:

        `runs`, a complete run of a method: `images` tested, the metrics, and `sensitivity_<class>` in percent.
        Runs that lack a fold are not in it, so that its means over runs are those of the tables.
        `cells`, a fold of a run, failed ones too: `status`, `error`, `images` tested, the metrics of that fold alone,
        `fit_seconds`, `predict_seconds`, `peak_memory_mb`, `threads`, `seed`, `environment`, and whether the run it
        belongs to is complete (`run_complete`).
        `predictions`, an image in a fold's test part: `image`, `true_class`, `predicted_class`,
        `probability_<class>` where the method has them, `seed`, `environment`, `run_complete`.

        All begin with `dataset`, `protocol`, `manifest` (the hash of the folds), `method`, `label` (what tables call
        the row), `parameters` (JSON), `version`, `run` and, but for `runs`, `fold`.
    metrics : sequence of str
        Of runs and cells; `oa` has the column `overall_accuracy` in runs and `accuracy` in cells, others their names.
        Nothing where a method has no probabilities and they are needed.

    Returns
    -------
    pandas.DataFrame

    Raises
    ------
    UsageError
        If `of` is none of these, or there is no such metric.
    """
    if of not in ROWS:
        raise UsageError(f"there is no frame of {of!r}; choose {', '.join(ROWS)}")
    import pandas as pd

    if of == "predictions":
        import pyarrow as pa

        columns = schema([results.manifest.classes])
        return pa.concat_tables([columns.empty_table(), *prediction_tables(results, columns)]).to_pandas()
    wanted = [metric_of(name) for name in metrics]
    if of == "cells":
        cells = [_cell(row, record, wanted) for row in results.rows for record in row.records]
        return pd.DataFrame(cells, columns=None if cells else [*TEXTS, "run", "fold"])
    names = ["overall_accuracy" if metric.name == "oa" else metric.name for metric in wanted]
    classes = [f"sensitivity_{name}" for name in results.manifest.classes]
    runs = [
        (
            *_texts(row, row.records[-1]), run, int(confusion.sum()),
            *(row.scores(metric).get(run) for metric in wanted), *row.sensitivities[run],
        )
        for row in results.rows
        for run, confusion in row.confusions.items()
    ]  # fmt: skip
    return pd.DataFrame(runs, columns=[*TEXTS, "run", "images", *names, *classes])


def _cell(row: RowResults, record: Record, metrics: Sequence[Metric]) -> dict[str, Any]:
    scores = dict.fromkeys(("accuracy" if metric.name == "oa" else metric.name for metric in metrics), np.nan)
    if record.ok:
        sound_predictions(row, record)
        probabilities = any(metric.of_probabilities for metric in metrics)
        answers = row.answers([record.run], [record.fold], probabilities=probabilities)
        scores = dict(zip(scores, (metric.score(answers) for metric in metrics), strict=True))
    return {
        **dict(zip(TEXTS, _texts(row, record), strict=True)),
        "run": record.run,
        "fold": record.fold,
        "run_complete": record.run in row.runs,
        "status": record.status,
        "error": record.error,
        "images": len(row.manifest.test(record.run, record.fold)),
        **scores,
        "fit_seconds": record.seconds.get("fit"),
        "predict_seconds": record.seconds.get("predict"),
        "peak_memory_mb": record.peak_memory_mb,
        "threads": record.threads,
        "seed": record.seed,
        "environment": record.environment,
    }


def schema(classes: Sequence[Sequence[str]]) -> pa.Schema:
    """The columns of predictions on data sets with those classes; one probability for each name among them."""
    import pyarrow as pa

    text, whole = pa.dictionary(pa.int32(), pa.string()), pa.int64()
    names = dict.fromkeys(_storable(name) for some in classes for name in some)
    return pa.schema(
        [
            *((name, text) for name in TEXTS),
            *(("run", whole), ("fold", whole), ("run_complete", pa.bool_())),
            *(("image", text), ("true_class", text), ("predicted_class", text)),
            *((f"probability_{name}", pa.float64()) for name in names),
            *(("seed", whole), ("environment", text)),
        ]
    )


def prediction_tables(results: Results, columns: pa.Schema) -> Iterator[pa.Table]:
    """The predictions of each cell that has any, with the columns of `schema`; null where a column is of another set.

    Raises
    ------
    MismatchError
        If stored predictions are not those of their fold.
    """
    import pyarrow as pa

    def texts(values: Iterable[str]) -> pa.StringArray:
        return pa.array([_storable(value) for value in values], pa.string())

    def coded(codes: NDArray[np.int64], names: pa.StringArray) -> pa.DictionaryArray:
        return pa.DictionaryArray.from_arrays(pa.array(codes, pa.int32()), names)

    images, classes = texts(results.manifest.ids), texts(results.manifest.classes)
    for row in results.rows:
        for record in (record for record in row.records if record.ok):
            test = row.manifest.test(record.run, record.fold)
            constant = {**dict(zip(TEXTS, _texts(row, record), strict=True)), "environment": record.environment}
            numbers = {"run": record.run, "fold": record.fold, "seed": record.seed}
            values = {
                **{name: coded(np.zeros(len(test), dtype=np.int64), texts([text])) for name, text in constant.items()},
                **{name: pa.repeat(number, len(test)) for name, number in numbers.items()},
                "run_complete": pa.repeat(record.run in row.runs, len(test)),
                "image": coded(test, images),
                "true_class": coded(row.manifest.labels[test], classes),
                "predicted_class": coded(sound_predictions(row, record), classes),
            }
            probabilities = record.probability_array()
            if probabilities is not None:
                by_class = zip(
                    row.manifest.classes, probabilities.reshape(-1, len(row.manifest.classes)).T, strict=True
                )
                values |= {f"probability_{_storable(name)}": column for name, column in by_class}
            absent = set(columns.names) - set(values)
            nothing = {name: pa.nulls(len(test), columns.field(name).type) for name in absent}
            yield pa.table({**values, **nothing}).select(columns.names).cast(columns)


def export(
    directories: Sequence[str | Path],
    output: str | Path,
    rows: str = "predictions",
    metrics: Sequence[str] = ("oa", "uar"),
) -> Exported:
    """Write some results directories to a `.parquet` or `.csv` file, by default a row a prediction.

    The columns are those of `Results.to_frame(rows)`. The file is whole or not there.

    Parameters
    ----------
    directories : sequence of paths
        Results directories; their data sets may differ.
    output : path
        The file; its name says in which form.
    rows : str
        `predictions`, `cells` or `runs`.
    metrics : sequence of str
        Of cells and runs.

    Raises
    ------
    UsageError
        If the form is unknown, the file cannot be written, a directory is named twice, or there are no such rows or
        metrics.
    MismatchError
        If stored results are damaged.
    """
    paths, output = [Path(directory) for directory in directories], Path(output)
    suffix = check_output(output, SUFFIXES, "an export's file")
    if not paths:
        raise UsageError("no results directory was named")
    if len({path.resolve() for path in paths}) < len(paths):
        raise UsageError("a results directory is named twice: each of its rows would be there twice")
    if rows != "predictions":
        return _export_frame(paths, output, suffix, rows, metrics)
    columns = schema([read_manifest(path).classes for path in paths])
    counts = []
    with whole_file(output) as file, _writer(file, suffix, columns) as writer:
        for results in map(_results, paths):
            written = 0
            for table in _in_groups(prediction_tables(results, columns)):
                writer.write_table(table)
                written += len(table)
            counts.append((written, sum(len(row.failed) for row in results.rows), sum(results.outdated.values())))
    return Exported(*(sum(column) for column in zip(*counts, strict=True)))


def _export_frame(paths: Sequence[Path], output: Path, suffix: str, rows: str, metrics: Sequence[str]) -> Exported:
    import pandas as pd

    every = [_results(path) for path in paths]
    frame = pd.concat([to_frame(results, rows, metrics) for results in every], ignore_index=True)
    with whole_file(output) as file:
        if suffix == ".parquet":
            frame.to_parquet(file, index=False)
        else:
            frame.to_csv(file, index=False)
    failed = 0 if rows == "cells" else sum(len(row.failed) for results in every for row in results.rows)
    return Exported(len(frame), failed, sum(sum(results.outdated.values()) for results in every))


def _results(directory: Path) -> Results:
    try:
        return Results.of(Store(directory))
    except OSError as error:
        raise UsageError(f"cannot read {directory}: {error.strerror}") from error


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


def sound_predictions(row: RowResults, record: Record) -> NDArray[np.int64]:
    """The stored predictions of a cell, checked.

    Raises
    ------
    MismatchError
        If they are not one class for each test image.
    """
    predictions = np.asarray(record.predictions, dtype=np.int64)
    n_images = len(row.manifest.test(record.run, record.fold))
    if len(predictions) != n_images or not np.isin(predictions, range(len(row.manifest.classes))).all():
        raise MismatchError(
            f"{record.label} run {record.run} fold {record.fold}: the stored predictions are not one class for each "
            "test image; febench verify says more"
        )
    return predictions


def _texts(row: RowResults, record: Record) -> tuple[str, ...]:
    """The values of the columns `TEXTS`."""
    manifest = row.manifest
    params = json.dumps(record.params, sort_keys=True)
    where = (manifest.dataset, manifest.protocol, manifest.sha256)
    return (*where, record.method, record.label, params, record.version)


def _storable(text: str) -> str:
    """A text; what no Unicode file can hold, as in file names of other encodings, is written as its escape."""
    return text.encode(errors="backslashreplace").decode()
