"""`febench doctor`: what febench finds on this machine, first of all whether a GPU will be used and if not, why not.

Nothing is imported here that needs a package that may be broken.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path
from typing import Any

from febench.core import __version__
from febench.core.environment import PACKAGES, environment, installed
from febench.core.errors import UsageError, printable
from febench.running import probes
from febench.running.options import RESULTS, RunOptions

DRIVER = Path("/proc/driver/nvidia/version")
CGROUPS, OWN_CGROUP = Path("/sys/fs/cgroup"), Path("/proc/self/cgroup")
NEEDED_DRIVERS = {"11": 450, "12": 525, "13": 580}
"""For a major version of CUDA the least driver: docs.nvidia.com/deploy/cuda-compatibility, minor versions."""


@dataclass(frozen=True)
class Section:
    """A section of the report of `febench doctor`: JSON, rows of text, and why no run can start."""

    content: dict[str, Any]
    rows: list[tuple[str, str]]
    problems: list[str] = field(default_factory=list)


def show_doctor(data_dir: Path | None, as_json: bool) -> int:
    """Print what febench finds on this machine; returns the exit code.

    It is 0 where `febench run` can start, with or without a GPU, torch or data. It is 2, as of anything that cannot be
    used as it was given, where it cannot: the cache or results folder cannot be written, a package that febench
    requires is absent or broken or febench itself is not installed, two packages claim one name, or no method can run.
    """
    sections = examine(data_dir)
    problems = [problem for section in sections.values() for problem in section.problems]
    if as_json:
        contents = {name: section.content for name, section in sections.items()}
        print(json.dumps({"febench": __version__, "problems": problems, **contents}, indent=1))
    else:
        verdict = sections["gpu"].content.get("verdict", "Whether a GPU will be used cannot be told")
        lines = [*(f"febench cannot run here: {problem}." for problem in problems), f"{verdict}.", ""]
        lines += [f"{label:10} {words}" for section in sections.values() for label, words in section.rows]
        print("\n".join(map(printable, lines)))
    return UsageError.exit_code if problems else 0


def examine(data_dir: Path | None) -> dict[str, Section]:
    """Everything there is to tell, subject by subject; what cannot be found out has an `error` in its place."""
    with ThreadPoolExecutor() as pool:
        torch = pool.submit(probes.ask, probes.tell_of_torch)
        components = pool.submit(probes.ask, probes.tell_of_components, str(data_dir or ""))
    subjects: dict[str, Callable[[], Section]] = {
        "versions": look_at_versions,
        "gpu": lambda: look_at_gpus(torch.result()),
        "processor": lambda: look_at_processor(components.result()),
        "folders": look_at_folders,
        "components": lambda: look_at_components(data_dir, components.result()),
    }
    sections = {}
    for name, look in subjects.items():
        try:
            sections[name] = look()
        except Exception as error:
            why = f"cannot be told: {probes.in_words(error)}"
            broken = [f"{name} {why}"] if isinstance(error, ImportError) else []  # of a package that every run needs
            sections[name] = Section({"error": why}, [(name, why)], broken)
    return sections


def look_at_versions() -> Section:
    """Versions of febench, Python, the platform and packages; required packages that are absent."""
    about = environment()
    packages = {name: about["packages"].get(name) for name in PACKAGES if name != "febench"}
    problems = []
    try:
        required = [re.split(r"[^\w.-]", one)[0] for one in requires("febench") or () if "extra ==" not in one]
        lacking = [name for name in required if not installed(name)]
        if lacking:
            problems.append(f"it needs packages that are not installed: pip install {' '.join(lacking)}")
    except PackageNotFoundError:
        problems.append("it is not installed as a package, so that its methods are not found; install it with pip")
    rows = [
        ("febench", f"{__version__}, Python {about['python']}, {about['platform']}"),
        ("packages", ", ".join(f"{name} {number or 'not installed'}" for name, number in packages.items())),
    ]
    return Section({"python": about["python"], "platform": about["platform"], "packages": packages}, rows, problems)


def look_at_gpus(torch: Mapping[str, Any]) -> Section:
    """The driver, the GPUs that febench counts, what torch says, and what follows: `use` and `verdict`."""
    from febench.running.executors.local import gpu_files, gpus

    text = DRIVER.read_text(encoding="utf-8", errors="replace") if DRIVER.exists() else ""
    driver = re.search(r"\b\d{3}\.\d+(?:\.\d+)?\b", text)
    gpu: dict[str, Any] = {
        "driver": driver[0] if driver else None,
        "files": gpu_files(),
        "visible": os.environ.get("CUDA_VISIBLE_DEVICES"),
        "counted": list(gpus()),
        "torch": torch,
    }
    use, verdict = judge(gpu)
    built = ""
    if "cuda" in torch:
        built = f"; torch {torch['torch']}, built " + (f"for CUDA {torch['cuda']}" if torch["cuda"] else "without CUDA")
    visible = "not set" if gpu["visible"] is None else repr(gpu["visible"])
    counted = f"{len(gpu['counted'])} counted ({', '.join(gpu['counted'])})" if gpu["counted"] else "none counted"
    words = f"{counted}; driver {gpu['driver'] or 'not found'}{built}; CUDA_VISIBLE_DEVICES {visible}"
    return Section({"use": use, "verdict": verdict, **gpu}, [("GPU", words)])


def judge(gpu: Mapping[str, Any]) -> tuple[str, str]:
    """Return whether deep methods will use a GPU, in a word, and a sentence that says why not.

    The word is `gpu`, `processor`, `nothing` (they cannot run) or `fails` (cells go to a GPU that is counted but cannot
    be used). `gpu` is what `look_at_gpus` gathers.
    """
    torch, counted, visible = gpu["torch"], gpu["counted"], gpu["visible"]
    if torch["ended"]:
        return "fails", f"Deep methods may fail or hang here: the process that asked torch {torch['ended']}"
    if "broken" in torch:
        return "nothing", f"Deep methods cannot run: {torch['broken']}"

    fails = "Deep methods will fail here (with --device cpu they train on the processor): febench counts "
    fails += f"{len(counted)} GPU{'s' * (len(counted) != 1)}"
    if visible is not None:
        fails += f" (CUDA_VISIBLE_DEVICES={visible})"
    if torch["available"]:
        devices = torch["devices"]
        if "why_not" in torch:
            return "fails", f"{fails}, but torch cannot compute on {''.join(devices[-1:]) or 'any'}: {torch['why_not']}"
        if len(devices) < len(counted):
            return "fails", f"{fails}, but torch finds {len(devices)}: {', '.join(devices)}"
        shared = "" if counted else ", shared by all workers, as febench sees no file of a GPU"
        return "gpu", f"Deep methods will train on {', '.join(devices)}{shared}"

    if not counted:
        because = "this machine shows no NVIDIA GPU (no file such as /dev/nvidia0)"
        if gpu["files"]:
            because = f"CUDA_VISIBLE_DEVICES={visible!r} hides every GPU of this machine ({gpu['files']})"
        if torch["cuda"] is None:
            because += f"; and torch {torch['torch']} is built without CUDA"
        return "processor", f"Deep methods will train on the processor: {because}"
    if torch["cuda"] is None:
        return "fails", f"{fails}, but torch {torch['torch']} is built without CUDA: install one that is built for it"
    if not gpu["files"]:
        return "fails", f"{fails}, but this machine shows none (no file such as /dev/nvidia0)"
    needed, driver = NEEDED_DRIVERS.get(torch["cuda"].partition(".")[0], 0), gpu["driver"]
    if driver and int(driver.partition(".")[0]) < needed:
        return "fails", (
            f"{fails}, but its driver {driver} is too old for torch {torch['torch']}, built for CUDA {torch['cuda']}, "
            f"which needs driver {needed} or newer: update the driver, or install a torch built for an older CUDA"
        )
    return "fails", f"{fails}, but torch cannot use it: {torch.get('why_not', 'it does not say why')}"


def look_at_processor(told: Mapping[str, Any]) -> Section:
    """The processor, how much of it a run uses, and what deep methods train in on it."""
    about, workers, quota = environment(), RunOptions().workers, quota_of_cores()
    precision = sorted(set(told.get("precision", {}).values()))
    limit = f" with a quota of {quota:g}" if quota else ""
    rows = [("processor", f"{about['processor']}; {about['cores']} cores{limit}, workers of a run: {workers}")]
    if quota and quota < workers:
        rows.append(("", f"more workers than the quota can feed: --jobs {max(1, int(quota))} suits it"))
    rows += [("", f"deep methods train on it in {one}") for one in precision]
    content = {"name": about["processor"], "cores": about["cores"], "quota": quota}
    return Section({**content, "workers": workers, "precision": precision}, rows)


def quota_of_cores() -> float | None:
    """The processor time that Linux's control groups (version 2) allow, in cores; None for all."""
    own = CGROUPS / (OWN_CGROUP.read_text().rpartition("0::/")[2].strip() if OWN_CGROUP.exists() else "")
    limits = [(group / "cpu.max").read_text().split() for group in (own, *own.parents) if (group / "cpu.max").exists()]
    return min((int(most) / int(period) for most, period in limits if most != "max"), default=None)


