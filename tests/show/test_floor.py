"""Beside a result stands what is reached without recognising anything, and results below that are explained."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from febench.core.dataset import Dataset
from febench.core.manifest import Manifest, draw
from febench.results.caveats import MISLED_BY_PERSONS, caveats_of, signs_of
from febench.results.cells import Cells
from febench.results.floor import likeness_misleads
from febench.results.record import Record
from febench.results.results import Results
from febench.results.rows import RowResults
from febench.show.compare import compare, comparison_document
from febench.show.figures import accuracy, drop
from febench.show.formats import render
from febench.show.report import report_html
from febench.show.report.studies import Study
from febench.show.report.verdict import verdict_data
from febench.show.tables import MAJORITY, make_table
from febench.show.tables.drop import WHY_A_GAIN
from tests.conftest import make_dataset
from tests.made_results import made_dataset, made_results
from tests.show.compare.made import made

FLOOR = "always answering the most frequent class of the training images has 70.00 ± 0.00 %; chance is 14.29 %"


def skewed(protocol: str = "paper") -> Manifest:
    """Ten people with 14 images of the first class and one of each other."""
    labels = [0] * 14 + list(range(1, 7))
    return draw(make_dataset(labels * 10, [f"p{i // 20}" for i in range(200)]), protocol)


def words(results: Results) -> dict[str, str]:
    return {caveat.word: caveat.text for caveat in caveats_of(results)}


def test_it_stands_in_tables_2_and_3_and_in_comparisons_where_it_is_not_chance() -> None:
    results = made(skewed(), good=lambda *_: 1, poor=lambda *_: 10)
    for number in (2, 3):
        [document] = make_table(number, [results])
        assert FLOOR in document.tables[0].notes
        assert document.data["chance"] == pytest.approx(100 / 7)
        assert document.data["majority"]["by_run"][9] == {"run": 10, "value": pytest.approx(70.0)}
    document = comparison_document(compare(results))
    assert FLOOR in document.tables[0].notes and document.data["majority"]["mean"] == pytest.approx(70.0)
    [by_loss] = make_table(3, [results], metric="log-loss")
    assert by_loss.data["majority"] is None and not any("; chance is" in note for note in by_loss.tables[0].notes)


def test_where_it_is_chance_nothing_is_said_of_it(toy: Dataset) -> None:
    results = [made(draw(toy, protocol), mine=lambda *_: 2) for protocol in ("paper", "subject")]
    documents = [*make_table(2, results), *make_table(3, results), *make_table(4, results)]
    assert not any("most frequent" in text for text in (render([one], "text") for one in documents))
    assert documents[0].data["majority"]["mean"] == pytest.approx(100 / 7)


def test_table_4_has_it_below_the_methods_and_its_figure_a_line_for_each_protocol() -> None:
    results = [made(skewed(protocol), mine=lambda *_: 2) for protocol in ("paper", "subject")]
    [document] = make_table(4, results)
    [table] = document.tables
    assert [row[0] for row in table.rows] == ["mine", MAJORITY] and table.summaries == 1
    paper, subject = table.rows[-1][1:3]
    assert paper.mean == subject.mean == pytest.approx(70.0)  # type: ignore[union-attr]
    assert table.rows[-1][3] == pytest.approx(0.0) and table.rows[-1][4] is None
    assert table.rows[-1][5] == pytest.approx(100 / 7)
    lines = [str(line.get_label()) for line in drop(document.data).axes[0].lines]
    assert {"chance, 14.3 %", f"{MAJORITY}, paper, 70.0 %", f"{MAJORITY}, subject, 70.0 %"} <= set(lines)


def test_the_figure_of_accuracies_has_a_line_for_it_where_it_is_near() -> None:
    near, far = made(skewed(), mine=lambda run, _: 6 + run % 2), made(skewed(), mine=lambda run, _: run % 2)
    labels = [[str(line.get_label()) for line in accuracy(one).axes[0].lines] for one in (near, far)]
    assert f"{MAJORITY}, 70.0 %" in labels[0] and f"{MAJORITY}, 70.0 %" not in labels[1]


def test_a_method_below_it_is_said_to_be_everywhere() -> None:
    results = made(skewed(), good=lambda *_: 1, poor=lambda *_: 10)
    assert signs_of(results.rows) == {"poor": "‖"}
    better = "always answering the most frequent class of the training images does as well or better"
    told = f"{better}: poor (OA 50.00 % against 70.00 %)"
    assert words(results)["not above majority"] == told
    texts = [render(make_table(number, [results]), how) for number in (1, 2, 3) for how in ("text", "json")]
    texts.append(render([comparison_document(compare(results))], "text"))
    assert all(told in text for text in texts)
    assert r"poor $\parallel$" in render(make_table(3, [results]), "latex")
    [verdict] = verdict_data([Study(results, (), 1.0)])
    assert "Always answering the most frequent class of the training images has 70.00 %." in str(verdict["answers"])
    assert any(caution["word"] == "Not above majority" for caution in verdict["cautions"])


PAIRS = make_dataset([i % 4 for i in range(60)], [f"p{i // 4}" for i in range(60)], classes=4)
"""15 people who show each of four classes once, as Yale's do."""


