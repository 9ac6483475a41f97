"""Tables by other metrics than overall accuracy, by person, and of protocols in any order."""

from __future__ import annotations

import dataclasses
import html
import json
from pathlib import Path

import pytest

from febench.core.errors import UsageError
from febench.results.drops import drops_of
from febench.results.metrics import METRICS, metric_of
from febench.results.results import Results
from febench.show import figures
from febench.show.formats import render
from febench.show.tables import PlusMinus, make_table
from febench.stats import p_value
from tests.made_results import made_dataset, made_results

OTHERS = [name for name in METRICS if name != "oa"]
FORMATS = ("text", "md", "csv", "latex", "html", "json")


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """Two methods with probabilities and one without."""
    path = tmp_path_factory.mktemp("made")
    made_results(path, {"hwt": 0.9, "mine": 0.6})
    return Results.of(made_results(path, {"bare": 0.7}, probabilities=False))


@pytest.mark.parametrize("name", OTHERS)
@pytest.mark.parametrize("table", ["2", "3"])
def test_a_table_by_a_metric_holds_its_values_and_says_what_it_is(results: Results, name: str, table: str) -> None:
    metric, document = metric_of(name), make_table(table, [results], metric=name)[0]
    assert metric.title.lower() in document.tables[0].title.lower() and document.data["metric"] == metric.title
    rows = {row["method"]: row for row in document.data["rows"]}
    assert rows["hwt"]["mean"] == pytest.approx(sum(results.rows[0].scores(metric).values()) / 10)
    assert rows["hwt"]["published"] is None, "the papers print overall accuracies alone"
    text, every_note = render([document], "text"), render([document], "text", all_notes=True)
    assert f"{metric.title}: {metric.about}" in every_note and "1 more note: --notes all" in text
    assert (f"less {metric.title} is better" in text) is not metric.higher_is_better
    if metric.of_probabilities:
        assert rows["bare"]["mean"] is None and f"no probabilities, and so no {metric.title}: bare" in text
    else:
        assert rows["bare"]["mean"] is not None


def test_losses_are_shown_in_enough_digits(results: Results) -> None:
    value = results.rows[0].summary(metric_of("log-loss"))
    assert f"{value.mean:.4f} ± {value.sd:.4f}" in render(make_table(3, [results], metric="log-loss"), "text")


@pytest.mark.parametrize("how", FORMATS)
@pytest.mark.parametrize("table", ["2", "3", "4", "people"])
def test_every_format_of_a_table_shows_the_interval_by_person(
    results: Results, how: str, table: str, tmp_path: Path
) -> None:
    several = [results]
    if table == "4":
        several.append(Results.of(made_results(tmp_path, {"hwt": 0.5}, protocol="subject")))
    text = render(make_table(table, several), how)
    low, _ = results.rows[0].summary().interval or (0.0, 0.0)
    assert (str(low) if how in ("json", "csv") else f"{low:.2f}") in text
    assert "interval for other people of this kind, trained and tested" in text


@pytest.mark.parametrize("how", FORMATS)
@pytest.mark.parametrize("metric", ["oa", "auc", "log-loss"])
def test_every_format_of_the_drop_shows_its_interval_and_p(
    results: Results, how: str, metric: str, tmp_path: Path
) -> None:
    new = Results.of(made_results(tmp_path, {"hwt": 0.5, "mine": 0.58}, protocol="subject"))
    drops, decimals = drops_of(results.rows, new.rows, metric_of(metric)), metric_of(metric).decimals
    assert list(drops) == ["hwt", "mine"]
    document = make_table(4, [results, new], metric=metric)
    text = render(document, how)
    rows = {row["method"]: row for row in document[0].data["rows"]}
    assert rows["bare"]["drop"] is rows["bare"]["drop_interval"] is rows["bare"]["drop_p"] is None
    for label, drop in drops.items():
        test = drop.interval
        assert test is not None and drop.p_holm is not None
        low, high = (str(end) if how in ("json", "csv") else f"{end:+.{decimals}f}" for end in (test.low, test.high))
        assert low in text and high in text
        p = str(drop.p_holm) if how == "json" else p_value(drop.p_holm)
        assert p in html.unescape(text) or how == "latex"
        assert rows[label]["drop_interval"] == {"low": test.low, "high": test.high}
        assert (rows[label]["drop"], rows[label]["drop_p"], rows[label]["drop_p_holm"]) == (
            drop.value, test.p, drop.p_holm,
        )  # fmt: skip
    assert any("paired by person, adjusted by Holm over 2 tests" in note for note in document[0].tables[0].notes)
    drawn = [str(one.get_text()) for one in figures.drop(document[0].data).axes[0].texts]
    assert len(drawn) == 2 and all("[" in one for one in drawn)


