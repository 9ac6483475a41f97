"""What is shown: nothing that others put into a store or an error moves a cursor, starts a formula or fills a disk.

And where the system refuses a file, a sentence says so.
"""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from febench.core.errors import printable, shortened, spreadsheet_text
from febench.core.manifest import draw
from febench.running.executors.base import Failure
from febench.running.plan import select_rows, wanted_cells
from febench.running.progress import ProblemsOnly, say
from febench.running.runner import MAX_ERROR_LENGTH, record_of
from febench.running.tasks import MAX_FIT_INFO_BYTES, _storable
from tests.end_to_end.conftest import COMMAND, Febench
from tests.made_results import made_cell, made_dataset, made_results

ESCAPES = "\x1b[2J\u202e\x07"


def calm(text: str) -> bool:
    return not {"\x1b", "\u202e", "\x07"} & set(text)


def test_status_shows_errors_and_tracebacks_without_their_escapes(febench: Febench, tmp_path: Path) -> None:
    store = made_results(tmp_path / "o", {"m": 0.9}, made_dataset(140), runs=[1])
    failed = made_cell(store.manifest, "m", 0.9, 2, 1)
    with store.writing() as writer:
        writer.append(
            replace(
                failed, status="failed", predictions=None, probabilities=None, error=ESCAPES, traceback=f"a\n{ESCAPES}"
            )
        )
    shown = febench("status", "o")
    assert shown.returncode == 0 and calm(shown.stdout) and printable(ESCAPES) in shown.stdout
    assert f"a\n{printable(ESCAPES)}\n" in shown.stdout


def test_lines_of_a_run_move_no_cursor() -> None:
    file = io.StringIO()
    say(Console(file=file, width=200), ESCAPES)
    ProblemsOnly(Console(file=file, width=200)).note(f"{ESCAPES}\nsecond")
    assert calm(file.getvalue()) and file.getvalue().count("\n") == 2


@pytest.mark.parametrize("text", ["=1+1", "@SUM(A1)", "+1", "-2+3", "-1e5", "\t=1", "-x"])
def test_what_begins_as_a_formula_gets_an_apostrophe(text: str) -> None:
    assert spreadsheet_text(text) == f"'{printable(text)}"


@pytest.mark.parametrize("text", ["-60.92", "-3", "12", "a=1", "", "hog-svm[C=1]"])
def test_numbers_and_other_texts_stay(text: str) -> None:
    assert spreadsheet_text(text) == text


@pytest.mark.parametrize("rows", ["predictions", "cells", "runs"])
def test_no_field_of_an_export_is_a_formula(febench: Febench, tmp_path: Path, rows: str) -> None:
    made_results(tmp_path / "o", {"=m": 0.9, "-2+3": 0.8}, made_dataset(140), runs=[1])
    assert febench("export", "o", "-o", "a.csv", "--rows", rows).returncode == 0
    lines = list(csv.DictReader((tmp_path / "a.csv").open(encoding="utf-8")))
    assert {line["method"] for line in lines} == {"'=m", "'-2+3"}
    assert not any(str(field).startswith(("=", "@")) for line in lines for field in line.values())


def test_long_texts_are_stored_shortened() -> None:
    assert shortened("a" * 10, 10) == "a" * 10
    short = shortened("b" + "a" * 20_000_000 + "c", 1000)
    assert len(short) == 1000 and short[0] == "b" and short[-1] == "c" and "20,000,002 letters" in short
    manifest = draw(made_dataset(140), "paper")
    rows, _ = select_rows("majority", None, {})
    (cell, *_) = wanted_cells(rows, manifest, 1)
    record = record_of(cell, Failure("failed", "e" * 20_000_000, "t" * 20_000_000), 1, {})
    assert len(record.to_line()) < 4 * MAX_ERROR_LENGTH
    assert _storable({"notes": "x" * 2 * MAX_FIT_INFO_BYTES}) == {
        "left_out": f"fit_info_ of {2 * MAX_FIT_INFO_BYTES + 13:,} bytes"
    }


def test_what_json_does_not_have_is_stored_as_nothing() -> None:
    assert _storable({"a": float("nan"), "b": [float("inf")], "c": "\ud800"}) == {"a": None, "b": [None], "c": "?"}


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
@pytest.mark.parametrize("args", [("methods",), ("table", "3", "o"), ("status", "o", "--json")])
def test_a_full_disk_behind_the_output_is_a_sentence(tmp_path: Path, args: tuple[str, ...]) -> None:
    made_results(tmp_path / "o", {"m": 0.9}, made_dataset(140), runs=[1])
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*COMMAND, *args], cwd=tmp_path, stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert (
        done.returncode == 1
        and done.stderr.count("\n") == 1
        and "No space left" in done.stderr
        and "output cannot be written" in done.stderr
    )


