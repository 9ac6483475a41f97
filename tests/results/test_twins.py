"""Stored predictions scored without the test images that have a twin in training."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest

import febench
from febench.core.errors import UsageError
from febench.core.files import sealed
from febench.core.manifest import Manifest, draw
from febench.results import index
from febench.results.index import open_results
from febench.results.merge import pool
from febench.results.metrics import METRICS
from febench.results.results import Results
from febench.results.store import AUDIT, Store
from febench.show.compare import compare_documents
from febench.show.formats import render
from febench.show.tables import make_table
from tests.conftest import make_dataset
from tests.end_to_end.conftest import COMMAND
from tests.made_results import made_cell, made_dataset, made_results

DATASET = made_dataset(140)
TWINS = {"identical": [[0, 7], [1, 8, 15]], "nearly identical": [[2, 9], [15, 16], [20, 27, 34, 41]]}
FAULT = {"code": "FEB019", "severity": "error", "title": "Twins", "count": 9}


def directory(path: Path, protocol: str = "paper[runs=3]", twins: dict[str, list[list[int]]] = TWINS) -> Path:
    store = made_results(path, {"hwt": 0.6, "cso": 0.8}, DATASET, protocol)
    with store.writing() as writer:
        writer.append(made_cell(store.manifest, "bbo", 0.5, 1, 1, status="failed", error="no", predictions=None))
        store.keep_audit([FAULT], twins)
    return path


def images_without_twin(manifest: Manifest) -> dict[tuple[int, int], list[int]]:
    """The images of each fold that count, each compared with every training image."""
    together = [set(group) for groups in TWINS.values() for group in groups]
    kept = {}
    for run in range(1, manifest.n_runs + 1):
        for number in range(1, manifest.n_folds + 1):
            fold = manifest.fold(run, number)
            train = set(fold.train.tolist())
            kept[run, number] = [i for i in fold.test.tolist() if not any(i in s and s & train for s in together)]
    return kept


@pytest.mark.parametrize("indexed", [False, True])
def test_each_metric_is_that_of_the_images_that_are_left(
    tmp_path: Path, indexed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index, "INDEXED_FROM", 0 if indexed else 1 << 60)
    store = open_results(directory(tmp_path))
    whole = Results.of(store)
    reduced = whole.without_twins()
    kept = images_without_twin(whole.manifest)
    n_kept, n_tests = sum(map(len, kept.values())), 3 * 140
    assert 0 < n_kept < n_tests and reduced.manifest.left_out == n_tests - n_kept
    assert str(whole.twin_count).startswith(f"{n_tests - n_kept} of {n_tests} test images (")
    assert reduced.manifest.sha256 == whole.manifest.sha256 and reduced.without_twins() is reduced
    labels = whole.manifest.labels
    for row, left in zip(whole.rows, reduced.rows, strict=True):
        assert row.runs == left.runs
        for run in row.runs:
            told = {}
            for record in row.cells:
                if record.run == run:
                    of_image = dict(
                        zip(whole.manifest.test(run, record.fold).tolist(), record.predictions, strict=True)
                    )
                    told.update({image: of_image[image] for image in kept[run, record.fold]})
            right = [labels[image] == answer for image, answer in told.items()]
            assert left.accuracies[run] == pytest.approx(100 * np.mean(right))
    frame, full = reduced.to_frame("predictions"), whole.to_frame("predictions")
    assert len(frame) == 2 * n_kept and len(full) == 2 * n_tests
    both = frame.merge(full, on=["label", "run", "fold", "image"])
    assert len(both) == len(frame) and (both.predicted_class_x.astype(str) == both.predicted_class_y.astype(str)).all()
    assert np.allclose(both.probability_anger_x, both.probability_anger_y)
    for metric in METRICS.values():
        assert all(np.isfinite(list(row.scores(metric).values())).all() for row in reduced.rows)
        assert [len(row.scores(metric)) for row in reduced.rows] == [len(row.scores(metric)) for row in whole.rows]


def test_tables_name_the_share_and_what_is_left_out(tmp_path: Path) -> None:
    results = [
        febench.load(directory(tmp_path / name[:5], name)) for name in ("paper[runs=2]", "subject[runs=2,groups=4]")
    ]
    for name in ("1", "2", "3", "people", "cost"):
        whole = render(make_table(name, results[:1]), "text")
        assert "test images (" in whole and "have an identical or nearly identical image in training" in whole, name
        reduced = render(make_table(name, [results[0].without_twins()]), "text")
        assert "without twins)" in reduced and "left out are the" in reduced, name
    reduced = [one.without_twins() for one in results]
    text = render(make_table("4", reduced), "text")
    assert "without twins, %" in text and text.count("left out are the") == 2
    data = json.loads(render(make_table("4", results), "json"))
    assert data["twins"]["paper[runs=2]"]["left_out"] is False and data["twins"]["paper[runs=2]"]["images"] > 0
    assert "left out are the" in render(compare_documents(reduced[:1]), "text")


def test_a_report_and_an_export_without_twins(tmp_path: Path) -> None:
    path = directory(tmp_path / "r")
    [verdict] = febench.report(path, tmp_path / "whole.html")
    assert [one for one in verdict["cautions"] if one["word"] == "Twins" and "in training" in one["text"]]
    assert "have a twin in training, so that memory may explain these numbers" in verdict["headline"]
    [verdict] = febench.report(path, tmp_path / "reduced.html", without_twins=True)
    assert [one for one in verdict["cautions"] if one["word"] == "Without twins"]
    assert "found to have a twin in training are left out" in verdict["headline"]
    results = febench.load(path)
    done = febench.export(path, tmp_path / "x.csv", without_twins=True)
    assert done.rows == 2 * len(results.without_twins().manifest.tested[0]) and "are left out" in done.without_twins[0]
    assert febench.export(path, tmp_path / "y.csv").without_twins == ()
    runs = febench.export(path, tmp_path / "z.csv", rows="runs", without_twins=True)
    assert runs.rows == 6 and "are left out" in runs.without_twins[0]


def test_results_of_two_directories_are_joined(tmp_path: Path) -> None:
    first, second = directory(tmp_path / "a"), tmp_path / "b"
    made_results(second, {"jaya": 0.5}, DATASET, "paper[runs=3]")
    [joined] = pool([febench.load(first), febench.load(second)])
    assert {row.label for row in joined.without_twins().rows} == {"hwt", "cso", "bbo", "jaya"}
    [both] = pool([febench.load(first).without_twins(), febench.load(first).without_twins()])
    assert both.manifest.left_out and both.rows[0].accuracies == febench.load(first).without_twins().rows[0].accuracies


def test_without_an_audit_that_lists_twins_it_is_a_sentence(tmp_path: Path) -> None:
    path = directory(tmp_path)
    old = {"format": 1, "manifest": Store(path).manifest.sha256, "findings": [FAULT]}
    for content in (sealed(old), json.dumps(old).encode(), None):
        (path / AUDIT).unlink()
        if content is not None:
            (path / AUDIT).write_bytes(content)
            assert Store(path).audit == [FAULT], "what an older audit found is still read"
        assert febench.load(path).twin_count is None
        with pytest.raises(UsageError, match=r"nobody knows which test images of made, protocol paper\[runs=3\] have"):
            febench.load(path).without_twins()
        with pytest.raises(UsageError, match="nobody knows"):
            febench.load_all(path, without_twins=True)


def test_when_every_test_image_has_a_twin_nothing_is_scored(tmp_path: Path) -> None:
    path = directory(tmp_path, twins={"identical": [list(range(140))]})
    with pytest.raises(UsageError, match=r"all test images of made, .* have a twin in training: nothing is left"):
        febench.load(path).without_twins()


@pytest.mark.parametrize("twins", [{"identical": [[0, 999]]}, {"identical": [[-1, 3]]}, {"identical": 3}, [1], None])
def test_a_list_of_twins_that_is_none_makes_the_audit_none(tmp_path: Path, twins: object) -> None:
    path = directory(tmp_path)
    content = {"format": 2, "manifest": Store(path).manifest.sha256, "findings": [FAULT], "twins": twins}
    (path / AUDIT).write_bytes(sealed(content))
    assert Store(path).audit is None and Store(path).twins is None


def test_a_fold_and_a_class_left_without_an_image(tmp_path: Path) -> None:
    """The first fold's test images are all twins of training images."""
    store = made_results(tmp_path, {"hwt": 0.6}, DATASET, "paper[runs=3]")
    fold = store.manifest.fold(1, 1)
    with store.writing():
        store.keep_audit([], {"identical": [[int(fold.train[0]), *fold.test.tolist()]]})
    reduced = febench.load(tmp_path).without_twins()
    assert reduced.manifest.n_test(1, 1) == 0 and len(reduced.rows[0].accuracies) == 3
    for name in ("1", "2", "3"):
        assert "left out are the" in render(make_table(name, [reduced], metric=None if name == "1" else "uar"), "text")


