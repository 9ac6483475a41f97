"""Every end of a process: noticed at once, costing what it must and no more, and leaving nothing behind."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from febench.results.store import Store
from febench.running.executors.base import Failure
from febench.running.executors.local import LocalExecutor
from tests.end_to_end.conftest import COMMAND, Febench
from tests.faults.conftest import COUNT, Survived
from tests.faults.test_isolation import RUN, records

KILLS = 50 if COUNT else 1
linux = pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="reads /proc, which this system has not")


@dataclass(frozen=True)
class Job:
    what: str
    folder: Path | None = None

    def load(self) -> None:
        if self.what == "slow import":
            time.sleep(1.5)

    def run(self) -> Any:
        if self.what == "full":
            raise RuntimeError("not saved") from OSError(28, "No space left on device")
        if self.folder is not None:
            tried = self.folder / self.what
            again = tried.exists()
            tried.touch()
            if self.what == "always" or (self.what.startswith("once") and not again):
                os.kill(os.getpid(), signal.SIGKILL)
            if self.what == "full once" and not again:
                raise OSError(28, "No space left on device")
            return "again" if again else "first"
        if self.what.startswith("os._exit"):
            os._exit(int(self.what[8:]))
        if self.what == "stop":
            os.kill(os.getpid(), signal.SIGSTOP)
        if self.what == "spin":
            sum(range(10**15))  # holds the GIL, in C, for hours
        if self.what == "quarrel":
            subprocess.Popen(["sh", "-c", "trap '' TERM; sleep 1000"])
        return self.what


@pytest.mark.parametrize("code", [0, 7])
def test_a_worker_that_just_ends_is_noticed_without_any_limit(code: int) -> None:
    with LocalExecutor(jobs=2, timeout=None) as executor:
        found = dict(executor.map([f"os._exit{code}", "good"], Job))
    assert found == {f"os._exit{code}": Failure("crashed", f"the process died (exit code {code})"), "good": "good"}


@pytest.mark.parametrize("what", ["stop", "spin"])
def test_what_cannot_be_talked_to_is_stopped(what: str) -> None:
    with LocalExecutor(jobs=1, timeout=0.5) as executor:
        assert [result for _, result in executor.map([what, "good"], Job)] == [
            Failure("timeout", "stopped after the time limit of 0.5 s"),
            "good",
        ]


def test_imports_are_not_counted() -> None:
    with LocalExecutor(jobs=1, timeout=0.5) as executor:
        assert list(executor.map(["slow import"], Job)) == [("slow import", "slow import")]


def test_the_machine_gets_a_second_chance_alone(tmp_path: Path) -> None:
    items = ["once a", "full once", "calm", "always", "once b"]
    with LocalExecutor(jobs=2) as executor:
        found = list(executor.map(items, lambda what: Job(what, tmp_path)))
    assert found[0] == ("calm", "first") and len(found) == 5
    results: dict[str, Any] = dict(found)
    assert results["once a"] == results["once b"] == results["full once"] == "again"
    assert results["always"].status == "crashed" and results["always"].error.startswith("probably memory: ")


def test_a_full_disk_is_told_and_not_booked(febench: Febench, tmp_path: Path) -> None:
    (tmp_path / "full.py").write_text(
        "from febench import method\nfrom sklearn.dummy import DummyClassifier\n@method('full', sets=['extended'])\n"
        "class Full(DummyClassifier):\n    def fit(self, X, y):\n        open('/dev/full', 'w').write('x' * 100_000)\n"
    )
    done = febench(*RUN, "--plugin", "full.py", "--methods", "full,lottery")
    assert done.returncode == 3 and "3 cells of full met a full disk and stay missing" in done.stderr
    assert len(Store(tmp_path / "o").records) == 3 and len(records(tmp_path / "o", "lottery")) == 3


CHILDREN = """
import os
import subprocess
import time
from febench import method
from sklearn.dummy import DummyClassifier
from sklearn.model_selection import GridSearchCV

class Busy(DummyClassifier):
    def fit(self, X, y):
        if os.environ.get("MARK", "").startswith("hold"):
            sum(range(10**15))
        return super().fit(X, y)

def register(name, end):
    @method(name, sets=["extended"], version="1")
    class Parent(DummyClassifier):
        def fit(self, X, y):
            subprocess.Popen(["sleep", "1000"])
            subprocess.Popen(["sh", "-c", "trap '' TERM; sleep 1001"])
            subprocess.Popen(["sleep", "1002"], start_new_session=True)
            if os.fork() == 0:
                time.sleep(1000)
            grid = GridSearchCV(DummyClassifier(), {"strategy": ["prior", "uniform"]}, n_jobs=2, cv=2)
            grid.fit(X.reshape(len(X), -1), y)
            end()
            return super().fit(X, y)