def test_without_people_the_drop_has_no_interval_and_it_is_said_once(tmp_path: Path) -> None:
    unknown = dataclasses.replace(made_dataset(), subjects=None)
    both = [
        Results.of(made_results(tmp_path / p, {"m": 0.7, "n": 0.6}, unknown, p)) for p in ("paper", "paper[runs=3]")
    ]
    (document,) = make_table(4, both)
    text = render([document], "text")
    assert text.count("no interval of the") == 1
    assert "p (Holm)" not in text and "does not tell its people apart" in text
    assert all(row["drop_interval"] is row["drop_p"] is row["drop_p_holm"] is None for row in document.data["rows"])


def test_a_table_that_is_not_of_a_metric_refuses_one(results: Results) -> None:
    for table in ("1", "cost", "convergence"):
        with pytest.raises(UsageError, match=f"table {table} is not of a metric") as refused:
            make_table(table, [results], metric="uar")
        assert refused.value.option == "metric"
    with pytest.raises(UsageError, match="there is no metric 'acc'"):
        make_table(3, [results], metric="acc")


def test_the_table_of_people_tells_median_worst_tenth_and_worst(results: Results) -> None:
    document = make_table("people", [results])[0]
    row = document.data["rows"][0]
    accuracies = [one["overall_accuracy"] for one in row["people"]]
    assert len(accuracies) == 20 and accuracies == sorted(accuracies)
    assert row["worst_tenth"] == pytest.approx(sum(accuracies[:2]) / 2)
    label, people, mean, median, tenth, worst, person = document.tables[0].rows[0]
    assert (label, people) == ("hwt", 20) and isinstance(mean, PlusMinus) and mean.low is not None
    assert worst <= tenth <= median and person == row["people"][0]["person"]
    json.dumps(document.data, allow_nan=False)


def test_of_one_method_people_are_told_one_by_one(results: Results) -> None:
    (table,) = make_table("people", [results], "hwt")[0].tables
    assert table.columns == ("Person", "hwt") and len(table.rows) == 20
    assert [row[1] for row in table.rows] == sorted(row[1] for row in table.rows)


def test_a_data_set_without_people_has_no_table_of_them(tmp_path: Path) -> None:
    unknown = Results.of(made_results(tmp_path, {"hwt": 0.7}, dataclasses.replace(made_dataset(), subjects=None)))
    with pytest.raises(UsageError, match="does not tell its people apart"):
        make_table("people", [unknown])
    assert "does not tell its people apart" in render(make_table(3, [unknown]), "text")
    assert "every person tested" not in render(make_table(3, [unknown]), "text")


@pytest.fixture(scope="module")
def sides(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Results]:
    """A set with a split of its own and people, under four protocols; ever worse on new faces."""
    path = tmp_path_factory.mktemp("sides")
    n = 700
    parts = tuple(("train", "validation", "test")[min(i % 5, 2)] for i in range(n))
    dataset = dataclasses.replace(made_dataset(n), parts=parts)
    share = {"paper": 0.9, "official": 0.8, "subject": 0.7, "loso": 0.6}
    return {
        protocol: Results.of(made_results(path / protocol, {"m": right}, dataset, protocol))
        for protocol, right in share.items()
    }


@pytest.mark.parametrize(("first", "second"), [("paper", "subject"), ("subject", "paper")])
def test_the_order_of_directories_does_not_turn_the_drop(sides: dict[str, Results], first: str, second: str) -> None:
    document = make_table(4, [sides[first], sides[second]])[0]
    assert document.data["protocols"] == ["paper", "subject"] and document.data["rows"][0]["drop"] < 0


def test_the_drop_speaks_of_the_protocols_that_it_shows(sides: dict[str, Results]) -> None:
    text = render(make_table(4, [sides["loso"], sides["official"]]), "text")
    assert "under official and loso" in text
    assert "under official every person tested was also trained on; under loso nobody tested was trained on (by" in text
    assert "under paper" not in text and "subject" not in text
    both = render(make_table(4, [sides["loso"], sides["subject"], sides["paper"]]), "text")
    assert "only loso and subject say what to expect of new faces" in both


def test_of_unknown_people_no_side_is_said_to_be_new(tmp_path: Path) -> None:
    unknown = dataclasses.replace(
        made_dataset(), subjects=None, parts=tuple(("train", "test")[i % 2] for i in range(700))
    )
    both = [Results.of(made_results(tmp_path / p, {"m": 0.7}, unknown, p)) for p in ("official", "paper")]
    text = render(make_table(4, both), "text")
    assert "under official the data set does not tell its people apart" in text and "new faces" not in text
