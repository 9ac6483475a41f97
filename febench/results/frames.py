"""Results as tables of rows for other tools: a row a run, a row a cell, or a row a prediction.

Cells of older versions of a method are left out of all of them, as they are of every table.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from febench.core.errors import MismatchError, UsageError
from febench.results.metrics import overall_accuracy
from febench.results.results import Results, RowResults
from febench.results.store import Record

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

TEXTS = ("dataset", "protocol", "manifest", "method", "label", "parameters", "version")
"""The columns that every frame begins with."""


def to_frame(results: Results, of: str = "runs") -> pd.DataFrame:
    """Results as a data frame.

    Parameters
    ----------
    results : Results
        Results of one data set under one protocol.
    of : str
        What a row is:

        `runs`, a complete run of a method: `overall_accuracy` and `sensitivity_<class>` in percent, `images` tested.
        Runs that lack a fold are not in it, so that its means over runs are those of the tables.
        `cells`, a fold of a run, failed ones too: `status`, `error`, `images` tested, `accuracy` in percent,
        `fit_seconds`, `predict_seconds`, `peak_memory_mb`, `threads`, `seed`, `environment`, and whether the run it
        belongs to is complete (`run_complete`).
        `predictions`, an image in a fold's test part: `image`, `true_class`, `predicted_class`,
        `probability_<class>` where the method has them, `seed`, `environment`, `run_complete`.

        All begin with `dataset`, `protocol`, `manifest` (the hash of the folds), `method`, `label` (what tables call
        the row), `parameters` (JSON), `version`, `run` and, but for `runs`, `fold`.

    Returns
    -------
    pandas.DataFrame

    Raises
    ------
    UsageError
        If `of` is none of these.
    """
    makers: dict[str, Callable[[Results], pd.DataFrame]] = {
        "runs": _runs, "cells": _cells, "predictions": _predictions,
    }  # fmt: skip
    if of not in makers:
        raise UsageError(f"there is no frame of {of!r}; choose {', '.join(makers)}")
    return makers[of](results)


def _runs(results: Results) -> pd.DataFrame:
    import pandas as pd

    classes = results.manifest.classes
    columns = [*TEXTS, "run", "images", "overall_accuracy", *(f"sensitivity_{name}" for name in classes)]
    rows = [
        (*_texts(row, row.records[-1]), run, int(confusion.sum()), overall_accuracy(confusion), *row.sensitivities[run])
        for row in results.rows
        for run, confusion in row.confusions.items()
    ]
    return pd.DataFrame(rows, columns=columns)


def _cells(results: Results) -> pd.DataFrame:
    import pandas as pd

    rows = [_cell(row, record) for row in results.rows for record in row.records]
    return pd.DataFrame(rows, columns=None if rows else [*TEXTS, "run", "fold"])


def _cell(row: RowResults, record: Record) -> dict[str, Any]:
    test = row.manifest.fold(record.run, record.fold).test
    hits = np.mean(row.manifest.labels[test] == _sound(row, record, test)) if record.ok else np.nan
    return {
        **dict(zip(TEXTS, _texts(row, record), strict=True)),
        "run": record.run,
        "fold": record.fold,
        "run_complete": record.run in row.confusions,
        "status": record.status,
        "error": record.error,
        "images": len(test),
        "accuracy": 100.0 * float(hits),
        "fit_seconds": record.seconds.get("fit"),
        "predict_seconds": record.seconds.get("predict"),
        "peak_memory_mb": record.peak_memory_mb,
        "threads": record.threads,
        "seed": record.seed,
        "environment": record.environment,
    }


def _predictions(results: Results) -> pd.DataFrame:
    import pyarrow as pa

    columns = schema([results.manifest.classes])
    return pa.concat_tables([columns.empty_table(), *prediction_tables(results, columns)]).to_pandas()


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

    images, classes = _strings(results.manifest.ids), _strings(results.manifest.classes)
    for row in results.rows:
        for record in (record for record in row.records if record.ok):
            test = row.manifest.fold(record.run, record.fold).test
            found = {
                **_constants(row, record, len(test)),
                "image": _coded(test, images),
                "true_class": _coded(row.manifest.labels[test], classes),
                "predicted_class": _coded(_sound(row, record, test), classes),
                **_probabilities(row, record),
            }
            nothing = {name: pa.nulls(len(test), columns.field(name).type) for name in set(columns.names) - set(found)}
            yield pa.table({**found, **nothing}).select(columns.names).cast(columns)


def _constants(row: RowResults, record: Record, n: int) -> dict[str, Any]:
    """The columns that are the same in every row of a cell."""
    import pyarrow as pa

    texts = {**dict(zip(TEXTS, _texts(row, record), strict=True)), "environment": record.environment}
    numbers = {
        "run": record.run,
        "fold": record.fold,
        "seed": record.seed,
        "run_complete": record.run in row.confusions,
    }
    return {
        **{name: _coded(np.zeros(n, dtype=np.int64), _strings([text])) for name, text in texts.items()},
        **{name: pa.repeat(value, n) for name, value in numbers.items()},
    }


def _strings(texts: Iterable[str]) -> pa.StringArray:
    """Texts; what no Unicode file can hold, as in file names of other encodings, is written as its escape."""
    import pyarrow as pa

    return pa.array([_storable(text) for text in texts], pa.string())


def _storable(text: str) -> str:
    return text.encode(errors="backslashreplace").decode()


def _coded(codes: NDArray[np.int64], names: pa.StringArray) -> pa.DictionaryArray:
    import pyarrow as pa

    return pa.DictionaryArray.from_arrays(pa.array(codes, pa.int32()), names)


def _probabilities(row: RowResults, record: Record) -> Mapping[str, Any]:
    found = copy.copy(record).probabilities  # a copy: what it reads of its text is not kept with the record
    if found is None:
        return {}
    columns = np.asarray(found, dtype=np.float64).reshape(-1, len(row.manifest.classes)).T
    return {
        f"probability_{_storable(name)}": column for name, column in zip(row.manifest.classes, columns, strict=True)
    }


def _sound(row: RowResults, record: Record, test: NDArray[np.int64]) -> NDArray[np.int64]:
    predictions = np.asarray(record.predictions, dtype=np.int64)
    if len(predictions) != len(test) or not np.isin(predictions, range(len(row.manifest.classes))).all():
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
