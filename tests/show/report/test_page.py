"""The page: complete HTML that loads nothing, in which every name is text, and incomplete runs are marked."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import itertools
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from febench.core.dataset import Dataset, dataset
from febench.results.store import Store
from febench.show.report import report_html
from febench.show.report.page import page
from febench.show.report.sections import commands
from febench.show.report.studies import MAX_DRAWN, gather
from tests.made_results import CLASSES, made_dataset, made_results
from tests.show.report.reading import Page

EVIL = "<script>alert(1)</script>\"'&\x07</table><img src=x onerror=alert(2)>{{ 7 * 7 }}"
SECTIONS = ("verdict", "comparison", "drop", "significance", "papers", "classes", "people", "confusion", "cost",
            "mistakes", "audit", "making")  # fmt: skip


def page_of(*stores: Store, **options: bool) -> Page:
    return Page(report_html(stores, **options)[0])  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A report of two protocols of one data set."""
    path = tmp_path_factory.mktemp("both")
    dataset = made_dataset(synthetic=True)
    stores = [
        made_results(path / name, {"hwt": 0.8, "b": level}, dataset, name)
        for name, level in (("paper", 0.7), ("subject", 0.6))
    ]
    return report_html(stores)[0]


def test_every_section_is_there_with_its_anchor(both: str) -> None:
    page = Page(both)
    anchors = [one["href"] for one in page.all("a")]
    ids = [one.get("id") for one in page.all("section")]
    assert tuple(ids) == SECTIONS
    assert {f"#{name}" for name in SECTIONS} <= set(anchors)
    every = [found["id"] for _, found in page.elements if "id" in found]
    assert len(every) == len(set(every))
    assert {anchor[1:] for anchor in anchors if anchor} <= set(every)