@pytest.mark.skipif(os.name == "nt", reason="Windows has no named pipes in folders")
@pytest.mark.parametrize("name", ["manifest.json", "cells.jsonl", "environment.json", "audit.json", "asked.json"])
def test_a_pipe_where_a_file_is_expected_is_not_waited_for(febench: Febench, tmp_path: Path, name: str) -> None:
    path = made_results(tmp_path / "o", {"m": 0.9}, made_dataset(140), runs=[1]).path
    (path / name).unlink(missing_ok=True)
    os.mkfifo(path / name)
    for verb in (("status", "o"), ("table", "3", "o"), ("verify", "o")):
        done = febench(*verb, timeout=60)
        assert "Traceback" not in done.stderr and done.stderr.count("\n") <= 1


def test_names_too_long_and_folders_too_deep_are_a_sentence(febench: Febench, tmp_path: Path) -> None:
    small = ("--dataset", "faces[subjects=10,shots=1,size=32]")
    for verb in (("status", "x" * 300), ("run", "--methods", "majority", *small, "--out", "x" * 300)):
        done = febench(*verb)
        assert done.returncode in (1, 2) and done.stderr.count("\n") == 1 and "Traceback" not in done.stderr
    above = os.open(tmp_path, os.O_RDONLY)
    for _ in range(1500):
        os.mkdir("d", dir_fd=above)
        below = os.open("d", os.O_RDONLY, dir_fd=above)
        os.close(above)
        above = below
    os.close(above)
    try:
        done = febench("status", ".")
        assert done.returncode == 2 and "Traceback" not in done.stderr
    finally:
        subprocess.run(["rm", "-rf", str(tmp_path / "d")], check=True)


@pytest.mark.parametrize("name", ["manifest.json", "environment.json", "audit.json", "asked.json"])
def test_json_nested_too_deep_is_refused(febench: Febench, tmp_path: Path, name: str) -> None:
    path = made_results(tmp_path / "o", {"m": 0.9}, made_dataset(140), runs=[1]).path
    (path / name).write_text("[" * 100_000)
    for verb in (("status", "o"), ("verify", "o")):
        assert "Traceback" not in febench(*verb).stderr


NOISY = """
import numpy as np
from febench import dataset, method
print("NOISE")

@dataset("noisy")
def noisy():
    from febench.datasets.faces700 import faces
    print("NOISE")
    return faces(subjects=2, shots=1, size=32)
"""


def test_what_a_plugin_prints_is_not_in_the_results(febench: Febench, tmp_path: Path) -> None:
    (tmp_path / "noisy.py").write_text(NOISY)
    done = febench("audit", "noisy", "--plugin", "noisy.py", "--json")
    assert done.returncode in (0, 3) and "NOISE" in done.stderr
    assert json.loads(done.stdout)["images"] == 14


CHATTY = """
import numpy as np
from febench import method

@method("chatty")
def chatty(random_state=None):
    return Chatty()

class Chatty:
    def fit(self, X, y):
        print("NOISE", flush=True)
        return self

    def predict(self, X):
        return np.zeros(len(X), dtype=int)
"""


def test_what_a_method_prints_is_not_in_the_results(febench: Febench, tmp_path: Path) -> None:
    (tmp_path / "chatty.py").write_text(CHATTY)
    options = ("--methods", "chatty", "--plugin", "chatty.py", "--runs", "1", "--jobs", "1")
    done = febench("run", "--dataset", "faces[subjects=10,shots=1,size=32]", *options)
    assert done.returncode == 0 and "NOISE" in done.stderr and "NOISE" not in done.stdout and "chatty" in done.stdout


def test_letters_that_the_encoding_lacks_are_shown_as_escapes(tmp_path: Path) -> None:
    made_results(tmp_path / "o", {"m": 0.9}, made_dataset(140, "zażółć"), runs=[1])
    for encoding in ("latin-1", "ascii"):
        done = subprocess.run(
            [*COMMAND, "table", "3", "o"], cwd=tmp_path, env={**os.environ, "PYTHONIOENCODING": encoding},
            capture_output=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0 and rb"za\u017c" in done.stdout and not done.stderr


SCRIPT = """
import febench
results = febench.run("majority", dataset="faces[subjects=10,shots=1,size=32]", protocol="paper", runs=1, out="o")
print(len(results.rows[0].cells))
"""


def test_a_script_on_stdin_can_run_cells(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-"], input=SCRIPT, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0 and done.stdout.strip() == "10", done.stderr
