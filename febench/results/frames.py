"""Rows as data frames: a row a run, a row a cell, or a row a prediction."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, islice
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from febench.core.errors import UsageError
from febench.core.manifest import Manifest
from febench.results.cells import Kind
from febench.results.metrics import Metric, metric_of
from febench.results.record import Record
from febench.results.rows import RowResults

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

ROWS = ("runs", "cells", "predictions")
TEXTS = ("dataset", "protocol", "manifest", "method", "label", "parameters", "version")
"""The columns that every frame begins with."""
NUMBERS = ("run", "fold", "seed")
CELLS_AT_ONCE = 256
"""Cells of a row in one table of predictions."""


def to_frame(
    manifest: Manifest, rows: Sequence[RowResults], of: str = "runs", metrics: Sequence[str] = ("oa", "uar")
) -> pd.DataFrame:
    """Results as a data frame.

    Parameters
    ----------
    manifest : Manifest
        The folds.
    rows : sequence of RowResults
        What was computed on them.
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

        columns = schema([manifest.classes])
        return pa.concat_tables([columns.empty_table(), *prediction_tables(manifest, rows, columns)]).to_pandas()
    wanted = [metric_of(name) for name in metrics]
    if of == "cells":
        cells = [_cell(row, record, wanted) for row in rows for record in row.records]
        return pd.DataFrame(cells, columns=None if cells else [*TEXTS, "run", "fold"])
    names = ["overall_accuracy" if metric.name == "oa" else metric.name for metric in wanted]
    classes = [f"sensitivity_{name}" for name in manifest.classes]
    runs = [
        (
            *_texts(manifest, row.records.last), run, int(confusion.sum()),
            *(row.scores(metric).get(run) for metric in wanted), *row.sensitivities[run],
        )
        for row in rows
        for run, confusion in row.confusions.items()
    ]  # fmt: skip
    return pd.DataFrame(runs, columns=[*TEXTS, "run", "images", *names, *classes])


def _cell(row: RowResults, record: Record, metrics: Sequence[Metric]) -> dict[str, Any]:
    scores = dict.fromkeys(("accuracy" if metric.name == "oa" else metric.name for metric in metrics), np.nan)
    if record.ok:
        probabilities = any(metric.of_probabilities for metric in metrics)
        answers = row.answers([record.run], [record.fold], probabilities=probabilities)
        scores = dict(zip(scores, (metric.score(answers) for metric in metrics), strict=True))
    return {
        **dict(zip(TEXTS, _texts(row.manifest, record), strict=True)),
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


def prediction_tables(manifest: Manifest, rows: Sequence[RowResults], columns: pa.Schema) -> Iterator[pa.Table]:
    """The predictions of all cells that have any, with the columns of `schema`; null where one is of another set."""
    import pyarrow as pa

    def texts(values: Iterable[str]) -> pa.StringArray:
        return pa.array([_storable(value) for value in values], pa.string())

    def coded(codes: NDArray[np.int64], names: pa.StringArray) -> pa.DictionaryArray:
        return pa.DictionaryArray.from_arrays(pa.array(codes, pa.int32()), names)

    images, classes = texts(manifest.ids), texts(manifest.classes)
    for row in rows:
        complete, given = set(row.runs), iter(row.cells)
        for constant, alike in groupby(given, lambda record: (*_texts(manifest, record), record.environment)):
            while cells := list(islice(alike, CELLS_AT_ONCE)):
                tests = [manifest.test(cell.run, cell.fold) for cell in cells]
                each, test = [len(one) for one in tests], np.concatenate(tests)
                predictions = np.concatenate([np.asarray(cell.predictions, dtype=np.int64) for cell in cells])
                probabilities, none = _probabilities(cells, each, len(manifest.classes))
                values = {
                    **{
                        name: coded(np.zeros(len(test), dtype=np.int64), texts([text]))
                        for name, text in zip((*TEXTS, "environment"), constant, strict=True)
                    },
                    **{name: np.repeat([getattr(cell, name) for cell in cells], each) for name in NUMBERS},
                    "run_complete": np.repeat([cell.run in complete for cell in cells], each),
                    "image": coded(test, images),
                    "true_class": coded(manifest.labels[test], classes),
                    "predicted_class": coded(predictions, classes),
                    **{
                        f"probability_{_storable(name)}": pa.array(column, mask=none)
                        for name, column in zip(manifest.classes, probabilities.T, strict=True)
                    },
                }
                absent = set(columns.names) - set(values)
                nothing = {name: pa.nulls(len(test), columns.field(name).type) for name in absent}
                yield pa.table({**values, **nothing}).select(columns.names).cast(columns)


def _probabilities(
    cells: Sequence[Record], each: Sequence[int], n_classes: int
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Of the test images of some cells, so many each, the probabilities, and which images have none."""
    given = [cell.probability_array() for cell in cells]
    parts = [np.zeros((n, n_classes)) if one is None else one for n, one in zip(each, given, strict=True)]
    none = np.repeat([one is None for one in given], each)
    return np.concatenate([part.reshape(-1, n_classes) for part in parts]), none


def _texts(manifest: Manifest, record: Record | Kind) -> tuple[str, ...]:
    """The values of the columns `TEXTS`."""
    params = json.dumps(record.params, sort_keys=True)
    where = (manifest.dataset, manifest.protocol, manifest.sha256)
    return (*where, record.method, record.label, params, record.version)


def _storable(text: str) -> str:
    """A text; what no Unicode file can hold, as in file names of other encodings, is written as its escape."""
    return text.encode(errors="backslashreplace").decode()
