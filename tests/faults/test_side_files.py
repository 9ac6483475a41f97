"""What stands beside the cells: an audit, environments, and every bit of a store and its cache."""

from __future__ import annotations

import json
import random
from pathlib import Path

import numpy as np
import pytest

from febench.core import cache
from febench.core.cache import cached_array
from febench.core.errors import MismatchError
from febench.results.results import Results
from febench.results.store import AUDIT, CELLS, ENVIRONMENT, Store
from febench.results.verify import verify_store
from tests.faults.conftest import COUNT, Survived
from tests.made_results import made_dataset, made_results

FINDING = {"code": "FEB001", "severity": "error", "title": "leak", "count": 2, "examples": ["a"]}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = made_results(tmp_path / "o", {"m": 0.8}, made_dataset(140), runs=[1])
    with store.writing():
        store.keep_audit([FINDING])
    return Store(store.path)


def wrong(store: Store) -> list[str]:
    return [check.what for check in verify_store(store) if check.ok is False]


def test_one_letter_of_an_audit_does_not_make_errors_none(store: Store) -> None:
    assert Results.of(store).faults == ({part: FINDING[part] for part in ("code", "severity", "title", "count")},)
    text = (store.path / AUDIT).read_text()
    (store.path / AUDIT).write_text(text.replace('"error"', '"errkr"'))
    assert Results.of(Store(store.path)).faults is None and wrong(store) == [AUDIT]


def test_an_audit_of_old_is_read_and_verify_says_that_it_has_no_checksum(store: Store) -> None:
    document = json.loads((store.path / AUDIT).read_text())
    del document["checksum"], document["twins"]
    document["format"] = 1
    (store.path / AUDIT).write_text(json.dumps(document))
    assert store.audit == [FINDING]
    (told,) = [check for check in verify_store(store) if check.what == AUDIT]
    assert told.ok is None and "before audits had a checksum" in told.detail


@pytest.mark.parametrize("change", [("numpy", "numpx"), ('"host": "', '"host": "x'), ('"cores"', '"corez"')])
def test_an_environment_that_is_not_what_its_id_says_is_refused(store: Store, change: tuple[str, str]) -> None:
    text = (store.path / ENVIRONMENT).read_text()
    (store.path / ENVIRONMENT).write_text(text.replace(*change, 1))
    with pytest.raises(MismatchError, match="does not match its hashes"):
        _ = Store(store.path).environments
    assert wrong(store) == [ENVIRONMENT]


def test_verify_misses_an_environment_that_cells_name_and_names_files_it_does_not_know(tmp_path: Path) -> None:
    store = made_results(tmp_path, {"m": 0.8}, made_dataset(140), runs=[1], environment="0123456789ab")
    assert wrong(store) == [ENVIRONMENT]
    (tmp_path / "notes.txt").write_text("mine")
    assert "notes.txt" in verify_store(store)[-1].detail


def said(store: Path) -> tuple[object, ...]:
    """All that tables print of a store."""
    results = Results.of(Store(store))
    rows = [(row.label, row.accuracies, list(row.failed)) for row in results.rows]
    return rows, results.faults, results.environments


def test_no_flipped_bit_of_a_store_or_its_cache_changes_a_number_silently(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, survived: Survived
) -> None:
    """Each is refused, noticed by `verify`, or without a meaning."""
    monkeypatch.setenv("FEBENCH_CACHE", str(tmp_path / "cache"))
    whole = np.arange(500)
    array = cached_array("t", "k", iter([whole]), 500)
    files = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file() and path.suffix != ".lock"}
    files = {path: content for path, content in files.items() if content}
    assert len(files) == 6
    before, choose = said(store.path), random.Random(1)
    for _ in range(2000 if COUNT else 200):
        path = choose.choice(list(files))
        content = bytearray(files[path])
        bit = choose.randrange(8 * len(content))
        content[bit // 8] ^= 1 << bit % 8
        path.write_bytes(content)
        monkeypatch.setattr(cache, "_checked", {})
        if cache._flaw(array) is None:
            assert np.array_equal(np.load(array), whole)
        try:
            now = said(store.path)
        except MismatchError:
            now = None
        if now is not None and now != before:
            assert now[0] == before[0] or Store(store.path).foreign or Store(store.path).torn, (path, bit)
            assert wrong(Store(store.path)), (path, bit)
        path.write_bytes(files[path])
        survived.count()


def test_of_any_cut_through_the_last_line_that_line_is_dropped(store: Store, survived: Survived) -> None:
    cells = store.path / CELLS
    whole = cells.read_bytes()
    start = whole.rstrip(b"\n").rfind(b"\n") + 1
    for end in range(start + 1, len(whole), 1 if COUNT else 50):
        cells.write_bytes(whole[:end])
        torn = Store(store.path)
        assert torn.torn == end - start and torn.records == store.records[:-1]
        survived.count()
