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
from febench.running.probes import Answer

TORCH = """
import os, signal, time
__version__ = "2.11.0"
class version:
    cuda, hip = {cuda!r}, None
class hub:
    get_dir = staticmethod(lambda: "/nowhere/hub")
class backends:
    class cpu:
        get_cpu_capability = staticmethod(lambda: "AVX2")
class Matrix:
    __matmul__ = lambda self, other: self
    sum = lambda self: 16**3
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
    @staticmethod
    def get_device_properties(place):
        class properties:
            name, total_memory, major, minor = "NVIDIA Test", 80 * 2**30, 9, 0
        return properties
"""
"""Stands for torch in the process that is asked about it."""

HIDES_TORCH = """
from importlib.machinery import PathFinder
find = PathFinder.find_spec
PathFinder.find_spec = classmethod(lambda cls, name, *where: None if name == "torch" else find(name, *where))
"""

NO = {"asked": "return False"}
"""Of a torch that can use no GPU."""

Look = Callable[..., dict[str, Any]]


@pytest.fixture
def look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Look:
    """What doctor says of GPUs on a machine with so many of them, such a driver and such a torch."""

    def call(
        torch: str = TORCH, *, gpus: int = 1, driver: str | None = "580.65.06", visible: str | None = None, **words: Any
    ) -> dict[str, Any]:
        words = {"cuda": "13.0", "asked": "return True", "computes": "", "devices": gpus, **words}
        packages, devices, version = tmp_path / "packages", tmp_path / "dev", tmp_path / "version"
        for folder in (packages / "torch", packages / "torchvision", devices):
            folder.mkdir(parents=True)
        (packages / "torch" / "__init__.py").write_text(torch.format(**words) if torch is TORCH else torch)
        (packages / "torchvision" / "__init__.py").write_text("__version__ = '0.26.0'")
        for place in range(gpus):
            (devices / f"nvidia{place}").touch()
        if driver:
            version.write_text(
                f"NVRM version: NVIDIA UNIX x86_64 Kernel Module  {driver}  Mon Jan  5 00:00:00 UTC 2026"
            )
        monkeypatch.setattr(local, "GPUS", ((str(devices), "nvidia[0-9]*"),))
        monkeypatch.setattr(doctor, "DRIVER", version)
        monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
        if visible is not None:
            monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
        monkeypatch.syspath_prepend(packages)
        return doctor.look_at_gpus(probes.ask({"torch": probes.command_of(probes.tell_of_torch)})["torch"], None)

    return call


@pytest.mark.parametrize(
    ("machine", "use", "words"),
    [
        ({}, "gpu", "will train on 1 GPU: NVIDIA Test (80 GiB)"),
        ({"gpus": 2, "visible": "1", "devices": 1}, "gpu", "will train on 1 GPU: NVIDIA Test (80 GiB)"),
        ({"gpus": 0, "devices": 1}, "gpu", "shared by all workers"),
        ({"gpus": 0, "driver": None, **NO}, "processor", "shows no NVIDIA GPU"),
        ({"gpus": 0, **NO}, "processor", "a driver is there (580.65.06): was this container given"),
        ({"gpus": 0, "driver": None, **NO, "cuda": None}, "processor", "2.11.0 is built without CUDA"),
        ({"visible": "", **NO}, "processor", "CUDA_VISIBLE_DEVICES='' hides the 1 GPU"),
        ({"gpus": 2, "visible": "-1", **NO}, "processor", "CUDA_VISIBLE_DEVICES='-1' hides the 2 GPUs"),
        ({**NO, "cuda": None}, "fails", "counts 1 GPU, but torch 2.11.0 is built without CUDA"),
        (
            {**NO, "driver": "535.129.03"},
            "fails",
            "driver 535.129.03 is too old for torch 2.11.0, built for CUDA 13.0, which needs driver 580 or newer",
        ),
        ({**NO, "driver": "470.82.01", "cuda": "12.8"}, "fails", "needs driver 525 or newer"),
        ({**NO, "driver": "535.129.03", "cuda": "12.8"}, "fails", "cannot use it: Error 802: system"),
        ({**NO, "driver": None}, "fails", "cannot use it: Error 802: system not yet initialized"),
        (
            {"gpus": 0, "visible": "0", **NO, "driver": None},
            "fails",
            "counts 1 GPU (CUDA_VISIBLE_DEVICES=0), but this machine shows none",
        ),
        ({"gpus": 2, "devices": 1}, "fails", "counts 2 GPUs, but torch finds 1: NVIDIA Test"),
        ({"computes": "raise RuntimeError('no kernel image')"}, "fails", "compute on any: GPU 0 (NVIDIA Test): Run"),
        (
            {"gpus": 2, "computes": "if device == 'cuda:1': raise RuntimeError('out of memory')"},
            "fails",
            "fail on some GPUs, which torch cannot compute on: GPU 1 (NVIDIA Test): RuntimeError: out of memory",
        ),
        (
            {"asked": "os.kill(os.getpid(), signal.SIGSEGV)"},
            "fails",
            "crashed with signal SIGSEGV at torch.cuda.is_available()",
        ),
        ({"torch": "raise OSError('libcudart.so')"}, "nothing", "torch cannot be imported: OSError: libcudart.so"),
        ({"torch": "import os; os._exit(3)"}, "fails", "ended with exit code 3 at import torch"),
    ],
)  # fmt: skip
def test_why_a_gpu_is_used_or_not(look: Look, machine: dict[str, Any], use: str, words: str) -> None:
    said = look(**machine)
    assert words in said["verdict"]
    assert said["use"] == use