def test_the_option_of_the_command_line(tmp_path: Path) -> None:
    path = directory(tmp_path / "r")
    args = [*COMMAND, "table", "3", str(path), "--without-twins"]
    done = subprocess.run(args, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0 and "without twins)" in done.stdout and "left out are the" in done.stdout
    (path / AUDIT).unlink()
    done = subprocess.run(args, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 2 and "nobody knows which test images" in done.stderr and not done.stdout


def test_a_run_adds_twins_to_the_audit_of_an_older_febench_and_says_how_many(tmp_path: Path) -> None:
    from febench.running.runner import _audit

    class Notes:
        def __init__(self) -> None:
            self.words: list[str] = []

        def note(self, text: str) -> None:
            self.words.append(text)

    data = make_dataset([i % 7 for i in range(140)], [f"p{i // 14}" for i in range(140)])
    store = Store.open(tmp_path, draw(data, "paper[runs=1]"))
    old = {"format": 1, "manifest": store.manifest.sha256, "findings": []}
    (tmp_path / AUDIT).write_bytes(sealed(old))
    for _ in range(2):
        notes = Notes()
        with store.writing():
            _audit(data, store, notes)  # type: ignore[arg-type]
        assert store.twins is not None and {"identical", "nearly identical"} == set(store.twins.groups)
        count = Results.of(store).twin_count
        assert count is not None and any(str(count) in word for word in notes.words) == (count.images > 0)
