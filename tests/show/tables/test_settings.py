from __future__ import annotations

import json
from pathlib import Path

import pytest

from febench.core.errors import UsageError
from febench.results.results import Results
from febench.show.formats import render
from febench.show.tables import make_table
from tests.made_results import made_results

PARAMS = {"size": None, "block": 2, "C": None, "select": True}


def selecting(path: Path, C: float, run: int, **more: object) -> Results:
    info = {"selected": {"size": 64, "C": C}, "tried": 18, "selection_seconds": 0.5, **more}
    return Results.of(made_results(path, {"svm": 0.5}, runs=[run], params=PARAMS, info=info))


def test_selected_values_are_counted_and_the_others_told(tmp_path: Path) -> None:
    selecting(tmp_path, 2.0, 1)
    selecting(tmp_path, 0.5, 2)
    (document,) = make_table("settings", [selecting(tmp_path, 0.5, 3)])
    (table,) = document.tables
    assert table.rows == (
        ("svm", 30, "size", "64 (30)", "selected"),
        ("svm", 30, "block", "2", "fixed"),
        ("svm", 30, "C", "0.5 (20), 2 (10)", "selected"),
        ("svm", 30, "select", "true", "fixed"),
    )
    assert "svm: 18 candidates compared in a cell" in table.notes
    (row,) = document.data["rows"]
    assert row["parameters"][2] == {
        "name": "C", "how": "selected", "values": [{"value": 0.5, "cells": 20}, {"value": 2.0, "cells": 10}],
    }  # fmt: skip


def test_what_was_not_tried_is_said(tmp_path: Path) -> None:
    selecting(tmp_path, 2.0, 1)
    (document,) = make_table("settings", [selecting(tmp_path, 2.0, 2, not_tried=["size 128: too many values"])])
    assert "svm: not tried in 10 of 20 cells: size 128: too many values" in document.tables[0].notes
    assert document.data["rows"][0]["not_tried"] == [{"what": "size 128: too many values", "cells": 10}]


def test_the_usual_values_of_a_row_without_selection_are_fixed(tmp_path: Path) -> None:
    (document,) = make_table("settings", [selecting(tmp_path, 0.03, 1, tried=1)])
    assert ("svm", 10, "C", "0.03", "fixed") in document.tables[0].rows
    assert not any("compared" in note for note in document.tables[0].notes)


def test_a_network_tells_its_recipe(tmp_path: Path) -> None:
    results = Results.of(made_results(tmp_path, {"net": 0.5}, runs=[1], params={"epochs": 60, "weights": "none"}))
    (document,) = make_table("settings", [results])
    assert [row[2:] for row in document.tables[0].rows] == [("epochs", "60", "fixed"), ("weights", "none", "fixed")]


def test_settings_that_a_method_tells_as_one_are_counted_too(tmp_path: Path) -> None:
    for run, evaluations in ((1, 80_000), (2, 5_000)):
        info = {"chosen": f"db4-4[hidden=20,evaluations={evaluations}]", "tried": 17}
        changes = {"params": {"evaluations": 80_000}, "info": info}
        results = Results.of(made_results(tmp_path, {"tuned": 0.5}, runs=[run], **changes))
    assert [row[2:] for row in make_table("settings", [results])[0].tables[0].rows] == [
        ("evaluations", "5000 (10), 80000 (10)", "selected"),
        ("features", "db4-4 (20)", "selected"),
        ("hidden", "20 (20)", "selected"),
    ]


def test_a_row_without_cells_is_no_row_of_values(tmp_path: Path) -> None:
    results = Results.of(made_results(tmp_path, {"m": 0.5}, runs=[1], status="failed", predictions=None, params=PARAMS))
    (document,) = make_table("settings", [results])
    assert {row[1] for row in document.tables[0].rows} == {0} and document.data["rows"][0]["failed"] == 10


@pytest.mark.parametrize("how", ["text", "md", "csv", "latex", "html", "json"])
def test_every_format_holds_the_counts(tmp_path: Path, how: str) -> None:
    text = render(make_table("settings", [selecting(tmp_path, 0.5, 1)]), how)
    if how == "json":
        assert json.loads(text)["rows"][0]["parameters"][2]["values"] == [{"value": 0.5, "cells": 10}]
    else:
        assert "0.5 (10)" in text


def test_it_is_of_no_metric(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="table settings is not of a metric"):
        make_table("settings", [selecting(tmp_path, 0.5, 1)], metric="uar")


def test_the_cost_table_tells_what_selection_took(tmp_path: Path) -> None:
    selecting(tmp_path, 0.5, 1)
    results = Results.of(made_results(tmp_path, {"plain": 0.5}, runs=[1]))
    (document,) = make_table("cost", [results])
    assert document.tables[0].columns[-1] == "selection in it, s"
    assert {row["method"]: row["selection_seconds"] for row in document.data["rows"]} == {"svm": 0.5, "plain": None}


def with_ends(path: Path, values: list[float], ends: object) -> Results:
    for run, value in enumerate(values, 1):
        results = selecting(path, value, run, ends=ends)
    return results


@pytest.mark.parametrize(
    ("values", "ends", "finding"),
    [
        ([8.0, 8.0, 1.0], {"C": [0.5, 8.0]}, ("largest", 8.0, 20)),
        ([0.5, 0.5, 1.0], {"C": [0.5, 8.0]}, ("smallest", 0.5, 20)),
        ([8.0, 0.5, 1.0, 8.0], {"C": [0.5, 8.0]}, None),
        ([8.0, 8.0], {"C": [0.5, None]}, None),
        ([8.0, 8.0], {}, None),
        ([8.0, 8.0], "no mapping", None),
        ([8.0, 8.0], {"C": 8.0}, None),
    ],
)
def test_a_value_at_the_edge_of_its_grid_in_most_cells_is_a_finding(
    tmp_path: Path, values: list[float], ends: object, finding: tuple[str, float, int] | None
) -> None:
    (document,) = make_table("settings", [with_ends(tmp_path, values, ends)])
    (row,) = document.data["rows"]
    notes = [note for note in document.tables[0].notes if note.startswith("FEB101")]
    if finding is None:
        assert row["at_edge"] == [] and notes == []
        return
    end, value, cells = finding
    assert row["at_edge"] == [
        {"code": "FEB101", "parameter": "C", "end": end, "value": value, "cells": cells, "of": 10 * len(values)}
    ]
    sentence = f"C is {value:g}, the {end} value compared, in {cells} of {10 * len(values)} cells"
    assert notes == [f"FEB101: svm: {sentence}; a wider grid may have a better one"]
