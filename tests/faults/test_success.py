"""Exit code 0 is said of what is on the disk: not of results that were taken away, nor of a process that just ended."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from febench.core.errors import FebenchError
from febench.core.manifest import draw
from febench.results.store import CELLS, MANIFEST, Store
from tests.end_to_end.conftest import Febench
from tests.made_results import made_cell, made_dataset

FOLDS = draw(made_dataset(140), "paper")


@pytest.mark.parametrize("take_away", [lambda path: shutil.rmtree(path), lambda path: (path / CELLS).unlink()])
def test_nothing_more_is_computed_into_a_file_that_is_gone(tmp_path: Path, take_away: Callable[[Path], None]) -> None:
    store = Store.open(tmp_path / "o", FOLDS)
    with store.writing() as writer:
        writer.append(made_cell(FOLDS, "m", 0.9, 1, 1))
        take_away(store.path)
        with pytest.raises(FebenchError, match="was removed or replaced while cells were written"):
            writer.append(made_cell(FOLDS, "m", 0.9, 1, 2))


def damage(path: Path, what: str) -> None:
    cells = path / CELLS
    if what == "a line":
        cells.write_bytes(b"".join(cells.read_bytes().splitlines(keepends=True)[1:]))
    elif what == "junk":
        cells.write_bytes(cells.read_bytes() + b"junk\n")
    elif what == "folds":
        (path / MANIFEST).unlink()
    else:
        shutil.rmtree(path)


@pytest.mark.parametrize("what", ["a line", "junk", "folds", "all"])
def test_what_was_stored_must_still_be_there(tmp_path: Path, what: str) -> None:
    store = Store.open(tmp_path / "o", FOLDS)
    with store.writing() as writer:
        for fold in (1, 2):
            writer.append(made_cell(FOLDS, "m", 0.9, 1, fold))
    assert len(store.read_again().records) == 2
    damage(store.path, what)
    with pytest.raises(
        FebenchError, match=r"were changed while|1 of 2 cells that were stored in .* are not there"
    ) as told:
        store.read_again()
    assert told.value.exit_code == 1


VANDAL = """
import shutil
import sys
from pathlib import Path

from febench import method
from sklearn.dummy import DummyClassifier


class Deed(DummyClassifier):
    def fit(self, X, y):
        self.deed()
        return super().fit(X, y)


def register(name, deed):
    method(name, sets=["extended"], version="1")(type(name, (Deed,), {"deed": staticmethod(deed)}))


def junk():
    with open("o/cells.jsonl", "a") as file:
        file.write("junk\\n")


register("removes", lambda: shutil.rmtree("o", ignore_errors=True))
register("unlinks", lambda: Path("o/cells.jsonl").unlink(missing_ok=True))
register("litters", junk)
register("leaves", lambda: sys.exit(0))


@method("leaves-early", sets=["extended"], check=lambda params, device: sys.exit(0))
class LeavesEarly(DummyClassifier):
    pass
"""


@pytest.mark.parametrize(
    ("name", "code", "words"),
    [
        ("removes", 1, "was removed or replaced"),
        ("unlinks", 1, "was removed or replaced"),
        ("litters", 1, "the results were changed while cells were computed"),
        ("leaves", 3, "failed, SystemExit: 0 (vandal.py:"),
        ("leaves-early", 1, "ended the process (sys.exit, 0) before the command was done"),
    ],
)
def test_a_run_without_results_does_not_end_with_0(
    febench: Febench, tmp_path: Path, name: str, code: int, words: str
) -> None:
    (tmp_path / "vandal.py").write_text(VANDAL)
    run = ("run", "--plugin", "vandal.py", "--plugin", "plugin.py", "--dataset", "toy", "--methods", name)
    done = febench(*run, "--protocol", "paper[runs=1,groups=3]", "--out", "o", "--jobs", "1")
    assert done.returncode == code and words in done.stderr, done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("verb", [("methods",), ("run", "--methods", "lottery", "--dataset", "toy")])
def test_a_plugin_that_ends_the_process_is_a_sentence(febench: Febench, tmp_path: Path, verb: tuple[str, ...]) -> None:
    (tmp_path / "quits.py").write_text("import sys\nsys.exit(0)\n")
    done = febench(*verb, "--plugin", "quits.py")
    assert done.returncode == 2 and "quits.py cannot be used: SystemExit: 0" in done.stderr
