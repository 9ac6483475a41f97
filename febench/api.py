"""febench from a script or a notebook: the same work as the command line, with results in hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from febench.results.results import Results
from febench.results.store import Record, Store
from febench.run.runner import Request, Watcher
from febench.run.runner import run as run_request
from febench.show.formats import render
from febench.show.tables import make_table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from febench.run.plan import Cell, Plan


def run(
    methods: str | Sequence[str] = "all",
    dataset: str = "faces700",
    protocol: str = "paper",
    *,
    out: str | Path | None = None,
    runs: int | None = None,
    preset: str = "paper",
    data_dir: str | Path | None = None,
    device: str = "auto",
    jobs: int | None = None,
    threads: int = 1,
    timeout: float | None = 1800.0,
    settings: Mapping[str, Mapping[str, Any]] | None = None,
    retry_failed: bool = False,
    seed: int = 0,
    progress: bool = True,
) -> Results:
    """Compute what is missing of some methods on a data set, as `febench run` does, and return the results.

    A script must call it below ``if __name__ == "__main__":``, for each cell runs in a process of its own; a notebook
    need not. Methods registered there with `febench.method` can be run too.

    Parameters
    ----------
    methods : str or sequence of str
        Names, `name[param=value]`, or sets: `all`, `classical`, `deep`, `extended`.
    dataset, protocol : str
        Selectors, such as `faces[subjects=5]` and `subject`.
    out : path or None
        Results directory; `results/<data set>/<protocol>` by default. What it holds already is not computed again.
    runs : int or None
        Only the first so many runs; by default all of the protocol, and one under preset `quick`.
    preset : str
        `paper` or `quick`.
    data_dir : path or None
        Where data sets live.
    device : str
        `auto`, `cpu` or `cuda`.
    jobs : int or None
        Cells computed at once; a core each by default.
    threads : int
        Threads of each cell.
    timeout : float or None
        Seconds a cell may take.
    settings : mapping or None
        For a method's name, its parameters.
    retry_failed : bool
        Whether to compute failed cells again.
    seed : int
        Base seed of folds and cells.
    progress : bool
        Whether to say on stderr how far it is. What goes wrong is said in any case.

    Returns
    -------
    Results
        All that the directory holds now, cells that failed among it.

    Raises
    ------
    FebenchError
        If it cannot be done at all; a method that fails costs only its own cells.
    """
    request = Request(
        methods=methods if isinstance(methods, str) else ",".join(methods),
        dataset=dataset, protocol=protocol, out=_path(out), preset=preset, data_dir=_path(data_dir), device=device,
        runs=1 if runs is None and preset == "quick" else runs,
        jobs=jobs, threads=threads, timeout=timeout, settings=settings or {}, retry_failed=retry_failed, seed=seed,
    )  # fmt: skip
    return Results.of(run_request(request, _watcher(progress)).store)


def load(directory: str | Path) -> Results:
    """Read a results directory.

    Raises
    ------
    UsageError
        If it holds no results.
    MismatchError
        If its manifest or a line of its cells is damaged.
    """
    return Results.of(Store(Path(directory)))


def table(name: str | int, *results: Results, method: str | None = None, how: str = "text") -> str:
    """A table as text to print, as `febench table` makes it; `febench.show.tables` has the values.

    Parameters
    ----------
    name : str or int
        As on the command line: 1, 2, 3, 4, ...
    *results : Results
        Of table 4 at least two, one a protocol.
    method : str or None
        Only this method.
    how : str
        `text`, `md`, `latex`, `csv`, `html` or `json`.

    Raises
    ------
    UsageError
        If there is no such table, method or format, or the results do not fit it.
    """
    return render(make_table(name, results, method), how)


def figure(name: str, *results: Results, method: str | None = None) -> Figure:
    """A figure, as `febench figure` draws it; `febench.show.figures` has each as a function.

    Parameters
    ----------
    name : str
        As on the command line: `accuracy`, `confusion`, `drop`, ...
    *results : Results
        Of the drop at least two, one a protocol.
    method : str or None
        Only this method.

    Raises
    ------
    UsageError
        If there is no such figure or method, or the results do not fit it.
    """
    from febench.show.figures import make_figure

    return make_figure(name, results, method)


class _ProblemsOnly:
    """A watcher that speaks only of what goes wrong."""

    def note(self, text: str) -> None:
        _stderr().print(text, markup=False, highlight=False, soft_wrap=True)

    def begin(self, plan: Plan) -> None:
        pass

    def came_in(self, cell: Cell, record: Record) -> None:
        if not record.ok:
            self.note(f"{record.label} run {record.run} fold {record.fold}: {record.status}, {record.error}")

    def end(self) -> None:
        pass


def _watcher(progress: bool) -> Watcher:
    from febench.run.progress import PlainWatcher

    return PlainWatcher(_stderr()) if progress else _ProblemsOnly()


def _stderr() -> Any:
    from rich.console import Console

    return Console(stderr=True, force_jupyter=False)


def _path(given: str | Path | None) -> Path | None:
    return None if given is None else Path(given)
