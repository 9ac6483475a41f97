from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sklearn.dummy import DummyClassifier

import febench
from febench.results.results import Results
from tests.conftest import make_dataset
from tests.made_results import made_results

PROTOCOL = "paper[runs=2,groups=3]"


@pytest.fixture(autouse=True)
def registered() -> None:
    @febench.dataset("toy")
    def toy() -> febench.Dataset:
        return make_dataset([i % 7 for i in range(42)])

    @febench.method("stubborn")
    def stubborn(answer: int = 0) -> DummyClassifier:
        return DummyClassifier(strategy="constant", constant=answer)

    @febench.method("raises")
    def raises() -> DummyClassifier:
        return DummyClassifier(strategy="no such strategy")


def test_a_method_of_ones_own_is_run_and_scored(tmp_path: Path) -> None:
    results = febench.run("stubborn", "toy", PROTOCOL, out=tmp_path / "o", progress=False)
    assert isinstance(results, febench.Results)
    [row] = results.rows
    assert row.complete and row.summary().mean == pytest.approx(100 / 7)
    assert febench.load(tmp_path / "o").rows[0].accuracies == row.accuracies


def test_settings_runs_and_lists_of_methods_go_through(tmp_path: Path) -> None:
    asked: dict[str, Any] = {"out": tmp_path / "o", "settings": {"stubborn": {"answer": 3}}, "progress": False}
    results = febench.run(["stubborn", "stubborn[answer=2]"], "toy", PROTOCOL, runs=1, **asked)
    assert {row.label: list(row.accuracies) for row in results.rows} == {
        "stubborn[answer=3]": [1], "stubborn[answer=2]": [1],
    }  # fmt: skip


def test_one_call_is_one_protocol(tmp_path: Path) -> None:
    with pytest.raises(febench.UsageError, match="one call takes one protocol, not paper,subject"):
        febench.run("stubborn", "toy", "paper,subject", out=tmp_path / "o")


def test_what_goes_wrong_is_said_even_when_quiet(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    results = febench.run("raises,stubborn", "toy", PROTOCOL, runs=1, out=tmp_path / "o", progress=False)
    said = capfd.readouterr().err
    assert "raises run 1 fold 1: failed" in said and "stubborn run" not in said
    assert {row.label: len(row.failed) for row in results.rows} == {"raises": 3, "stubborn": 0}


def test_progress_is_plain_lines_on_stderr(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    febench.run("stubborn", "toy", PROTOCOL, out=tmp_path / "o")
    said = capfd.readouterr()
    assert said.out == "" and "6 to compute" in said.err and "stubborn run 2 is stored" in said.err


def test_tables_and_figures_are_functions(tmp_path: Path) -> None:
    seen = Results.of(made_results(tmp_path / "paper", {"hwt": 0.9, "mine": 0.8}))
    new = Results.of(made_results(tmp_path / "subject", {"hwt": 0.7, "mine": 0.6}, protocol="subject"))
    assert "Table 3" in febench.table(3, seen) and "\\toprule" in febench.table(4, seen, new, format="latex")
    assert "mine" not in febench.table(3, seen, method="hwt")
    assert febench.figure("drop", seen, new).axes and febench.figure("accuracy", seen, method="hwt").axes
    assert febench.figures.accuracy(seen).axes and febench.tables.table_3(seen, seen.rows).data["rows"]


def test_every_public_name_is_there_and_no_other() -> None:
    assert all(getattr(febench, name) is not None for name in febench.__all__)
    assert dir(febench) == febench.__all__
    assert {febench.UsageError, febench.DataError, febench.MismatchError} == set(febench.FebenchError.__subclasses__())
    with pytest.raises(AttributeError, match="no attribute 'tabel'"):
        febench.tabel  # type: ignore[attr-defined]  # noqa: B018


def test_what_a_notebook_shows_of_results_is_a_line_each(tmp_path: Path) -> None:
    results = febench.Results.of(made_results(tmp_path / "o", {"hwt": 0.9, "mine": 0.8}, protocol=PROTOCOL, runs=[1]))
    assert repr(results) == f"<Results of made, protocol {PROTOCOL}; complete runs: hwt 1/2, mine 1/2>"
    assert repr(results.rows[0]) == "<RowResults of hwt: 3 cells, 0 failed, complete runs: 1/2>"
    hashed = results.manifest.sha256[:12]
    assert repr(results.manifest) == f"<Manifest of made, protocol {PROTOCOL}: 2 x 3 folds, {hashed}>"
    assert repr(make_dataset([0, 1, 1])).startswith("<Dataset toy: 3 images") and len(repr(results)) < 200


def test_a_directory_without_results_is_refused(tmp_path: Path) -> None:
    with pytest.raises(febench.UsageError, match="holds no results"):
        febench.load(tmp_path)


def test_one_path_is_one_directory_and_a_folder_stands_for_all_in_it(tmp_path: Path) -> None:
    """A text is a sequence too: its letters were looked up as folders, `/` among them."""
    seen, new = (
        Results.of(made_results(tmp_path / "all" / name, {"hwt": 0.9, "mine": 0.8}, protocol=name, runs=[1]))
        for name in ("paper", "subject")
    )
    assert [repr(one) for one in febench.load_all(str(tmp_path / "all"))] == [repr(seen), repr(new)]
    for named in (str(tmp_path / "all"), tmp_path / "all", [tmp_path / "all"]):
        assert febench.export(named, tmp_path / "a.csv").rows == 2800
        assert len(febench.report(named, tmp_path / "a.html", data_dir=str(tmp_path))) == 2


def test_names_may_be_one_text_as_on_the_command_line(tmp_path: Path) -> None:
    results = Results.of(made_results(tmp_path / "o", {"hwt": 0.9, "mine": 0.8, "other": 0.7}))
    asked = febench.compare(results, methods="hwt,mine")
    assert asked == febench.compare(results, methods=["hwt", "mine"]) and "other" not in asked
    assert febench.export(tmp_path / "o", tmp_path / "a.csv", rows="runs", metrics="oa,ece").rows == 30
    assert "ece" in (tmp_path / "a.csv").read_text().splitlines()[0]


def test_a_path_in_place_of_results_is_refused_in_a_sentence(tmp_path: Path) -> None:
    for read in (lambda: febench.table(3, "o"), lambda: febench.compare("o"), lambda: febench.figure("drop", "o")):  # type: ignore[arg-type]
        with pytest.raises(febench.UsageError, match=r"'o' is no Results; febench\.load reads"):
            read()
