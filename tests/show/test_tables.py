from __future__ import annotations

import dataclasses
import io
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from febench.core.dataset import Dataset
from febench.core.errors import UsageError
from febench.core.manifest import Manifest, draw
from febench.results.index import open_results
from febench.results.record import Record
from febench.results.results import Results
from febench.show.formats import render
from febench.show.tables import PlusMinus, make_table
from febench.show.tables.table import MAX_SHORT_NOTES
from tests.made_results import made_dataset, made_results


@pytest.fixture
def manifest(toy: Dataset) -> Manifest:
    """Folds of the data set and the protocol that stand for the papers' own."""
    return draw(dataclasses.replace(toy, name="faces700"), "paper")


def records(
    manifest: Manifest, method: str = "resnet50", runs: Iterable[int] = range(1, 11), wrong: int = 1, **changes: Any
) -> list[Record]:
    """Cells whose predictions are right but for the first `wrong` test images of each fold of run 1."""
    found = []
    for run in runs:
        for fold in range(1, manifest.n_folds + 1):
            labels = manifest.labels[manifest.fold(run, fold).test].copy()
            if run == 1:
                labels[:wrong] = (labels[:wrong] + 1) % len(manifest.classes)
            record = Record(
                f"{method}{run}.{fold}{changes}", method, {}, "1", method, run, fold, 0, "ok", labels.tolist()
            )
            found.append(dataclasses.replace(record, **changes))
    return found


def failed(record: Record) -> Record:
    return dataclasses.replace(record, status="timeout", predictions=None, error="stopped after the time limit of 5 s")


def test_table_3_has_the_agreed_shape(manifest: Manifest) -> None:
    results = Results.from_records(manifest, records(manifest) + records(manifest, "mine", wrong=2))
    data = make_table(3, [results])[0].data
    oa = np.array([100 * (140 - 10) / 140] + [100.0] * 9)
    assert (data["dataset"], data["protocol"], data["metric"], data["unit"]) == (
        "faces700",
        "paper",
        "overall accuracy",
        "%",
    )
    assert data["spread"] == "sample sd over runs" and data["complete"] is True
    first, mine = data["rows"]
    assert first["method"] == "resnet50" and first["runs"] == 10
    assert first["mean"] == pytest.approx(oa.mean()) and first["sd"] == pytest.approx(oa.std(ddof=1))
    assert first["published"] == {"mean": 95.39, "sd": 1.41} and mine["published"] is None


def test_table_3_prints_paper_and_difference_beside(manifest: Manifest) -> None:
    table = make_table(3, [Results.from_records(manifest, records(manifest))])[0].tables[0]
    label, runs, ours, paper, difference = table.rows[0]
    assert (label, runs) == ("resnet50", "10/10") and isinstance(ours, PlusMinus) and isinstance(paper, PlusMinus)
    assert difference == pytest.approx(ours.mean - 95.39)


def test_a_partial_run_is_never_averaged_as_if_it_were_whole(manifest: Manifest) -> None:
    whole = records(manifest, runs=[1, 2])
    results = Results.from_records(manifest, whole[:-3])
    document = make_table(3, [results])[0]
    row = document.data["rows"][0]
    assert row["runs"] == 1 and row["sd"] is None and document.data["complete"] is False
    assert row["mean"] == pytest.approx(100 * 130 / 140)
    assert row["missing"] == ["run 2: 7/10 folds, missing 8, 9, 10"]
    text = render([document], "text")
    assert "1/10" in text and "resnet50 is incomplete: run 2: 7/10 folds, missing 8, 9, 10" in text


def test_no_complete_run_gives_no_mean(manifest: Manifest) -> None:
    document = make_table(3, [Results.from_records(manifest, records(manifest, runs=[1])[:5])])[0]
    assert document.data["rows"][0]["mean"] is None
    assert document.tables[0].rows[0][1:4] == ("0/10", None, PlusMinus(95.39, 1.41))


def test_failures_are_told(manifest: Manifest) -> None:
    found = records(manifest, runs=[1])
    found[4] = failed(found[4])
    text = render(make_table(3, [Results.from_records(manifest, found)]), "text")
    assert "1 cells failed, the last (run 1, fold 5): timeout, stopped after the time limit of 5 s" in text
    assert "missing 5" in text


