"""The floor: chance, the most frequent class, and folds in which the likeness of persons misleads."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from baselines.majority import majority
from febench.core.dataset import Dataset
from febench.core.manifest import Manifest, draw
from febench.results.cells import Cells
from febench.results.floor import Acquaintance, floor_of, likeness_misleads
from febench.results.metrics import METRICS, OA, metric_of
from febench.results.record import Record
from febench.results.rows import RowResults
from tests.conftest import make_dataset


def test_it_is_the_most_frequent_class_of_each_folds_training_part() -> None:
    """Trained on two of class b and one of a, it answers b; validated on are only a."""
    parts = ("train",) * 3 + ("validation",) * 4 + ("test",) * 4
    labels = [1, 0, 1, *[0] * 4, 1, 0, 2, 1]
    manifest = draw(replace(make_dataset(labels, classes=3), parts=parts), "official")
    floor = floor_of(manifest, OA)
    assert floor is not None and floor.majority == {1: 50.0}
    assert floor.chance == pytest.approx(100 / 3) and floor.summary() == (50.0, None) and floor.differs


def test_on_a_set_with_as_many_of_each_class_in_every_group_it_is_chance(toy: Dataset) -> None:
    floor = floor_of(draw(toy, "paper"), OA)
    assert floor is not None and not floor.differs
    assert floor.summary() == (pytest.approx(100 / 7), pytest.approx(0.0))


@settings(max_examples=25)
@given(st.lists(st.integers(0, 3), min_size=9, max_size=40), st.integers(0, 3))
def test_the_method_of_that_name_reaches_it_in_every_run(labels: list[int], seed: int) -> None:
    manifest = draw(make_dataset(labels, classes=4), "paper[runs=2,groups=3]", seed)
    records = []
    for run, fold in ((run, fold) for run in (1, 2) for fold in (1, 2, 3)):
        parts = manifest.fold(run, fold)
        trained = majority().fit(np.zeros((len(parts.train), 2, 2)), manifest.labels[parts.train])
        answers = trained.predict(np.zeros((len(parts.test), 2, 2))).tolist()
        records.append(Record(f"{run}.{fold}", "majority", {}, "1", "majority", run, fold, 0, "ok", answers))
    row = RowResults(manifest, Cells.of(records))
    for name in ("oa", "uar"):
        floor = floor_of(manifest, metric_of(name))
        assert floor is not None and floor.majority == pytest.approx(row.scores(metric_of(name)))


def test_a_metric_of_probabilities_has_chance_alone_and_one_without_chance_nothing(toy: Dataset) -> None:
    manifest = draw(toy, "paper")
    for metric in METRICS.values():
        floor = floor_of(manifest, metric)
        assert (floor is None) == (metric.chance is None)
        assert floor is None or bool(floor.majority) != metric.of_probabilities


@pytest.mark.parametrize(
    ("images", "met", "same", "misleads"),
    [(6, 6, 0, True), (6, 4, 1, True), (6, 3, 0, False), (6, 6, 3, False), (6, 0, 0, False), (0, 0, 0, False)],
)
def test_likeness_misleads_where_most_are_known_but_with_other_classes(
    images: int, met: int, same: int, misleads: bool
) -> None:
    assert Acquaintance(images, met, same).misleads == misleads


def test_acquaintance_counts_people_and_their_classes_in_training() -> None:
    people, labels = np.array([0, 0, 1, 0, 1, 2]), np.array([0, 1, 0, 1, 1, 0])
    train, test = np.array([0, 1, 2]), np.array([3, 4, 5])
    assert Acquaintance.of(people, labels, train, test) == Acquaintance(images=3, met=2, same=1)


def test_it_hangs_on_the_folds(toy: Dataset) -> None:
    """One image of a person and class misleads under random folds, not under others; several do not."""

    def manifest(shots: int, protocol: str, known: bool = True) -> Manifest:
        people = [f"p{i // (7 * shots)}" for i in range(140)]
        return draw(make_dataset([i % 7 for i in range(140)], people if known else None), protocol)

    assert likeness_misleads(manifest(1, "paper"))
    assert not likeness_misleads(manifest(1, "subject")) and not likeness_misleads(manifest(1, "loso"))
    assert not likeness_misleads(manifest(4, "paper")) and not likeness_misleads(manifest(1, "paper", known=False))
