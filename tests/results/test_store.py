from __future__ import annotations

import dataclasses
import json
import pickle
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from febench.core.dataset import Dataset
from febench.core.errors import MismatchError, UsageError
from febench.core.manifest import Manifest, draw
from febench.results import store as store_module
from febench.results.caveats import caveats_of_rows
from febench.results.merge import merge, pool
from febench.results.record import Record
from febench.results.results import Results
from febench.results.store import AUDIT, CELLS, Asked, Store
from tests.made_results import made_cell, made_dataset, made_results

texts = st.text(max_size=20)
records = st.builds(
    Record,
    key=texts,
    method=texts,
    params=st.dictionaries(texts, st.one_of(st.integers(), texts, st.none()), max_size=3),
    version=texts,
    label=texts,
    run=st.integers(1, 10),
    fold=st.integers(1, 10),
    seed=st.integers(0, 2**32 - 1),
    status=st.sampled_from(["ok", "failed", "timeout"]),
    predictions=st.none() | st.lists(st.integers(0, 6), max_size=5),
    probabilities=st.none() | st.lists(st.lists(st.floats(0, 1), max_size=3), max_size=3),
    seconds=st.dictionaries(texts, st.floats(0, 1e6), max_size=3),
    error=st.none() | texts,
)


def a_record(key: str = "k", **changes: object) -> Record:
    whole = Record(key, "m", {"C": 1}, "1", "m", 1, 1, 7, "ok", predictions=[0, 1, 2], error='no, "check":"x"')
    return dataclasses.replace(whole, **changes)  # type: ignore[arg-type]


@given(records)
def test_a_line_is_read_back_as_it_was_written(record: Record) -> None:
    line = record.to_line()
    assert line.count("\n") == 1 and line.endswith("\n")
    assert Record.from_line(line.encode()) == record


@given(st.data())
def test_any_changed_character_and_any_cut_is_noticed(data: st.DataObject) -> None:
    line = a_record().to_line().rstrip("\n")
    at = data.draw(st.integers(0, len(line) - 1))
    other = data.draw(st.characters(codec="ascii", exclude_characters=line[at]))
    with pytest.raises(ValueError, match=r"checksum|Expecting|delimiter"):
        Record.from_line((line[:at] + other + line[at + 1 :]).encode())
    with pytest.raises(ValueError, match="checksum"):
        Record.from_line(line[:at].encode())


def test_cells_are_kept_and_the_last_word_counts(toy: Dataset, tmp_path: Path) -> None:
    store = Store.open(tmp_path / "out", draw(toy, "paper"))
    first, second = (made_cell(store.manifest, "m", 0.5, 1, fold) for fold in (1, 2))
    with store.writing() as writer:
        writer.append(dataclasses.replace(first, status="failed", predictions=None, probabilities=None))
        writer.append(second)
        writer.append(first)
    again = Store(tmp_path / "out")
    assert [record.key for record in again.records] == [first.key, second.key]
    assert all(record.ok for record in again.records)
    assert len((tmp_path / "out" / CELLS).read_text().splitlines()) == 3


@pytest.mark.parametrize("lost", [1, 7, 60])
def test_a_torn_last_line_is_dropped_and_whole_lines_stay(toy: Dataset, tmp_path: Path, lost: int) -> None:
    store = Store.open(tmp_path, draw(toy, "paper"))
    made = [made_cell(store.manifest, "m", 0.5, 1, fold) for fold in (1, 2, 3, 4)]
    keys = [record.key for record in made]
    with store.writing() as writer:
        for record in made[:3]:
            writer.append(record)
    cells = tmp_path / CELLS
    cells.write_bytes(cells.read_bytes()[:-lost])
    torn = Store(tmp_path)
    assert torn.torn > 0 and [record.key for record in torn.records] == keys[:2]
    with torn.writing() as writer:
        writer.append(made[3])
    mended = Store(tmp_path)
    assert not mended.torn and [record.key for record in mended.records] == [keys[0], keys[1], keys[3]]


def test_an_edited_line_is_refused_by_number_and_nothing_is_lost(toy: Dataset, tmp_path: Path) -> None:
    store = Store.open(tmp_path, draw(toy, "paper"))
    with store.writing() as writer:
        writer.append(a_record("a"))
        writer.append(a_record("b"))
    cells = tmp_path / CELLS
    edited = cells.read_text().replace("[0,1,2]", "[0,1,1]", 1)
    cells.write_text(edited)
    with pytest.raises(MismatchError, match="line 1 does not match its checksum"):
        Store(tmp_path)
    assert cells.read_text() == edited


