"""Bad input: one sentence, the right exit code, nothing lost."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from febench.core.errors import StorageError, UsageError
from febench.core.files import writing_to
from febench.results.store import lock
from tests.end_to_end.conftest import Febench

TOY = ("--plugin", "plugin.py", "--dataset", "toy")


@pytest.mark.parametrize(
    ("args", "code", "words"),
    [
        (("run", "--methods", "resnet"), 2, "there is no method 'resnet'; did you mean"),
        (
            ("run", "--dataset", "faces70", "--methods", "hwt"),
            2,
            "there is no data set 'faces70'; did you mean faces700",
        ),
        (("run", "--protocol", "papers", *TOY, "--methods", "lottery"), 2, "did you mean paper"),
        (("run", *TOY, "--methods", "lottery", "--runs", "0"), 2, "has 1 to 10 runs to choose, not 0 (--runs)"),
        (("run", *TOY, "--methods", "lottery", "--runs", "20"), 2, "for more, the protocol is paper[runs=20]"),
        (("run", *TOY, "--methods", "lottery", "--out", "plugin.py/x"), 2, "cannot write results to plugin.py/x"),
        (("run", *TOY, "--methods", "needy"), 2, "pip install 'febench[deep]'"),
        (("run", *TOY, "--methods", "lottery", "--timeout", "soon"), 2, "a --timeout is a time such as"),
        (("run", *TOY, "--methods", "lottery", "--set", "C=1"), 2, "--set takes METHOD.PARAM=VALUE"),
        (("run", *TOY, "--methods", "pixel-svm", "--set", "pixel-svm.C=big"), 2, "pixel-svm.C takes a number"),
        (("run", *TOY, "--methods", "lottery", "--device", "tpu"), 2, "there is no device 'tpu'"),
        (("run", *TOY, "--methods", "lottery", "--preset", "slow"), 2, "there is no preset 'slow'"),
        (("run", "--plugin", "none.py"), 2, "there is no plugin file none.py"),
        (("run", "--dataset", "faces[size=2]", "--methods", "hwt"), 2, "size must be at least"),
        (("table", "3", "nowhere"), 2, "holds no results of febench"),
        (("status", "nowhere"), 2, "holds no results of febench"),
        (("verify", "nowhere"), 2, "holds no results of febench"),
        (("run", "hwt", "lbp-svm"), 2, "hwt stands alone; name it by its option: febench run --methods hwt,lbp-svm"),
        (("plan", "fer2013"), 2, "name it by its option: febench plan --dataset fer2013"),
        (("run", "subject"), 2, "name it by its option: febench run --protocol subject"),
        (("run", "--dataset", "faces700,jaffe"), 2, "one command takes one data set, not faces700,jaffe"),
        (("run", *TOY, "--protocol", "paper,subject,paper"), 2, "protocol paper is asked for twice"),
        (("table", ".", "3"), 2, "the table comes before the directories: febench table 3 ."),
        (("run", *TOY, "--methods", "lottery", "--protocol", "subject[groups=21]"), 4, "subject[groups=20]"),
        (("run", "--bogus"), 2, "No such option"),
        (("frobnicate",), 2, "No such command"),
    ],
)
def test_one_sentence_and_the_right_code(
    febench: Febench, tmp_path: Path, args: tuple[str, ...], code: int, words: str
) -> None:
    done = febench(*args)
    assert (done.returncode, words in done.stderr) == (code, True), done.stderr
    assert "Traceback" not in done.stderr and not (tmp_path / "results").exists()


def test_a_plugin_with_a_syntax_error(febench: Febench, tmp_path: Path) -> None:
    (tmp_path / "bad.py").write_text("x = 1\ndef f(:\n")
    done = febench("run", "--plugin", "bad.py")
    assert done.returncode == 2 and "bad.py has a syntax error in line 2" in done.stderr


def test_torn_and_edited_lines(febench: Febench, tmp_path: Path) -> None:
    args = ("run", *TOY, "--methods", "lottery", "--runs", "1", "--out", "o")
    assert febench(*args).returncode == 0
    cells = tmp_path / "o" / "cells.jsonl"
    whole = cells.read_text()
    cells.write_text(whole[:-40])
    mended = febench(*args)
    assert mended.returncode == 0 and "removed an incomplete last line" in mended.stderr
    assert sorted(cells.read_text().count(part) for part in ('"fold":10,', '"fold":1,')) == [1, 1]
    cells.write_text(whole.replace('"status":"ok"', '"status":"OK"', 1))
    for command in (args, ("table", "3", "o"), ("status", "o"), ("verify", "o")):
        refused = febench(*command)
        assert refused.returncode == 5 and "line 1 does not match its checksum" in refused.stderr
    assert '"OK"' in cells.read_text()
    manifest = tmp_path / "o" / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"seed": 0', '"seed": 3'))
    refused = febench(*args)
    assert refused.returncode == 5 and "does not match its own SHA-256" in refused.stderr


def test_a_directory_of_another_data_set(febench: Febench) -> None:
    args = ("run", "--plugin", "plugin.py", "--methods", "lottery", "--runs", "1", "--out", "o")
    assert febench(*args, "--dataset", "toy").returncode == 0
    refused = febench(*args, "--dataset", "toy[n=70]")
    assert refused.returncode == 2 and "holds results of data set toy, not toy[n=70]" in refused.stderr
    assert febench("table", "3", "o").returncode == 0


def test_the_exit_code_tells_a_directory_in_use_from_a_typo(febench: Febench, tmp_path: Path) -> None:
    args = ("run", *TOY, "--methods", "lottery", "--runs", "1", "--out", "o")
    assert febench(*args).returncode == 0
    with lock(tmp_path / "o"):
        busy = febench(*args)
    assert busy.returncode == 6 and "another febench run is writing to o" in busy.stderr
    assert febench("run", *TOY, "--methods", "lotterie", "--runs", "1", "--out", "o").returncode == 2
    assert febench(*args).returncode == 0


@pytest.mark.parametrize(("number", "kind"), [(errno.ENOSPC, StorageError), (errno.EROFS, StorageError)])
def test_what_a_disk_refuses_is_no_typo(number: int, kind: type[UsageError], tmp_path: Path) -> None:
    with pytest.raises(kind, match="cannot write results to") as refused, writing_to(tmp_path, "results", "out"):
        raise OSError(number, os.strerror(number))
    assert refused.value.exit_code == 6
    with pytest.raises(UsageError) as refused, writing_to(tmp_path, "results", "out"):
        raise FileExistsError(errno.EEXIST, "exists")
    assert refused.value.exit_code == 2
