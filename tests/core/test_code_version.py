"""The version of a plugin changes with whatever its results can depend on, and with nothing else."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from febench.core.errors import UsageError
from febench.core.method import METHODS
from febench.core.protocol import PROTOCOLS
from febench.core.registry import load_plugin

PLUGIN = '''"""Methods of my own."""
import functools
from dataclasses import dataclass
import numpy as np
from febench import method, protocol
import helper
from package.inner import Base
from helper import LIMIT

SCALE = 1
WEIGHTS = np.arange(3.0)
WORDS = {"a", "b", "c"}

def used(x):
    return x * SCALE

def unused(x):
    return x

@dataclass
class Setting:
    depth: int = 3

def factory(k):
    return lambda x: x + k

SHIFT = factory(2)
HALF = functools.partial(used, x=5)

@method("mine", files=["table.csv"])
class Mine(Base):
    def __init__(self, C=1):
        self.C = C

    def fit(self, X, y):
        import late
        return used(helper.value()), WEIGHTS, X in {"q", "r", "s"}, Setting(), SHIFT(1), HALF(), WORDS, LIMIT

@method("other")
def other(C=1):
    return unused(C)

@protocol("mine")
def dealt(dataset, seed):
    return used(1)
'''
FILES = {
    "plugin.py": PLUGIN,
    "helper.py": "import deeper\nLIMIT = 7\n\ndef value():\n    return deeper.K\n",
    "deeper.py": "K = 1\n",
    "late.py": "L = 1\n",
    "alone.py": "M = 1\n",
    "package/__init__.py": "",
    "package/inner.py": "from .parts import N\n\nclass Base:\n    n = N\n",
    "package/parts.py": "N = 1\n",
    "table.csv": "1,2\n",
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a plugin and modules beside it, which are imported anew in each test."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    write(tmp_path)
    for name in ("helper", "deeper", "package", "package.inner", "package.parts"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    return tmp_path


def write(folder: Path) -> None:
    for name, text in FILES.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)


def version(folder: Path, name: str = "mine") -> str:
    load_plugin(folder / "plugin.py")
    return METHODS.get(name).version


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("plugin.py", "SCALE = 1", "SCALE = 0"),
        ("plugin.py", "arange(3.0)", "arange(4.0)"),
        ("plugin.py", '"a", "b"', '"a", "d"'),
        ("plugin.py", "x * SCALE", "x + SCALE"),
        ("plugin.py", "depth: int = 3", "depth: int = 4"),
        ("plugin.py", "factory(2)", "factory(3)"),
        ("plugin.py", "x=5", "x=6"),
        ("plugin.py", "C=1):\n        self", "C=2):\n        self"),
        ("plugin.py", 'files=["table.csv"]', 'files=["table.csv"], version="2"'),
        ("helper.py", "return deeper.K", "return -deeper.K"),
        ("deeper.py", "K = 1", "K = 2"),
        ("late.py", "L = 1", "L = 2"),
        ("package/__init__.py", "", "X = 1"),
        ("package/inner.py", "n = N", "n = -N"),
        ("package/parts.py", "N = 1", "N = 2"),
        ("table.csv", "1,2", "1,3"),
    ],
)
def test_it_changes_with_what_the_definition_reaches_and_back_with_it(
    folder: Path, file: str, old: str, new: str
) -> None:
    first = version(folder)
    text = FILES[file]
    (folder / file).write_text(text.replace(old, new, 1))
    assert version(folder) != first
    (folder / file).write_text(text)
    assert version(folder) == first


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("plugin.py", "SCALE = 1", "# a comment\n\nSCALE = 1  # another"),
        ("plugin.py", "def unused(x):\n    return x", "def unused(x):\n    return -x"),
        ("plugin.py", "Methods of my own", "Methods of mine"),
        ("helper.py", "LIMIT = 7", "LIMIT = 7  # a comment"),
        ("alone.py", "M = 1", "M = 2"),
    ],
)
def test_it_stays_with_all_else(folder: Path, file: str, old: str, new: str) -> None:
    first = version(folder)
    assert old in FILES[file]
    (folder / file).write_text(FILES[file].replace(old, new, 1))
    assert version(folder) == first


def test_another_method_of_the_file_has_its_own(folder: Path) -> None:
    first = version(folder, "other")
    (folder / "plugin.py").write_text(PLUGIN.replace("SCALE = 1", "SCALE = 0"))
    assert version(folder, "other") == first
    (folder / "plugin.py").write_text(PLUGIN.replace("return unused(C)", "return -unused(C)"))
    assert version(folder, "other") != first


def test_it_is_the_same_in_another_process_and_another_folder(
    folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    write(elsewhere)
    code = (
        "import sys; from febench.core.registry import load_plugin; from febench.core.method import METHODS;"
        "load_plugin(sys.argv[1]); print(METHODS.get('mine').version)"
    )
    for path, seed in ((folder, "1"), (elsewhere, "2"), (elsewhere, "3")):
        done = subprocess.run(
            [sys.executable, "-c", code, str(path / "plugin.py")],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)}, capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert done.stdout.strip() == version(folder)


def test_it_is_taken_when_it_is_asked_for(folder: Path) -> None:
    """A notebook changes a global after the decorator ran."""
    first = version(folder)
    module = sys.modules[METHODS.get("mine").build.__module__]
    module.__dict__["SCALE"] = 3
    assert METHODS.get("mine").version != first
    module.__dict__["SCALE"] = 1
    assert METHODS.get("mine").version == first


def test_a_protocol_has_a_version_of_the_same_kind(folder: Path) -> None:
    version(folder)
    first = PROTOCOLS.get("mine").version
    (folder / "plugin.py").write_text(f"# a comment\n{PLUGIN}")
    load_plugin(folder / "plugin.py")
    assert PROTOCOLS.get("mine").version == first
    (folder / "plugin.py").write_text(PLUGIN.replace("SCALE = 1", "SCALE = 2"))
    load_plugin(folder / "plugin.py")
    assert PROTOCOLS.get("mine").version != first


def test_a_declared_file_that_is_not_there_is_a_sentence(folder: Path) -> None:
    version(folder)
    (folder / "table.csv").unlink()
    with pytest.raises(UsageError, match=r"cannot read table\.csv, which Mine declares as one of its files"):
        METHODS.get("mine")
