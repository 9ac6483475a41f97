"""The papers' numbers stand beside results in their own setting, or where they are asked for; else chance does."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from typer.testing import CliRunner

import febench
from febench.cli.app import app
from febench.core.errors import UsageError
from febench.core.manifest import draw
from febench.papers import comparison, is_papers_setting
from febench.results.results import Results
from febench.show.figures import accuracy, make_figure, sensitivity
from febench.show.formats import render
from febench.show.tables import MAJORITY, Difference, make_table
from tests.made_results import CLASSES, made_dataset, made_results

FORMATS = ("text", "md", "csv", "latex", "html", "json")
UNLIKE = "images or folds here are of another kind"
PRINTED = "78.37"
"""What the papers print for hwt; no result here has that mean."""


def results_of(path: Path, name: str, protocol: str, share: float = 0.5) -> Results:
    images = made_dataset(700, name)
    return Results.of(made_results(path / name / protocol, {"hwt": share, "resnet18": 0.9}, images, protocol))


@pytest.mark.parametrize(
    ("dataset", "protocol", "theirs"),
    [
        ("faces700", "paper", True),
        ("faces700", "paper[runs=2]", True),
        ("faces700", "paper[groups=5]", False),
        ("faces700", "subject", False),
        ("jaffe", "paper", False),
        ("faces[seed=5]", "paper", False),
    ],
)
def test_whose_images_and_folds_stand_for_the_papers(dataset: str, protocol: str, theirs: bool) -> None:
    assert is_papers_setting(draw(made_dataset(700, dataset), protocol)) is theirs


@pytest.mark.parametrize("how", FORMATS)
@pytest.mark.parametrize("number", [1, 2, 3])
def test_elsewhere_no_table_has_the_papers_numbers(tmp_path: Path, number: int, how: str) -> None:
    for name, protocol in (("jaffe", "paper"), ("jaffe", "subject"), ("faces700", "subject")):
        documents = make_table(number, [results_of(tmp_path, name, protocol)])
        text = render(documents, how)
        assert PRINTED not in text and "photographs" not in text
        assert not any({"paper", "difference"} & set(table.columns) for table in documents[0].tables)
        assert not any(row[0] in ("paper", "difference") for table in documents[0].tables for row in table.rows)
        assert all(row["published"] is None for row in documents[0].data["rows"])
    text = render(make_table(number, [results_of(tmp_path, "faces700", "paper")]), how)
    assert number == 1 or PRINTED in text
    assert number != 1 or how == "json" or "95.39" in text or "paper" in text


@pytest.mark.parametrize("number", [1, 2, 3])
def test_by_hand_they_stand_there_with_the_sentence(tmp_path: Path, number: int) -> None:
    results = results_of(tmp_path, "jaffe", "subject")
    [document] = make_table(number, [results], paper=True)
    assert any(row["published"] for row in document.data["rows"])
    assert all(any(UNLIKE in note for note in table.notes) for table in document.tables if "hwt" not in table.title)
    assert febench.table(number, results, paper=True) == render([document], "text")


def test_what_the_papers_do_not_print_cannot_be_asked_for(tmp_path: Path) -> None:
    results = results_of(tmp_path, "jaffe", "subject")
    with pytest.raises(UsageError, match="the papers print nothing for table people"):
        make_table("people", [results], paper=True)
    with pytest.raises(UsageError, match="the papers print no log-loss"):
        make_table(3, [results], metric="log-loss", paper=True)
    with pytest.raises(UsageError, match="the papers print nothing for the figure of confusion"):
        make_figure("confusion", [results], paper=True)


def test_table_3_has_chance_and_the_majority_where_it_has_not_the_papers(tmp_path: Path) -> None:
    images = dataclasses.replace(
        made_dataset(700, "jaffe"), labels=made_dataset(700).labels * (made_dataset(700).labels < 4)
    )  # four of seven images are of the first class
    results = Results.of(made_results(tmp_path, {"hwt": 0.8}, images, "subject"))
    [table] = make_table(3, [results])[0].tables
    assert table.columns == ("Method", "Runs", "febench") and table.summaries == 2
    chance, majority = table.rows[-2:]
    assert chance == ("chance", None, pytest.approx(100 / len(CLASSES)))
    assert majority[:2] == (MAJORITY, None) and majority[2].mean == pytest.approx(400 / 7)  # type: ignore[union-attr]
    theirs = make_table(3, [results_of(tmp_path, "faces700", "paper")])[0].tables[0]
    assert theirs.columns == ("Method", "Runs", "febench", "paper", "difference") and theirs.summaries == 0


def test_by_hand_the_papers_numbers_do_not_displace_chance(tmp_path: Path) -> None:
    [table] = make_table(3, [results_of(tmp_path, "jaffe", "subject")], paper=True)[0].tables
    assert table.columns[-2:] == ("paper", "difference") and table.rows[-1][0] == "chance"
    mine = Results.of(made_results(tmp_path / "mine", {"mine": 0.5}, made_dataset(700, "jaffe"), "subject"))
    [table] = make_table(3, [mine], paper=True)[0].tables
    assert "the papers print none of these methods" in table.notes and table.rows[-1][0] == "chance"


def test_the_drop_stands_where_results_of_both_protocols_are_given(tmp_path: Path) -> None:
    seen, new = (results_of(tmp_path, "jaffe", p, share) for p, share in (("paper", 0.8), ("subject", 0.4)))
    for document in make_table(3, [new, seen]):
        [table] = document.tables
        assert table.columns[-1] == "drop"
        wanted = new.rows[0].summary().mean - seen.rows[0].summary().mean  # type: ignore[operator]
        assert isinstance(table.rows[0][-1], Difference) and table.rows[0][-1] == pytest.approx(wanted)
        assert document.data["rows"][0]["drop"] == pytest.approx(wanted)
        assert document.data["drop_between"] == ["paper", "subject"]
        assert "drop: overall accuracy under subject minus that under paper; febench table 4 has both" in table.notes
    worse = results_of(tmp_path / "gain", "jaffe", "paper", 0.2)
    assert make_table(3, [worse, new])[0].tables[0].columns[-1] == make_table(4, [worse, new])[0].data["change"]
    for others in ([seen], [seen, results_of(tmp_path, "other", "subject")], [seen, seen, new]):
        document = make_table(3, others)[0]
        assert "drop" not in document.tables[0].columns and document.data["drop_between"] is None


def test_figures_have_the_papers_marks_in_their_setting_alone(tmp_path: Path) -> None:
    def marks(results: Results, paper: bool) -> tuple[bool, bool, bool]:
        drawn, classes = accuracy(results, paper=paper), sensitivity(results, paper=paper)
        notes = [" ".join(text.get_text() for text in figure.texts) for figure in (drawn, classes)]
        of_means = any("papers" in str(one.get_label()) for one in drawn.axes[0].containers)
        of_classes = any(line.get_marker() == "D" for axes in classes.axes for line in axes.lines)
        return of_means, of_classes, all("photographs" in note for note in notes)

    elsewhere = results_of(tmp_path, "jaffe", "subject")
    assert marks(elsewhere, False) == (False, False, False)
    assert marks(elsewhere, True) == marks(results_of(tmp_path, "faces700", "paper"), False) == (True, True, True)


def test_results_of_no_papers_method_have_no_empty_columns(tmp_path: Path) -> None:
    results = Results.of(made_results(tmp_path, {"mine": 0.5}, made_dataset(700, "faces700"), runs=[1]))
    assert "mine" not in comparison()
    assert make_table(3, [results])[0].tables[0].columns == ("Method", "Runs", "febench")


def test_the_option_of_each_verb(tmp_path: Path) -> None:
    path, page = tmp_path / "jaffe" / "subject", tmp_path / "report.html"
    results_of(tmp_path, "jaffe", "subject")
    for arguments in (["table", "3", str(path)], ["report", str(path), "-o", str(page)]):
        done = [CliRunner().invoke(app, [*arguments, *more]) for more in ((), ("--paper",))]
        assert [one.exit_code for one in done] == [0, 0], done
        if arguments[0] == "table":
            assert PRINTED not in done[0].stdout and PRINTED in done[1].stdout and UNLIKE in done[1].stdout
    assert PRINTED in page.read_text(encoding="utf-8") and UNLIKE in page.read_text(encoding="utf-8")
    figure = ["figure", "accuracy", str(path), "-o", str(tmp_path / "a.svg"), "--paper"]
    assert CliRunner().invoke(app, figure).exit_code == 0
    refused = CliRunner().invoke(app, ["table", "cost", str(path), "--paper"])
    assert isinstance(refused.exception, UsageError) and "for table cost" in str(refused.exception)
