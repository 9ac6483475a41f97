"""What a report is made of: results with their comparison, one a data set and protocol."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from febench.results.results import Results
from febench.results.store import CELLS, Store
from febench.show.compare import Comparison, compare, pool
from febench.show.report.faces import Faces, faces_tested

_ORDER: dict[Faces, int] = {"not known": 0, "seen": 1, "new": 2}


@dataclass(frozen=True, eq=False)
class Source:
    """The results of one data set under one protocol.

    Attributes
    ----------
    number : int
        Counted from 1 over the report; anchors are made of it, for names may hold anything.
    results : Results
        What was stored; of several directories with the same folds, joined.
    stores : tuple of Store
        Where it was stored.
    rope : float
        Region of practical equivalence, in points.
    """

    number: int
    results: Results
    stores: tuple[Store, ...]
    rope: float

    @property
    def name(self) -> str:
        """Data set and protocol."""
        return f"{self.results.manifest.dataset}, protocol {self.results.manifest.protocol}"

    @cached_property
    def comparison(self) -> Comparison:
        """All pairs of methods."""
        return compare(self.results, rope=self.rope)

    @cached_property
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
        paths = [store.path / CELLS for store in self.stores]
        return [hashlib.sha256(path.read_bytes()).hexdigest() for path in paths if path.exists()]


def gather(stores: Sequence[Store], rope: float = 1.0) -> list[Source]:
    """One source a data set and protocol: data sets in the order given, of each the protocol with new faces last.

    Raises
    ------
    UsageError
        If results of one data set and protocol are not of the same folds.
    MismatchError
        If two directories hold other predictions of the same cell.
    """
    by_dataset: dict[str, list[Results]] = {}
    for results in pool([Results.of(store) for store in stores]):
        by_dataset.setdefault(results.manifest.dataset, []).append(results)
    ordered = [
        results
        for same in by_dataset.values()
        for results in sorted(same, key=lambda one: _ORDER[faces_tested(one.manifest)])
    ]
    return [Source(i, results, _of_folds(stores, results), rope) for i, results in enumerate(ordered, start=1)]


def by_images(sources: Sequence[Source]) -> list[list[Source]]:
    """Sources of the very same images together: what may be put side by side as protocols of one data set."""
    found: dict[tuple[str, str], list[Source]] = {}
    for source in sources:
        manifest = source.results.manifest
        found.setdefault((manifest.dataset, manifest.fingerprint), []).append(source)
    return list(found.values())


def _of_folds(stores: Sequence[Store], results: Results) -> tuple[Store, ...]:
    return tuple(store for store in stores if store.manifest.sha256 == results.manifest.sha256)
