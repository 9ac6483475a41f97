"""`febench doctor`: what febench finds on this machine, first of all whether a GPU will be used and if not, why not.

Nothing is imported here that needs a package that may be broken.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Mapping
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Any

from febench.core import __version__
from febench.core.environment import PACKAGES, environment
from febench.core.errors import UsageError, printable
from febench.running import probes
from febench.running.options import RESULTS, RunOptions
from febench.running.probes import Answer, in_words

DRIVER = Path("/proc/driver/nvidia/version")
CGROUPS, OWN_CGROUPS = Path("/sys/fs/cgroup"), Path("/proc/self/cgroup")
NEEDED_DRIVERS = {11: 450, 12: 525, 13: 580}
"""For a major version of CUDA the least driver: docs.nvidia.com/deploy/cuda-compatibility, minor versions."""

SMI = ("nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader")
KINDS = ("data sets", "protocols", "methods")
SHOWN = 5  # components that cannot be loaded
EXTRAS = {"deep": "the deep methods", "mealpy": "the searches mealpy:NAME"}
"""What an extra is for."""


def show_doctor(data_dir: Path | None, as_json: bool) -> int:
    """Print what febench finds on this machine; returns the exit code.

    It is 0 where `febench run` can start, with or without a GPU, torch or data. It is 2, as of anything that cannot be
    used as it was given, where it cannot: the cache or results folder cannot be written, a package that febench
    requires is absent or febench itself is not installed, two packages claim one name, or no method can run.
    """
    document = examine(data_dir)
    print(json.dumps(document, indent=1) if as_json else "\n".join(map(printable, describe(document))))
    return UsageError.exit_code if document["problems"] else 0


def examine(data_dir: Path | None) -> dict[str, Any]:
    """Everything there is to tell; what cannot be found out has an `error` in its place. Raises nothing."""
    commands = {
        "torch": probes.command_of(probes.tell_of_torch, probes.tell_of_methods),
        "components": probes.command_of(probes.tell_of_components),
    }
    if shutil.which(SMI[0]):
        commands["driver"] = list(SMI)
    if data_dir is not None:
        commands["data"] = probes.command_of(probes.tell_of_data, args=[str(data_dir.absolute())])
    try:
        answers = probes.ask(commands)
    except Exception as error:  # no process, no temporary file
        answers = dict.fromkeys(commands, Answer(ended=f"could not be started: {in_words(error)}"))
    document: dict[str, Any] = {
        "versions": _attempt(look_at_versions),
        "gpu": _attempt(lambda: look_at_gpus(answers["torch"], answers.get("driver"))),
        "processor": _attempt(lambda: _processor(answers["torch"])),
        "cache": _attempt(_cache),
        "results": _attempt(lambda: _place(RESULTS)),
        "weights": _attempt(lambda: _weights(answers["torch"])),
        "data": _attempt(lambda: _data(data_dir, answers.get("data"))),
        "methods": _attempt(lambda: look_at_methods(answers["components"], answers["torch"])),
    }
    return {"febench": __version__, "problems": problems_of(document), **document}


def problems_of(document: Mapping[str, Any]) -> list[str]:
    """Why no run can start, in a sentence each."""
    problems = []
    lacking = document["versions"].get("lacking", [])
    if lacking is None:
        problems.append("it is not installed as a package, so that its methods are not found; install it with pip")
    elif lacking:
        problems.append(f"it needs packages that are not installed: pip install {' '.join(lacking)}")
    for name, way in (("cache", "FEBENCH_CACHE"), ("results", "--out")):
        place = document[name]
        if place["error"] and "path" in place:
            problems.append(
                f"the {name} folder {place['path']} cannot be written ({place['error']}): choose another with {way}"
            )
        elif place["error"]:
            problems.append(f"the {name} folder cannot be told: {place['error']}")
    methods = document["methods"]
    claimed_twice = [methods["broken"][kind] for kind in KINDS if kind in methods.get("broken", {})]
    if claimed_twice:
        problems += claimed_twice
    elif methods.get("runnable") == 0 and lacking is not None:
        problems.append("no method can run; below stands why")
    return problems


def look_at_versions() -> dict[str, Any]:
    """Versions of Python, the platform and packages; required packages that are absent; extras, with what they lack.

    `lacking` is None where febench itself is not installed.
    """
    try:
        required = requires("febench") or []
    except PackageNotFoundError:
        required = None
    lacking: list[str] = []
    extras: dict[str, dict[str, Any]] = {}
    for requirement in required or ():
        package = re.split(r"[^\w.-]", requirement, maxsplit=1)[0]
        extra = re.search(r"extra == ['\"]([\w-]+)['\"]", requirement)
        before = re.search(r"python_version < ['\"](\d+)\.(\d+)['\"]", requirement)
        if extra is None:
            lacking += [package] if _version(package) is None else []
        elif extra[1] != "all":
            told = extras.setdefault(extra[1], {"lacks": [], "needs_python_before": None})
            told["lacks"] += [package] if _version(package) is None else []
            if before and sys.version_info >= (int(before[1]), int(before[2])):
                told["needs_python_before"] = f"{before[1]}.{before[2]}"
    about = environment()
    return {
        "python": about["python"],
        "platform": about["platform"],
        "packages": {name: _version(name) for name in PACKAGES if name != "febench"},
        "lacking": None if required is None else lacking,
        "extras": extras,
    }


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def look_at_gpus(torch: Answer, smi: Answer | None) -> dict[str, Any]:
    """The driver, the GPUs that febench counts and torch finds, and what follows: `use` and `verdict`."""
    from febench.running.executors.local import gpu_files, gpus

    text = smi.text if smi else ""
    with contextlib.suppress(OSError):
        text = DRIVER.read_text(encoding="utf-8", errors="replace")
    driver = re.search(r"\b\d{3}\.\d+(?:\.\d+)?\b", text)
    gpu: dict[str, Any] = {
        "driver": driver[0] if driver else None,
        "nvidia_smi": f"{smi.ended}: {' '.join(smi.text.split())}" if smi and smi.ended else None,
        "files": gpu_files(),
        "visible": os.environ.get("CUDA_VISIBLE_DEVICES"),
        "counted": list(gpus()),
        "torch": {"torch": None, "torchvision": None, "cuda": None, **torch.facts},
        "error": None if "refused" in torch.facts else torch.ended,  # it was through with torch, and asked methods
    }
    for name in ("precision", "refused", "vectors", "weights"):
        gpu["torch"].pop(name, None)  # told elsewhere, or of no use to a reader
    use, verdict = judge(gpu)
    return {"use": use, "verdict": verdict, **gpu}


def judge(gpu: Mapping[str, Any]) -> tuple[str, str]:
    """Whether deep methods will use a GPU in `febench run`, and why not, in a sentence.

    Parameters
    ----------
    gpu : mapping
        `driver` (its version or None), `files` (how many GPUs have a file), `visible` (CUDA_VISIBLE_DEVICES or None),
        `counted` (names of the GPUs that a run would use), `torch` (what `tell_of_torch` says), and `error` (how it
        ended where it did not come to its end).

    Returns
    -------
    use : str
        `gpu`, `processor`, `fails` (a GPU is counted, so that cells go to it, but it cannot be used) or `nothing`.
    verdict : str
        The sentence.
    """
    torch, counted, visible, files = gpu["torch"], gpu["counted"], gpu["visible"], gpu["files"]
    absent = [package for package in ("torch", "torchvision") if torch.get(package) is None]
    if torch.get("broken"):
        return "nothing", f"Deep methods cannot run: {torch['broken']}"
    if gpu["error"]:
        return "fails", f"Deep methods may fail or hang here: the process that asked torch {gpu['error']}"
    if absent:
        return "nothing", f"Deep methods cannot run: {' and '.join(absent)} not installed (pip install 'febench[deep]')"

    n_counted = _counted(len(counted), "GPU")
    fails = f"Deep methods will fail here (with --device cpu they train on the processor): febench counts {n_counted}"
    if visible is not None:
        fails += f" (CUDA_VISIBLE_DEVICES={visible})"
    if torch.get("available"):
        devices = torch.get("devices", [])
        wrong = [
            f"GPU {place} ({one.get('name')}): {one['error']}" for place, one in enumerate(devices) if one["error"]
        ]
        names = ", ".join(f"{one['name']} ({one['memory'] / 2**30:.0f} GiB)" for one in devices if not one["error"])
        if wrong and names:
            return "fails", f"Deep methods will fail on some GPUs, which torch cannot compute on: {'; '.join(wrong)}"
        if wrong:
            return "fails", f"{fails}, but torch cannot compute on any: {'; '.join(wrong)}"
        if len(devices) < len(counted):
            return "fails", f"{fails}, but torch finds {len(devices)}: {names}"
        if not counted:
            return "gpu", f"Deep methods will train on {names}, shared by all workers, as febench sees no file of a GPU"
        return "gpu", f"Deep methods will train on {n_counted}: {names}"

    built = f"torch {torch['torch']}"
    without = torch["cuda"] is None and torch.get("hip") is None
    needed, driver = NEEDED_DRIVERS.get(_major(torch["cuda"]), 0), gpu["driver"]
    if not counted:
        because = "this machine shows no NVIDIA GPU (no file such as /dev/nvidia0)"
        if files:
            because = f"CUDA_VISIBLE_DEVICES={visible!r} hides the {_counted(files, 'GPU')} of this machine"
        elif driver:
            because += f", though a driver is there ({driver}): was this container given the GPU?"
        if without:
            because += f"; and {built} is built without CUDA"
        return "processor", f"Deep methods will train on the processor: {because}"
    if without:
        return "fails", f"{fails}, but {built} is built without CUDA: install a torch that is built for it"
    if not files:
        return "fails", f"{fails}, but this machine shows none (no file such as /dev/nvidia0)"
    if driver and _major(driver) < needed:
        return "fails", (
            f"{fails}, but its driver {driver} is too old for {built}, built for CUDA {torch['cuda']}, which needs "
            f"driver {needed} or newer: update the driver, or install a torch built for an older CUDA"
        )
    return "fails", f"{fails}, but torch cannot use it: {torch.get('why_not') or 'it does not say why'}"


def _processor(torch: Answer) -> dict[str, Any]:
    """The processor, how much of it may be used, what torch computes in on it, and the workers of a run."""
    options = RunOptions()
    precisions = sorted(set(torch.facts.get("precision", {}).values()))
    return {
        "name": environment()["processor"],
        "cores": os.cpu_count(),
        "usable": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "quota": quota_of_cores(),
        "vectors": torch.facts.get("vectors"),
        "precision": precisions,
        "workers": options.workers,
        "threads": options.threads,
    }


def quota_of_cores() -> float | None:
    """The processor time that Linux's control groups allow, in cores; None for all."""
    quotas = []
    for line in OWN_CGROUPS.read_text(encoding="utf-8").splitlines() if OWN_CGROUPS.exists() else ():
        _, controllers, own = line.split(":", 2)
        if controllers and "cpu" not in controllers.split(","):
            continue
        group = CGROUPS / ("cpu" if controllers else "") / own.lstrip("/")
        for folder in (group, *group.parents):
            if not folder.is_relative_to(CGROUPS):
                break
            if (folder / "cpu.max").exists():
                most, period = (folder / "cpu.max").read_text().split()
            elif (folder / "cpu.cfs_quota_us").exists():
                most, period = (folder / "cpu.cfs_quota_us").read_text(), (folder / "cpu.cfs_period_us").read_text()
            else:
                continue
            if most.strip() not in ("max", "-1"):
                quotas.append(int(most) / int(period))
    return min(quotas, default=None)


