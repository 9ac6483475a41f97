"""The stored cells of one method as a row of tables: complete runs are scored, incomplete ones are named."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from febench.core.manifest import Manifest
from febench.results.cells import Cells
from febench.results.design import training_people
from febench.results.measurement import Measurement, measure
from febench.results.metrics import METRICS, OA, Answers, Metric, mean_and_sd, sensitivities
from febench.results.record import Record
from febench.stats import jackknife_values, people_interval


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
        95 % interval of the mean for other people of this kind, trained and tested; None where people are not known.
    """

    runs: int
    mean: float | None
    sd: float | None
    interval: tuple[float, float] | None


IMAGES_AT_ONCE = 1 << 16
"""Number of test images whose answers are in memory together."""


@dataclass(frozen=True)
class PersonValues:
    """A value of each person; their mean is the row's mean, and they differ as the person moves it.

    Attributes
    ----------
    names : tuple of str, length n
        The people tested in the complete runs.
    values : float array, shape (n,)
        In the unit of the metric. Of overall accuracy, if all people have equally many images, each person's own.
    """

    names: tuple[str, ...]
    values: NDArray[np.float64]


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
        """The label of the row in tables."""
        return self.records.last.label

    @property
    def method(self) -> str:
        """The method's name, without preset or parameters."""
        return self.records.last.method

    @cached_property
    def weights(self) -> str | None:
        """The weights that training started from, if they were not random: the parameter `weights`, or the label's."""
        for weights in _stored_weights(self.records[-1]):
            # a number says how many weights a network has, and random weights have words
            if isinstance(weights, str) and weights.strip().lower() not in ("", "none", "null", "random", "scratch"):
                return weights
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
        """Number of cells for each precision, of the cells that store it."""
        return Counter(word for word in self.cells.named("precision") if word)

    @cached_property
    def _places(self) -> NDArray[np.int64]:
        """Index into `cells` of the cell of each run and fold, shape (runs, folds); -1 where there is none."""
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
        """Whether every run of the protocol is complete."""
        return len(self.runs) == self.manifest.n_runs

    @cached_property
    def gaps(self) -> list[str]:
        """Sentences on missing folds; runs without any cell are named together."""
        words = []
        n_folds = self.manifest.n_folds
        for run in sorted(set(self.records.table["run"].tolist()) - set(self.runs)):
            missing = np.flatnonzero(self._places[run - 1] < 0) + 1
            folds = f"{n_folds - len(missing)}/{n_folds} folds"
            words.append(f"run {run}: {folds}, missing {', '.join(map(str, missing.tolist()))}")
        return words

    @cached_property
    def answers_constantly(self) -> bool:
        """Whether each fold of the complete runs has one answer for all its images, though they show several classes.

        False where no fold tests several classes, and without a complete run.
        """
        several_classes = False
        for run in self.runs:  # most rows are seen in their first run to vary
            answers = self.answers([run])
            ends = np.cumsum(self.manifest.test_sizes[run - 1])[:-1]
            for labels, predictions in zip(
                np.split(answers.labels, ends), np.split(answers.predictions, ends), strict=True
            ):
                if (labels != labels[:1]).any():
                    several_classes = True
                    if (predictions != predictions[:1]).any():
                        return False
        return several_classes

    @cached_property
    def confusions(self) -> dict[int, NDArray[np.int64]]:
        """For each complete run, the confusion matrix summed over its test folds."""
        confusions: dict[int, NDArray[np.int64]] = {}
        for runs, answers in self._parts(probabilities=False):
            assert answers.models is not None
            by_run = OA.tally(answers, answers.models // self.manifest.n_folds, len(runs))
            confusions.update(zip(runs, by_run.astype(np.int64), strict=True))
        return confusions

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
        """Return the answers for the test images of some complete runs, one run after the other.

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
        sizes = self.cells.table["count"][places]
        return Answers(
            self.manifest.labels[self.manifest.tests(runs, folds)],
            self.cells.predictions(places),
            self._probabilities(places) if probabilities else None,
            len(self.manifest.classes),
            np.repeat(np.arange(len(places)), sizes),
        )

    def _probabilities(self, places: NDArray[np.int64]) -> NDArray[np.float64] | None:
        """Those of the cells at some places; None where one has none, or has some that contradict its predictions."""
        if not _sound(self.cells.table[places]):
            return None
        given = [record.probability_array() for record in self.cells.take(places)]
        return np.concatenate([one for one in given if one is not None])

    def scores(self, metric: Metric) -> dict[int, float]:
        """Return a metric of each complete run; empty where it needs probabilities and a cell has none."""
        measured = self._measured(metric)
        return {} if measured is None else dict(zip(self.runs, measured.by_run.tolist(), strict=True))

    def fold_values(self, metric: Metric) -> dict[int, NDArray[np.float64]]:
        """Return a value of each fold of each complete run, shape (folds,), whose mean is the run's figure.

        NaN for a fold that has none; empty where the row has no such metric.
        """
        measured = self._measured(metric)
        return {} if measured is None else dict(zip(self.runs, measured.by_fold, strict=True))

    def summary(self, metric: Metric = OA) -> Summary:
        """Return mean, spread and interval of a metric over complete runs."""
        if metric.name not in self._summaries:
            values = np.asarray(list(self.scores(metric).values()))
            people, interval = self.person_values(metric), None
            if people is not None:
                found = people_interval(people.values, training_people=training_people(self.manifest))
                lowest, highest = metric.bounds
                interval = (min(max(found.low, lowest), found.mean), max(min(found.high, highest), found.mean))
            self._summaries[metric.name] = Summary(len(values), *mean_and_sd(values), interval)
        return self._summaries[metric.name]

    def person_values(self, metric: Metric = OA) -> PersonValues | None:
        """Return a value of each person tested, whose mean is the row's mean.

        None where people are not known, fewer than two are tested, the row has no such metric, or the metric cannot be
        computed without one of the people.
        """
        measured, people = self._measured(metric), self.manifest.people
        if measured is None or people is None:
            return None
        tested, without = self.people_tested, measured.without_person.mean(axis=0)
        if len(tested) < 2 or not np.isfinite(without[tested]).all():
            return None
        values = jackknife_values(float(measured.by_run.mean()), without[tested])
        return PersonValues(tuple(people[0][person] for person in tested), values)

    def scores_of_people(self, metric: Metric = OA) -> PersonValues | None:
        """Return for each person tested the mean over complete runs of the metric of their images alone.

        None where people are not known, the row has no such metric, or the metric ranks the images of a fold.
        """
        measured, people = self._measured(metric), self.manifest.people
        if measured is None or people is None or metric.averaged_over_folds:
            return None
        tested = self.people_tested
        values = measured.of_person[:, tested]
        known = np.isfinite(values)
        means = np.where(known, values, 0.0).sum(axis=0) / known.sum(axis=0)
        return PersonValues(tuple(people[0][person] for person in tested), means)

    @cached_property
    def people_tested(self) -> NDArray[np.int64]:
        """Numbers of the people tested in the complete runs."""
        assert self.manifest.people is not None
        return np.unique(self.manifest.people[1][self.manifest.tests(self.runs)])

    def _measured(self, metric: Metric) -> Measurement | None:
        """Measure the complete runs; None without one, without probabilities it needs, or if a run has no figure."""
        if not self.runs or (metric.of_probabilities and not self._has_probabilities):
            return None
        if metric.name not in self._measurements:
            # reading probabilities takes most of the time: all metrics that need them are measured together
            others = [one for one in METRICS.values() if one.of_probabilities] if metric.of_probabilities else []
            metrics = list({one.name: one for one in (metric, *others)}.values())
            parts: list[list[Measurement]] = [[] for _ in metrics]
            people, n_folds = self.manifest.people, self.manifest.n_folds
            for runs, answers in self._parts(probabilities=metric.of_probabilities):
                who = None if people is None else people[1][self.manifest.tests(runs)]
                for one, own in zip(metrics, parts, strict=True):
                    own.append(measure(one, answers, len(runs), n_folds, who, 0 if people is None else len(people[0])))
            self._measurements.update(
                (one.name, Measurement.joined(own)) for one, own in zip(metrics, parts, strict=True)
            )
        measured = self._measurements[metric.name]
        return measured if np.isfinite(measured.by_run).all() else None

    def _parts(self, *, probabilities: bool) -> Iterator[tuple[tuple[int, ...], Answers]]:
        """Yield the complete runs, as many at a time as memory is to hold, with their answers."""
        largest = max(1, int(self.manifest.test_sizes.sum(axis=1).max()))
        at_once = max(1, IMAGES_AT_ONCE // largest)
        for start in range(0, len(self.runs), at_once):
            runs = self.runs[start : start + at_once]
            yield runs, self.answers(runs, probabilities=probabilities)

    @cached_property
    def _has_probabilities(self) -> bool:
        """Whether every cell of the complete runs has probabilities that do not contradict its predictions."""
        return _sound(self.cells.table[self._places[np.array(self.runs, dtype=np.int64) - 1].ravel()])

    @cached_property
    def _measurements(self) -> dict[str, Measurement]:
        return {}

    @cached_property
    def _summaries(self) -> dict[str, Summary]:
        return {}


def _sound(table: NDArray[Any]) -> bool:
    """Return whether all cells have probabilities that do not contradict their predictions."""
    return bool((table["probable"] & (table["contradictions"] == 0)).all())


_WEIGHTS = re.compile(r"\bweights=(\"[^\"]*\"|[^,\]]*)")


def _stored_weights(record: Record) -> Iterator[Any]:
    """Wherever a record may say from which weights its training started."""
    yield record.params.get("weights")
    yield from (quoted.strip('"') for quoted in _WEIGHTS.findall(record.label))
    yield record.info.get("weights")
    if record.params.get("pretrained") is True or record.info.get("pretrained") is True:
        yield "not named"
