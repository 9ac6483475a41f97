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

SHARES = {
    "bbo[search=rbf-svm]": 0.6,
    "bbo[search=l-bfgs]": 0.5,
    "bbo": 0.4,
    "bbo[entropy=energy,search=rbf-svm]": 0.45,
    "bbo[entropy=energy]": 0.3,
}


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
        *_, runs, value, against = by_label[label]
        machine = rungs_of("bbo")[label].machine
        row = results.row(label)
        assert runs == "2/10" and isinstance(value, PlusMinus)
        assert row is not None and value.mean == row.summary().mean
        if label == machine:
            assert against is None
        else:
            assert isinstance(against, Difference)
            assert against == pytest.approx(value.mean - by_label[machine][4].mean)


def test_another_reading_names_what_differs_and_has_the_machine_on_its_own_features() -> None:
    rungs = rungs_of("bbo")
    assert rungs["bbo[blocks=4]"].machine == "bbo[blocks=4,search=rbf-svm]"
    assert rungs["bbo[blocks=4]"].reading == "entropies of 4 x 4 blocks of each sub-band"
    assert rungs_of("cso")["cso[mixture_ratio=0.2]"].machine == "cso[search=rbf-svm]"
    for method in LADDERS:
        for label, rung in rungs_of(method).items():
            assert rung.label == label and rung.machine in rungs_of(method)


@pytest.mark.parametrize("method", LADDERS)
def test_a_rung_differs_from_its_row_in_what_it_names_alone(method: str) -> None:
    component = METHODS.get(method)
    own = component.resolve({})
    for label, rung in rungs_of(method).items():
        differing = {name for name, value in component.resolve(METHODS.find(label)[1]).items() if value != own[name]}
        named = set() if rung.reading is None else {label.partition("[")[2].partition("=")[0]}
        assert differing - {"search"} == named


def test_what_was_not_run_has_a_dash_and_the_command_that_runs_it(results: Results) -> None:
    (document,) = make_table("ladder", [results])
    absent = [label for label in rungs_of("bbo") if label not in SHARES]
    own = "none: the row's own"
    assert ("bbo[search=mealpy:BBO.OriginalBBO]", own, "the network, by mealpy's class", "0/10", None, None) in (
        document.tables[0].rows
    )
    command = document.data["command"]
    asked = f"--dataset made --protocol paper --seed {results.manifest.seed} --runs 2"
    assert command == f"febench run {asked} --methods '{','.join(absent)}' --out DIR"
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
    assert len(line.lines[0].get_xdata()) == 3
    drawn = [rung.classifier for rung in rungs_of("bbo").values() if rung.reading is None]
    assert [label.get_text().replace("\n", " ") for label in axes.get_xticklabels()] == drawn
    save_figure(figure, tmp_path / "ladder.svg")


def test_the_report_has_it_where_more_than_the_search_was_run(tmp_path: Path) -> None:
    assert 'id="ladder"' in report_html([store_of(tmp_path / "more", SHARES, runs=[1])])[0]
    assert 'id="ladder"' not in report_html([store_of(tmp_path / "alone", {"bbo": 0.4}, runs=[1])])[0]