def test_one_writer_at_a_time(toy: Dataset, tmp_path: Path) -> None:
    store = Store.open(tmp_path, draw(toy, "paper"))
    with store.writing(), pytest.raises(UsageError, match="another febench run"), Store(tmp_path).writing():
        pass
    with Store(tmp_path).writing():
        pass


def test_a_writer_reads_again_what_another_has_changed(
    toy: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store.open(tmp_path, draw(toy, "paper"))
    first, second = (made_cell(store.manifest, "m", 0.5, 1, fold) for fold in (1, 2))
    with store.writing() as writer:
        writer.append(first)
    early, late = Store(tmp_path), Store(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(store_module, "stored_lines", lambda *_: pytest.fail("the lines were read"))
        with early.writing() as writer:
            writer.append(second)
    with late.writing():
        assert [record.key for record in late.records] == [first.key, second.key]
    with (tmp_path / CELLS).open("ab") as file:
        file.write(b'{"key":')
    with late.writing():
        assert late.torn == 7
    assert not Store(tmp_path).torn


def test_a_directory_of_other_folds_is_refused(toy: Dataset, tmp_path: Path) -> None:
    Store.open(tmp_path, draw(toy, "paper"))
    with pytest.raises(UsageError, match="holds results of other folds of toy"):
        Store.open(tmp_path, draw(toy, "subject"))


def test_a_directory_that_cannot_be_written_is_a_sentence(toy: Dataset, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot write results to"):
        Store.open(tmp_path / "file" / "out", draw(toy, "paper"))


def test_a_directory_without_results_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="holds no results of febench"):
        Store(tmp_path)


def test_an_audit_is_kept_and_read_while_it_is_of_these_folds(toy: Dataset, tmp_path: Path) -> None:
    store = Store.open(tmp_path, draw(toy, "paper"))
    findings = [{"code": "FEB001", "severity": "error", "title": "x", "count": 2, "examples": ["a\udc80\n"]}]
    assert store.audit is None
    with store.writing():
        store.keep_audit(findings)
    assert Store(tmp_path).audit == findings
    whole = (tmp_path / AUDIT).read_text()
    other = whole.replace(store.manifest.sha256, "0" * 64)
    for broken in (
        "",
        "[]",
        "{}",
        whole[:-20],
        other,
        whole.replace('"count"', '"n"'),
        whole.replace('mat": 3', 'mat": 0'),
    ):
        (tmp_path / AUDIT).write_text(broken)
        assert Store(tmp_path).audit is None
    (tmp_path / AUDIT).write_bytes(b"\xff")
    assert Store(tmp_path).audit is None


def test_the_environment_is_noted_once(toy: Dataset, tmp_path: Path) -> None:
    store = Store.open(tmp_path, draw(toy, "paper"))
    for _ in range(2):
        with store.writing():
            pass
    noted = json.loads((tmp_path / "environment.json").read_text())
    assert len(noted) == 1 and "numpy" in next(iter(noted.values()))["packages"]


@pytest.mark.parametrize(
    "changes",
    [
        {"probabilities": [[0.5, 0.25], [1.0, 0.0]]},
        {"probabilities": [[0.5]], "params": {"probabilities": [[1, 2]], "seconds": 3}},
        {"probabilities": None, "params": {"probabilities": [[1, 2]], "x": '"probabilities":[[0.1]],"'}},
        {
            "probabilities": [[0.5]],
            "label": '"probabilities":[[0.1]],"',
            "info": {"probabilities": [[9.0]], "a": "later"},
        },
        {"probabilities": []},
        {"probabilities": [[]]},
    ],
)
def test_probabilities_are_those_of_the_cell_whatever_stands_beside_them(changes: dict[str, object]) -> None:
    record = a_record(**changes)
    again = Record.from_line(record.to_line().encode())
    assert again.probabilities == record.probabilities
    assert again == record and again.params == record.params and again.info == record.info
    assert again.to_line() == record.to_line()
    assert dataclasses.replace(again, run=2).probabilities == record.probabilities
    array = Record.from_line(record.to_line().encode()).probability_array()
    assert (
        (array is None)
        if record.probabilities is None
        else (array is not None and array.tolist() == record.probabilities)
    )


def test_probabilities_are_read_when_asked_for_and_kept(toy: Dataset, tmp_path: Path) -> None:
    store = Store.open(tmp_path, draw(toy, "paper"))
    made = made_cell(store.manifest, "m", 0.5, 1, 1)
    with store.writing() as writer:
        writer.append(made)
    (record,) = pickle.loads(pickle.dumps(Store(tmp_path).records))
    assert record.probabilities == made.probabilities and record.probabilities is record.probabilities


def test_stored_probabilities_that_are_none_are_refused_by_their_cell() -> None:
    record = Record.from_line(a_record(probabilities=[[2.0]]).to_line().encode())
    with pytest.raises(MismatchError, match=r"the line of m run 1 fold 1 has probabilities that are none .*delete the"):
        _ = record.probabilities


def test_environments_are_told_and_damaged_ones_refused(toy: Dataset, tmp_path: Path) -> None:
    store = Store.open(tmp_path, draw(toy, "paper"))
    assert store.environments == {}
    with store.writing():
        pass
    assert [one["packages"]["numpy"] for one in store.environments.values()] == [np.__version__]
    (tmp_path / "environment.json").write_text("{")
    with pytest.raises(MismatchError, match=r"environment\.json cannot be read"):
        _ = store.environments


def _of_version(record: Record, manifest: Manifest, version: str) -> Record:
    """Return a record as if another version of its method had been computed."""
    key = manifest.cell_key(record.method, record.params, version, record.run, record.fold)
    return dataclasses.replace(record, version=version, key=key)


def _two_versions(path: Path, **accuracies: float) -> Store:
    """Make results that hold each cell at version 1, stored first, and at version 2."""
    store = made_results(path, accuracies or {"m": 0.9}, made_dataset(140), runs=[1])
    with store.writing() as writer:
        writer.append(*[_of_version(record, store.manifest, "2") for record in list(store.records)])
    return Store(path)


def _shown(results: Results) -> dict[str, str]:
    return {row.label: row.records.last.version for row in results.rows}


def test_the_version_asked_for_last_is_shown_whatever_was_stored_last(tmp_path: Path) -> None:
    store = _two_versions(tmp_path / "o", m=0.9, n=0.8)
    assert _shown(Results.of(store)) == {"m": "2", "n": "2"}, "a directory that does not say shows what came last"
    with store.writing():
        store.ask([Asked.now("m", {}, "1", "m")])
    assert _shown(Results.of(Store(tmp_path / "o"))) == {"m": "1", "n": "2"}
    with store.writing():
        store.ask([Asked.now("n", {}, "1", "n")])
    results = Results.of(Store(tmp_path / "o"))
    assert _shown(results) == {"m": "1", "n": "1"}, "each row keeps its own"
    assert results.outdated == {"m": {"2": 10}, "n": {"2": 10}}
    assert _shown(Results.of(store, version="2")) == {"m": "2", "n": "2"}


def test_a_row_asked_for_without_a_cell_is_awaited_and_no_other_version_stands_for_it(tmp_path: Path) -> None:
    store = _two_versions(tmp_path / "o")
    with store.writing():
        store.ask([Asked.now("m", {}, "3", "m")])
    results = Results.of(Store(tmp_path / "o"))
    assert (results.rows, results.awaited, results.outdated) == ((), ("m",), {"m": {"1": 10, "2": 10}})
    assert "m has no cell yet at the version asked for last" in caveats_of_rows(results, results.rows)[0].text


def test_what_was_asked_for_is_merged_and_the_latest_counts(tmp_path: Path) -> None:
    for name, version in (("late", "1"), ("early", "2")):
        store = _two_versions(tmp_path / name)
        with store.writing():
            store.ask([asked_at(version, time=2.0 if name == "late" else 1.0)])
    merge([tmp_path / "late", tmp_path / "early"], tmp_path / "out")
    assert _shown(Results.of(Store(tmp_path / "out"))) == {"m": "1"}
    before = (tmp_path / "out" / "asked.json").read_bytes()
    merge([tmp_path / "late", tmp_path / "early"], tmp_path / "out")
    assert (tmp_path / "out" / "asked.json").read_bytes() == before
    pooled = pool([Results.of(Store(tmp_path / name)) for name in ("late", "early")])
    assert [_shown(one) for one in pooled] == [{"m": "1"}]


def asked_at(version: str, time: float) -> Asked:
    return Asked("m", {}, version, "m", time)


@pytest.mark.parametrize("text", ["", "[", '{"rows": [], "manifest": "x", "checksum": "0"}'])
def test_a_damaged_list_of_what_was_asked_for_is_refused(tmp_path: Path, text: str) -> None:
    store = _two_versions(tmp_path / "o")
    (tmp_path / "o" / "asked.json").write_text(text)
    with pytest.raises(MismatchError, match=r"asked\.json cannot be read .* or delete it"):
        Results.of(store)


def test_what_was_asked_for_of_other_folds_is_not_believed(tmp_path: Path) -> None:
    store = _two_versions(tmp_path / "o")
    other = made_results(tmp_path / "x", {"m": 0.9}, made_dataset(70), runs=[1])
    with other.writing():
        other.ask([Asked.now("m", {}, "1", "m")])
    (tmp_path / "o" / "asked.json").write_bytes((tmp_path / "x" / "asked.json").read_bytes())
    assert _shown(Results.of(store)) == {"m": "2"}