def _cache() -> dict[str, Any]:
    from febench.core.cache import cache_dir

    n_bytes = 0
    for folder, _, names in os.walk(cache_dir()):
        for name in names:
            with contextlib.suppress(OSError):  # a run may just have removed it
                n_bytes += (Path(folder) / name).lstat().st_size
    return {**_place(cache_dir()), "bytes": n_bytes}


def _place(path: Path) -> dict[str, Any]:
    """A folder that need not be there yet: its free space, and why nothing can be written to it, tried by writing."""
    path = path.absolute()
    place: dict[str, Any] = {"path": str(path), "free": None, "error": None}
    try:
        nearest = next(folder for folder in (path, *path.parents) if folder.exists())
        place["free"] = shutil.disk_usage(nearest).free
        with tempfile.TemporaryFile(dir=nearest) as file:
            file.write(b"febench")
            file.flush()
    except OSError as error:
        place["error"] = error.strerror or str(error)
    return place


def look_at_methods(components: Answer, torch: Answer) -> dict[str, Any]:
    """How many components of each kind there are; what cannot be loaded, and which methods cannot run, with why."""
    facts = {"names": {}, "broken": {}, "missing": {}, **components.facts, "refused": torch.facts.get("refused", {})}
    idle = {*facts["missing"], *facts["refused"], *(name for name in facts["broken"] if name.startswith("method "))}
    return {
        "runnable": facts["names"]["method"] - len(idle) if "method" in facts["names"] else None,
        **facts,
        "error": components.ended or (torch.ended if "refused" in torch.facts else None),
    }