def majority(manifest: Manifest, run: int, turned: bool = False) -> RowResults:
    """Answers the most frequent class of the training images in one run; turned, another where that was right."""
    records = []
    for fold in range(1, manifest.n_folds + 1):
        parts = manifest.fold(run, fold)
        labels = manifest.labels[parts.test]
        answer = np.bincount(manifest.labels[parts.train]).argmax()
        answers = np.where(turned & (labels == answer), (labels + 1) % len(manifest.classes), answer)
        records.append(Record(f"{run}.{fold}", "mine", {}, "1", "mine", run, fold, 0, "ok", answers.tolist()))
    return RowResults(manifest, Cells.of(records))


def test_a_method_is_held_against_the_runs_that_it_has_whole() -> None:
    """The floor differs from run to run; a method as good as that of its own runs is not below it."""
    manifest = draw(PAIRS, "paper")
    floors = {run: sum(majority(manifest, run).accuracies.values()) for run in (1, 2, 3, 4)}
    assert len(set(floors.values())) > 1
    for run, floor in floors.items():
        equal = words(Results(manifest, (majority(manifest, run),), {}))["not above majority"]
        assert equal.endswith(f"(OA {floor:.2f} % against {floor:.2f} %)")
        poor = words(Results(manifest, (majority(manifest, run, turned=True),), {}))["not above majority"]
        assert poor.endswith(f"against {floor:.2f} %)")


def test_below_chance_where_persons_mislead_is_explained(toy: Dataset) -> None:
    why = "likeness of persons speaks against the right class"
    told = f"mine (OA 7.14 % against 14.29 %; {MISLED_BY_PERSONS})"
    under = {protocol: made(draw(toy, protocol), mine=lambda *_: 13) for protocol in ("paper", "subject")}
    assert signs_of(under["paper"].rows) == signs_of(under["subject"].rows) == {"mine": "‖#"}
    assert words(under["paper"])["not above chance"].endswith(told)
    assert words(under["subject"])["not above chance"].endswith("mine (OA 7.14 % against 14.29 %)")
    assert why in words(under["paper"])["not above chance"]
    texts = [render(make_table(3, [under["paper"]]), how) for how in ("text", "json", "html")]
    texts += [render(make_table(4, list(under.values())), "text")]
    assert all(told in text for text in texts)
    [verdict] = verdict_data([Study(under["paper"], (), 1.0)])
    assert any(one["word"] == "Not above chance" and told in one["text"] for one in verdict["cautions"])


def test_what_sees_no_person_is_not_explained_by_persons() -> None:
    """Random folds put the majority of a balanced set below chance; a method there has done no worse."""
    manifest = draw(PAIRS, "paper[runs=1]")
    assert likeness_misleads(manifest)
    knows_nothing, poor = majority(manifest, 1), majority(manifest, 1, turned=True)
    assert poor.accuracies[1] < knows_nothing.accuracies[1] < 25
    assert signs_of([knows_nothing]) == {"mine": "¶‖#⋄"} and signs_of([poor]) == {"mine": "¶‖#"}
    said = [words(Results(manifest, (row,), {}))["not above chance"] for row in (knows_nothing, poor)]
    assert MISLED_BY_PERSONS not in said[0] and MISLED_BY_PERSONS in said[1]


