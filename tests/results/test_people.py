from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from febench.core.manifest import Manifest, draw
from febench.results.metrics import metric_of
from febench.results.people import faces_tested, person_scores, said_of_faces
from febench.results.results import Results
from tests.conftest import make_dataset
from tests.made_results import made_dataset, made_results


@pytest.mark.parametrize(
    ("protocol", "faces"), [("paper", "seen"), ("subject", "new"), ("loso", "new"), ("subject[groups=4]", "new")]
)
def test_who_is_tested_is_looked_up_in_the_folds(protocol: str, faces: str) -> None:
    assert faces_tested(draw(made_dataset(), protocol)) == faces


def test_people_without_names_are_not_said_to_be_seen() -> None:
    manifest = draw(dataclasses.replace(made_dataset(), subjects=None), "paper")
    assert faces_tested(manifest) == "not known" and "may have been" in said_of_faces(manifest)


@pytest.mark.parametrize("single", [140, 100])
@pytest.mark.parametrize("protocol", ["paper", "subject"])
def test_names_most_of_which_have_one_image_are_not_said_to_be_new_people(single: int, protocol: str) -> None:
    people = [f"p{i}" if i < single else f"q{i % 7}" for i in range(140)]
    manifest = draw(make_dataset([i % 7 for i in range(140)], people), protocol)
    assert manifest.people is None and faces_tested(manifest) == "not known"
    assert said_of_faces(manifest).startswith("the names given for people do not tell people apart")


def test_names_that_an_audit_found_to_be_none_are_not_said_to_be_new_people(tmp_path: Path) -> None:
    store = made_results(tmp_path, {"hwt": 0.7}, protocol="subject[runs=1]", runs=[1])
    assert faces_tested(Results.of(store).manifest) == "new"
    for severity, faces in (("warning", "new"), ("error", "not known")):
        with store.writing():
            store.keep_audit([{"code": "FEB021", "severity": severity, "title": "Names", "count": 9}])
        results = Results.of(store)
        assert faces_tested(results.manifest) == faces
        assert (results.rows[0].summary().interval is None) == (faces == "not known")


def test_some_people_with_one_image_make_it_partly() -> None:
    people = [f"p{i}" if i < 5 else f"q{i % 7}" for i in range(140)]
    manifest = draw(make_dataset([i % 7 for i in range(140)], people), "paper")
    assert faces_tested(manifest) == "partly seen" and said_of_faces(manifest).startswith("some of the people")


def test_a_person_in_validation_is_not_new() -> None:
    manifest = draw(made_dataset(), "subject")
    people, fold = [*manifest.content["subjects"]], manifest.fold(1, 1)
    people[int(fold.test[0])] = people[int(fold.validation[0])]
    assert faces_tested(Manifest({**manifest.content, "subjects": people})) == "partly seen"


def test_each_person_is_scored_over_all_complete_runs(tmp_path: Path) -> None:
    results = Results.of(made_results(tmp_path, {"hwt": 0.7}))
    scores = person_scores(results.rows[0])
    assert scores is not None and len(scores.names) == 20 and scores.images.tolist() == [350] * 20
    frame = results.to_frame("predictions")
    people = dict(zip(results.manifest.ids, results.manifest.subjects or (), strict=True))
    hits = frame.true_class.astype(str) == frame.predicted_class.astype(str)
    expected = 100 * hits.groupby(frame.image.map(people).astype(str)).mean()
    assert dict(zip(scores.names, scores.values, strict=True)) == pytest.approx(expected.to_dict())
    assert scores.worst_tenth == pytest.approx(np.sort(scores.values)[:2].mean())
    assert scores.median == pytest.approx(np.median(scores.values))
    assert np.average(scores.values) == pytest.approx(results.rows[0].summary().mean)


def test_of_a_metric_of_which_less_is_better_the_worst_are_the_highest(tmp_path: Path) -> None:
    scores = person_scores(Results.of(made_results(tmp_path, {"hwt": 0.7})).rows[0], metric_of("log-loss"))
    assert scores is not None and scores.values[scores.worst_first[0]] == scores.values.max()


def test_a_single_run_of_leave_one_person_out_has_an_interval(tmp_path: Path) -> None:
    row = Results.of(made_results(tmp_path, {"hwt": 0.7}, protocol="loso")).rows[0]
    summary = row.summary()
    assert summary.runs == 1 and summary.sd is None and summary.mean is not None and summary.interval is not None
    assert summary.interval[0] < summary.mean < summary.interval[1]
    assert row.summary(metric_of("auc")).interval is not None and row.summary(metric_of("uar")).interval is not None


def test_without_people_there_is_no_interval(tmp_path: Path) -> None:
    unknown = dataclasses.replace(made_dataset(), subjects=None)
    row = Results.of(made_results(tmp_path, {"hwt": 0.7}, unknown)).rows[0]
    assert row.summary().interval is None and person_scores(row) is None
