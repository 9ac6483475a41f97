"""A disk that is full or cannot be written: one sentence that says what, where, and that nothing is lost."""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pytest

from febench.core.cache import cached_array
from febench.core.errors import UsageError
from febench.core.manifest import draw
from febench.results.store import Store
from tests.conftest import make_dataset
from tests.end_to_end.conftest import Febench

LOST = "nothing that was finished before is lost"


@contextlib.contextmanager
def full(path: Path) -> Iterator[BinaryIO]:
    raise OSError(errno.ENOSPC, "No space left on device")
    yield


class Full:
    """A file on a disk with room for a few bytes."""

    def __init__(self, file: Any) -> None:
        self._file, self._left = file, 10

    def write(self, data: memoryview) -> int:
        if not self._left:
            raise OSError(errno.ENOSPC, "No space left on device")
        count, self._left = self._file.write(data[: self._left]), 0
        return int(count)

    def fileno(self) -> int:
        return int(self._file.fileno())


def test_a_full_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FEBENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("febench.core.cache.replacing", full)
    with pytest.raises(
        UsageError, match=rf"cannot write the cache to .*cache: No space left on device; {LOST}"
    ) as told:
        cached_array("t", 1, iter([np.zeros(3)]), 3)
    assert told.value.option == "cache"


@pytest.mark.parametrize("place", ["file", "file/below"])
def test_a_file_where_the_cache_should_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("FEBENCH_CACHE", str(tmp_path / place))
    with pytest.raises(UsageError, match=rf"{place}: there is a file where a folder should be; {LOST}"):
        cached_array("t", 1, iter([np.zeros(3)]), 3)


def test_the_command_line_says_what_to_do(febench: Febench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("FEBENCH_CACHE", str(tmp_path / "file"))
    done = febench("run", "--plugin", "plugin.py", "--dataset", "toy", "--methods", "pixel-svm", "--runs", "1")
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert "there is a file where a folder should be" in done.stderr and "set FEBENCH_CACHE" in done.stderr


def test_a_full_disk_of_results_keeps_what_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = make_dataset([i % 7 for i in range(140)], [f"p{i // 7}" for i in range(140)])
    store = Store.open(tmp_path / "r", draw(data, "paper", 0))
    with store.writing() as writer:
        monkeypatch.setattr(writer, "_file", Full(writer._file))
        record = type("R", (), {"to_line": lambda self: "x" * 100 + "\n", "key": "k"})()
        with pytest.raises(UsageError, match=rf"cannot write results to .*r: No space left on device; {LOST}"):
            writer.append(record)
    assert Store(tmp_path / "r").torn == 10 and not Store(tmp_path / "r").records
    with Store(tmp_path / "r").writing():
        assert (tmp_path / "r" / "cells.jsonl").stat().st_size == 0
