"""febench from a script or a notebook: what the command line calls too."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from febench.core.errors import UsageError
from febench.core.selectors import split_selectors
from febench.results.export import Exported
from febench.results.export import export as write_export
from febench.results.index import open_results
from febench.results.metrics import metric_of
from febench.results.results import Results, check_version
from febench.results.store import find_directories
from febench.running.options import RunOptions
from febench.show.formats import render
from febench.show.tables import make_table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["compare", "export", "figure", "load", "load_all", "report", "run", "table"]

Directories = str | Path | Sequence[str | Path]
"""A results directory, or a folder of them; or several."""


def run(
    methods: str | Sequence[str] = "all",
    dataset: str = "faces700",
    protocol: str = "paper",
    *,
    progress: bool = True,
    **options: Any,
) -> Results:
    """Compute what is missing of some methods on a data set, as `febench run` does, and return the results.

    Methods registered in the same script or notebook with `febench.method` can be run too.

    Parameters
    ----------
    methods : str or sequence of str
        Names, `name[param=value]`, or sets: `all`, `classical`, `deep`, `extended`.
    dataset, protocol : str
        One selector each, such as `faces[subjects=5]` and `subject`.
    progress : bool
        Whether to say on stderr how far it is. What goes wrong is said in any case.
    **options
        `runs`, `out`, `preset`, `timeout` and all other attributes of `febench.RunOptions`, by name.

    Returns
    -------
    Results
        All that the directory holds now, cells that failed among it; the methods that were asked for are at their
        present versions.

    Raises
    ------
    UsageError
        If there is no such option, name or value.
    DataError
        If the data set is missing or unusable.
    MismatchError
        If what the directory holds is damaged.

    All are `FebenchError`. A method that fails costs only its own cells.
    """
    from rich.console import Console

    from febench.running import progress as watchers
    from febench.running.runner import prepare
    from febench.running.runner import run as compute

    if len(split_selectors(protocol)) > 1:
        raise UsageError(f"one call takes one protocol, not {protocol}: run each, and give table 4 the results of both")
    known = RunOptions.__dataclass_fields__
    for name in options:
        if name not in known:
            raise UsageError(f"there is no option {name!r}; there is {', '.join(known)}")
    for name in {"data_dir", "out"} & set(options):
        options[name] = None if options[name] is None else Path(options[name])
    methods = methods if isinstance(methods, str) else ",".join(methods)
    asked = RunOptions(methods=methods, dataset=dataset, protocol=protocol, **options)
    console = Console(stderr=True, force_jupyter=False)
    watcher = watchers.PlainWatcher(console) if progress else watchers.ProblemsOnly(console)
    [prepared] = prepare(asked)
    return compute(prepared, watcher).results


def load(directory: str | Path, version: str | None = None) -> Results:
    """Read a results directory; of each row, the version that `run` was asked for last.

    Parameters
    ----------
    directory : path
        The directory.
    version : str or None
        Rows that have this version are shown at it; of a hash the first six letters suffice.

    Raises
    ------
    UsageError
        If it holds no results, or no row has that version.
    MismatchError
        If its manifest or a line of its cells is damaged.
    """
    [results] = _load([Path(directory)], version)
    return results


def load_all(directories: Directories, version: str | None = None, *, without_twins: bool = False) -> list[Results]:
    """Read some results directories; a folder of them stands for all that it holds.

    Rows that have this version are shown at it, as by `load`; at least one of the directories must have such a row.

    Parameters
    ----------
    directories : path or sequence of paths
        Results directories, or folders of them.
    version : str or None
        As of `load`.
    without_twins : bool
        Whether only test images count that have no identical or nearly identical image in training, as
        `Results.without_twins` has it.

    Raises
    ------
    UsageError, MismatchError
        As `load` and `Results.without_twins`.
    """
    every = _load(_found(directories), version)
    return [results.without_twins() for results in every] if without_twins else every


def _load(paths: Sequence[Path], version: str | None) -> list[Results]:
    every = [Results.of(open_results(path), version) for path in paths]
    check_version(every, version)
    return every


def table(
    name: str | int,
    *results: Results,
    method: str | None = None,
    metric: str | None = None,
    paper: bool = False,
    sort: bool = False,
    notes: str = "short",
    format: str = "text",
) -> str:
    """A table as text to print, as `febench table` makes it; `febench.tables` has the values.

    Parameters
    ----------
    name : str or int
        As on the command line: 1, 2, 3, 4, `people`, `ladder`, `cost`, `convergence`, `settings`.
    *results : Results
        Of table 4 at least two, one a protocol.
    method : str or None
        Only this method.
    metric : str or None
        `oa` (the default), `uar`, `macro-f1`, `weighted-f1`, `auc`, `log-loss` or `ece`.
    paper : bool
        Whether tables 1 to 3 of other images or folds than `faces700` under `paper` have the papers' numbers too.
    sort : bool
        Whether rows are sorted by the metric, the best first; else they are in the papers' order.
    notes : str
        `short`: those that change how a number is read; `all`.
    format : str
        `text`, `md`, `latex`, `csv`, `html` or `json`.

    Raises
    ------
    UsageError
        If there is no such table, method, metric or format, or the results do not fit it.
    """
    return render(make_table(name, _read(results), method, metric, paper=paper, sort=sort), format, _all_notes(notes))


def compare(
    *results: Results,
    methods: str | Sequence[str] = (),
    metric: str = "oa",
    rope: float | None = None,
    pairs: str | None = None,
    against: str | None = None,
    notes: str = "short",
    format: str = "text",
) -> str:
    """Which differences are real, as text to print; as `json` with every value.

    Parameters
    ----------
    *results : Results
        Of any data sets and protocols.
    methods : str or sequence of str
        Names or labels, in one text comma-separated; all methods if none is named.
    metric : str
        What is compared.
    rope : float or None
        A difference that does not matter; a point of a percentage by default.
    pairs : str or None
        `all`, or `best`: with the best, and of neighbours. By default all of up to six methods.
    against : str or None
        A row that each other row is compared with, such as your own; all pairs by default.
    notes : str
        As of `table`.
    format : str
        `text`, `md`, `latex`, `csv`, `html` or `json`.

    Raises
    ------
    UsageError
        If there is no such method, metric or format, or there is nothing to compare.
    """
    from febench.show.compare import compare_documents

    named = _listed(methods)
    return render(
        compare_documents(_read(results), named, rope, pairs, metric_of(metric), against), format, _all_notes(notes)
    )


def _all_notes(notes: str) -> bool:
    if notes not in ("short", "all"):
        raise UsageError(f"notes are short or all, not {notes!r}", option="notes")
    return notes == "all"


def figure(
    name: str, *results: Results, method: str | None = None, metric: str | None = None, paper: bool = False
) -> Figure:
    """A figure, as `febench figure` draws it; `febench.figures` has each as a function.

    Parameters
    ----------
    name : str
        As on the command line: `accuracy`, `confusion`, `drop`, ...
    *results : Results
        Of the drop at least two, one a protocol.
    method : str or None
        Only this method.
    metric : str or None
        Of the figures that show one; overall accuracy by default.
    paper : bool
        Whether `accuracy` and `sensitivity` of other images or folds than `faces700` under `paper` show the papers'
        numbers too.

    Raises
    ------
    UsageError
        If there is no such figure, method or metric, or the results do not fit it.
    """
    from febench.show.figures import make_figure

    return make_figure(name, _read(results), method, metric, paper=paper)


def report(
    directories: Directories,
    output: str | Path,
    *,
    rope: float | None = None,
    metric: str = "oa",
    without_twins: bool = False,
    paper: bool = False,
    show_images: bool = False,
    data_dir: str | Path | None = None,
    version: str | None = None,
    names: bool = False,
) -> list[dict[str, Any]]:
    """Write one HTML page of everything, and return its verdicts as data.

    Parameters
    ----------
    directories : path or sequence of paths
        Results directories, or folders of them, of any data sets and protocols.
    output : path
        The file.
    rope : float or None
        A difference that does not matter; a point of a percentage by default.
    metric : str
        What methods are compared by.
    without_twins : bool
        As in `load_all`.
    paper : bool
        Whether the papers' numbers stand beside other images or folds than `faces700` under `paper` too.
    show_images : bool
        Whether images of people may be shown; those drawn by code always are.
    data_dir : path or None
        Where data sets live.
    version : str or None
        As of `load`.
    names : bool
        Whether people of photographs are named as their files name them; otherwise by their initials.

    Raises
    ------
    UsageError
        If the file cannot be written, no row has that version, or results of one data set and protocol are
        not of the same folds.
    """
    from febench.show.report import write_report

    return write_report(
        [open_results(path) for path in _found(directories)], Path(output), rope=rope, metric=metric, paper=paper,
        version=version, without_twins=without_twins, show_images=show_images, names=names,
        data_dir=None if data_dir is None else Path(data_dir),
    )  # fmt: skip


def export(
    directories: Directories,
    output: str | Path,
    rows: str = "predictions",
    metrics: str | Sequence[str] = ("oa", "uar"),
    version: str | None = None,
    *,
    without_twins: bool = False,
) -> Exported:
    """Write results to a `.parquet` or `.csv` file, by default a row a prediction.

    The columns are those of `Results.to_frame(rows)`. The file is whole or not there.

    Parameters
    ----------
    directories : path or sequence of paths
        Results directories, or folders of them; their data sets may differ.
    output : path
        The file; its name says in which form.
    rows : str
        `predictions`, `cells` or `runs`.
    metrics : str or sequence of str
        Of cells and runs; in one text comma-separated.
    version : str or None
        As of `load`.
    without_twins : bool
        As in `load_all`.

    Returns
    -------
    Exported
        How many rows were written, and what was left out.

    Raises
    ------
    UsageError
        If the form is unknown, the file cannot be written, a directory is named twice, or there are no such rows or
        metrics.
    MismatchError
        If stored results are damaged.
    """
    return write_export(_found(directories), Path(output), rows, _listed(metrics), version, without_twins)


def _found(directories: Directories) -> list[Path]:
    named = [directories] if isinstance(directories, str | Path) else directories
    return find_directories(map(Path, named))


def _listed(names: str | Sequence[str]) -> Sequence[str]:
    return split_selectors(names) if isinstance(names, str) else names


def _read(results: Sequence[Results]) -> Sequence[Results]:
    for one in results:
        if not isinstance(one, Results):
            raise UsageError(f"{one!r} is no Results; febench.load reads those of a directory")
    return results
