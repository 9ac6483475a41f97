"""The two papers' own numbers as data.

Sources: `resnet18-*.csv` Li, Li & Lima 2021, doi:10.1007/978-3-030-82565-2_24; `resnet50-*.csv` Li & Lima 2021,
doi:10.1016/j.ijcce.2021.02.002; `comparison.csv` names the source of each row. Percent; sd is the sample standard
deviation over ten runs. They were measured on the authors' own 700 photographs, which are not public.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

from febench.core.manifest import Manifest

DETAILED = ("resnet18", "resnet50")
DATASET, PROTOCOL, N_GROUPS = "faces700", "paper", 10
"""The data set and protocol that stand for the papers': 700 images of 20 people, dealt at random into ten groups."""


@dataclass(frozen=True)
class Published:
    """A printed overall accuracy, in percent."""

    method: str
    mean: Decimal
    sd: Decimal
    printed_in: str


@dataclass(frozen=True)
class PrintedRuns:
    """A printed table of runs, in percent, with its printed mean and sd a column.

    Attributes
    ----------
    columns : tuple of str
        Class names, or `overall_accuracy`.
    runs : tuple of tuples of Decimal
        A row a run.
    mean, sd : tuple of Decimal
        As printed.
    """

    columns: tuple[str, ...]
    runs: tuple[tuple[Decimal, ...], ...]
    mean: tuple[Decimal, ...]
    sd: tuple[Decimal, ...]


@cache
def comparison() -> dict[str, Published]:
    """Every printed overall accuracy, by febench's name of the method."""
    rows = _rows(_folder() / "comparison.csv")
    return {
        row["method"]: Published(
            row["method"],
            Decimal(row["overall_accuracy_mean"]),
            Decimal(row["overall_accuracy_sd"]),
            row["printed_in"],
        )
        for row in rows
    }


def tabulated() -> list[str]:
    """The methods of the papers' own comparison tables, in their order; others are only cited."""
    return [method for method, printed in comparison().items() if "not tabulated" not in printed.printed_in]


def is_papers_setting(manifest: Manifest) -> bool:
    """Return whether folds are of the data set and the protocol that stand for the papers' own."""
    protocol = manifest.protocol.partition("[")[0]
    return (manifest.dataset, protocol, manifest.n_folds) == (DATASET, PROTOCOL, N_GROUPS)


def note_on_papers(manifest: Manifest) -> str:
    """Return the sentence that must stand wherever the papers' numbers stand beside results under some folds."""
    note = "paper: printed by the authors for their own 700 photographs, which are not public"
    if is_papers_setting(manifest):
        return note
    return f"{note}, and for random folds; images or folds here are of another kind, so a difference says little"


def place(method: str) -> int:
    """Return the position of a method in the papers' comparison; after the last one if it is not in it."""
    return ([*comparison(), method]).index(method)


def sensitivity(method: str, folder: Traversable | None = None) -> PrintedRuns:
    """Table 1 of the paper of `resnet18` or `resnet50`."""
    return _printed((folder or _folder()) / f"{method}-sensitivity.csv")


def overall_accuracy(method: str, folder: Traversable | None = None) -> PrintedRuns:
    """Table 2 of the paper of `resnet18` or `resnet50`."""
    return _printed((folder or _folder()) / f"{method}-overall-accuracy.csv")


def _folder() -> Traversable:
    return files("febench.papers")


def _rows(path: Traversable) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))


def _printed(path: Traversable) -> PrintedRuns:
    rows = {row.pop("run"): tuple(map(Decimal, row.values())) for row in _rows(path)}
    header = path.read_text(encoding="utf-8").partition("\n")[0].split(",")[1:]
    mean, sd = rows.pop("mean"), rows.pop("sd")
    return PrintedRuns(tuple(header), tuple(rows.values()), mean, sd)
