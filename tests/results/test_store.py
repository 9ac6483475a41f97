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
from febench.core.manifest import draw
from febench.results import store as store_module
from febench.results.record import Record
from febench.results.store import AUDIT, CELLS, Store
from tests.made_results import made_cell

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
        whole.replace('mat": 2', 'mat": 0'),
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
