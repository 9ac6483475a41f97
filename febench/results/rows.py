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
from febench.results.metrics import OA, Answers, Metric, confusion_matrix, mean_and_sd, sensitivities
from febench.results.store import Record
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


@dataclass(frozen=True, eq=False)
class RowResults:
    """All stored cells of one method with its parameters, at one version.

    Attributes
    ----------
    manifest : Manifest
        The folds.
    records : tuple of Record
        Its cells.
    """

    manifest: Manifest
    records: tuple[Record, ...]

    @property
    def label(self) -> str:
        """What the row is called in tables."""
        return self.records[-1].label

    @property
    def method(self) -> str:
        """The method's name, without preset or parameters."""
        return self.records[-1].method

    @property
    def weights(self) -> str | None:
        """What weights training started from, where they were not random: the parameter `weights`, or the label's."""
        for told in _told_weights(self.records[-1]):
            # a number says how many weights a network has, and random weights have words
            if isinstance(told, str) and told.strip().lower() not in ("", "none", "null", "random", "scratch"):
                return told
        return None

    @cached_property
    def cells(self) -> dict[tuple[int, int], Record]:
        """The cells that have predictions, by run and fold."""
        return {(record.run, record.fold): record for record in self.records if record.ok}

    @cached_property
    def precisions(self) -> Counter[str]:
        """How many cells were computed in which precision, of those that tell."""
        return Counter(str(cell.info["dtype"]) for cell in self.cells.values() if "dtype" in cell.info)

    @property
    def failed(self) -> list[Record]:
        """Cells that have no predictions."""
        return [record for record in self.records if not record.ok]

    def missing_folds(self, run: int) -> list[int]:
        """Folds of a run without predictions."""
        return [fold for fold in range(1, self.manifest.n_folds + 1) if (run, fold) not in self.cells]

    @cached_property
    def runs(self) -> tuple[int, ...]:
        """The complete runs."""
        return tuple(run for run in range(1, self.manifest.n_runs + 1) if not self.missing_folds(run))

    @property
    def complete(self) -> bool:
        """Whether every run of the protocol is in."""
        return len(self.runs) == self.manifest.n_runs

    @property
    def gaps(self) -> list[str]:
        """What is missing, in words; runs of which nothing was begun are not named one by one."""
        words = []
        n_folds = self.manifest.n_folds
        begun = {record.run for record in self.records}
        for run in range(1, self.manifest.n_runs + 1):
            missing = self.missing_folds(run)
            if missing and run in begun:
                named = ", ".join(map(str, missing))
                words.append(f"run {run}: {n_folds - len(missing)}/{n_folds} folds, missing {named}")
        return words

    @cached_property
    def confusions(self) -> dict[int, NDArray[np.int64]]:
        """For each complete run, the confusion matrix summed over its test groups."""
        n_classes = len(self.manifest.classes)
        given = {run: self.answers([run]) for run in self.runs}
        return {run: confusion_matrix(one.labels, one.predictions, n_classes) for run, one in given.items()}

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
        keys = [(run, fold) for run in runs for fold in folds or range(1, self.manifest.n_folds + 1)]
        tests = [self.manifest.test(*key) for key in keys]
        cells = [self.cells[key] for key in keys] if probabilities else []
        given = [None if cell.contradictions else cell.probability_array() for cell in cells]
        there = [one for one in given if one is not None]
        predictions = [np.asarray(self.cells[key].predictions, dtype=np.int64) for key in keys]
        return Answers(
            self.manifest.labels[np.concatenate(tests)],
            np.concatenate(predictions),
            np.concatenate(there) if there and len(there) == len(keys) else None,
            len(self.manifest.classes),
        )

    def scores(self, metric: Metric) -> dict[int, float]:
        """A metric of each complete run; empty where it needs probabilities and a cell has none."""
        if metric.name not in self._scores:
            if metric.tally is OA.tally:
                values = {run: float(metric.value(confusion)) for run, confusion in self.confusions.items()}
            else:
                by_run = {run: self.answers([run], probabilities=metric.of_probabilities) for run in self.runs}
                values = {run: metric.score(answers) for run, answers in by_run.items()}
            self._scores[metric.name] = values if all(map(np.isfinite, values.values())) else {}
        return self._scores[metric.name]

    def fold_scores(self, metric: Metric) -> dict[int, NDArray[np.float64]]:
        """A metric of each fold of each complete run, shape (folds,); NaN where it cannot be told."""
        folds = range(1, self.manifest.n_folds + 1)
        wanted = metric.of_probabilities
        return {
            run: np.array([metric.score(self.answers([run], [fold], probabilities=wanted)) for fold in folds])
            for run in self.runs
        }

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
        if self.manifest.people is None or metric.tally is None or not self.runs:
            return None
        answers = self.answers(self.runs, probabilities=metric.of_probabilities)
        if metric.of_probabilities and answers.probabilities is None:
            return None
        names, numbers = self.manifest.people
        folds = range(1, self.manifest.n_folds + 1)
        people = numbers[np.concatenate([self.manifest.test(run, fold) for run in self.runs for fold in folds])]
        order = np.argsort(people, kind="stable")
        starts = np.flatnonzero(np.diff(people[order])) + 1
        tested = [names[people[own[0]]] for own in np.split(order, starts)]
        return tuple(tested), np.stack([metric.tally(_some(answers, own)) for own in np.split(order, starts)])

    @cached_property
    def _scores(self) -> dict[str, dict[int, float]]:
        return {}

    @cached_property
    def _summaries(self) -> dict[str, Summary]:
        return {}


def _some(answers: Answers, images: NDArray[np.int64]) -> Answers:
    """The answers of some of the images."""
    probabilities = None if answers.probabilities is None else answers.probabilities[images]
    return Answers(answers.labels[images], answers.predictions[images], probabilities, answers.n_classes)


_WEIGHTS = re.compile(r"\bweights=(\"[^\"]*\"|[^,\]]*)")


def _told_weights(record: Record) -> Iterator[Any]:
    """Wherever a record may say from which weights its training started."""
    yield record.params.get("weights")
    yield from (quoted.strip('"') for quoted in _WEIGHTS.findall(record.label))
    yield record.info.get("weights")
    if record.params.get("pretrained") is True or record.info.get("pretrained") is True:
        yield "not named"
