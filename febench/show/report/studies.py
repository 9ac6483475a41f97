"""A study: the results on one data set under one protocol, with their comparison. A report is made of studies."""

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
from febench.show.names import People
from febench.show.tables import chosen

MAX_DRAWN = 20
"""Methods in a figure: with more it cannot be read, and takes minutes to draw."""


@dataclass(frozen=True, eq=False)
class Study:
    """The results of one data set under one protocol.

    Attributes
    ----------
    results : Results
        The stored results, pooled if several directories have the same folds.
    stores : tuple of ResultsDirectory
        The directories.
    rope : float or None
        Region of practical equivalence; the metric's own by default.
    metric : Metric
        The metric by which methods are compared.
    paper : bool
        Whether the papers' numbers stand beside other images or folds than the papers' too.
    names : bool
        Whether people are named, and not by their initials.
    """

    results: Results
    stores: tuple[ResultsDirectory, ...]
    rope: float | None = None
    metric: Metric = OA
    paper: bool = False
    names: bool = False

    @property
    def name(self) -> str:
        """The names of the data set and the protocol."""
        return f"{self.results.manifest.title}, protocol {self.results.manifest.protocol}"

    @cached_property
    def comparison(self) -> Comparison:
        """The comparison of all pairs of methods."""
        return compare(self.results, rope=self.rope, metric=self.metric)

    def drops_to(self, other: Study) -> dict[str, Drop]:
        """Return how the metric of each method changes to another protocol on the same images, by label."""
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
        """The methods that figures show: all, or if there are very many those with the best means."""
        best = [standing.label for standing in self.comparison.standings[:MAX_DRAWN]]
        return self.rows if len(self.rows) <= MAX_DRAWN else [row for row in self.rows if row.label in best]

    @property
    def note_on_drawn(self) -> str:
        """A sentence for figures that do not show all methods; it begins with a space, or is empty."""
        if len(self.rows) == len(self.drawn):
            return ""
        return f" Of {len(self.rows)} methods the {len(self.drawn)} with the best means; tables show all."

    @cached_property
    def people(self) -> People:
        """How the people of the data set are named."""
        return People(self.results.manifest, self.names)

    @property
    def faces(self) -> Faces:
        """Whether tested faces are new."""
        return faces_tested(self.results.manifest)

    @property
    def audit(self) -> list[dict[str, Any]] | None:
        """All findings of the audit, warnings too; None if there was no audit."""
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
    names: bool = False,
) -> list[Study]:
    """Return a study for each data set and protocol; of each data set the protocol with new faces stands last.

    Raises
    ------
    UsageError
        If results of one data set and protocol are not of the same folds, or none shows the version.
    MismatchError
        If two directories hold other predictions of the same cell.
    """
    by_dataset: dict[str, list[Results]] = {}
    loaded = [Results.of(store, version) for store in stores]
    check_version(loaded, version)
    for results in pool([results.without_twins() for results in loaded] if without_twins else loaded):
        by_dataset.setdefault(results.manifest.title, []).append(results)
    studies: list[Study] = []
    for same in by_dataset.values():
        for results in sorted(same, key=lambda results: novelty(results.manifest)):
            own = tuple(store for store in stores if store.manifest.sha256 == results.manifest.sha256)
            studies.append(Study(results, own, rope, metric, paper, names))
    return studies


def by_images(studies: Sequence[Study]) -> list[list[Study]]:
    """Return lists of studies of the same images: protocols of one data set that can stand side by side."""
    together: dict[tuple[str, str], list[Study]] = {}
    for study in studies:
        manifest = study.results.manifest
        together.setdefault((manifest.dataset, manifest.fingerprint), []).append(study)
    return list(together.values())