FORMATS = ("text", "md", "csv", "latex", "html", "json")


def answering(dataset: Dataset, protocol: str, answer: int | None) -> Results:
    """Results of a method that answers one class, or each in turn."""
    manifest = draw(dataset, protocol)
    records = []
    for run in range(1, manifest.n_runs + 1):
        for fold in range(1, manifest.n_folds + 1):
            n = len(manifest.fold(run, fold).test)
            answers = [i % 7 for i in range(n)] if answer is None else [answer] * n
            record = Record(f"{run}.{fold}", "mine", {"C": 1}, "1", "mine", run, fold, 0, "ok", answers)
            records.append(replace(record, seconds={"fit": 1.0, "predict": 0.1}))
    return Results.from_records(manifest, records)


@pytest.mark.parametrize("how", FORMATS)
@pytest.mark.parametrize("number", [1, 2, 3, "people", "cost", "settings"])
def test_a_row_at_chance_is_marked_in_every_table(toy: Dataset, number: int | str, how: str) -> None:
    """14.29 ± 0.00 of seven balanced classes is exactly chance, and what one constant answer has."""
    results = answering(toy, "paper", 3)
    assert results.rows[0].summary().mean == pytest.approx(100 / 7)
    text = render(make_table(number, [results]), how)
    for word in ("not above majority", "not above chance", "constant answer"):
        assert word in text, word
    if how not in ("latex", "md"):
        assert "OA 14.29 % against 14.29 %" in text


def test_a_row_at_chance_is_marked_in_compare_the_drop_and_the_verdict(toy: Dataset) -> None:
    sides = [answering(toy, protocol, 3) for protocol in ("paper", "subject")]
    assert [render(make_table(4, sides), "text").count(f"not above chance, {p}") for p in ("paper", "subject")] == [
        1,
        1,
    ]
    results = sides[0]
    other = made(results.manifest, good=lambda *_: 1)
    together = Results(results.manifest, (*results.rows, *other.rows), {})
    assert "not above chance" in render([comparison_document(compare(together))], "text")
    [verdict] = verdict_data([Study(results, (), 1.0)])
    assert {"Not above majority", "Not above chance", "Constant answer"} <= {one["word"] for one in verdict["cautions"]}
    assert "not above chance" in "".join(text.get_text() for text in accuracy(results).texts).replace("\n", " ")


@pytest.mark.parametrize(("wrong", "marked"), [(11, True), (12, True), (13, True), (10, False), (0, False)])
def test_marks_begin_at_chance(toy: Dataset, wrong: int, marked: bool) -> None:
    """Two of fourteen images of a fold are chance."""
    signs = signs_of(made(draw(toy, "paper"), mine=lambda *_: wrong + 1).rows).get("mine", "")
    assert ("#" in signs) == ("‖" in signs) == marked


def test_many_answers_at_chance_are_no_constant_answer(toy: Dataset) -> None:
    assert not answering(toy, "paper", None).rows[0].answers_constantly
    assert answering(toy, "paper", 0).rows[0].answers_constantly


