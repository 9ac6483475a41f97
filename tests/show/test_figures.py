from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from febench.core.errors import UsageError
from febench.results.results import Results
from febench.show.figures import drop, make_figure, save_figure
from tests.made_results import made_dataset, made_results


def data(**changes: Any) -> dict[str, Any]:
    """Table 4's data of two methods, one of which was run under one protocol only."""
    whole = {"runs": 10, "mean": 76.0, "sd": 1.5}
    rows = [
        {"method": "hwt", "protocols": {"paper": whole, "subject": {"runs": 10, "mean": 48.0, "sd": 3.0}}},
        {"method": "$mine$", "protocols": {"paper": {"runs": 1, "mean": 80.0, "sd": None}, "subject": None}},
    ]
    table = {"dataset": "toy", "protocols": ["paper", "subject"], "spread": "sample sd over runs", "chance": 25.0}
    table |= {"metric": "overall accuracy", "unit": "%"}
    return {**table, "synthetic": True, "rows": rows, **changes}


def test_every_mark_is_where_its_number_is() -> None:
    axes = drop(data()).axes[0]
    marks = {
        container.get_label(): [tuple(map(float, point)) for point in container[0].get_xydata()]
        for container in axes.containers
    }
    assert marks == {"protocol paper": [(76.0, 0.0), (80.0, 1.0)], "protocol subject": [(48.0, 0.0)]}
    chance = next(line for line in axes.lines if str(line.get_label()).startswith("chance"))
    assert list(chance.get_xdata()) == [25.0, 25.0]


def test_every_protocol_is_drawn_with_a_mark_of_its_own() -> None:
    names = [f"p{i}" for i in range(8)]
    whole = {"runs": 10, "mean": 76.0, "sd": 1.5}
    figure = drop(data(protocols=names, rows=[{"method": "hwt", "protocols": dict.fromkeys(names, whole)}]))
    lines = [container[0] for container in figure.axes[0].containers]
    assert len({(line.get_color(), line.get_marker()) for line in lines}) == 8


def test_it_says_how_many_runs_and_that_faces_are_drawn() -> None:
    axes = drop(data()).axes[0]
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["hwt (n = 10, 10)", "$mine$ (n = 1, 0)"]
    assert "synthetic" in axes.get_xlabel()
    assert "synthetic" not in drop(data(synthetic=False)).axes[0].get_xlabel()


def test_what_is_not_whole_or_not_sound_is_told_under_it() -> None:
    rows = data()["rows"]
    rows[1]["marks"] = {"paper": ["partial", "single run"], "subject": ["not run"]}
    fault = {"code": "FEB001", "severity": "error", "title": "The same person", "count": 20}
    notes = drop(data(rows=rows, audit={"paper": [fault], "subject": None})).texts[-1].get_text()
    together = "partial, paper; single run, paper; not run, subject: $mine$"
    for words in (together, "audit, paper: FEB001 The same person (20)"):
        assert words in notes
    assert "partial" not in drop(data()).texts[-1].get_text()


def test_marks_of_all_rows_are_noted_once_without_their_names() -> None:
    rows = data()["rows"]
    for row in rows:
        row["marks"] = {"paper": ["partial", "single run"], "subject": ["partial"]}
    notes = drop(data(rows=rows)).texts[-1].get_text()
    assert "partial; single run, paper: every row" in notes and "hwt" not in notes
    rows[0]["marks"]["subject"].append("constant answer")
    notes = drop(data(rows=rows)).texts[-1].get_text()
    assert "every row" in notes and "constant answer, subject: hwt" in notes


def test_bars_are_the_interval_over_people_where_there_is_one_and_the_caption_says_so() -> None:
    rows = data()["rows"]
    bars = drop(data(rows=rows)).axes[0].containers[0]
    assert [tuple(map(float, line.get_xdata())) for line in bars[1]] == [(74.5, 80.0), (77.5, 80.0)]
    assert "bars: sample sd over runs" in drop(data(rows=rows)).texts[-1].get_text()
    rows[0]["protocols"]["paper"] = {**rows[0]["protocols"]["paper"], "interval_by_person": {"low": 60.0, "high": 90.0}}
    figure = drop(data(rows=rows))
    bars = figure.axes[0].containers[0]
    assert [tuple(map(float, line.get_xdata())) for line in bars[1]] == [(60.0, 80.0), (90.0, 80.0)]
    assert "bars: 95 % interval for other people of this kind" in figure.texts[-1].get_text()


@pytest.mark.parametrize(("metric", "names"), [("overall accuracy", ["b", "a", "c"]), ("log-loss", ["a", "b", "c"])])
def test_rows_of_the_drop_are_sorted_by_the_metric_on_new_faces(metric: str, names: list[str]) -> None:
    means = {"c": None, "a": 0.4, "b": 0.7}
    rows = [
        {"method": name, "protocols": {"paper": None, "subject": {"runs": 1, "mean": mean, "sd": None}}}
        for name, mean in means.items()
    ]
    axes = drop(data(rows=rows, metric=metric, unit="")).axes[0]
    assert [tick.get_text().split()[0] for tick in axes.get_yticklabels()] == names


def test_the_drop_of_several_data_sets_is_refused_with_what_to_name(tmp_path: Path) -> None:
    sets = [Results.of(made_results(tmp_path / name, {"a": 0.8}, made_dataset(name=name))) for name in ("one", "two")]
    with pytest.raises(UsageError, match="of 2 data sets, one, two: name the directories of one of them"):
        make_figure("drop", sets)


@pytest.mark.parametrize("suffix", [".png", ".svg", ".pdf"])
def test_the_same_results_make_the_same_file(tmp_path: Path, suffix: str) -> None:
    one, other = tmp_path / f"a{suffix}", tmp_path / f"b{suffix}"
    for path in (one, other):
        save_figure(drop(data()), path)
    assert one.read_bytes() == other.read_bytes()
    assert one.stat().st_size > 1000


def test_names_with_markup_stay_text(tmp_path: Path) -> None:
    rows = [{"method": "<script>$\\x</script>", "protocols": {"paper": None, "subject": None}}]
    save_figure(drop(data(rows=rows)), tmp_path / "a.svg")
    assert "<script" not in (tmp_path / "a.svg").read_text()


def test_what_cannot_be_drawn_or_written_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no figure 'dorp'; there is accuracy, sensitivity, people"):
        make_figure("dorp", [])
    with pytest.raises(UsageError, match="table 4 compares protocols"):
        make_figure("drop", [])
    with pytest.raises(UsageError, match=r"must end in \.png or \.svg or \.pdf"):
        save_figure(drop(data()), tmp_path / "a.gif")
    with pytest.raises(UsageError, match="in a folder that exists"):
        save_figure(drop(data()), tmp_path / "nowhere" / "a.png")