def look_at_folders() -> Section:
    """The cache and results folders, which need not be there yet: free space, and whether they can be written."""
    from febench.core.cache import cache_dir

    section = Section({}, [])
    for name, folder, way in (("cache", cache_dir(), "FEBENCH_CACHE"), ("results", RESULTS, "--out")):
        path, free, error = folder.absolute(), None, None
        try:
            nearest = next(place for place in (path, *path.parents) if place.exists())
            free = shutil.disk_usage(nearest).free
            with tempfile.TemporaryFile(dir=nearest) as file:
                file.write(b"febench")
            words = f"{free / 1e9:.1f} GB free"
        except OSError as refused:
            error = refused.strerror or str(refused)
            words = f"cannot be written ({error})"
            section.problems.append(f"the {name} folder {path} {words}: choose another with {way}")
        section.rows.append((name, f"{path}: {words}"))
        section.content[name] = {"path": str(path), "free": free, "error": error}
    return section


def look_at_components(data_dir: Path | None, told: Mapping[str, Any]) -> Section:
    """Data sets that are there, how many methods can run, and what cannot be loaded or used, with why."""
    components, found, ended = told.get("components", {}), told.get("found", {}), told["ended"]
    words = f"{data_dir}; data sets found: {len(found)}"
    if data_dir is None:
        words = "the drawn faces alone: no folder is named (FEBENCH_DATA or --data-dir)"
    rows = [("data", words), *(("", f"{name}: {home}") for name, home in found.items())]
    problems = []
    methods = components.get("method", {}).values()
    if "clash" in told:
        words = "cannot be told: two packages claim one name"
        problems.append(told["clash"])
    elif ended:
        words = f"cannot be told: the process that asked data sets and methods {ended}"
    else:
        words = f"{sum(why is None for why in methods)} of {len(methods)} can run here"
        if methods and all(methods):
            problems.append("no method can run; below stands why")
    rows.append(("methods", words))
    for kind, whys in components.items():
        for reason in dict.fromkeys(filter(None, whys.values())):
            rows.append((kind, f"{', '.join(name for name in whys if whys[name] == reason)}: {reason}"))
    content = {"data_dir": str(data_dir) if data_dir else None, "found": found, "error": ended}
    return Section(content | components, rows, problems)