def test_one_answer_to_images_of_one_class_is_no_constant_answer() -> None:
    """Each person shows one expression, and is tested alone: every right method answers each fold with one class."""
    alone = make_dataset([i // 3 % 7 for i in range(42)], [f"p{i // 3}" for i in range(42)])
    right = made(draw(alone, "loso"), mine=lambda *_: 0)
    assert not right.rows[0].answers_constantly and signs_of(right.rows) == {"mine": "¶"}


def both(toy: Dataset, paper: int, subject: int, **more: tuple[int, int]) -> list[Results]:
    """Results under both protocols of methods that err so often in each fold."""
    methods = {"mine": (paper, subject), **more}
    return [
        made(draw(toy, protocol), **{name: lambda *_, n=errors[side]: n for name, errors in methods.items()})
        for side, protocol in enumerate(("paper", "subject"))
    ]


@pytest.mark.parametrize(
    ("errors", "word"),
    [
        ({"mine": (2, 5)}, "drop"),
        ({"mine": (2, 2)}, "drop"),
        ({"mine": (5, 2)}, "gain"),
        ({"mine": (5, 2), "other": (3, 3)}, "gain"),
        ({"mine": (5, 2), "other": (2, 5)}, "drop or gain"),
    ],
)
def test_a_gain_is_not_called_a_drop(toy: Dataset, errors: dict[str, tuple[int, int]], word: str) -> None:
    results = both(toy, *errors.pop("mine"), **errors)
    [document] = make_table(4, results)
    [table] = document.tables
    assert table.columns[-3] == word == document.data["change"]
    assert table.title.startswith(f"Table 4. The {word} on toy")
    named = any(note.startswith(("a gain, better", "better under subject than")) for note in table.notes)
    assert named == (WHY_A_GAIN in table.notes) == ("gain" in word)
    assert str(drop(document.data).get_suptitle()).startswith(f"The {word} (")


def test_less_of_a_loss_is_a_gain(tmp_path: Path) -> None:
    results = [
        Results.of(made_results(tmp_path / protocol, {"mine": right}, made_dataset(350), protocol))
        for protocol, right in (("paper", 0.2), ("subject", 0.9))
    ]
    [document] = make_table(4, results, metric="log-loss")
    assert document.data["rows"][0]["drop"] < 0 and document.data["change"] == "gain"
    [other] = make_table(4, results[::-1], metric="macro-f1")
    assert other.data["rows"][0]["drop"] > 0 and other.data["change"] == "gain"


def test_a_gain_whose_interval_holds_0_is_called_unclear(tmp_path: Path) -> None:
    """A change of half a point lies inside the interval, one of seventy points does not."""
    rights = {"paper": {"clear": 0.2, "unclear": 0.5}, "subject": {"clear": 0.9, "unclear": 0.505}}
    results = [
        Results.of(made_results(tmp_path / protocol, right, made_dataset(350), protocol))
        for protocol, right in rights.items()
    ]
    [document] = make_table(4, results)
    [table] = document.tables
    rows = {row["method"]: row["drop_interval"] for row in document.data["rows"]}
    assert rows["clear"]["low"] > 0 and rows["unclear"]["low"] <= 0 <= rows["unclear"]["high"]
    assert "a gain, better under subject than under paper: clear" in table.notes
    assert any(note.endswith("so this may be chance: unclear") for note in table.notes)


@pytest.mark.parametrize(("metric", "explained"), [("oa", True), ("ece", False), ("log-loss", False), ("auc", False)])
def test_likeness_of_faces_explains_gains_of_answers_alone(tmp_path: Path, metric: str, explained: bool) -> None:
    results = [
        Results.of(made_results(tmp_path / protocol, {"mine": right}, made_dataset(350), protocol))
        for protocol, right in (("paper", 0.2), ("subject", 0.9))
    ]
    [document] = make_table(4, results, metric=metric)
    [table] = document.tables
    assert (WHY_A_GAIN in table.notes) == explained
    assert any("a change above 0 is a loss" in note for note in table.notes) == (metric in ("ece", "log-loss"))


def test_the_report_calls_a_gain_a_gain(tmp_path: Path) -> None:
    pages = {}
    for name, levels in (("gain", (0.3, 0.9)), ("drop", (0.9, 0.3))):
        stores = [
            made_results(tmp_path / name / protocol, {"mine": level}, made_dataset(350), protocol)
            for protocol, level in zip(("paper", "subject"), levels, strict=True)
        ]
        pages[name] = report_html(stores)[0]
    assert "The gain on new faces" in pages["gain"] and "mine rises from" in pages["gain"]
    assert "points, a gain (95&nbsp;% interval" in pages["gain"] and "The drop on new faces" not in pages["gain"]
    assert "The drop on new faces" in pages["drop"] and "mine falls from" in pages["drop"]
    assert "a gain" not in pages["drop"]


def test_the_data_are_json(toy: Dataset) -> None:
    data = json.loads(render(make_table(4, both(toy, 2, 5)), "json"))
    assert set(data["majority"]) == {"paper", "subject"} and data["majority"]["paper"]["sd"] == pytest.approx(0.0)