def test_stale_versions_are_left_out_with_a_word(manifest: Manifest) -> None:
    old, new = records(manifest, wrong=5), records(manifest, runs=[1], version="2", wrong=0)
    document = make_table(3, [Results.from_records(manifest, old + new)])[0]
    assert document.data["rows"][0]["runs"] == 1 and document.data["rows"][0]["mean"] == 100
    assert any("(100 cells), see --version" in note for note in document.tables[0].notes)


def test_quick_rows_never_mix_with_full_ones(manifest: Manifest) -> None:
    quick = records(manifest, runs=[1], label="resnet50 (quick)", params={"steps": 10}, wrong=7)
    rows = make_table(3, [Results.from_records(manifest, quick + records(manifest))])[0].data["rows"]
    assert [(row["method"], row["runs"]) for row in rows] == [("resnet50 (quick)", 1), ("resnet50", 10)]


def test_table_2_has_a_column_a_method_and_the_papers_mean(manifest: Manifest) -> None:
    results = Results.from_records(manifest, records(manifest) + records(manifest, "mine", runs=[1, 3]))
    table = make_table(2, [results])[0].tables[0]
    assert table.columns == ("Run", "resnet50", "mine")
    by_run = {row[0]: row[1:] for row in table.rows}
    assert by_run[2] == (100.0, None) and by_run[3] == (100.0, 100.0)
    assert by_run["paper"] == (PlusMinus(95.39, 1.41), None)


def test_table_1_has_sensitivities_and_the_papers(toy: Dataset) -> None:
    names = ("anger", "disgust", "fear", "happy", "neutral", "sadness", "surprise")
    manifest = draw(dataclasses.replace(toy, name="faces700", classes=names), "paper")
    document = make_table(1, [Results.from_records(manifest, records(manifest))])[0]
    by_run = {row[0]: row[1:] for row in document.tables[0].rows}
    assert by_run[2] == (100.0,) * 7
    assert by_run["paper"][0] == PlusMinus(95.5, 2.32)
    assert document.data["rows"][0]["published"]["sadness"] == {"mean": 94.1, "sd": 4.15}
    assert document.data["rows"][0]["by_run"][1]["sensitivity"]["fear"] == 100.0


def test_table_1_of_other_classes_has_none_of_the_papers(manifest: Manifest) -> None:
    table = make_table(1, [Results.from_records(manifest, records(manifest))])[0].tables[0]
    assert {row[0]: row[1:] for row in table.rows}["paper"] == (None,) * 7


def test_table_4_puts_the_protocols_side_by_side(toy: Dataset) -> None:
    sides = [draw(toy, protocol) for protocol in ("paper", "subject")]
    results = [
        Results.from_records(side, records(side, wrong=wrong)) for side, wrong in zip(sides, (0, 7), strict=True)
    ]
    document = make_table(4, results)[0]
    label, paper, subject, drop, p, chance = document.tables[0].rows[0]
    assert label == "resnet50" and isinstance(paper, PlusMinus) and isinstance(subject, PlusMinus)
    assert paper.mean == 100 and drop == pytest.approx(subject.mean - 100) and drop < 0
    assert chance == pytest.approx(100 / 7) and isinstance(p, str)
    assert document.data["rows"][0]["protocols"]["subject"]["mean"] == pytest.approx(subject.mean)


def test_table_4_compares_nothing_with_itself_or_with_another_data_set(toy: Dataset, manifest: Manifest) -> None:
    one = Results.from_records(manifest, records(manifest))
    other = draw(dataclasses.replace(toy, name="other"), "subject")
    with pytest.raises(UsageError, match="at least two"):
        make_table(4, [one])
    with pytest.raises(UsageError, match="the same one"):
        make_table(4, [one, one])
    with pytest.raises(UsageError, match="one data set"):
        make_table(4, [one, Results.from_records(other, records(other))])