def test_a_driver_that_hangs_is_not_waited_for(look: Look, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probes, "PATIENCE", 5.0)
    said = look(asked="time.sleep(600)")
    assert (said["use"], "did not answer within 5 s" in said["verdict"]) == ("fails", True)


@pytest.mark.parametrize(
    ("smi", "driver", "told"),
    [
        (Answer(text="535.129.03\n535.129.03\n"), "535.129.03", None),
        (
            Answer(text="Driver/library\nversion mismatch", ended="ended with exit code 18"),
            None,
            "ended with exit code 18: Driver/library version mismatch",
        ),
    ],
)
def test_where_linux_tells_no_driver_nvidia_smi_is_asked(
    smi: Answer, driver: str | None, told: str | None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(doctor, "DRIVER", tmp_path / "none")
    said = doctor.look_at_gpus(Answer({"torch": None}), smi)
    assert (said["driver"], said["nvidia_smi"]) == (driver, told)


def test_without_torch_the_extra_is_named(look: Look, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sitecustomize.py").write_text(HIDES_TORCH)
    monkeypatch.syspath_prepend(tmp_path)
    said = look(gpus=0, driver=None)
    assert said["use"] == "nothing"
    assert said["verdict"] == "Deep methods cannot run: torch not installed (pip install 'febench[deep]')"
    facts = probes.ask({"it": probes.command_of(probes.tell_of_components)})["it"].facts
    assert facts["missing"]["resnet18"] == "needs torch: pip install 'febench[deep]'"
    assert "hwt" not in facts["missing"] and not facts["broken"]


def test_a_machine_as_it_is(tmp_path: Path) -> None:
    """The true torch, if there is one, and data of which some is there."""
    (tmp_path / "data" / "yalefaces").mkdir(parents=True)
    (tmp_path / "data" / "yalefaces" / "subject01.happy").touch()
    shown, as_json = (run(tmp_path, "--data-dir", "data", *how) for how in ([], ["--json"]))
    assert (shown.returncode, shown.stderr, as_json.returncode) == (0, "", 0)
    document = json.loads(as_json.stdout)
    assert shown.stdout.splitlines()[0] == document["gpu"]["verdict"] + "."
    assert document["data"]["found"] == {"yale": str(tmp_path / "data" / "yalefaces")}
    assert "jaffe" in document["data"]["absent"] and not document["data"]["unreadable"]
    assert document["problems"] == [] and document["methods"]["broken"] == {}
    assert document["versions"]["lacking"] == []
    assert document["results"]["path"] == str(tmp_path / "results") and not (tmp_path / "results").exists()
    if find_spec("torch"):
        (precision,) = document["processor"]["precision"]
        assert precision.startswith(("float32, ", "bfloat16, "))
        assert Path(document["weights"]["path"]).name == "checkpoints"


@pytest.mark.parametrize(("variable", "folder"), [("FEBENCH_CACHE", "cache"), (None, "results")])
def test_a_folder_that_cannot_be_written_ends_with_2(tmp_path: Path, variable: str | None, folder: str) -> None:
    without_torch(tmp_path)
    (tmp_path / "results").touch()
    if variable:
        (tmp_path / "results").rename(tmp_path / "file")
    done = run(tmp_path, **({variable: str(tmp_path / "file" / "x")} if variable else {}))
    first = done.stdout.splitlines()[0]
    assert done.returncode == 2 and f"febench cannot run here: the {folder} folder" in first, done.stdout + done.stderr
    assert "cannot be written (" in first and "choose another with" in first


def test_a_plugin_that_cannot_be_loaded_is_named(tmp_path: Path) -> None:
    offer(tmp_path, "broken_one = nothing_of_that_name")
    done = run(tmp_path)
    assert done.returncode == 0
    assert "* the method 'broken_one' could not be loaded from nothing_of_that_name: ModuleNotFound" in done.stdout
    assert "GPU " in done.stdout


def test_a_plugin_that_takes_a_name_twice_stops_every_run(tmp_path: Path) -> None:
    offer(tmp_path, "hwt = elsewhere")
    done = run(tmp_path)
    assert done.returncode == 2
    assert done.stdout.startswith("febench cannot run here: the method name 'hwt' is taken by")


def test_a_plugin_that_ends_the_process_costs_no_other_answer(tmp_path: Path) -> None:
    offer(tmp_path, "fatal = fatal")
    (tmp_path / "fatal.py").write_text("import os; os._exit(7)")
    done = run(tmp_path)
    assert done.returncode == 0
    assert "ended with exit code 7 at loading the method fatal" in done.stdout
    assert "GPU " in done.stdout and "methods    cannot be told" in done.stdout


def test_a_package_that_is_broken_below_everything_is_told(tmp_path: Path) -> None:
    without_torch(tmp_path)
    (tmp_path / "numpy.py").write_text("raise ImportError('numpy was built for another Python')")
    done = run(tmp_path, "--data-dir", "nowhere")
    assert (done.returncode, done.stderr) == (2, "")
    assert done.stdout.startswith(
        "febench cannot run here: the cache folder cannot be told: ImportError: numpy was built"
    )
    assert "nowhere: there is no such folder" in done.stdout


def test_febench_that_is_not_installed_cannot_run(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> list[str]:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(doctor, "requires", absent)
    (problem,) = doctor.problems_of({**WHOLE, "versions": doctor.look_at_versions()})
    assert "not installed as a package" in problem


def test_packages_that_are_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    needs = ["numpy>=1.26", "no-such-thing>=1", "no-more; (python_version < '3.2') and extra == 'mealpy'"]
    monkeypatch.setattr(doctor, "requires", lambda name: needs)
    versions = doctor.look_at_versions()
    assert versions["lacking"] == ["no-such-thing"]
    assert versions["extras"] == {"mealpy": {"lacks": ["no-more"], "needs_python_before": "3.2"}}
    assert doctor.problems_of({**WHOLE, "versions": versions}) == [
        "it needs packages that are not installed: pip install no-such-thing"
    ]


WHOLE: dict[str, Any] = {"versions": {}, "methods": {}, "cache": {"error": None}, "results": {"error": None}}


def test_where_no_method_can_run_none_is_promised() -> None:
    why = {"a": "needs x", "b": "needs x"}
    facts = {"names": {"method": 3}, "broken": {"method c": "c could not be loaded"}, "missing": why}
    methods = doctor.look_at_methods(Answer(facts), Answer())
    (problem,) = doctor.problems_of({**WHOLE, "methods": methods})
    assert methods["runnable"] == 0 and "no method can run" in problem


def test_a_probe_that_fails_says_so_in_its_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> dict[str, Any]:
        raise OSError("it is gone")

    folders = ("_cache", "_place", "_weights", "_data")
    for probe in ("look_at_versions", "look_at_gpus", "_processor", "look_at_methods", *folders):
        monkeypatch.setattr(doctor, probe, fails)
    monkeypatch.setattr(probes, "ask", fails)
    document = doctor.examine(None)
    lines = doctor.describe(document)
    assert "Whether a GPU will be used cannot be told: OSError: it is gone." in lines
    assert sum("cannot be told: OSError: it is gone" in line for line in lines) == 11  # and of two folders, on top
    json.dumps(document)


@pytest.mark.parametrize(
    ("groups", "own", "quota"),
    [
        ({}, "0::/\n", None),
        ({"a/cpu.max": "max 100000", "cpu.max": "max 100000"}, "0::/a\n", None),
        ({"a/b/cpu.max": "max 100000", "a/cpu.max": "150000 100000"}, "0::/a/b\n", 1.5),
        ({"cpu/a/cpu.cfs_quota_us": "50000", "cpu/a/cpu.cfs_period_us": "100000"}, "4:cpu,cpuacct:/a\n0::/\n", 0.5),
        ({"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}, "4:cpu:/gone\n3:memory:/\n", None),
    ],
    ids=["none", "all", "parent", "old", "old and all"],
)
def test_the_quota_of_control_groups(
    groups: dict[str, str], own: str, quota: float | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, text in groups.items():
        (tmp_path / "groups" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "groups" / name).write_text(f"{text}\n")
    (tmp_path / "own").write_text(own)
    monkeypatch.setattr(doctor, "CGROUPS", tmp_path / "groups")
    monkeypatch.setattr(doctor, "OWN_CGROUPS", tmp_path / "own")
    assert doctor.quota_of_cores() == quota


def run(folder: Path, *args: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a folder that is also the first of the places to import from."""
    command = [sys.executable, "-c", "from febench.cli import main; main()", "doctor", *args]
    path = os.pathsep.join([str(folder), *filter(None, sys.path)])
    environment = {**os.environ, "PYTHONPATH": path, **variables}
    environment.pop("FEBENCH_DATA", None)
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def without_torch(folder: Path) -> None:
    """Spare a run the time of importing it."""
    (folder / "torch.py").write_text("raise ImportError('left out')")


def offer(folder: Path, entry: str) -> None:
    """An installed package that offers a method."""
    without_torch(folder)
    about = folder / "other-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: other\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(f"[febench.methods]\n{entry}\n")
