from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sklearn.dummy import DummyClassifier

import febench
from febench.core.errors import UsageError
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


def test_what_goes_wrong_is_said_even_when_quiet(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    results = febench.run("raises,stubborn", "toy", PROTOCOL, runs=1, out=tmp_path / "o", progress=False)
    said = capfd.readouterr().err
    assert "raises run 1 fold 1: failed" in said and "stubborn run" not in said
    assert {row.label: len(row.failed) for row in results.rows} == {"raises": 3, "stubborn": 0}


def test_progress_is_plain_lines_on_stderr(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    febench.run("stubborn", "toy", PROTOCOL, out=tmp_path / "o")
    said = capfd.readouterr()
    assert said.out == "" and "6 to compute" in said.err and "stubborn run 2 is in" in said.err


def test_tables_and_figures_are_functions(tmp_path: Path) -> None:
    seen = Results.of(made_results(tmp_path / "paper", {"hwt": 0.9, "mine": 0.8}))
    new = Results.of(made_results(tmp_path / "subject", {"hwt": 0.7, "mine": 0.6}, protocol="subject"))
    assert "Table 3" in febench.table(3, seen) and "\\toprule" in febench.table(4, seen, new, how="latex")
    assert "mine" not in febench.table(3, seen, method="hwt")
    assert febench.figure("drop", seen, new).axes and febench.figure("accuracy", seen, method="hwt").axes
    assert febench.figures.accuracy(seen).axes and febench.tables.table_3(seen, seen.rows).data["rows"]


def test_every_public_name_is_there_and_no_other() -> None:
    assert all(getattr(febench, name) is not None for name in febench.__all__)
    assert set(febench.__all__) <= set(dir(febench))
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
    with pytest.raises(UsageError, match="holds no results"):
        febench.load(tmp_path)
