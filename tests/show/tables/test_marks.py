from __future__ import annotations

import csv
import dataclasses
import io
import json
from pathlib import Path

import pytest

from febench.results.results import Results
from febench.show.formats import render
from febench.show.tables import make_table
from tests.made_results import made_dataset, made_results

FORMATS = ("text", "md", "csv", "latex", "html", "json")


@pytest.fixture
def lacking(tmp_path: Path) -> Results:
    """A whole row, a partial one, a single run from pretrained weights, and one whose cells failed."""
    made_results(tmp_path, {"hwt": 0.7})
    made_results(tmp_path, {"cso": 0.5}, runs=[1, 2, 3])
    made_results(
        tmp_path, {"resnet18": 0.9}, runs=[1], params={"weights": "imagenet"}, label="resnet18[weights=imagenet]"
    )
    failed = {"status": "failed", "predictions": None, "probabilities": None, "error": "ValueError: no"}
    return Results.of(made_results(tmp_path, {"bad": 0.5}, runs=[2], **failed))


@pytest.mark.parametrize("number", [1, 2, 3, "cost"])
@pytest.mark.parametrize("how", FORMATS)
def test_no_format_of_any_table_lets_a_row_look_whole_or_fair_when_it_is_not(
    lacking: Results, number: int | str, how: str
) -> None:
    text = render(make_table(number, [lacking]), how)
    for word in ("pretrained", "partial", "single run"):
        assert word in text
    assert "cells failed" in text or number == "cost"
    assert "weights imagenet" in text


def test_signs_stand_behind_labels_and_in_the_notes(lacking: Results) -> None:
    (table,) = make_table(3, [lacking])[0].tables
    assert table.marks == {"cso": "‡", "resnet18[weights=imagenet]": "†‡¶", "bad": "‡§"}
    text = render(make_table(3, [lacking]), "text")
    assert "resnet18[weights=imagenet] †‡¶" in text and "\nhwt  " in text
    assert "cso (3 of 10 runs)" in text and "90.43 ± —" in text
    lines = io.StringIO(render(make_table(3, [lacking]), "csv"))
    rows = list(csv.DictReader(line for line in lines if not line.startswith("# ")))
    assert [row["marks"] for row in rows[:4]] == [
        "", "partial", "pretrained; partial; single run", "partial; failed cells",
    ]  # fmt: skip


def test_a_whole_row_has_no_mark(lacking: Results) -> None:
    (table,) = make_table(3, [lacking], "hwt")[0].tables
    assert not table.marks and not any(sign in note for sign in "†‡§¶" for note in table.notes)


@pytest.mark.parametrize(
    ("changes", "weights"),
    [
        ({}, None),
        ({"params": {"weights": "none"}}, None),
        ({"params": {"weights": None}, "info": {"weights": 5287}}, None),
        ({"params": {"weights": "/home/me/w.safetensors"}}, "/home/me/w.safetensors"),
        ({"label": "resnet18[weights=imagenet] (quick)"}, "imagenet"),
        ({"label": 'resnet18[weights="my weights.pt",lr=1]'}, "my weights.pt"),
        ({"label": "resnet18[weights=none]"}, None),
        ({"info": {"weights": "imagenet"}}, "imagenet"),
        ({"params": {"pretrained": True}}, "not named"),
    ],
)
def test_which_weights_a_row_started_from(tmp_path: Path, changes: dict[str, object], weights: str | None) -> None:
    results = Results.of(made_results(tmp_path, {"resnet18": 0.9}, runs=[1], **changes))
    assert results.rows[0].weights == weights
    assert make_table(3, [results])[0].data["rows"][0]["weights"] == weights


def test_pretraining_is_marked_in_the_drop_and_told_by_protocol(tmp_path: Path) -> None:
    both = [
        Results.of(made_results(tmp_path / p, {"m": 0.9}, protocol=p, runs=runs, params={"weights": "imagenet"}))
        for p, runs in (("paper", None), ("subject", [1]))
    ]
    document = make_table(4, both)[0]
    assert document.tables[0].marks == {"m": "†‡¶"}
    assert document.data["rows"][0]["marks"] == {
        "paper": ["pretrained"],
        "subject": ["pretrained", "partial", "single run"],
    }
    assert any(note.startswith("‡ partial, subject") for note in document.tables[0].notes)


@pytest.mark.parametrize("number", [1, 2, 3, "people", "cost", "settings"])
@pytest.mark.parametrize("how", FORMATS)
@pytest.mark.parametrize("dataset", ["made", "faces700"])
def test_a_method_that_was_not_run_is_not_listed(tmp_path: Path, number: int | str, how: str, dataset: str) -> None:
    results = Results.of(made_results(tmp_path, {"hwt": 0.7, "cso": 0.5}, made_dataset(name=dataset), runs=[1, 2]))
    [document] = make_table(number, [results])
    text = render([document], how)
    assert not any(name in text for name in ("bbo", "jaya", "resnet"))
    assert not any(value == "0/10" for table in document.tables for row in table.rows for value in row)
    assert not document.data.get("not_run")


@pytest.mark.parametrize("number", [1, 2, 3, "cost"])
def test_every_caption_says_what_n_data_folds_and_version(tmp_path: Path, number: int | str) -> None:
    results = Results.of(made_results(tmp_path, {"hwt": 0.5}, made_dataset(synthetic=True), runs=[1, 2]))
    results = dataclasses.replace(results, environments={"e": {"packages": {"febench": "0.0.1"}}})
    caption = make_table(number, [results])[0].tables[0].caption
    manifest = results.manifest.sha256[:12]
    for word in ("made, synthetic, protocol paper", manifest, "computed with febench 0.0.1, printed by", "not audited"):
        assert word in caption
    if number != "cost":
        assert "%" in caption and "± is the sample sd over runs" in caption and "n = 2 of 10" in caption


def test_json_carries_the_notes(lacking: Results) -> None:
    data = json.loads(render(make_table(3, [lacking]), "json"))
    assert any("cso (3 of 10 runs)" in note for note in data["notes"])
    assert data["rows"][1]["marks"] == ["partial"] and data["rows"][0]["marks"] == []


def test_a_row_computed_in_two_precisions_says_so_in_every_table(tmp_path: Path) -> None:
    for runs, dtype in (([1, 2], "bfloat16"), ([3], "float32")):
        made_results(tmp_path, {"resnet18": 0.9}, runs=runs, info={"dtype": dtype})
    results = Results.of(made_results(tmp_path, {"hwt": 0.7}))
    for number in (1, 2, 3, "cost"):
        text = render(make_table(number, [results]), "text")
        assert "mixed precision, cells were computed in more than one: resnet18 (20 in bfloat16, 10 in float32)" in text
