"""`febench doctor` tells apart why a GPU is not used, and comes to its end whatever is broken."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from febench.cli import doctor
from febench.running import probes
from febench.running.executors import local

TORCH = """
import os, signal, time
from types import SimpleNamespace as named
__version__ = "2.11.0"
print("a notice without an end of line", end="")
version = named(cuda={cuda!r})
class Matrix:
    __matmul__ = lambda self, other: self
    sum = item = lambda self: self
def ones(*shape, device):
    {computes}
    return Matrix()
class cuda:
    @staticmethod
    def is_available():
        {asked}
    @staticmethod
    def init():
        raise RuntimeError("Error 802: system not yet initialized")
    device_count = staticmethod(lambda: {devices})
    get_device_properties = staticmethod(lambda place: named(name="NVIDIA Test", total_memory=80 * 2**30))
"""
"""Stands for torch in the process that is asked about it."""

HIDES_TORCH = """
from importlib.machinery import PathFinder
find = PathFinder.find_spec
PathFinder.find_spec = classmethod(lambda cls, name, *where: None if name == "torch" else find(name, *where))
"""

NO: dict[str, Any] = {"asked": "return False"}  # of a torch that can use no GPU
Look = Callable[..., dict[str, Any]]


@pytest.fixture
def look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Look:
    """What doctor says of GPUs on a machine with so many of them, such a driver and such a torch."""

    def call(
        torch: str = TORCH, *, gpus: int = 1, driver: str | None = "580.65.06", visible: str | None = None, **words: Any
    ) -> dict[str, Any]:
        words = {"cuda": "13.0", "asked": "return True", "computes": "", "devices": gpus, **words}
        (tmp_path / "torch.py").write_text(torch.format(**words) if torch is TORCH else torch)
        (tmp_path / "torchvision.py").write_text("__version__ = '0.26.0'")
        (tmp_path / "dev").mkdir()
        for place in range(gpus):
            (tmp_path / "dev" / f"nvidia{place}").touch()
        if driver:
            text = f"NVRM version: NVIDIA UNIX x86_64 Kernel Module  {driver}  Mon Jan  5 00:00:00 UTC 2026"
            (tmp_path / "version").write_text(text)
        monkeypatch.setattr(local, "GPU_FILES", ((str(tmp_path / "dev"), "nvidia[0-9]*"),))
        monkeypatch.setattr(doctor, "DRIVER", tmp_path / "version")
        monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
        if visible is not None:
            monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
        monkeypatch.syspath_prepend(tmp_path)
        return doctor.look_at_gpus(probes.ask(probes.tell_of_torch)).content

    return call


@pytest.mark.parametrize(
    ("machine", "use", "words"),
    [
        ({}, "gpu", "will train on GPU 0: NVIDIA Test (80 GiB)"),
        ({"gpus": 2, "visible": "1", "devices": 1}, "gpu", "will train on GPU 0: NVIDIA Test (80 GiB)"),
        ({"gpus": 0, "devices": 1}, "gpu", "shared by all workers"),
        ({**NO, "gpus": 0, "driver": None}, "processor", "shows no NVIDIA GPU"),
        ({**NO, "gpus": 0, "driver": None, "cuda": None}, "processor", "2.11.0 is built without CUDA"),
        ({**NO, "gpus": 2, "visible": "-1"}, "processor", "CUDA_VISIBLE_DEVICES='-1' hides every GPU of this machine"),
        ({**NO, "cuda": None}, "fails", "counts 1 GPU, but torch 2.11.0 is built without CUDA"),
        ({**NO, "gpus": 0, "visible": "0"}, "fails", "1 GPU (CUDA_VISIBLE_DEVICES=0), but this machine shows none"),
        ({**NO, "driver": "535.129.03"}, "fails",
         "driver 535.129.03 is too old for torch 2.11.0, built for CUDA 13.0, which needs driver 580 or newer"),
        ({**NO, "driver": "470.82.01", "cuda": "12.8"}, "fails", "needs driver 525 or newer"),
        ({**NO, "driver": "535.129.03", "cuda": "12.8"}, "fails", "cannot use it: RuntimeError: Error 802: system"),
        ({"gpus": 2, "devices": 1}, "fails", "counts 2 GPUs, but torch finds 1: GPU 0: NVIDIA Test"),
        ({"gpus": 2, "computes": "if device == 'cuda:1': raise RuntimeError('no kernel image')"}, "fails",
         "counts 2 GPUs, but torch cannot compute on GPU 1: NVIDIA Test (80 GiB): RuntimeError: no kernel image"),
        ({"asked": "os.kill(os.getpid(), signal.SIGSEGV)"}, "fails",
         "crashed (Segmentation fault) at torch.cuda.is_available()"),
        ({"torch": "import os; os._exit(3)"}, "fails", "ended with exit code 3 at import torch"),
        ({"torch": "raise OSError('libcudart.so')"}, "nothing", "torch cannot be imported: OSError: libcudart.so"),
    ],
)  # fmt: skip
def test_why_a_gpu_is_used_or_not(look: Look, machine: dict[str, Any], use: str, words: str) -> None:
    said = look(**machine)
    assert words in said["verdict"]
    assert said["use"] == use


def test_a_driver_that_hangs_is_not_waited_for(look: Look, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probes, "PROBE_TIMEOUT_S", 2.0)
    said = look(asked="time.sleep(600)")
    assert (said["use"], "did not answer within 2 s" in said["verdict"]) == ("fails", True)


def test_a_machine_as_it_is(tmp_path: Path) -> None:
    """The true torch, if there is one, and data of which some is there."""
    (tmp_path / "data" / "yalefaces").mkdir(parents=True)
    (tmp_path / "data" / "yalefaces" / "subject01.happy").touch()
    done = run(tmp_path, "--data-dir", "data", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    document = json.loads(done.stdout)
    assert document["problems"] == []
    assert document["gpu"]["use"] in ("gpu", "processor") if find_spec("torch") else document["gpu"]["use"] == "nothing"
    assert document["folders"]["results"]["path"] == str(tmp_path / "results") and not (tmp_path / "results").exists()
    told = document["components"]
    assert told["found"] == {"yale": str(tmp_path / "data" / "yalefaces")}
    assert (told["method"]["hwt"], told["protocol"]["paper"], told["error"]) == (None, None, None)
    if find_spec("torch"):
        (precision,) = document["processor"]["precision"]
        assert precision.startswith(("float32, ", "bfloat16, "))


def test_on_a_machine_where_much_is_wrong_each_thing_is_told(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(HIDES_TORCH)
    (tmp_path / "file").touch()
    offer(tmp_path, "broken_one = nothing_of_that_name")
    done = run(tmp_path, "--data-dir", "nowhere", FEBENCH_CACHE=str(tmp_path / "file" / "x"))
    assert (done.returncode, done.stderr) == (2, "")
    problem, verdict, *rows = done.stdout.splitlines()
    assert problem.startswith(
        f"febench cannot run here: the cache folder {tmp_path / 'file' / 'x'} cannot be written ("
    )
    assert problem.endswith("): choose another with FEBENCH_CACHE.")
    assert verdict == "Deep methods cannot run: torch is not installed (pip install 'febench[deep]')."
    told = "\n".join(rows)
    assert "could not be loaded from nothing_of_that_name: ModuleNotFoundError" in told
    assert "resnet18, resnet34" in told and ": needs torch: pip install 'febench[deep]'" in told
    assert "yale: the folder" in told and "nowhere cannot be read" in told


def test_results_that_cannot_be_written_are_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "results").touch()
    monkeypatch.chdir(tmp_path)
    (problem,) = doctor.look_at_folders().problems
    assert problem.startswith("the results folder") and problem.endswith("choose another with --out")


def test_a_plugin_that_takes_a_name_twice_stops_every_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    offer(tmp_path, "hwt = elsewhere")
    monkeypatch.syspath_prepend(tmp_path)
    (problem,) = doctor.look_at_components(None, probes.ask(probes.tell_of_components)).problems
    assert problem.startswith("the method name 'hwt' is taken by")


def test_a_plugin_that_ends_the_process_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    offer(tmp_path, "fatal = fatal")
    (tmp_path / "fatal.py").write_text("import os; os._exit(7)")
    monkeypatch.syspath_prepend(tmp_path)
    section = doctor.look_at_components(None, probes.ask(probes.tell_of_components))
    assert "ended with exit code 7 at the method fatal" in dict(section.rows)["methods"]
    assert section.problems == [] and section.content["data set"]["yale"] is None


def test_a_package_that_is_broken_below_everything_is_told(tmp_path: Path) -> None:
    (tmp_path / "torch.py").write_text("raise ImportError('left out')")
    (tmp_path / "numpy.py").write_text("raise ImportError('numpy was built for another Python')")
    done = run(tmp_path)
    assert (done.returncode, done.stderr) == (2, "")
    assert done.stdout.startswith("febench cannot run here: folders cannot be told: ImportError: numpy was built")
    assert "Deep methods cannot run: torch cannot be imported: ImportError: left out." in done.stdout


def test_where_no_method_can_run_none_is_promised() -> None:
    section = doctor.look_at_components(
        None, {"components": {"method": {"a": "needs x", "b": "needs y"}}, "ended": None}
    )
    assert section.rows[1:] == [("methods", "0 of 2 can run here"), ("method", "a: needs x"), ("method", "b: needs y")]
    assert section.problems == ["no method can run; below stands why"]


def test_packages_that_are_absent_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        doctor, "requires", lambda name: ["numpy>=1.26", "no-such-thing>=1", "no-more; extra == 'deep'"]
    )
    assert doctor.look_at_versions().problems == ["it needs packages that are not installed: pip install no-such-thing"]

    def absent(name: str) -> list[str]:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(doctor, "requires", absent)
    (problem,) = doctor.look_at_versions().problems
    assert "not installed as a package" in problem


def test_the_least_quota_of_all_groups_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "CGROUPS", tmp_path)
    monkeypatch.setattr(doctor, "OWN_CGROUP", tmp_path / "own")
    (tmp_path / "own").write_text("0::/a/b\n")
    (tmp_path / "a" / "b").mkdir(parents=True)
    assert doctor.quota_of_cores() is None
    for group, limit in (("a/b", "max 100000\n"), ("a", "150000 100000\n"), (".", "400000 100000\n")):
        (tmp_path / group / "cpu.max").write_text(limit)
    assert doctor.quota_of_cores() == 1.5


def run(folder: Path, *args: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a folder that is also the first of the places to import from."""
    command = [sys.executable, "-c", "from febench.cli import main; main()", "doctor", *args]
    path = os.pathsep.join([str(folder), *filter(None, sys.path)])
    environment = {**os.environ, "PYTHONPATH": path, **variables}
    environment.pop("FEBENCH_DATA", None)
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def offer(folder: Path, entry: str) -> None:
    """An installed package that offers a method."""
    about = folder / "other-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: other\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(f"[febench.methods]\n{entry}\n")