register("ends", lambda: None)
register("hangs-on", lambda: time.sleep(1000))
register("holds", lambda: sum(range(10**15)))
"""


def marked(mark: str) -> list[int]:
    """Processes that were started with MARK in their environment, by Linux's own word; zombies have none."""
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            if f"MARK={mark}\0".encode() in path.read_bytes():
                found.append(int(path.parent.name))
        except OSError:
            continue
    return found


def wait_until(true: Callable[[], Any]) -> bool:
    deadline = time.monotonic() + 60
    while not true() and time.monotonic() < deadline:
        time.sleep(0.05)
    return bool(true())


def semaphores() -> set[Path]:
    return {path for path in Path("/dev/shm").glob("*") if "loky" in path.name or "joblib" in path.name}


@linux
@pytest.mark.parametrize("name", ["ends", "hangs-on"])
def test_all_that_a_cell_started_goes_with_it(
    febench: Febench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    (tmp_path / "children.py").write_text(CHILDREN)
    monkeypatch.setenv("MARK", mark := f"{name}{tmp_path}")
    before = semaphores()  # others may have theirs too, which go when those end: what is lost stays
    limit = ("--timeout", "8s") if name == "hangs-on" else ()
    febench(*RUN, "--plugin", "children.py", "--methods", name, "--jobs", "2", *limit)
    expected = "timeout" if limit else "ok"
    assert [record.status for record in records(tmp_path / "o", name)] == [expected] * 3
    assert not marked(mark)
    seen = semaphores() - before
    assert wait_until(lambda: not seen & semaphores())


@linux
@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGKILL])
def test_all_goes_with_the_parent(
    febench: Febench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: signal.Signals
) -> None:
    (tmp_path / "children.py").write_text(CHILDREN)
    monkeypatch.setenv("MARK", mark := f"{end}{tmp_path}")
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it, and so its children
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # and what nohup starts ignores this one
    args = (*RUN, "--plugin", "children.py", "--methods", "holds", "--jobs", "2")
    with subprocess.Popen([*COMMAND, *args], cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as run:
        try:
            assert wait_until(lambda: len(marked(mark)) >= 14)
            run.send_signal(end)
            assert run.wait(30) == (-end if end == signal.SIGKILL else 130)
        finally:
            run.kill()
        assert wait_until(lambda: not marked(mark))


@linux
@pytest.mark.parametrize("whom", ["group", "parent"])
def test_a_killed_run_leaves_nothing_running_and_goes_on(
    febench: Febench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, whom: str, survived: Survived
) -> None:
    args = (*RUN[:5], "--protocol", "paper[runs=4]", "--methods", "pixel-svm,lottery", "--jobs", "2")
    assert febench(*args, "--out", "calm").returncode == 0
    calm = {record.key: record.predictions for record in Store(tmp_path / "calm").records}
    moments = random.Random(whom)
    for number in range(KILLS):
        monkeypatch.setenv("MARK", mark := f"{whom}{number}{tmp_path}")
        with subprocess.Popen(
            [*COMMAND, *args, "--out", f"killed{number}"], cwd=tmp_path, stderr=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, start_new_session=True,
        ) as run:  # fmt: skip
            time.sleep(moments.uniform(1.0, 4.0))
            (os.killpg if whom == "group" else os.kill)(run.pid, signal.SIGKILL)
        assert wait_until(lambda mark=mark: not marked(mark))
        assert febench(*args, "--out", f"killed{number}").returncode == 0
        assert {record.key: record.predictions for record in Store(tmp_path / f"killed{number}").records} == calm
        survived.count()


@linux
def test_killed_workers_cost_nothing_but_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, survived: Survived
) -> None:
    """Workers, what they are forked from, and those that have only just started; until then more tasks come."""
    monkeypatch.setenv("MARK", mark := f"{tmp_path}")
    moments, kills = random.Random(0), 0

    def tasks() -> Iterator[str]:
        nonlocal kills
        yield from ("first", "second")
        while kills < 2 * KILLS:
            time.sleep(moments.uniform(0.2, 1.0))
            if there := marked(mark):
                os.kill(moments.choice(there), signal.SIGKILL)
                kills += 1
            yield f"after {kills}"

    with LocalExecutor(jobs=2) as executor:
        found = dict(executor.map(tasks(), Job))
    assert kills == 2 * KILLS and all(result == item for item, result in found.items())
    survived.count(kills)
    assert wait_until(lambda: not marked(mark))
