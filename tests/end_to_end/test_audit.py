"""`febench audit`, and what a run and its tables say of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from febench.core.files import sealed, unsealed
from tests.end_to_end.conftest import Febench

TOY = ("--plugin", "plugin.py", "--dataset", "toy")

FAULTY = '''
import numpy as np
from febench import Dataset, dataset, protocol
from febench.core.protocol import Deal, Roles


@dataset("faulty")
def faulty():
    """Ids that nobody would choose, a copy with another label, nobody's name."""
    images = np.random.default_rng(0).integers(0, 255, (12, 16, 16), dtype=np.uint8)
    images[1] = images[0]
    ids = ("[bold]<script>\\n\\x1b[31m", "sur\\udc80rogate'\\"", *(f"i{i}" for i in range(10)))
    told = {"notes": ("1 image\\nis grey",), "departures": {"1 file\\nis missing": 1}}
    return Dataset("faulty", images, np.arange(12) % 2, ("glad", "sad"), ids, **told)


@protocol("lazy")
def lazy(dataset, *, seed):
    """Three folds of which two test the same group."""
    thirds = [np.arange(start, 12, 3) for start in range(3)]
    return Deal([thirds], (Roles((2,), (1,), (0,)), Roles((0,), (2,), (1,)), Roles((0,), (2,), (1,))))
'''


@pytest.fixture
def faulty(tmp_path: Path) -> None:
    (tmp_path / "faulty.py").write_text(FAULTY, encoding="utf-8")


def test_the_built_in_faces_under_the_papers_protocol(febench: Febench) -> None:
    done = febench("audit", "faces700", "--protocol", "paper", "--json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert (document["dataset"], document["protocol"]) == ("faces700", "paper")
    found = {one["code"]: one for one in document["findings"]}
    assert set(found["FEB001"]) >= {"code", "severity", "title", "count", "examples"}
    assert (found["FEB001"]["severity"], found["FEB001"]["count"]) == ("error", 20)
    assert [code for code, one in found.items() if one["severity"] == "error"] == ["FEB001"]


def test_a_plugins_data_set_and_protocol(febench: Febench, faulty: None) -> None:
    done = febench("audit", "faulty", "--plugin", "faulty.py", "--protocol", "lazy", "--json")
    assert done.returncode == 0, done.stderr
    found = {one["code"]: one for one in json.loads(done.stdout)["findings"]}
    assert {code: found[code]["count"] for code in ("FEB004", "FEB005", "FEB007", "FEB011", "FEB012", "FEB014")} == {
        "FEB004": 1, "FEB005": 1, "FEB007": 1, "FEB011": 8, "FEB012": 1, "FEB014": 1,
    }  # fmt: skip
    assert found["FEB004"]["examples"] == ["[bold]<script>\n\x1b[31m = sur\udc80rogate'\""]


def test_names_are_printed_in_one_line_as_they_are_or_escaped(febench: Febench, faulty: None) -> None:
    done = febench("audit", "faulty", "--plugin", "faulty.py")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == (
        "faulty: 12 images, 2 classes (glad 6, sad 6), people unknown, no split of its own; no protocol asked for"
    )
    assert "    [bold]<script>\\n\\x1b[31m = sur\\udc80rogate'\"" in lines
    assert "    1 file\\nis missing" in lines and "  * 1 image\\nis grey" in lines and "\x1b" not in done.stdout
    assert lines[-1] == "4 warnings"


def test_nothing_to_find(febench: Febench) -> None:
    done = febench("audit", "faces[subjects=5,shots=1]", "--protocol", "loso")
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "no findings"), done.stdout


@pytest.mark.parametrize(
    ("args", "code", "words"),
    [
        (("toys", "--plugin", "plugin.py"), 2, "there is no data set 'toys'; did you mean toy"),
        (("jaffe", "--data-dir", "nowhere"), 4, "jaffe"),
        (("faulty", "--plugin", "faulty.py", "--protocol", "subject"), 4, "does not say which images show the same"),
        (("toy", "--plugin", "plugin.py", "--weights", "plugin.py"), 4, "plugin.py is not a safetensors file"),
        (("toy\nx", "--plugin", "plugin.py"), 2, "'toy\\nx'"),
    ],
)
def test_bad_input_is_one_line(febench: Febench, faulty: None, args: tuple[str, ...], code: int, words: str) -> None:
    done = febench("audit", *args)
    assert (done.returncode, words in done.stderr, done.stderr.count("\n")) == (code, True, 1), done.stderr


def test_a_run_audits_once_and_its_tables_say_so(febench: Febench, tmp_path: Path) -> None:
    args = ("run", *TOY, "--methods", "lottery", "--runs", "1", "--protocol", "paper,subject", "--out", "o")
    words = "audit: FEB001 The same person is in training and test (20)"
    first = febench(*args)
    assert first.returncode == 0 and words in first.stderr and "audit errors: FEB001" in first.stdout
    assert "every person tested was also trained on" in first.stdout and "audit, subject: FEB001" not in first.stdout
    stored = tmp_path / "o" / "paper" / "audit.json"
    document = unsealed(stored.read_bytes())
    document["findings"][0]["title"] = "Whoever is in training and test"
    stored.write_bytes(sealed(document))
    edited = stored.read_text()
    again = febench(*args)
    assert "audit: FEB001 Whoever is in training" in again.stderr and stored.read_text() == edited
    table = json.loads(febench("table", "3", "o/paper", "--json").stdout)
    assert [(one["code"], one["severity"], one["count"]) for one in table["audit"]] == [("FEB001", "error", 20)]
    drop = json.loads(febench("table", "4", "o", "--json").stdout)["audit"]
    assert [one["code"] for one in drop["paper"]] == ["FEB001"] and drop["subject"] == []


def test_notes_of_the_data_set_are_said_before_cells_start(febench: Febench, faulty: None, tmp_path: Path) -> None:
    files = ("--plugin", "plugin.py", "--plugin", "faulty.py")
    done = febench("run", *files, "--dataset", "faulty", "--methods", "lottery", "--protocol", "lazy")
    lines = done.stderr.splitlines()
    note, audited, begun = (
        next(i for i, line in enumerate(lines) if words in line)
        for words in ("faulty: 1 image\\nis grey", "audit: FEB011", "cells wanted")
    )
    assert note < audited < begun
