"""Results directories that may be compared: those of the same folds are one, those of other folds are refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from febench.core.errors import MismatchError, UsageError
from febench.core.manifest import Manifest
from febench.results.results import Results
from febench.results.store import Record


def pool(results: Sequence[Results]) -> list[Results]:
    """Join results of the same manifest, such as of methods computed on two machines.

    Parameters
    ----------
    results : sequence of Results
        Of any data sets and protocols.

    Returns
    -------
    list of Results
        One a manifest, in the order given.

    Raises
    ------
    UsageError
        If two are of one data set and protocol but not of the same folds: their differences are not paired.
    MismatchError
        If two hold other predictions of the same cell.
    """
    by_folds: dict[str, list[Results]] = {}
    for one in results:
        by_folds.setdefault(one.manifest.sha256, []).append(one)
    seen: dict[tuple[str, str], Manifest] = {}
    for manifest in (same[0].manifest for same in by_folds.values()):
        other = seen.setdefault((manifest.dataset, manifest.protocol), manifest)
        if other is not manifest:
            raise UsageError(
                f"two directories hold results of {manifest.dataset} under protocol {manifest.protocol} on different "
                f"folds (manifests {other.sha256[:12]} and {manifest.sha256[:12]}): methods are compared on the same "
                "folds only; compare each directory on its own"
            )
    return [same[0] if len(same) == 1 else _joined(same) for same in by_folds.values()]


def _joined(same: Sequence[Results]) -> Results:
    """Results of the same folds as one; of two records of a cell, the one that has predictions."""
    cells: dict[str, Record] = {}
    for record in (record for one in same for row in one.rows for record in row.records):
        known = cells.get(record.key)
        if known is None or not known.ok:
            cells[record.key] = record
        elif record.ok and record.predictions != known.predictions:
            place = f"{record.label} run {record.run} fold {record.fold}"
            raise MismatchError(f"two directories hold different predictions of {place}", option="against")
    joined = Results.from_records(same[0].manifest, cells.values())
    outdated = dict(joined.outdated)
    for label, count in (item for one in same for item in one.outdated.items()):
        outdated[label] = outdated.get(label, 0) + count
    faults = next((one.faults for one in same if one.faults is not None), None)
    environments = {name: what for one in same for name, what in one.environments.items()}
    aside = "; ".join(one.set_aside for one in same if one.set_aside) or None
    return replace(joined, outdated=outdated, faults=faults, environments=environments, set_aside=aside)
