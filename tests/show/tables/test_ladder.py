from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from febench.core.errors import UsageError
from febench.core.method import METHODS
from febench.core.selectors import split_selectors
from febench.results.results import Results
from febench.results.store import Store
from febench.show.figures import make_figure, save_figure
from febench.show.formats import render
from febench.show.report import report_html
from febench.show.tables import LADDERS, Difference, PlusMinus, make_table, rungs_of
from tests.made_results import made_dataset, made_results

SHARES = {"bbo[search=rbf-svm]": 0.6, "bbo[search=l-bfgs]": 0.5, "bbo[select=false]": 0.3, "bbo": 0.4}


def store_of(path: Path, shares: dict[str, float], runs: Iterable[int] | None = None) -> Store:
    """Results of rows by their labels."""
    dataset = made_dataset(synthetic=True)
    store = made_results(path, {}, dataset)
    for label, share in shares.items():
        named = {"label": label, "params": {"of": label}}
        store = made_results(path, {label.partition("[")[0]: share}, dataset, runs=runs, **named)
    return store


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    return Results.of(store_of(tmp_path_factory.mktemp("ladder"), SHARES, runs=[1, 2]))


@pytest.mark.parametrize("method", LADDERS)
def test_rungs_are_labelled_as_rows_are_stored(method: str) -> None:
    component = METHODS.get(method)
    for label in rungs_of(method):
        found, given = METHODS.find(label)
        assert found is component
        assert component.label(component.resolve(given)) == label


def test_each_rung_stands_against_the_machine_on_the_same_features(results: Results) -> None:
    (document,) = make_table("ladder", [results])
    (table,) = document.tables
    assert [row[0] for row in table.rows] == list(rungs_of("bbo"))
    by_label = {row[0]: row for row in table.rows}
    for label in SHARES:
        _, _, runs, value, against = by_label[label]
        row = results.row(label)
        assert runs == "2/10" and isinstance(value, PlusMinus)
        assert row is not None and value.mean == row.summary().mean
        if label != "bbo[search=rbf-svm]":
            assert isinstance(against, Difference)
            assert against == pytest.approx(value.mean - by_label["bbo[search=rbf-svm]"][3].mean)
    assert by_label["bbo[search=rbf-svm]"][4] is None


def test_what_was_not_run_has_a_dash_and_the_command_that_runs_it(results: Results) -> None:
    (document,) = make_table("ladder", [results])
    absent = "bbo[search=mealpy:BBO.OriginalBBO,select=false]"
    assert (absent, "the network, by mealpy's class", "0/10", None, None) in document.tables[0].rows
    command = document.data["command"]
    asked = f"--dataset made --protocol paper --seed {results.manifest.seed} --runs 2"
    assert command == f"febench run {asked} --methods '{absent}' --out DIR"
    text = " ".join(re.sub(r"\s+", " ", render([document], "text")).split())
    assert command in text and "pip install 'febench[mealpy]'" in text
    assert document.data["complete"] is False


def test_a_ladder_that_is_whole_asks_for_nothing(tmp_path: Path) -> None:
    whole = Results.of(store_of(tmp_path, dict.fromkeys(rungs_of("jaya"), 0.5)))
    (document,) = make_table("ladder", [whole])
    assert document.data["command"] is None and document.data["complete"] is True
    assert "--methods" not in render([document], "text")


def test_the_command_names_all_that_is_missing(tmp_path: Path) -> None:
    results = Results.of(store_of(tmp_path, {"cso": 0.3, "jaya": 0.3}, runs=[1]))
    command = make_table("ladder", [results])[0].data["command"]
    (asked,) = re.findall(r"--methods '(.*)' --out", command)
    wanted = {label for method in ("cso", "jaya") for label in rungs_of(method)} - {"cso", "jaya"}
    assert set(split_selectors(asked)) == wanted


def test_other_methods_have_no_ladder(tmp_path: Path) -> None:
    other = Results.of(made_results(tmp_path, {"hwt": 0.5}))
    with pytest.raises(UsageError, match="no row here is of a method whose network a search trains: cso, bbo, jaya"):
        make_table("ladder", [other])


@pytest.mark.parametrize("metric", ["uar", "log-loss"])
def test_the_ladder_is_of_any_metric(results: Results, metric: str) -> None:
    (document,) = make_table("ladder", [results], metric=metric)
    assert document.data["metric"] in document.tables[0].title
    assert {row["runs"] for row in document.data["rows"]} == {0, 2}


def test_the_figure_has_a_line_a_method_and_no_mark_where_nothing_was_run(results: Results, tmp_path: Path) -> None:
    figure = make_figure("ladder", [results])
    (axes,) = figure.axes
    (line,) = axes.containers
    assert len(line.lines[0].get_xdata()) == 4
    assert [label.get_text().replace("\n", " ") for label in axes.get_xticklabels()] == list(rungs_of("bbo").values())
    save_figure(figure, tmp_path / "ladder.svg")


def test_the_report_has_it_where_more_than_the_search_was_run(tmp_path: Path) -> None:
    assert 'id="ladder"' in report_html([store_of(tmp_path / "more", SHARES, runs=[1])])[0]
    assert 'id="ladder"' not in report_html([store_of(tmp_path / "alone", {"bbo": 0.4}, runs=[1])])[0]
