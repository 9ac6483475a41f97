"""Cells know nothing of each other: whatever a method does to its process, the next one finds it clean."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from febench.results.record import Record
from febench.results.store import Store
from febench.running.executors.base import Executor
from febench.running.executors.local import LocalExecutor
from tests.end_to_end.conftest import Febench
from tests.faults.conftest import COUNT, Survived

RUN = ("run", "--plugin", "plugin.py", "--dataset", "toy", "--protocol", "paper[runs=1,groups=3]", "--out", "o")


def records(path: Path, method: str) -> list[Record]:
    return sorted((r for r in Store(path).records if r.method == method), key=lambda record: record.fold)


DEEDS = {
    "cwd": "import os; os.chdir('/')",
    "errors": "import numpy as np; np.seterr(all='raise')",
    "warnings": "import warnings; warnings.simplefilter('error')",
    "limit": "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (20, 20))",
    "umask": "import os; os.umask(0o777)",
    "environment": "import os; os.environ.clear(); os.environ['OMP_NUM_THREADS'] = '9'",
    "descriptors": "import os; os.closerange(0, 200)",
    "path": "import sys; sys.path.clear(); sys.modules.pop('json', None)",
    "recursion": "import sys; sys.setrecursionlimit(60)",
    "seed": "import numpy as np; np.random.seed(0)",
    "exit": "import os, sys; os._exit = sys.exit = lambda code: None",
    "pickle": "import pickle; pickle.dumps = pickle.loads = None",
    "thread": "import threading; threading.Thread(target=threading.Event().wait).start()",
    "alarm": "import signal as s; s.signal(s.SIGALRM, lambda *_: 1 / 0); s.setitimer(s.ITIMER_REAL, 0.02)",
    "svm": "from sklearn.svm import LinearSVC; LinearSVC.predict = lambda self, X: [0] * len(X)",
    "array": "import numpy as np; np.asarray = np.load = None",
    "group": "import os; os.setpgid(0, os.getppid())",
    "collector": "import gc; gc.disable(); gc.set_threshold(1)",
    "trace": "import sys; sys.settrace(lambda *_: 1 / 0)",
    "import": "import builtins; builtins.__import__ = None",
}


@dataclass(frozen=True)
class Deed:
    """Do something to this process; `tell` tells of its state."""

    code: str

    def run(self) -> dict[str, Any]:
        if self.code == "tell":
            return state()
        exec(self.code, {})
        return {}


def state() -> dict[str, Any]:
    import resource
    import warnings

    import numpy as np
    from sklearn.svm import LinearSVC

    mask = os.umask(0)
    return {
        "cwd": os.getcwd(),  # noqa: PTH109
        "errors": np.geterr(),
        "warnings": repr(warnings.filters),
        "limits": resource.getrlimit(resource.RLIMIT_NOFILE),
        "umask": mask,
        "environment": dict(os.environ),
        "descriptors": [os.fstat(number).st_ino for number in (0, 1, 2)],
        "path": sys.path,
        "recursion": sys.getrecursionlimit(),
        "svm": LinearSVC.predict.__qualname__,
        "json": "json" in sys.modules,
    }


@pytest.fixture(params=["local", "ray"])
def alone(request: pytest.FixtureRequest) -> Iterator[Executor]:
    """An executor of each kind that runs one task at a time."""
    options: dict[str, Any] = {"timeout": 60, "imports": ["sklearn.svm"]}
    if request.param == "local":
        with LocalExecutor(jobs=1, **options) as executor:
            yield executor
        return
    pytest.importorskip("ray", reason="needs the extra febench[ray]")
    from ray.cluster_utils import Cluster

    from febench.running.executors.ray import RayExecutor

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    try:
        with RayExecutor(cluster.address, **options) as one:
            yield one
    finally:
        cluster.shutdown()


def test_what_a_task_does_to_its_process_is_gone_with_it(alone: Executor) -> None:
    [(_, clean)] = alone.map(["tell"], Deed)
    for code in DEEDS.values():
        [_] = alone.map([code], Deed)
        [(_, after)] = alone.map(["tell"], Deed)
        assert after == clean, code


VANDALS = """
from febench import method
from sklearn.dummy import DummyClassifier