def test_unknown_tables_methods_and_formats(manifest: Manifest) -> None:
    results = Results.from_records(manifest, records(manifest))
    with pytest.raises(UsageError, match="there is no table 5"):
        make_table(5, [results])
    with pytest.raises(UsageError, match="there is resnet50"):
        make_table(3, [results], "hwt")
    with pytest.raises(UsageError, match="there is no format 'pdf'"):
        render(make_table(3, [results]), "pdf")


def test_every_format_says_the_same(manifest: Manifest) -> None:
    documents = make_table(3, [Results.from_records(manifest, records(manifest))])
    for how in ("text", "md", "latex", "html"):
        text = render(documents, how)
        assert "99.29" in text and "95.39" in text and "10/10" in text
    text = render(documents, "csv")
    rows = pd.read_csv(io.StringIO(text), comment="#").to_dict("records")
    assert text.count("Table 3. Comparison") == 1 and text.count(documents[0].tables[0].notes[0]) == 1
    assert rows[0]["febench mean"] == json.loads(render(documents, "json"))["rows"][0]["mean"]
    assert rows[0]["paper sd"] == 1.41


def test_synthetic_data_and_seen_faces_are_told(toy: Dataset) -> None:
    manifest = draw(dataclasses.replace(toy, synthetic=True), "paper")
    notes = make_table(3, [Results.from_records(manifest, records(manifest))])[0].tables[0].notes
    assert any("synthetic" in note for note in notes)
    assert any("every person tested was also trained on" in note for note in notes)


def test_what_the_audit_found_to_mislead_is_told_with_every_table(toy: Dataset) -> None:
    fault = {"code": "FEB001", "severity": "error", "title": "The same person", "count": 20}
    sides = [draw(toy, protocol) for protocol in ("paper", "subject")]
    paper, subject = (Results.from_records(side, records(side)) for side in sides)
    assert make_table(3, [paper])[0].data["audit"] is None
    marked = dataclasses.replace(paper, faults=(fault,))
    for number in (1, 2, 3):
        document = make_table(number, [marked])[0]
        assert document.data["audit"] == [fault]
        assert "audit: FEB001 The same person (20); see febench audit" in document.tables[0].notes
    drop = make_table(4, [marked, subject])[0]
    assert drop.data["audit"] == {"paper": [fault], "subject": None}
    assert "audit, paper: FEB001 The same person (20); see febench audit" in drop.tables[0].notes


def test_a_table_shows_few_notes_and_all_on_request(manifest: Manifest) -> None:
    [document] = make_table(3, [Results.from_records(manifest, records(manifest))], metric="uar")
    [table] = document.tables
    short, full = render([document], "text"), render([document], "text", all_notes=True)
    assert len(table.shown_notes()) <= MAX_SHORT_NOTES and len(table.shown_notes()) < len(table.notes)
    assert all(note in full for note in table.notes) and "more note" not in full
    assert "1 more note: --notes all" in short


@pytest.mark.parametrize("metric", ["oa", "auc"])
@pytest.mark.parametrize("number", [3, 4])
def test_the_references_tables_have_five_lines_of_notes_at_most(number: int, metric: str) -> None:
    folder = Path(__file__).parents[2] / "results" / "reference" / "faces700"
    every = [Results.of(open_results(folder / protocol)) for protocol in ("paper", "subject")]
    for document in make_table(number, every, metric=metric):
        assert render([document], "text").count("\n  * ") <= MAX_SHORT_NOTES + 1


@pytest.mark.parametrize(("number", "metric"), [(3, "oa"), (3, "log-loss"), (4, "oa"), ("people", "uar")])
def test_rows_are_sorted_by_the_metric_on_request(tmp_path: Path, number: int | str, metric: str) -> None:
    rights = {"hwt": 0.5, "mine": 0.9, "other": 0.7}
    every = [
        Results.of(made_results(tmp_path / protocol, rights, made_dataset(350), protocol))
        for protocol in ("paper", "subject")
    ]
    [document, *_] = make_table(number, every, metric=metric, sort=True)
    [unsorted, *_] = make_table(number, every, metric=metric)
    assert [row["method"] for row in document.data["rows"]] == ["mine", "other", "hwt"]
    assert unsorted.data["rows"][0]["method"] == "hwt"
