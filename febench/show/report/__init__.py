"""One self-contained HTML page of some results: the verdict in words, then everything that stands behind it.

>>> from febench.show.report import write_report
>>> write_report([Store(path)], Path("report.html"))
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from febench.core.errors import UsageError

if TYPE_CHECKING:
    from febench.results.store import Store

__all__ = ["report_html", "write_report"]


def report_html(
    stores: Sequence[Store], *, rope: float = 1.0, show_images: bool = False, data_dir: Path | None = None
) -> tuple[str, list[dict[str, Any]]]:
    """A report as HTML, and its verdicts as data.

    Parameters
    ----------
    stores : sequence of Store
        Results directories, of any data sets and protocols.
    rope : float
        Half the region of practical equivalence, in points of overall accuracy.
    show_images : bool
        Whether images of people may be shown; those drawn by code always are.
    data_dir : Path or None
        Where data sets live.

    Raises
    ------
    UsageError
        If results of one data set and protocol are not of the same folds.
    MismatchError
        If two directories hold other predictions of the same cell.
    """
    from febench.show.report.page import Options, page
    from febench.show.report.sources import gather
    from febench.show.report.verdict import verdict_data

    sources = gather(stores, rope)
    return page(sources, Options(show_images, data_dir)), verdict_data(sources)


def write_report(
    stores: Sequence[Store],
    output: Path,
    *,
    rope: float = 1.0,
    show_images: bool = False,
    data_dir: Path | None = None,
) -> list[dict[str, Any]]:
    """Write a report to a file, and return its verdicts as data.

    Raises
    ------
    UsageError
        If the file cannot be written, and as `report_html`.
    """
    if output.is_dir() or not output.resolve().parent.is_dir():
        raise UsageError(f"cannot write {output}: it must be a file in a folder that is there; choose another with -o")
    text, verdicts = report_html(stores, rope=rope, show_images=show_images, data_dir=data_dir)
    try:
        output.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise UsageError(f"cannot write {output}: {error.strerror}; choose another place with -o") from error
    return verdicts
