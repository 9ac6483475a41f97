"""What a report is made of: results with their comparison, one study a data set and protocol."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from febench.core.files import reading
from febench.results.drops import Drop, drops_of
from febench.results.merge import pool
from febench.results.metrics import OA, Metric
from febench.results.people import Faces, faces_tested, novelty
from febench.results.results import Results, check_version
from febench.results.rows import RowResults
from febench.results.store import CELLS, ResultsDirectory
from febench.show.compare import Comparison, compare
from febench.show.tables import chosen

DRAWN = 20
"""Methods that a figure shows: with more, nobody reads it, and to draw it takes minutes."""


@dataclass(frozen=True, eq=False)
class Study:
    """The results of one data set under one protocol.

    Attributes
    ----------
    results : Results
        What was stored; of several directories with the same folds, joined.
    stores : tuple of ResultsDirectory
        Where it was stored.
    rope : float or None
        Region of practical equivalence; the metric's own by default.
    metric : Metric
        What methods are compared by.
    paper : bool
        Whether the papers' numbers stand beside other images or folds than the papers' too.
    """

    results: Results
    stores: tuple[ResultsDirectory, ...]
    rope: float | None = None
    metric: Metric = OA
    paper: bool = False

    @property
    def name(self) -> str:
        """Data set and protocol."""
        return f"{self.results.manifest.title}, protocol {self.results.manifest.protocol}"

    @cached_property
    def comparison(self) -> Comparison:
        """All pairs of methods."""
        return compare(self.results, rope=self.rope, metric=self.metric)

    def drops_to(self, other: Study) -> dict[str, Drop]:
        """Return how the figure of each method changes to another protocol on the same images, by label."""
        key = other.results.manifest.sha256
        if key not in self._drops:
            self._drops[key] = drops_of(self.rows, other.rows, self.metric)
        return self._drops[key]

    @cached_property
    def _drops(self) -> dict[str, dict[str, Drop]]:
        return {}

    @property
    def rows(self) -> list[RowResults]:
        """The methods, in the papers' order."""
        return chosen(self.results)

    @property
    def drawn(self) -> list[RowResults]:
        """The methods that figures show: all, or of very many those with the best means."""
        best = [one.label for one in self.comparison.standings[:DRAWN]]
        return self.rows if len(self.rows) <= DRAWN else [row for row in self.rows if row.label in best]

    @property
    def said_of_drawn(self) -> str:
        """What is to be said of a figure that does not show all methods; it begins with a space."""
        left = len(self.rows) - len(self.drawn)
        return (
            f" Of {len(self.rows)} methods the {len(self.drawn)} with the best means; tables show all." if left else ""
        )

    @property
    def faces(self) -> Faces:
        """Whether tested faces are new."""
        return faces_tested(self.results.manifest)

    @property
    def audit(self) -> list[dict[str, Any]] | None:
        """Everything the audit found, warnings too; None where there was no audit."""
        return next((store.audit for store in self.stores if store.audit is not None), None)

    @property
    def digests(self) -> list[str]:
        """SHA-256 of each file of cells."""
        paths = [path for store in self.stores if (path := store.path / CELLS).exists()]
        digests = []
        for path in paths:
            with reading(path) as file:
                digests.append(hashlib.file_digest(file, hashlib.sha256).hexdigest())
        return digests


def gather(
    stores: Sequence[ResultsDirectory],
    rope: float | None = None,
    metric: Metric = OA,
    version: str | None = None,
    *,
    paper: bool = False,
    without_twins: bool = False,
) -> list[Study]:
    """One study a data set and protocol: data sets in the order given, of each the protocol with new faces last.

    Raises
    ------
    UsageError
        If results of one data set and protocol are not of the same folds, or none shows the version.
    MismatchError
        If two directories hold other predictions of the same cell.
    """
    by_dataset: dict[str, list[Results]] = {}
    every = [Results.of(store, version) for store in stores]
    check_version(every, version)
    for results in pool([results.without_twins() for results in every] if without_twins else every):
        by_dataset.setdefault(results.manifest.title, []).append(results)
    studies: list[Study] = []
    for same in by_dataset.values():
        for results in sorted(same, key=lambda one: novelty(one.manifest)):
            own = tuple(store for store in stores if store.manifest.sha256 == results.manifest.sha256)
            studies.append(Study(results, own, rope, metric, paper))
    return studies


def by_images(studies: Sequence[Study]) -> list[list[Study]]:
    """Studies of the very same images together: what may be put side by side as protocols of one data set."""
    together: dict[tuple[str, str], list[Study]] = {}
    for study in studies:
        manifest = study.results.manifest
        together.setdefault((manifest.dataset, manifest.fingerprint), []).append(study)
    return list(together.values())