class Vandal(DummyClassifier):
    def fit(self, X, y):
        exec(self.code, {})
        return super().fit(X, y)

def register(name, code):
    method(name, sets=["extended"], version="1")(type(name, (Vandal,), {"code": code}))

"""


def misbehave(count: int) -> dict[str, str]:
    """So many plugins' misdeeds by name: the ones above, and what ends a process in many ways."""
    ends = {
        **DEEDS,
        "kills-itself": "import os; os.kill(os.getpid(), 9)",
        "aborts": "import os; os.abort()",
        "segfaults": "import ctypes; ctypes.string_at(0)",
        "ends": "import os; os._exit(0)",
        "interrupts": "raise KeyboardInterrupt",
        "exits": "raise SystemExit(0)",
        "generates": "raise GeneratorExit",
        "unprintable": "raise type('E', (Exception,), {'__str__': lambda self: 1 / 0})()",
        "forks": "import os; os.fork()",
        "parent": "import os; os.kill(os.getppid(), 15)",
    }
    return {f"{name}-{i}": ends[name] for i in range(1 + count // len(ends)) for name in ends}


@pytest.mark.parametrize("executor", ["local", "ray"])
def test_a_canary_behind_every_misdeed_sings_the_same(
    executor: str, febench: Febench, tmp_path: Path, survived: Survived
) -> None:
    if executor == "ray":
        pytest.importorskip("ray", reason="needs the extra febench[ray]")
    deeds = misbehave(COUNT and 80)
    names = [*deeds] if COUNT else ["svm-0", "interrupts-0", "exits-0", "generates-0", "unprintable-0", "ends-0"]
    lines = [f"register({name!r}, {deeds[name]!r})" for name in names]
    canaries = [f"pixel-svm[C={10 + i}]" for i in range(len(names))]
    (tmp_path / "vandals.py").write_text(VANDALS + "\n".join(lines))
    alone = febench(*RUN[:-1], "calm", "--methods", "pixel-svm,hog-svm")
    assert alone.returncode == 0, alone.stderr
    order = [name for pair in zip(names, canaries, strict=True) for name in pair]
    methods = ("--plugin", "vandals.py", "--methods", ",".join([*order, "hog-svm"]))
    febench(*RUN, *methods, "--jobs", "1", "--executor", executor, timeout=1500)
    for name in names:
        assert len(records(tmp_path / "o", name)) == 3, name
    hogs = [records(tmp_path / path, "hog-svm") for path in ("calm", "o")]
    assert [r.predictions for r in hogs[0]] == [r.predictions for r in hogs[1]]
    by_parameter: dict[Any, list[Any]] = {}
    for record in records(tmp_path / "o", "pixel-svm"):
        by_parameter.setdefault(record.params["C"], []).append(record.predictions)
    assert len(by_parameter) == len(names) and all(None not in made for made in by_parameter.values())
    survived.count(len(names))
    assert by_parameter[10] == [r.predictions for r in records(tmp_path / "calm", "pixel-svm")]


LEAKY = """
import memory
from febench import method

@method("leaky", sets=["extended"])
class Leaky:
    def fit(self, X, y):
        memory.SEEN.append(len(X))
        self.fit_info_ = {"seen": len(memory.SEEN)}
        return self
    def predict(self, X):
        return [0] * len(X)
"""


def test_a_module_beside_a_plugin_can_be_imported_and_remembers_nothing(febench: Febench, tmp_path: Path) -> None:
    beside = tmp_path / "beside"
    beside.mkdir()
    (beside / "memory.py").write_text("SEEN = []\n")
    (beside / "leaky.py").write_text(LEAKY)
    done = febench(*RUN, "--plugin", "beside/leaky.py", "--methods", "leaky", "--jobs", "1")
    assert done.returncode == 0, done.stderr
    assert [record.info["seen"] for record in records(tmp_path / "o", "leaky")] == [1, 1, 1]


UNSENDABLE = """
import threading
from febench import method
from sklearn.dummy import DummyClassifier

LOCK = threading.Lock()

def locked():
    lock = threading.Lock()
    class Locked(DummyClassifier):
        def fit(self, X, y):
            with lock:
                return super().fit(X, y)
    return Locked()

@method("global-lock", sets=["extended"])
def global_lock():
    with LOCK:
        return locked()

def closure():
    lock = threading.Lock()
    @method("closure-lock", sets=["extended"])
    def build():
        with lock:
            return DummyClassifier()
closure()

@method("answers-lock", sets=["extended"])
class Answers(DummyClassifier):
    def fit(self, X, y):
        self.fit_info_ = {"lock": threading.Lock()}
        return super().fit(X, y)
"""


def test_what_cannot_be_sent_costs_its_own_cells(febench: Febench, tmp_path: Path) -> None:
    (tmp_path / "unsendable.py").write_text(UNSENDABLE)
    names = "closure-lock,global-lock,answers-lock,lottery"
    done = febench(*RUN, "--plugin", "unsendable.py", "--methods", names)
    assert done.returncode == 3 and "Traceback" not in done.stderr, done.stderr
    for name in ("closure-lock", "global-lock", "answers-lock"):
        failed = records(tmp_path / "o", name)
        assert [record.status for record in failed] == ["failed"] * 3
        assert all("lock" in (record.error or "") for record in failed)
    assert [record.status for record in records(tmp_path / "o", "lottery")] == ["ok"] * 3


SPREADS = """

from joblib import Parallel, delayed

@method("spreads", sets=["extended"])
class Spreads(Base):
    def fit(self, X, y):
        assert Parallel(n_jobs=2)(delayed(len)(x) for x in X[:4]) == [8] * 4
        return self
"""

TRAPS = ("pickle", "signal", "struct", "multiprocessing", "bottleneck", "socket", "selectors", "numpy", "sklearn")


def test_code_in_the_current_folder_does_not_run(tmp_path: Path, plugin: Path) -> None:
    with plugin.open("a") as file:
        file.write(SPREADS)
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    for name in TRAPS:
        (folder / f"{name}.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'a').write({name!r}); raise SystemExit\n")
    start = "import sys; import febench; sys.path.insert(0, ''); from febench.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-P", "-c", start, *RUN[:2], str(plugin), *RUN[3:], "--methods", "pixel-svm,spreads"],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert not (tmp_path / "ran").exists(), (tmp_path / "ran").read_text()
    assert done.returncode == 0, done.stderr


SCRIPT = """
import febench
import helper
from febench import method

@method("helped", sets=["extended"], version="1")
class Helped:
    def fit(self, X, y):
        return self
    def predict(self, X):
        return helper.answer(len(X))

febench.load_plugin("plugin.py")
print(list(febench.run("helped", "toy", runs=1, progress=False).row("helped").accuracies))
"""


def test_modules_beside_a_script_can_be_imported_and_its_main_is_not_run_again(tmp_path: Path, plugin: Path) -> None:
    (tmp_path / "helper.py").write_text("def answer(n):\n    return [0] * n\n")
    (tmp_path / "pickle.py").write_text("raise SystemExit('this is not the library')\n")
    (tmp_path / "script.py").write_text("import sys; sys.path.append(sys.path.pop(0))\n" + SCRIPT)
    done = subprocess.run([sys.executable, "script.py"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.stdout == "[1]\n", done.stderr


def test_results_hold_no_classes_of_a_plugin(febench: Febench, tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(
        "from febench import method\nfrom sklearn.dummy import DummyClassifier\n"
        "class Number(float):\n    def __reduce__(self):\n        return exit, (7,)\n"
        "@method('own', sets=['extended'])\nclass Own(DummyClassifier):\n"
        "    def fit(self, X, y):\n        self.fit_info_ = {'loss': Number(0.5)}\n        return super().fit(X, y)\n"
    )
    assert febench(*RUN, "--plugin", "own.py", "--methods", "own").returncode == 0
    assert json.loads((tmp_path / "o" / "cells.jsonl").read_text().splitlines()[0])["info"] == {"loss": 0.5}
