from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from febench.results.costs import hosts
from febench.results.results import Results
from febench.show.formats import render
from febench.show.tables import Median, make_table
from tests.made_results import made_results


def timed(path: Path, method: str, fit: float, **changes: object) -> Results:
    seconds = {"extract": 2.0, "fit": fit, "predict": 0.07}
    return Results.of(made_results(path, {method: 0.5}, seconds=seconds, **changes))


def test_median_and_quartiles_of_training_and_milliseconds_an_image(tmp_path: Path) -> None:
    for run, fit in ((1, 1.0), (2, 2.0), (3, 4.0)):
        results = timed(tmp_path, "m", fit, runs=[run], peak_memory_mb=100.0 + run)
    (host,) = hosts(results)
    (cost,) = host.costs
    assert cost.cells == 30 and cost.predict == pytest.approx(1.0)
    row = make_table("cost", [results])[0].tables[0].rows[0]
    assert row[:4] == ("m", "30/100", "cpu", 1)
    assert row[4] == Median(2.0, 1.0, 4.0)
    assert isinstance(row[5], Median) and row[5].median == pytest.approx(1.0)
    assert row[6:] == (Median(2.0), 1000, 103)


def test_times_of_two_hosts_never_mix(tmp_path: Path) -> None:
    timed(tmp_path, "m", 1.0, runs=[1, 2], environment="slow")
    timed(tmp_path, "m", 9.0, runs=[3], environment="fast")
    results = timed(tmp_path, "other", 5.0, runs=[1], environment="fast")
    document = make_table("cost", [results])[0]
    slow, fast = document.tables
    assert slow.rows[0][4] == Median(1.0, 1.0, 1.0) and [row[0] for row in slow.rows] == ["m"]
    assert fast.rows[0][4] == Median(9.0, 9.0, 9.0) and [row[0] for row in fast.rows] == ["m", "other"]
    assert "20 in environment fast" in "".join(slow.notes) and "20 in environment slow" in "".join(fast.notes)
    assert [(row["method"], row["environment"], row["cells"]) for row in document.data["rows"]] == [
        ("m", "slow", 20), ("m", "fast", 10), ("other", "fast", 10),
    ]  # fmt: skip


def test_a_method_without_cells_on_a_host_is_named(tmp_path: Path) -> None:
    timed(tmp_path, "m", 1.0, runs=[1, 2], environment="a")
    table = make_table("cost", [timed(tmp_path, "other", 1.0, runs=[1], environment="b")])[0].tables[0]
    assert any("no cell on this host: other" in note for note in table.notes)


def test_threads_and_devices_have_rows_of_their_own(tmp_path: Path) -> None:
    timed(tmp_path, "m", 4.0, runs=[1], threads=1)
    timed(tmp_path, "m", 2.0, runs=[2], threads=2)
    results = timed(tmp_path, "m", 1.0, runs=[3], info={"device": "cuda:1"})
    rows = make_table("cost", [results])[0].tables[0].rows
    assert [(row[2], row[3], row[4].median) for row in rows] == [("cpu", 1, 4.0), ("cpu", 2, 2.0), ("cuda", 1, 1.0)]


def test_a_gpus_memory_has_a_column_where_a_method_tells_of_it(tmp_path: Path) -> None:
    timed(tmp_path, "m", 1.0, runs=[1], info={"device": "cpu"}, environment="plain")
    for run, held in ((2, 3000.2), (3, 4000.2)):
        on_gpu = {"device": "cuda", "peak_gpu_memory_mb": held}
        results = timed(tmp_path, "m", 1.0, runs=[run], info=on_gpu, environment="fast")
    document = make_table("cost", [results])[0]
    fast, plain = document.tables
    assert fast.columns[-2:] == ("peak memory, MB", "peak GPU memory, MB") and fast.rows[0][-2:] == (200, 4000)
    assert plain.columns[-1] == "peak memory, MB" and plain.rows[0][-1] == 200
    assert [row["peak_gpu_memory_mb"] for row in document.data["rows"]] == [4000.2, None]
    for how in ("text", "md", "csv", "latex", "html", "json"):
        assert "4,000" in render([document], how) or "4000" in render([document], how)


def test_the_quick_and_the_full_training_of_a_method_are_two_rows(tmp_path: Path) -> None:
    timed(tmp_path, "m", 1.0, runs=[1], label="m (quick)", params={"steps": 10})
    results = timed(tmp_path, "m", 9.0, runs=[1], params={"steps": 1000})
    rows = make_table("cost", [results])[0].tables[0].rows
    assert [(row[0], row[4].median) for row in rows] == [("m (quick)", 1.0), ("m", 9.0)]


def test_failed_cells_cost_nothing_and_what_was_not_measured_is_a_dash(tmp_path: Path) -> None:
    timed(tmp_path, "m", 1.0, runs=[2], status="timeout", predictions=None)
    seconds = {"fit": 1.0, "predict": 0.1}
    results = Results.of(made_results(tmp_path, {"m": 0.5}, runs=[1], seconds=seconds, peak_memory_mb=None, info={}))
    (row,) = make_table("cost", [results])[0].tables[0].rows
    assert row[1] == "10/100" and row[6:] == (None, None, None)


def test_no_cell_at_all_is_an_empty_table_that_says_so(tmp_path: Path) -> None:
    results = timed(tmp_path, "m", 1.0, runs=[1], status="failed", predictions=None)
    document = make_table("cost", [results])[0]
    assert document.tables[0].rows == () and document.data["rows"] == []
    for how in ("text", "md", "csv", "latex", "html", "json"):
        assert "no cell on this host: m" in render([document], how)


def test_sizes_that_differ_between_cells_are_a_range(tmp_path: Path) -> None:
    timed(tmp_path, "m", 1.0, runs=[1], info={"weights": 407})
    results = timed(tmp_path, "m", 1.0, runs=[2], info={"parameters": 1207})
    assert make_table("cost", [results])[0].tables[0].rows[0][7] == "407–1,207"  # noqa: RUF001


def test_csv_has_plain_numbers(tmp_path: Path) -> None:
    text = render(make_table("cost", [timed(tmp_path, "m", 1234.5, runs=[1])]), "csv")
    (row,) = csv.DictReader(line for line in io.StringIO(text) if not line.startswith("# "))
    assert float(row["training a fold, s median"]) == 1234.5 and row["parameters"] == "1000"
    assert "1,234" in render(make_table("cost", [timed(tmp_path, "m", 1234.5, runs=[1])]), "text")
