"""Write results as one self-contained HTML page: the verdict in words, then the tables and figures behind it.

>>> from febench.show.report import write_report
>>> write_report([open_results(path)], Path("report.html"))
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from febench.core.files import check_output, whole_file
from febench.results.metrics import metric_of
from febench.results.store import ResultsDirectory

__all__ = ["report_html", "write_report"]


def report_html(
    stores: Sequence[ResultsDirectory],
    *,
    rope: float | None = None,
    metric: str = "oa",
    without_twins: bool = False,
    paper: bool = False,
    show_images: bool = False,
    data_dir: Path | None = None,
    version: str | None = None,
    names: bool = False,
) -> tuple[str, list[dict[str, Any]]]:
    """Return a report as HTML, and its verdicts as data.

    Parameters
    ----------
    stores : sequence of ResultsDirectory
        Results directories, of any data sets and protocols.
    rope : float or None
        Half the region of practical equivalence; the metric's own by default, for percentages a point.
    metric : str
        The metric by which methods are compared.
    without_twins : bool
        Whether only test images count that have no twin in training; see `Results.without_twins`.
    paper : bool
        Whether the papers' numbers stand beside other images or folds than the papers' too.
    show_images : bool
        Whether images of people may be shown; those drawn by code always are.
    data_dir : Path or None
        Where data sets live.
    version : str or None
        Rows that have this version are shown at it.
    names : bool
        Whether people of photographs are named as the files name them; otherwise by their initials.

    Raises
    ------
    UsageError
        If results of one data set and protocol are not of the same folds, or there is no such metric.
    MismatchError
        If two directories hold other predictions of the same cell.
    """
    from febench.show.report.page import page
    from febench.show.report.studies import gather
    from febench.show.report.verdict import verdict_data

    studies = gather(stores, rope, metric_of(metric), version, paper=paper, without_twins=without_twins, names=names)
    return page(studies, show_images=show_images, data_dir=data_dir), verdict_data(studies)


def write_report(
    stores: Sequence[ResultsDirectory],
    output: Path,
    *,
    rope: float | None = None,
    metric: str = "oa",
    without_twins: bool = False,
    paper: bool = False,
    show_images: bool = False,
    data_dir: Path | None = None,
    version: str | None = None,
    names: bool = False,
) -> list[dict[str, Any]]:
    """Write a report to a file, whole or not at all, and return its verdicts as data.

    Raises
    ------
    UsageError
        If the file cannot be written, and as `report_html`.
    """
    check_output(output, (output.suffix.lower(),), "a report's file")
    text, verdicts = report_html(
        stores,
        rope=rope,
        metric=metric,
        paper=paper,
        without_twins=without_twins,
        show_images=show_images,
        data_dir=data_dir,
        version=version,
        names=names,
    )
    with whole_file(output) as file:
        file.write(text.encode())
    return verdicts
