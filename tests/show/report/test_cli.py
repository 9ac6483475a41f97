"""`febench report` as a user runs it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.made_results import made_dataset, made_results
from tests.show.report.reading import Page

REFERENCE = Path(__file__).parents[3] / "results" / "reference" / "faces700"


def febench(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from febench.cli import main; main()", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_it_writes_a_page_and_says_who_wins(tmp_path: Path) -> None:
    made_results(tmp_path / "made", {"a": 0.8, "b": 0.6})
    done = febench("report", tmp_path / "made", "-o", tmp_path / "report.html")
    assert done.returncode == 0, done.stderr
    assert "made, protocol paper: a wins: a has the highest mean" in done.stdout
    assert "not audited" in done.stdout
    assert Page((tmp_path / "report.html").read_text(encoding="utf-8")).all("h1")


def test_json_is_the_verdict(tmp_path: Path) -> None:
    made_results(tmp_path / "made", {"a": 0.8, "b": 0.6})
    done = febench("report", tmp_path / "made", "-o", tmp_path / "report.html", "--json")
    document = json.loads(done.stdout)
    assert document["bytes"] == (tmp_path / "report.html").stat().st_size
    assert document["verdicts"][0]["outcome"] == "winner"


def test_region_of_equivalence_can_be_set(tmp_path: Path) -> None:
    made_results(tmp_path / "made", {"a": 0.8, "b": 0.6})
    done = febench("report", tmp_path / "made", "-o", tmp_path / "report.html", "--rope", 90, "--json")
    assert json.loads(done.stdout)["verdicts"][0]["outcome"] == "equal"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["nowhere", "-o", "report.html"], "holds no results"),
        (["made", "-o", "missing/report.html"], "choose another place with -o"),
        (["made", "-o", "."], "choose another place with -o"),
        (["made", "-o", "report.html", "--rope", "-1"], "region of practical equivalence"),
        (["made", "other", "-o", "report.html"], "different folds"),
    ],
)
def test_what_cannot_be_is_one_sentence(
    arguments: list[str], says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    made_results(tmp_path / "made", {"a": 0.8, "b": 0.6})
    made_results(tmp_path / "other", {"a": 0.8}, made_dataset(350))
    done = febench("report", *arguments)
    assert done.returncode == 2, done.stderr
    assert says in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "report.html").exists()


def test_the_reference_has_pictures_and_a_drop(tmp_path: Path) -> None:
    done = febench("report", REFERENCE, "-o", tmp_path / "report.html", "--json")
    assert done.returncode == 0, done.stderr
    verdicts = json.loads(done.stdout)["verdicts"]
    assert [one["faces"] for one in verdicts] == ["seen", "new"]
    assert {"Synthetic", "Audit error"} <= {one["word"] for one in verdicts[0]["cautions"]}
    page = Page((tmp_path / "report.html").read_text(encoding="utf-8"))
    assert len(page.all("img")) == 24
    assert (tmp_path / "report.html").stat().st_size < 3_000_000
