"""The drop: how a method's figure changes from one protocol to another on the same images, paired by person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from febench.results.design import training_people
from febench.results.metrics import OA, Metric
from febench.results.rows import RowResults
from febench.stats import PeopleInterval, holm, people_interval
from febench.stats.resampled import ROUNDING

NoInterval = Literal["people not known", "other people tested", "fewer than two people", "no value of each person"]


@dataclass(frozen=True)
class Drop:
    """The change of a row's figure from a first protocol to a last one.

    Attributes
    ----------
    value : float
        The figure under the last protocol less that under the first.
    interval : PeopleInterval or None
        Its 95 % interval for other people of this kind, trained and tested, with the test that there is no change.
    p_holm : float or None
        The test's p, adjusted by Holm over all drops that were asked for together.
    lacking : str or None
        Why there is no interval; None where there is one.
    """

    value: float
    interval: PeopleInterval | None
    p_holm: float | None = None
    lacking: NoInterval | None = None


def drops_of(first: Sequence[RowResults], last: Sequence[RowResults], metric: Metric = OA) -> dict[str, Drop]:
    """Return the drop of each row with a figure under both protocols, by its label, with p adjusted over all of them.

    Parameters
    ----------
    first, last : sequence of RowResults
        The rows under the two protocols, of the same images.
    metric : Metric
        What changes.
    """
    under_last = {row.label: row for row in last}
    pairs = {row.label: (row, under_last[row.label]) for row in first if row.label in under_last}
    drops = {label: drop for label, (a, b) in pairs.items() if (drop := _drop(a, b, metric)) is not None}
    return _adjusted(drops)


def _drop(first: RowResults, last: RowResults, metric: Metric) -> Drop | None:
    """Return the drop of one row before adjustment; None where it has no figure under one of the protocols."""
    before, after = first.summary(metric).mean, last.summary(metric).mean
    if before is None or after is None:
        return None
    if first.manifest.people is None or last.manifest.people is None:
        return Drop(after - before, None, lacking="people not known")
    values = first.person_values(metric), last.person_values(metric)
    if values[0] is None or values[1] is None:
        few = min(len(row.people_tested) for row in (first, last)) < 2
        return Drop(after - before, None, lacking="fewer than two people" if few else "no value of each person")
    if values[0].names != values[1].names:
        return Drop(after - before, None, lacking="other people tested")
    differences = values[1].values - values[0].values
    # a method that answers alike under both protocols has differences of rounding alone, which no test may read
    differences[np.abs(differences) <= ROUNDING * np.abs(values[0].values).max()] = 0.0
    trained_on = min(training_people(row.manifest) for row in (first, last))
    return Drop(after - before, people_interval(differences, training_people=trained_on))


def _adjusted(drops: Mapping[str, Drop]) -> dict[str, Drop]:
    """Add p adjusted by Holm over all drops that have a test."""
    tested = {label: drop.interval.p for label, drop in drops.items() if drop.interval is not None}
    adjusted = dict(zip(tested, holm(list(tested.values())).tolist(), strict=True))
    return {label: Drop(drop.value, drop.interval, adjusted.get(label), drop.lacking) for label, drop in drops.items()}
