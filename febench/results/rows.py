"""The stored cells of one method as a row of tables: complete runs are scored, incomplete ones are named."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from febench.core.manifest import Manifest
from febench.results.cells import Cells
from febench.results.metrics import METRICS, OA, Answers, Metric, mean_and_sd, sensitivities
from febench.results.record import Record
from febench.stats import bootstrap_interval


@dataclass(frozen=True)
class Summary:
    """A metric over the complete runs of a row.

    Attributes
    ----------
    runs : int
        How many there are.
    mean, sd : float or None
        Over runs; sd is the sample standard deviation (n-1). None where there are too few to have one.
    interval : tuple of float, or None
        95 % bootstrap interval of the mean over people; None where they are not known, or the metric does not add up.
    """

    runs: int
    mean: float | None
    sd: float | None
    interval: tuple[float, float] | None


_NOTHING = np.empty(0)
IMAGES_AT_ONCE = 1 << 16
"""Test images whose answers are in memory together."""


class _Counted(NamedTuple):
    """What a metric counts in each fold of the complete runs and of each person; without a tally, each run's score.

    Shapes (runs, folds, ...), (people, ...) and (runs,); empty what there is not.
    """

    by_fold: NDArray[np.float64] = _NOTHING
    by_person: NDArray[np.float64] = _NOTHING
    by_run: NDArray[np.float64] = _NOTHING


@dataclass(frozen=True, eq=False)
class RowResults:
    """All stored cells of one method with its parameters, at one version.

    Attributes
    ----------
    manifest : Manifest
        The folds.
    records : Cells
        Its cells, whose records are read when they are asked for.
    """

    manifest: Manifest
    records: Cells

    def __repr__(self) -> str:
        cells = f"{len(self.cells)} cells, {len(self.failed)} failed"
        return f"<RowResults of {self.label}: {cells}, complete runs: {len(self.runs)}/{self.manifest.n_runs}>"

    @property
    def label(self) -> str:
        """What the row is called in tables."""
        return self.records.last.label

    @property
    def method(self) -> str:
        """The method's name, without preset or parameters."""
        return self.records.last.method

    @cached_property
    def weights(self) -> str | None:
        """What weights training started from, where they were not random: the parameter `weights`, or the label's."""
        for told in _told_weights(self.records[-1]):
            # a number says how many weights a network has, and random weights have words
            if isinstance(told, str) and told.strip().lower() not in ("", "none", "null", "random", "scratch"):
                return told
        return None

    @cached_property
    def cells(self) -> Cells:
        """The cells that have predictions."""
        return self.records.take(self.records.table["ok"])

    @cached_property
    def failed(self) -> Cells:
        """Cells that have no predictions."""
        return self.records.take(~self.records.table["ok"])

    @cached_property
    def precisions(self) -> Counter[str]:
        """How many cells were computed in which precision, of those that tell."""
        return Counter(word for word in self.cells.named("precision") if word)

    @cached_property
    def _places(self) -> NDArray[np.int64]:
        """Where in `cells` the one of each run and fold is, shape (runs, folds); -1 where there is none."""
        table = self.cells.table
        places = np.full((self.manifest.n_runs, self.manifest.n_folds), -1, dtype=np.int64)
        places[table["run"] - 1, table["fold"] - 1] = np.arange(len(table))
        return places

    @cached_property
    def runs(self) -> tuple[int, ...]:
        """The complete runs."""
        return tuple((np.flatnonzero((self._places >= 0).all(axis=1)) + 1).tolist())

    @property
    def complete(self) -> bool:
        """Whether every run of the protocol is in."""
        return len(self.runs) == self.manifest.n_runs

    @cached_property
    def gaps(self) -> list[str]:
        """What is missing, in words; runs of which nothing was begun are not named one by one."""
        words = []
        n_folds = self.manifest.n_folds
        for run in sorted(set(self.records.table["run"].tolist()) - set(self.runs)):
            missing = np.flatnonzero(self._places[run - 1] < 0) + 1
            folds = f"{n_folds - len(missing)}/{n_folds} folds"
            words.append(f"run {run}: {folds}, missing {', '.join(map(str, missing.tolist()))}")
        return words

    @cached_property
    def confusions(self) -> dict[int, NDArray[np.int64]]:
        """For each complete run, the confusion matrix summed over its test groups."""
        counted = self._counted(OA)
        by_run = () if counted is None else counted.by_fold.sum(axis=1).astype(np.int64)
        return dict(zip(self.runs, by_run, strict=True))

    @cached_property
    def sensitivities(self) -> dict[int, NDArray[np.float64]]:
        """Sensitivity of each class in each complete run, in percent."""
        return {run: sensitivities(confusion) for run, confusion in self.confusions.items()}

    @property
    def accuracies(self) -> dict[int, float]:
        """Overall accuracy of each complete run, in percent."""
        return self.scores(OA)

    def answers(
        self, runs: Sequence[int], folds: Sequence[int] | None = None, *, probabilities: bool = False
    ) -> Answers:
        """What was said of the test images of some complete runs, one after the other.

        Parameters
        ----------
        runs : sequence of int
            Counted from 1.
        folds : sequence of int, or None
            Counted from 1; all by default.
        probabilities : bool
            Whether they are wanted: reading them takes most of the time. None where a cell has none, or has some that
            contradict its predictions.
        """
        where = self._places[np.array(runs, dtype=np.int64) - 1]
        places = (where if folds is None else where[:, np.array(folds, dtype=np.int64) - 1]).ravel()
        return Answers(
            self.manifest.labels[self.manifest.tests(runs, folds)],
            self.cells.predictions(places),
            self._probabilities(places) if probabilities else None,
            len(self.manifest.classes),
        )

    def _probabilities(self, places: NDArray[np.int64]) -> NDArray[np.float64] | None:
        """Those of the cells at some places; None where one has none, or has some that contradict its predictions."""
        if not _sound(self.cells.table[places]):
            return None
        given = [record.probability_array() for record in self.cells.take(places)]
        return np.concatenate([one for one in given if one is not None])

    def scores(self, metric: Metric) -> dict[int, float]:
        """A metric of each complete run; empty where it needs probabilities and a cell has none."""
        if metric.name not in self._scores:
            self._scores[metric.name] = {}
            if (counted := self._counted(metric)) is not None:
                values = counted.by_run if metric.tally is None else metric.value(counted.by_fold.sum(axis=1))
                if np.isfinite(values).all():
                    self._scores[metric.name] = dict(zip(self.runs, values.tolist(), strict=True))
        return self._scores[metric.name]

    def fold_scores(self, metric: Metric) -> dict[int, NDArray[np.float64]]:
        """A metric of each fold of each complete run, shape (folds,); NaN where it cannot be told."""
        folds = range(1, self.manifest.n_folds + 1)
        if metric.tally is None:
            wanted = metric.of_probabilities
            return {
                run: np.array([metric.score(self.answers([run], [fold], probabilities=wanted)) for fold in folds])
                for run in self.runs
            }
        counted = self._counted(metric)
        values = np.full((len(self.runs), len(folds)), np.nan) if counted is None else metric.value(counted.by_fold)
        return dict(zip(self.runs, values, strict=True))

    def fold_totals(self, metric: Metric) -> dict[int, NDArray[np.float64]]:
        """Of a metric that is a mean over images, their sum in each fold of each complete run, shape (folds,).

        Empty where it needs probabilities and a cell has none.
        """
        counted = self._counted(metric)
        assert metric.total is not None
        return {} if counted is None else dict(zip(self.runs, metric.total(counted.by_fold), strict=True))

    def summary(self, metric: Metric = OA) -> Summary:
        """Mean, spread and interval of a metric over complete runs."""
        if metric.name not in self._summaries:
            values = np.asarray(list(self.scores(metric).values()))
            interval = None
            if len(values) and (counted := self.tallies_by_person(metric)):
                interval = bootstrap_interval(counted[1], metric.value)
            self._summaries[metric.name] = Summary(len(values), *mean_and_sd(values), interval)
        return self._summaries[metric.name]

    def tallies_by_person(self, metric: Metric) -> tuple[tuple[str, ...], NDArray[np.float64]] | None:
        """Who was tested in the complete runs, and what a metric counts of each, shape (people, ...).

        None where people are not known, no run is complete, or the metric needs all images at once.
        """
        if self.manifest.people is None or metric.tally is None or (counted := self._counted(metric)) is None:
            return None
        names, numbers = self.manifest.people
        tested = np.flatnonzero(np.bincount(numbers[self.manifest.tests(self.runs)], minlength=len(names)))
        return tuple(names[person] for person in tested), counted.by_person[tested]

    def _counted(self, metric: Metric) -> _Counted | None:
        """What a metric counts in the complete runs; None without one, or where a cell lacks the probabilities."""
        if not self.runs or (metric.of_probabilities and not self._has_probabilities):
            return None
        key = metric.tally or metric.value
        if key not in self._counts:
            # probabilities are read once for all metrics of them: to read them takes most of the time
            others = [one for one in METRICS.values() if one.of_probabilities] if metric.of_probabilities else []
            different = {one.tally or one.value: one for one in (metric, *others)}
            self._counts.update(zip(different, self._count(list(different.values())), strict=True))
        return self._counts[key]

    def _count(self, metrics: Sequence[Metric]) -> list[_Counted]:
        """What some metrics count in the complete runs; answers of few runs at a time are in memory."""
        n_folds, sizes = self.manifest.n_folds, self.manifest.test_sizes
        people = self.manifest.people
        most = max(1, IMAGES_AT_ONCE // max(1, int(sizes.sum(axis=1).max())))
        parts: list[list[_Counted]] = [[] for _ in metrics]
        for runs in (self.runs[at : at + most] for at in range(0, len(self.runs), most)):
            answers = self.answers(runs, probabilities=any(metric.of_probabilities for metric in metrics))
            each = sizes[np.array(runs) - 1].ravel()
            folds, run_ends = np.repeat(np.arange(len(each)), each), np.cumsum(each)[n_folds - 1 :: n_folds]
            for metric, own in zip(metrics, parts, strict=True):
                if metric.tally is None:
                    by_run = [metric.score(one) for one in _apart(answers, run_ends[:-1])]
                    own.append(_Counted(by_run=np.array(by_run)))
                    continue
                by_fold = metric.tally(answers, folds, len(each))
                by_person = _NOTHING
                if people is not None:
                    by_person = metric.tally(answers, people[1][self.manifest.tests(runs)], len(people[0]))
                own.append(_Counted(by_fold.reshape(len(runs), n_folds, *by_fold.shape[1:]), by_person))
        return [
            _Counted(
                np.concatenate([one.by_fold for one in own]),
                np.sum([one.by_person for one in own], axis=0),
                np.concatenate([one.by_run for one in own]),
            )
            for own in parts
        ]

    @cached_property
    def _has_probabilities(self) -> bool:
        """Whether every cell of the complete runs has probabilities that do not contradict its predictions."""
        return _sound(self.cells.table[self._places[np.array(self.runs, dtype=np.int64) - 1].ravel()])

    @cached_property
    def _counts(self) -> dict[Callable[..., Any], _Counted]:
        return {}

    @cached_property
    def _scores(self) -> dict[str, dict[int, float]]:
        return {}

    @cached_property
    def _summaries(self) -> dict[str, Summary]:
        return {}


def _apart(answers: Answers, edges: NDArray[np.int64]) -> Iterator[Answers]:
    """The answers between the edges."""
    for start, end in itertools.pairwise([0, *edges.tolist(), len(answers.labels)]):
        beliefs = None if answers.probabilities is None else answers.probabilities[start:end]
        yield Answers(answers.labels[start:end], answers.predictions[start:end], beliefs, answers.n_classes)


def _sound(table: NDArray[Any]) -> bool:
    """Whether all cells have probabilities that do not contradict their predictions."""
    return bool((table["probable"] & (table["contradictions"] == 0)).all())


_WEIGHTS = re.compile(r"\bweights=(\"[^\"]*\"|[^,\]]*)")


def _told_weights(record: Record) -> Iterator[Any]:
    """Wherever a record may say from which weights its training started."""
    yield record.params.get("weights")
    yield from (quoted.strip('"') for quoted in _WEIGHTS.findall(record.label))
    yield record.info.get("weights")
    if record.params.get("pretrained") is True or record.info.get("pretrained") is True:
        yield "not named"
