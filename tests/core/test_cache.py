from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from numpy.typing import NDArray

from febench.core.cache import cache_dir, cached_array, cached_files, file_of, in_chunks
from febench.core.errors import DataError


def chunks(*lengths: int) -> Iterator[NDArray[np.float64]]:
    start = 0
    for n in lengths:
        yield np.arange(start, start + n, dtype=np.float64)[:, None]
        start += n


def never() -> Iterator[NDArray[np.float64]]:
    raise AssertionError("computed again")
    yield  # a generator, so that only looking at it raises


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FEBENCH_CACHE", str(tmp_path))


def test_made_once_and_read_again() -> None:
    path = cached_array("t", ["a", 1], chunks(3, 4), 7)
    assert np.array_equal(np.load(path)[:, 0], np.arange(7))
    assert cached_array("t", ["a", 1], never(), 7) == path
    assert cached_array("t", ["a", 2], chunks(7), 7) != path


@pytest.mark.parametrize("lengths", [(3,), (3, 5)])
def test_too_few_or_too_many_rows_leave_nothing_behind(tmp_path: Path, lengths: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"rows instead of 7|7 in all"):
        cached_array("t", "k", chunks(*lengths), 7)
    assert [path.suffix for path in (tmp_path / "t").iterdir()] in ([], [".lock"])


def test_too_little_room_is_said_in_a_sentence_and_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("febench.core.cache.shutil.disk_usage", lambda path: SimpleNamespace(free=7_000_000))
    with pytest.raises(DataError, match=r"^the t need 8 MB in the cache .*, where 7 MB are free: make room"):
        cached_array("t", "k", chunks(3), 1_000_000)
    assert cached_files() == {"t": [path for path in (tmp_path / "t").iterdir() if path.suffix == ".lock"]}
    monkeypatch.setattr("febench.core.cache.shutil.disk_usage", lambda path: SimpleNamespace(free=56))
    cached_array("t", "k", chunks(7), 7)


def test_the_cache_knows_its_own_files_and_no_others(tmp_path: Path) -> None:
    path = cached_array("t", "k", chunks(3), 3)
    (tmp_path / "t" / "holiday.npy").write_text("not ours")
    (tmp_path / "letter.txt").write_text("not ours")
    assert path in cached_files()["t"] and {file.stem for file in cached_files()["t"]} == {path.stem}
    assert not {"holiday.npy", "letter.txt"} & {file.name for files in cached_files().values() for file in files}


def test_chunks_must_be_alike() -> None:
    with pytest.raises(ValueError, match="after float64"):
        cached_array("t", "k", iter([np.zeros((2, 1)), np.zeros((2, 2))]), 4)


def test_a_whole_memory_map_knows_its_file_and_no_other_array_does(tmp_path: Path) -> None:
    path = cached_array("t", "k", chunks(5), 5)
    whole = np.load(path, mmap_mode="r")
    assert file_of(whole) == path
    assert file_of(whole[1:]) is None and file_of(np.asarray(whole)[1:]) is None and file_of(np.zeros(3)) is None


@pytest.mark.parametrize("rows", [1, 2, 3, 7, 100])
def test_chunks_are_the_whole_in_order(rows: int) -> None:
    path = cached_array("t", "k", chunks(3, 4), 7)
    for array in (np.load(path), np.load(path, mmap_mode="r")):
        pieces = list(in_chunks(array, rows))
        assert all(len(piece) <= rows for piece in pieces)
        assert np.array_equal(np.concatenate(pieces), array)


def test_a_home_that_cannot_be_written_is_no_obstacle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "home").write_text("a file, below which nothing can be written")
    monkeypatch.delenv("FEBENCH_CACHE")
    monkeypatch.setattr("febench.core.cache.user_cache_path", lambda name: tmp_path / "home" / name)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    folder = cache_dir()
    assert folder.parent == tmp_path / "temporary" and "cannot be written; caches go to" in capsys.readouterr().err
    assert cache_dir() == folder == Path(os.environ["FEBENCH_CACHE"]) and capsys.readouterr().err == ""
    path = cached_array("t", 1, iter([np.zeros(3)]), 3)
    assert path.is_relative_to(folder)