def _weights(torch: Answer) -> dict[str, Any]:
    """Torch hub's folder, and the files of weights in it."""
    folder = torch.facts.get("weights")
    files = sorted(path.name for path in Path(folder).glob("*.pth")) if folder else []
    return {"path": folder, "files": files, "error": None}


def _data(folder: Path | None, answer: Answer | None) -> dict[str, Any]:
    """The data folder, and which sets are in it."""
    nothing: dict[str, Any] = {"found": {}, "absent": [], "unreadable": {}, "error": None}
    if folder is None or answer is None:
        return {"path": None, **nothing}
    return {"path": str(folder), **nothing, "error": answer.ended, **answer.facts}


def describe(document: Mapping[str, Any]) -> list[str]:
    """What `examine` found, as lines to read."""
    lines = [f"febench cannot run here: {problem}." for problem in document["problems"]]
    rows: list[tuple[str, str]] = []
    notes: list[str] = []

    def versions(about: Mapping[str, Any]) -> None:
        rows.append(("febench", f"{document['febench']}, Python {about['python']}, {about['platform']}"))
        said = document["gpu"].get("torch", {})  # knows more of torch's version than its metadata
        packages = {name: said.get(name) or number for name, number in about["packages"].items()}
        rows.append(("packages", ", ".join(f"{name} {number or 'not installed'}" for name, number in packages.items())))

    def gpu(about: Mapping[str, Any]) -> None:
        lines.append(f"{about['verdict']}.")
        counted, visible = about["counted"], about["visible"]
        words = [
            f"{len(counted)} counted ({', '.join(counted)})" if counted else "none counted",
            f"driver {about['driver']}" if about["driver"] else "no driver found",
            "CUDA_VISIBLE_DEVICES not set" if visible is None else f"CUDA_VISIBLE_DEVICES={visible}",
        ]
        rows.append(("GPU", "; ".join(words)))
        if about["nvidia_smi"]:
            rows.append(("", f"nvidia-smi {about['nvidia_smi']}"))
        torch = about["torch"]
        if torch["torch"]:
            needed = NEEDED_DRIVERS.get(_major(torch["cuda"]))
            built = f"CUDA {torch['cuda']}" + (f" (driver {needed} or newer)" if needed else "")
            built = f"ROCm {torch['hip']}" if torch.get("hip") else built if torch["cuda"] else "the processor alone"
            can = {True: "yes", False: "no"}.get(torch.get("available"), "no answer")
            rows.append(("torch", f"built for {built}; can use CUDA here: {can}"))

    def processor(about: Mapping[str, Any]) -> None:
        quota = f", a quota of {about['quota']:g}" if about["quota"] else ""
        rows.append(("processor", f"{about['name']}; {about['usable']} of {about['cores']} cores usable{quota}"))
        if about["vectors"]:
            trained = [f"networks train in {precision}" for precision in about["precision"]]
            rows.append(("", "; ".join([f"torch uses {about['vectors']}", *trained])))
        rows.append(("a run", f"{_counted(about['workers'], 'worker')} of {_counted(about['threads'], 'thread')} each"))
        if about["quota"] and about["quota"] < about["workers"]:
            suits = max(1, int(about["quota"]))
            notes.append(f"a run starts more workers than its quota of cores can feed: --jobs {suits} suits it")

    def cache(about: Mapping[str, Any]) -> None:
        rows.append(("cache", f"{about['path']}: holds {_size(about['bytes'])}, {_free(about)}"))

    def results(about: Mapping[str, Any]) -> None:
        rows.append(("results", f"{about['path']}: {_free(about)}"))

    def weights(about: Mapping[str, Any]) -> None:
        if about["path"]:
            rows.append(("weights", f"{about['path']}: {', '.join(about['files']) or 'none yet'}"))

    def data(about: Mapping[str, Any]) -> None:
        if about["path"] is None:
            rows.append(("data", "the drawn faces alone: no folder is named (FEBENCH_DATA or --data-dir)"))
            return
        found, absent = about["found"], about["absent"]
        counts = f"{_counted(len(found), 'data set')} found, {len(absent)} not"
        rows.append(("data", f"{about['path']}: {about['error'] or counts}"))
        rows.extend(("", f"{name}: {folder}") for name, folder in found.items())
        notes.extend(f"data set {name}: {why}" for name, why in about["unreadable"].items())

    def methods(about: Mapping[str, Any]) -> None:
        if about["runnable"] is None:
            rows.append(("methods", "cannot be told"))
        else:
            rows.append(("methods", f"{about['runnable']} of {about['names']['method']} can run here"))
        idle = {**about["missing"], **about["refused"]}
        for why in dict.fromkeys(idle.values()):
            notes.append(f"{', '.join(name for name in idle if idle[name] == why)}: {why}")
        broken = list(about["broken"].values())
        notes.extend(broken[:SHOWN])
        if len(broken) > SHOWN:
            notes.append(f"and {len(broken) - SHOWN} more that could not be loaded (--json has all)")
        if about["error"]:
            notes.append(f"methods: the process that asked them {about['error']}")

    for words in (versions, gpu, processor, cache, results, weights, data, methods):
        name = words.__name__
        if set(document[name]) == {"error"}:
            rows.append((name, f"cannot be told: {document[name]['error']}"))
            if name == "gpu":
                lines.append(f"Whether a GPU will be used cannot be told: {document[name]['error']}.")
        else:
            words(document[name])
    for extra, about in document["versions"].get("extras", {}).items():
        if about["lacks"] and extra in EXTRAS and not any(f"febench[{extra}]" in note for note in notes):
            before = about["needs_python_before"]
            way = f"needs Python before {before}" if before else f"pip install 'febench[{extra}]'"
            notes.append(f"{EXTRAS[extra]}: needs {', '.join(about['lacks'])}: {way}")
    width = max(len(label) for label, _ in rows)
    return [*lines, "", *(f"{label:{width}}  {text}" for label, text in rows), *(f"  * {note}" for note in notes)]


def _attempt(probe: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What a probe finds, or its error in the place of that."""
    try:
        return probe()
    except Exception as error:
        return {"error": in_words(error)}


def _major(number: str | None) -> int:
    """The part of a version before its first point; 0 of none."""
    return int((number or "0").partition(".")[0])


def _counted(n: int, noun: str) -> str:
    return f"{n} {noun}{'s' * (n != 1)}"


def _free(place: Mapping[str, Any]) -> str:
    return f"cannot be written ({place['error']})" if place["error"] else f"{_size(place['free'])} free"


def _size(n_bytes: float) -> str:
    return f"{n_bytes / 1e9:.1f} GB" if n_bytes >= 1e8 else f"{n_bytes / 1e6:.1f} MB"
