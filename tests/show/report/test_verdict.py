"""The verdict says who wins only where the tests bear it, and says what is not whole, new or sound."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from febench.core.manifest import draw
from febench.results.drops import drops_of
from febench.results.results import Results
from febench.show.compare import span
from febench.show.report.studies import Study, gather
from febench.show.report.verdict import judge, verdict_data
from febench.show.tables import chosen
from febench.stats import p_words
from tests.made_results import made_dataset, made_results
from tests.show.compare.made import about, cells, made, of_protocol, people

MANIFEST = of_protocol()


def study_of(results: Results) -> Study:
    return Study(results, (), 1.0)


def verdict_on(*results: Results) -> dict[str, Any]:
    return verdict_data(list(map(study_of, results)))[0]


def words(verdict: dict[str, Any]) -> list[str]:
    return [caution["word"] for caution in verdict["cautions"]]


def test_clear_winner() -> None:
    found = verdict_on(made(MANIFEST, good=about(5), poor=about(20, seed=1)))
    assert found["outcome"] == "winner"
    assert found["headline"].startswith("good wins: good has the highest mean, 9")
    assert found["headline"].endswith("10 runs), and is better than poor.")
    assert "points ahead of poor" in found["answers"]["By how much?"]
    assert found["answers"]["Is it real?"].startswith("Yes: more than 99 % sure that good is better than poor")


def test_clear_winner_of_many_names_no_doubt() -> None:
    found = verdict_on(made(MANIFEST, good=about(5), poor=about(20, seed=1), worst=about(30, seed=2)))
    assert found["outcome"] == "winner"
    assert "better than each of the other 2 methods" in found["headline"]
    assert "Holm over 3 pairs" in found["answers"]["Is it real?"]


def test_no_difference() -> None:
    found = verdict_on(made(MANIFEST, one=about(20, 4), other=about(20, 4, seed=1)))
    assert found["outcome"] == "undecided"
    assert found["headline"].startswith("No clear winner: ")
    assert "the tests do not tell it apart from" in found["headline"]
    assert "wins" not in found["headline"]
    assert found["answers"]["Is it real?"].startswith("Not shown against")
    assert "which may be chance" in found["answers"]["By how much?"]


def test_equivalent_within_a_point() -> None:
    found = verdict_on(made(MANIFEST, one=lambda run, fold: 10, other=lambda run, fold: 10 + (run == fold)))
    assert found["outcome"] == "equal"
    assert found["headline"].startswith("No difference that matters at the top: one has the highest mean")
    assert found["headline"].endswith("but other is within a point of it.")
    assert found["answers"]["Is it real?"].startswith("Too small to matter: ")
    assert "wins" not in found["headline"]


def test_equivalence_follows_the_region_that_is_asked_for() -> None:
    results = made(MANIFEST, one=lambda run, fold: 10, other=lambda run, fold: 10 + (run == fold))
    found = verdict_data([Study(results, (), 0.01)])[0]
    assert found["outcome"] == "undecided"


def test_too_few_runs_to_say() -> None:
    found = verdict_on(made(MANIFEST, runs=[1], good=about(5), poor=about(20, seed=1)))
    assert found["outcome"] == "too few runs"
    assert found["headline"].startswith("Too few runs to say who wins: good has the highest mean")
    assert "a single run, no sd" in found["headline"]
    assert found["answers"]["Is it real?"].startswith("Not known yet: too few runs")
    assert {"Partial", "Single run"} <= set(words(found))


def test_one_doubt_among_many_is_no_win() -> None:
    found = verdict_on(made(MANIFEST, a=about(10, 3), b=about(10, 3, seed=1), c=about(40, seed=2)))
    assert found["outcome"] == "undecided"
    assert found["headline"].endswith("It is better than c.")
    assert found["answers"]["Is it real?"].count("Yes against c") == 1


def test_one_method_and_none() -> None:
    alone = verdict_on(made(MANIFEST, a=about(10)))
    assert alone["outcome"] == "alone"
    assert alone["headline"].startswith("One method only: a has ")
    nothing = verdict_on(Results.from_records(MANIFEST, []))
    assert (nothing["outcome"], nothing["answers"]) == ("nothing", {})
    assert nothing["headline"].startswith("Nothing to say yet")


def test_a_win_over_partial_runs_is_so_far() -> None:
    found = verdict_on(made(MANIFEST, runs=[1, 2, 3], good=about(5), poor=about(20, seed=1)))
    assert found["headline"].startswith("good wins so far: ")
    assert "every row (3 of 10 runs)" in found["cautions"][words(found).index("Partial")]["text"]


def test_the_best_mean_that_is_worse_over_common_runs_does_not_win() -> None:
    records = [*cells(MANIFEST, "easy", about(10), [1]), *cells(MANIFEST, "whole", about(5), [1])]
    records += [record for run in (2, 3) for record in cells(MANIFEST, "easy", about(60, seed=1), [run])]
    found = verdict_on(Results.from_records(MANIFEST, [*records, *cells(MANIFEST, "whole", about(70), [4, 5])]))
    assert found["outcome"] in ("too few runs", "undecided")
    assert "behind whole" in found["answers"]["By how much?"]
    assert "over the one run that is complete in both" in found["answers"]["By how much?"]


def test_failures_and_methods_without_a_run_are_told(tmp_path: Path) -> None:
    made_results(tmp_path, {"a": 0.8, "b": 0.7})
    store = made_results(tmp_path, {"bad": 0.5}, runs=[1], status="failed", predictions=None, error="ValueError: no")
    found = verdict_data(gather([store]))[0]
    texts = dict(zip(words(found), (caution["text"] for caution in found["cautions"]), strict=True))
    assert "bad (10 cells failed, the last (run 1, fold 10): failed, ValueError: no)" in texts["Failed cells"]
    assert "bad" in texts["No verdict"]
    assert "so far" in found["headline"]
    assert "Not audited" in texts


def test_synthetic_faces_and_audit_errors_are_in_the_verdict(tmp_path: Path) -> None:
    store = made_results(tmp_path, {"a": 0.8, "b": 0.7}, made_dataset(synthetic=True))
    finding = {"code": "FEB001", "severity": "error", "title": "The same person", "count": 20, "why": "It cheats."}
    with store.writing():
        store.keep_audit([finding, {"code": "FEB006", "severity": "warning", "title": "Near", "count": 1}])
    cautions = verdict_data(gather([store]))[0]["cautions"]
    assert {"word": "Audit error", "text": "FEB001 The same person (20). It cheats.", "serious": True} in cautions
    assert "Synthetic" in [one["word"] for one in cautions]
    assert "FEB006" not in str(cautions)


def test_methods_that_nobody_asked_for_are_not_named() -> None:
    found = verdict_on(made(MANIFEST, hwt=about(5), other=about(20, seed=1)))
    assert "Not run" not in words(found) and "resnet" not in str(found)


def test_quick_and_pretrained_rows_are_told(tmp_path: Path) -> None:
    made_results(tmp_path, {"a": 0.8}, label="a (quick)")
    store = made_results(tmp_path, {"b": 0.7}, params={"weights": "imagenet"})
    assert {"Quick", "Pretrained"} <= set(words(verdict_data(gather([store]))[0]))


def test_without_people_nobody_knows_whether_faces_are_new() -> None:
    manifest = draw(replace(people(), subjects=None), "paper")
    found = verdict_on(made(manifest, a=about(5), b=about(20, seed=1)))
    assert found["answers"]["And on new faces?"].startswith("Not known: the data set does not tell its people apart")


def test_what_is_left_when_faces_are_new() -> None:
    seen = made(MANIFEST, a=lambda run, fold: 7, b=about(30, seed=1))
    new = made(of_protocol("subject"), a=lambda run, fold: 35, b=about(50, seed=1))
    found = judge([study_of(seen), study_of(new)])[0]
    drop = drops_of(chosen(seen), chosen(new))["a"]
    assert drop.interval is not None and drop.p_holm is not None
    assert found.drop == (
        f"a falls from 90.00 % to 50.00 %: -40.00 points (95 % interval {span(drop.interval)} for other people of this "
        f"kind, trained and tested; {p_words(drop.p_holm)}, adjusted over 2 methods)."
    )
    assert found.verdicts[0].answers["And on new faces?"] == found.drop
    assert found.verdicts[1].answers["And on new faces?"].startswith("This is on new faces")


def test_without_new_faces_it_is_said_that_they_are_not_measured() -> None:
    answer = verdict_on(made(MANIFEST, a=about(5), b=about(20)))["answers"]["And on new faces?"]
    assert answer.startswith("Not measured here")
    assert "--protocol subject" in answer


def test_a_method_that_was_not_run_on_new_faces_has_no_drop() -> None:
    seen = made(MANIFEST, a=about(5), b=about(20, seed=1))
    new = made(of_protocol("subject"), b=about(50, seed=1), c=about(60))
    assert (
        "a does not have a complete run under each of paper and subject."
        in judge([study_of(seen), study_of(new)])[0].drop
    )


def test_cost_is_of_one_host_and_names_the_quickest(tmp_path: Path) -> None:
    made_results(tmp_path, {"slow": 0.9}, seconds={"fit": 9.0, "predict": 0.07}, environment="here")
    made_results(tmp_path, {"quick": 0.7}, seconds={"fit": 0.5, "predict": 0.07}, environment="here")
    store = made_results(tmp_path, {"far": 0.6}, seconds={"fit": 0.01, "predict": 0.07}, environment="there", runs=[1])
    cost = verdict_data(gather([store]))[0]["answers"]["What does it cost?"]
    assert cost.startswith(
        "9 s to train slow on a fold (cpu), 1 ms to predict an image; 18 times the training time of "
    )
    assert "quick, the quickest. Times of 1 other environment" in cost


def test_a_share_of_a_gpu_is_not_quicker_than_a_processor(tmp_path: Path) -> None:
    on_gpu = {"info": {"device": "cuda:0", "pack": 10}}
    made_results(tmp_path, {"deep": 0.9}, seconds={"fit": 1.0, "predict": 0.07}, environment="here", **on_gpu)
    store = made_results(tmp_path, {"svm": 0.7}, seconds={"fit": 9.0, "predict": 0.07}, environment="here")
    cost = verdict_data(gather([store]))[0]["answers"]["What does it cost?"]
    assert cost == (
        "1 s to train deep on a fold (cuda, 10 at once), 1 ms to predict an image. "
        "The times of 1 other method are of cpu and are not compared."
    )


def test_the_interval_over_people_stands_in_the_headline_and_the_standings() -> None:
    study = study_of(made(MANIFEST, good=about(5), poor=about(20, seed=1)))
    summary = study.results.row("good").summary()  # type: ignore[union-attr]
    low, high = summary.interval or (0.0, 0.0)
    [judgement] = judge([study])
    [verdict] = judgement.verdicts
    assert f"(95 % interval over people {low:.2f} to {high:.2f}; sd over runs" in verdict.lead.headline
    first = verdict.top[0]
    assert first.value == f"{summary.mean:.2f} [{low:.2f}, {high:.2f}]"
    assert (first.low, first.high) == (low, high)
    assert verdict.spread == "in brackets: 95 % interval for other people of this kind, trained and tested"


def test_without_people_the_standings_have_the_sd_over_runs() -> None:
    manifest = draw(replace(people(), subjects=None), "paper")
    study = study_of(made(manifest, good=about(5), poor=about(20, seed=1)))
    summary = study.results.row("good").summary()  # type: ignore[union-attr]
    [verdict] = judge([study])[0].verdicts
    assert verdict.top[0].value == f"{summary.mean:.2f} ± {summary.sd:.2f}"
    assert (verdict.top[0].low, verdict.spread) == (None, "±: sample sd over runs")


def test_cost_without_times(tmp_path: Path) -> None:
    store = made_results(tmp_path, {"a": 0.8, "b": 0.7}, seconds={})
    assert verdict_data(gather([store]))[0]["answers"]["What does it cost?"] == "Not known: no times are stored."


def test_protocols_stand_with_new_faces_last_whatever_the_order(tmp_path: Path) -> None:
    new = made_results(tmp_path / "a", {"a": 0.8}, protocol="subject")
    seen = made_results(tmp_path / "b", {"a": 0.8}, protocol="paper")
    assert [one.faces for one in gather([new, seen])] == ["seen", "new"]
