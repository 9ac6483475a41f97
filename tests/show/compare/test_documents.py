"""What `febench compare` shows, and what it refuses."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from febench.core.errors import MismatchError, UsageError
from febench.core.manifest import draw
from febench.results.merge import pool
from febench.results.results import Results
from febench.show.compare import compare, compare_documents, comparison_document, papers_document, rank
from febench.show.formats import render
from tests.show.compare.made import about, cells, made, of_protocol, people

PAPER = of_protocol()
METHODS = {f"m{i}": about(10 + 2 * i, 2, seed=i) for i in range(8)}


def text_of(results: list[Results], **how: object) -> str:
    return render(compare_documents(results, **how), "text")  # type: ignore[arg-type]


def over_data_sets(n: int, protocol: str = "subject[runs=2]", **methods: tuple[float, ...]) -> list[Results]:
    """Results on several data sets; for each method its errors in every fold, data set by data set."""
    manifests = [of_protocol(protocol, name=f"set{i}") for i in range(n)]
    return [
        made(manifest, **{name: (lambda r, f, at=errors[i]: at) for name, errors in methods.items()})
        for i, manifest in enumerate(manifests)
    ]


def test_the_same_folds_in_two_directories_are_one() -> None:
    one, two = (Results.from_records(PAPER, cells(PAPER, name, about(9, 2))) for name in ("one", "two"))
    (pooled,) = pool([one, two])
    assert [row.label for row in pooled.rows] == ["one", "two"]
    assert len(pool([one, one])[0].rows) == 1
    renamed = [dataclasses.replace(cell, label="one (quick)") for cell in cells(PAPER, "one", about(9, 2))]
    (same_keys,) = pool([one, Results.from_records(PAPER, renamed)])
    assert [(row.label, len(row.cells)) for row in same_keys.rows] == [("one", 100)]
    assert "undecided" not in text_of([one, two]) and "one and two are within a point" in text_of([one, two])


def test_what_else_two_directories_tell_is_kept() -> None:
    fault = {"code": "FEB001", "severity": "error", "title": "The same person", "count": 20}
    one = dataclasses.replace(made(PAPER, a=about(9)), outdated={"a": {"0": 3}}, environments={"x": {}})
    two = dataclasses.replace(made(PAPER, b=about(9)), faults=(fault,), environments={"y": {}})
    (pooled,) = pool([one, two])
    assert pooled.outdated == {"a": {"0": 3}} and pooled.faults == (fault,) and set(pooled.environments) == {"x", "y"}


def test_other_folds_of_the_same_data_set_are_refused() -> None:
    other = draw(people(), "paper", seed=1)
    with pytest.raises(UsageError, match="different folds") as refused:
        compare_documents([made(PAPER, a=about(9)), made(other, b=about(9))])
    assert PAPER.sha256[:12] in str(refused.value) and other.sha256[:12] in str(refused.value)
    assert refused.value.exit_code == 2


def test_two_stories_of_one_cell_are_refused() -> None:
    with pytest.raises(MismatchError, match="different predictions of a run 1 fold 1"):
        pool([made(PAPER, a=lambda r, f: 1), made(PAPER, a=lambda r, f: 2)])


def test_nothing_to_compare() -> None:
    with pytest.raises(UsageError, match="it takes two methods with a complete run"):
        compare_documents([made(PAPER, a=about(9))])
    with pytest.raises(UsageError, match="there are no pairs 'some'"):
        compare_documents([made(PAPER, **METHODS)], pairs="some")


def test_of_many_methods_the_best_and_the_neighbours_are_shown_and_all_are_in_the_data() -> None:
    results = made(PAPER, **METHODS)
    shown, everything = (compare_documents([results], pairs=pairs)[0] for pairs in (None, "all"))
    assert len(shown.tables[0].rows) == 7 + 6 and len(everything.tables[0].rows) == 28
    assert shown.data == everything.data and len(shown.data["pairs"]) == 28
    notes = " ".join(shown.tables[0].notes)
    assert "shown: 13 of 28 pairs" in notes and "by Holm over all 28 pairs tested" in notes
    assert "only 2 of 8 methods were asked for" in text_of([results], methods=["m0", "m1"])


def test_the_data_are_json_and_say_what_the_table_says() -> None:
    document = comparison_document(compare(made(PAPER, a=about(5), b=about(15), c=lambda r, f: 5)))
    data = json.loads(json.dumps(document.data, allow_nan=False))
    assert (data["dataset"], data["protocol"], data["manifest"], data["rope"]) == ("made", "paper", PAPER.sha256, 1)
    assert [pair["verdict"] for pair in data["pairs"]] == [row[0] for row in document.tables[0].rows]
    pair = next(pair for pair in data["pairs"] if {pair["first"], pair["second"]} == {"a", "b"})
    assert pair["test"] == "corrected resampled t" and pair["outcome"] == "better"
    assert sum(pair["probabilities"].values()) == pytest.approx(1)
    assert set(pair["statistics"]) == {"mean", "low", "high", "t", "df", "p"}


def test_what_lacks_is_told() -> None:
    results = Results.from_records(
        PAPER, cells(PAPER, "a", about(5)) + cells(PAPER, "b", about(9), [1]) + cells(PAPER, "c", about(9), [1])[:4]
    )
    text = text_of([dataclasses.replace(results, outdated={"a": {"0": 2}})])
    assert "too few runs to say which of a and b is better" in text
    assert "c has no complete run: it is compared with nothing" in text
    assert "b (1 of 10 runs)" in text and "also stored: version 0 (2 cells), see --version" in text
    assert "every person tested was also trained on" in text


def test_synthetic_data_and_audit_errors_are_told() -> None:
    manifest = draw(dataclasses.replace(people(), synthetic=True), "subject")
    fault = {"code": "FEB001", "severity": "error", "title": "The same person", "count": 20}
    text = text_of([dataclasses.replace(made(manifest, a=about(5), b=about(6)), faults=(fault,))])
    assert "is synthetic" in text and "audit errors: FEB001" in text
    assert "every person tested was also trained on" not in text


def test_names_stay_text() -> None:
    name = "<b>x</b>\x1b[31m"
    document = compare_documents([made(PAPER, **{name: about(5), "b": about(9)})])
    assert "<b>" not in render(document, "html")
    assert all("\x1b" not in render(document, how) for how in ("text", "md", "html", "latex", "csv"))


def test_two_protocols_are_compared_each_on_its_own() -> None:
    documents = compare_documents([made(m, a=about(5), b=about(9)) for m in (PAPER, of_protocol("subject"))])
    assert [document.data["protocol"] for document in documents] == ["paper", "subject"]
    assert "tests over data sets" not in render(documents, "text")


def test_fewer_than_five_data_sets_are_not_ranked() -> None:
    results = over_data_sets(4, a=(1, 2, 3, 4), b=(2, 3, 4, 5))
    documents = compare_documents(results)
    assert len(documents) == 4 and rank([compare(one) for one in results]) is None
    assert "tests over data sets, by ranks, need 5 under one protocol; there are 4" in render(documents, "text")


def test_five_data_sets_are_ranked() -> None:
    results = over_data_sets(
        6, a=(1, 2, 3, 4, 5, 6), b=(20, 21, 22, 23, 24, 20), c=(30, 31, 33, 34, 35, 36), d=(20, 21, 22, 23, 24, 21)
    )
    *_, document = compare_documents(results)
    data = json.loads(json.dumps(document.data, allow_nan=False))
    assert [(one["method"], one["rank"]) for one in data["methods"]] == [
        ("a", 1.0), ("b", pytest.approx(2 + 5 / 12)), ("d", pytest.approx(2 + 7 / 12)), ("c", 4.0),
    ]  # fmt: skip
    assert data["friedman"]["p"] < 0.05 and data["critical_difference"] == pytest.approx(1.915, abs=5e-3)
    assert data["groups"] == [["a", "b", "d"], ["b", "d", "c"]]
    pairs = {(one["first"], one["second"]): one for one in data["pairs"]}
    assert (pairs["b", "d"]["wins"], pairs["b", "d"]["ties"], pairs["b", "d"]["losses"]) == (1, 5, 0)
    assert pairs["a", "c"]["p"] == pytest.approx(2 / 2**6) and pairs["a", "c"]["p_holm"] > 0.05
    text = render([document], "text")
    assert "6 data sets are few: this test gives no p below 0.0312, before Holm" in text
    assert "though not better than any one of them for certain" in text


def test_enough_data_sets_find_the_better_one() -> None:
    n = 10
    errors = {"a": range(1, 11), "b": range(12, 22), "c": range(24, 34)}
    found = rank([compare(one) for one in over_data_sets(n, **{k: tuple(v) for k, v in errors.items()})])
    assert found is not None and found.headline == "first over 10 data sets: a, better than b, c"
    assert found.ranks == pytest.approx([1, 2, 3])
    assert all(pair.p_holm < 0.05 for pair in found.pairs)


def test_ranks_that_may_be_chance_are_not_read_as_differences() -> None:
    rng = np.random.default_rng(5)
    methods = {name: tuple(int(i) for i in rng.integers(5, 30, 5)) for name in "abc"}
    found = rank([compare(one) for one in over_data_sets(5, **methods)])
    assert found is not None and found.friedman is not None and found.friedman.p > 0.05
    assert found.headline == "the methods are not told apart over 5 data sets: their ranks may be chance"


def test_a_method_that_lacks_a_data_set_is_not_ranked() -> None:
    results = over_data_sets(5, a=(1, 2, 3, 4, 5), b=(2, 3, 4, 5, 6), c=(9, 9, 9, 9, 9))
    results[2] = dataclasses.replace(results[2], rows=results[2].rows[:2])
    found = rank([compare(one) for one in results])
    assert found is not None and found.methods == ("a", "b") and found.left_out == ("c",) and found.friedman is None
    assert "c lacks a complete run on some data set: not ranked" in text_of(results)


def test_what_the_papers_can_bear_as_a_document() -> None:
    document = papers_document()
    text = render([document], "text")
    assert "the printed figures do not bear that resnet50 is better than resnet18" in text
    assert "the most favourable reading" in text and len(document.tables[0].rows) == 10
    json.dumps(document.data, allow_nan=False)