def test_headings_go_down_one_level_at_a_time(both: str) -> None:
    levels = [int(tag[1]) for tag, _ in Page(both).elements if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(below - above <= 1 for above, below in itertools.pairwise(levels))


def test_verdict_comes_before_any_table_of_numbers(both: str) -> None:
    assert both.index('id="verdict"') < both.index('class="febench"')
    assert both.index("When faces are new") < both.index('class="card')


def test_papers_numbers_stand_beside_ours_in_their_setting_alone(both: str, tmp_path: Path) -> None:
    text = Page(both).text
    assert "78.37 ± 1.50" not in text and "of other photographs and random folds" in text
    assert "the printed figures do not bear that resnet50 is better than resnet18" in text
    stores = [
        made_results(tmp_path / name, {"hwt": 0.8}, made_dataset(name="faces700"), name)
        for name in ("paper", "subject")
    ]
    assert "78.37 ± 1.50" in page_of(stores[0]).text and "78.37 ± 1.50" not in page_of(stores[1]).text
    by_hand = page_of(stores[1], paper=True).text
    assert "78.37 ± 1.50" in by_hand and "a difference says little" in by_hand


def test_policy_lets_in_nothing_but_what_is_here(both: str) -> None:
    page = Page(both)
    policy = next(one["content"] or "" for one in page.all("meta") if one.get("http-equiv"))
    assert policy.startswith("default-src 'none'; ")
    for name, (content,) in (("style-src", page.styles), ("script-src", page.scripts)):
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"{name} 'sha256-{digest}'" in policy
    assert "unsafe" not in policy


def test_nothing_points_outside(both: str) -> None:
    for _, attributes in Page(both).elements:
        assert "style" not in attributes
        assert not [name for name in attributes if name.startswith("on")]
        for name in ("src", "href", "action", "data", "poster", "srcset"):
            assert (attributes.get(name) or "#").startswith(("#", "data:image/png;base64,"))
    assert "@import" not in both
    assert "url(" not in Page(both).styles[0]


def test_the_same_results_give_the_same_bytes(tmp_path: Path) -> None:
    made_results(tmp_path, {"a": 0.8, "b": 0.7})
    first, second = (report_html([Store(tmp_path)])[0] for _ in range(2))
    assert first == second


def test_paths_are_not_told(tmp_path: Path) -> None:
    assert str(tmp_path) not in report_html([made_results(tmp_path, {"a": 0.8, "b": 0.7})])[0]


def test_names_with_markup_stay_text(tmp_path: Path) -> None:
    classes = (EVIL, "<b>fear</b>", "$x$", "d")
    dataset = made_dataset(280, name="made", classes=classes)
    plain = page_of(made_results(tmp_path / "plain", {"a": 0.8, "b": 0.7}, made_dataset(280, classes=CLASSES[:4])))
    page = page_of(made_results(tmp_path / "evil", {EVIL: 0.8, "b": 0.7}, dataset, error=EVIL))
    kinds = {tag for tag, _ in plain.elements}
    assert {tag for tag, _ in page.elements} == kinds
    assert len(page.all("script")) == 1
    assert page.scripts == plain.scripts
    assert EVIL.replace("\x07", "\\x07") in page.text
    assert "\x07" not in page.text


def test_names_in_the_audit_stay_text(tmp_path: Path) -> None:
    store = made_results(tmp_path, {"a": 0.8, "b": 0.7})
    with store.writing():
        store.keep_audit(
            [{"code": EVIL, "severity": "error", "title": EVIL, "count": 9, "examples": [EVIL], "why": EVIL}]
        )
    page = page_of(store)
    assert len(page.all("script")) == 1
    assert EVIL.replace("\x07", "\\x07") in page.text
    assert "and 8 more" in page.text


def one_method(path: Path) -> Store:
    return made_results(path, {"a": 0.8})


def single_run(path: Path) -> Store:
    return made_results(path, {"a": 0.8, "b": 0.7}, runs=[1])


def partial(path: Path) -> Store:
    made_results(path, {"a": 0.8}, runs=range(1, 11))
    return made_results(path, {"b": 0.7}, runs=[1, 2, 3])


def failed(path: Path) -> Store:
    made_results(path, {"a": 0.8, "b": 0.7})
    return made_results(path, {"bad": 0.5}, runs=[1], status="timeout", predictions=None, error="too slow")


def nothing_stored(path: Path) -> Store:
    return made_results(path, {})


def only_failed(path: Path) -> Store:
    return made_results(path, {"bad": 0.5}, runs=[1], status="failed", predictions=None, error="no")


def without_times(path: Path) -> Store:
    return made_results(path, {"a": 0.8, "b": 0.7}, seconds={}, environment="unknown", peak_memory_mb=None, info={})


CASES: dict[Callable[[Path], Store], tuple[str, ...]] = {
    one_method: ("One method only", "there is nothing to test", "Only protocol paper is in this report"),
    single_run: ("Too few runs to say who wins", "a single run, no sd", "so there is no sd: every row"),
    partial: ("so far", "b (3 of 10 runs)", "H(r=3 of 10, g=10)"),
    failed: ("so far", "they count in nothing: bad (10 cells failed, the last (run 1, fold 10): timeout, too slow)"),
    nothing_stored: ("Nothing to say yet", "No method has a complete run."),
    only_failed: ("Nothing to say yet", "bad (10 cells failed, the last (run 1, fold 10): failed, no)"),
    without_times: ("Not known: no times are stored", "No figure: there is nothing to draw"),
}


@pytest.mark.parametrize("make", CASES)
def test_what_is_not_whole_says_so(make: Callable[[Path], Store], tmp_path: Path) -> None:
    text = page_of(make(tmp_path)).text
    for words in (*CASES[make], "Not audited", "No audit of these folds is stored"):
        assert words in text


def test_methods_that_no_paper_prints(tmp_path: Path) -> None:
    store = made_results(tmp_path, {"a": 0.8, "b": 0.7}, made_dataset(name="faces700"))
    assert "The papers print nothing of the methods here" in page_of(store).text


def test_five_data_sets_have_a_diagram(tmp_path: Path) -> None:
    stores = [
        made_results(tmp_path / str(i), {"a": 0.8, "b": 0.7, "c": 0.5}, made_dataset(350, f"set{i}")) for i in range(5)
    ]
    page = page_of(*stores)
    assert "Critical-difference diagram over 5 data sets" in page.text
    assert "first over 5 data sets: a" in page.text
    assert [one["id"] for one in page.all("section")].count("ranks") == 1


def test_ids_only_where_images_cannot_be_shown(tmp_path: Path) -> None:
    dataset = made_dataset(synthetic=True)
    page = page_of(made_results(tmp_path, {"a": 0.3, "b": 0.3}, dataset))
    assert "The images cannot be loaded here, so there are ids only" in page.text
    assert not page.all("img")
    assert len(page.all("code")) > 1


def test_made_again_by_commands_that_can_be_typed(tmp_path: Path) -> None:
    made_results(tmp_path, {"a": 0.8}, label="a[x=1,y=it's]")
    text = page_of(made_results(tmp_path, {"b": 0.7}, label="b (quick)", params={"steps": 3})).text
    assert "febench run --dataset made --protocol paper --seed 0 --data-dir DATA --methods" in text
    assert "--preset quick --runs 10 --methods b --out DIR" in text
    assert Store(tmp_path).manifest.sha256 in text
    assert hashlib.sha256((tmp_path / "cells.jsonl").read_bytes()).hexdigest() in text


def test_commands_have_the_options_that_cells_were_computed_with(tmp_path: Path) -> None:
    synthetic = made_dataset(synthetic=True)
    made_results(tmp_path, {"few": 0.8}, synthetic, runs=[1, 2], threads=4)
    made_results(tmp_path, {"gpu": 0.8}, synthetic, info={"device": "cuda:1"})
    made_results(tmp_path, {"quick": 0.8}, synthetic, runs=[1], label="quick (quick)")
    store = made_results(tmp_path, {"mine": 0.8}, synthetic, version="0123456789abcdef" * 4)
    start = "febench run --dataset made --protocol paper --seed 0"
    [study] = gather([store])
    assert sorted(commands(study)) == [
        f"{start} --device cuda --methods gpu --out DIR",
        f"{start} --plugin FILE --methods mine --out DIR",
        f"{start} --preset quick --methods quick --out DIR",
        f"{start} --runs 2 --threads 4 --methods few --out DIR",
    ]


def test_several_data_sets_are_named_in_each_card(tmp_path: Path) -> None:
    stores = [made_results(tmp_path / name, {"a": 0.8}, made_dataset(name=name)) for name in ("first", "second")]
    text = page_of(*stores).text
    assert "Faces seen in training first, protocol paper" in text
    assert "Faces seen in training second, protocol paper" in text
    assert "Faces seen in training protocol paper" in page_of(stores[0]).text


@pytest.mark.parametrize("names", [False, True])
def test_people_of_photographs_are_named_by_initials_unless_asked_for(names: bool, tmp_path: Path) -> None:
    dataset = made_dataset()
    people = tuple(name.replace("person ", "anna_smith") for name in dataset.subjects or ())
    ids = tuple(f"{person}/{image}.png" for person, image in zip(people, dataset.ids, strict=True))
    photographs = dataclasses.replace(dataset, subjects=people, ids=ids)
    store = made_results(tmp_path, {"a": 0.3, "b": 0.3}, photographs)
    with store.writing():
        finding = {"code": "FEB006", "severity": "warning", "title": "Near", "count": 1, "examples": [ids[0]]}
        store.keep_audit([finding])
    html = report_html([store], names=names)[0]
    assert ("anna" in html) is names
    assert ("a._s.0/00000.png" in html) is not names
    assert ("--names shows the names" in html) is not names


@pytest.mark.parametrize("allowed", [False, True])
def test_people_are_shown_only_by_who_may(allowed: bool, toy: Dataset, tmp_path: Path) -> None:
    @dataset("toy")
    def load() -> Dataset:
        return toy

    page = page_of(made_results(tmp_path, {"a": 0.3, "b": 0.3}, toy), show_images=allowed)
    assert bool(page.all("img")) is allowed
    assert ("Images of people are shown only with show_images" in page.text) is not allowed


def test_figures_of_very_many_methods_show_the_best_and_say_so(tmp_path: Path) -> None:
    few = made_dataset(70)
    methods = {f"m{place:02d}": 0.2 + 0.03 * place for place in range(MAX_DRAWN + 2)}
    (study,) = gather([made_results(tmp_path / "r", methods, few, "paper[runs=2]", probabilities=False)])
    assert len(study.drawn) == MAX_DRAWN < len(study.rows)
    means = {row.label: row.summary().mean for row in study.rows}
    left = min(means[row.label] for row in study.drawn)
    assert all(mean <= left for label, mean in means.items() if label not in {row.label for row in study.drawn})
    assert study.note_on_drawn == f" Of {MAX_DRAWN + 2} methods the {MAX_DRAWN} with the best means; tables show all."
    text = Page(page([study])).text
    assert text.count(study.note_on_drawn.strip()) == 5
    assert f"of {len(study.comparison.pairs)} pairs" in text


def test_metrics_keep_their_capitals_in_headings(tmp_path: Path) -> None:
    text = Page(report_html([made_results(tmp_path, {"a": 0.8, "b": 0.7}, runs=[1])], metric="auc")[0]).text
    assert "Area under the ROC curve run by run (table 2)" in text
