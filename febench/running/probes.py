"""What can hang, crash or be broken, each asked in a process of its own: torch and its GPUs, methods, data folders.

Such a process answers in lines of JSON, each with something more, and says before each step what it is `at`: whatever
ends it, what it has said until then counts.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from febench.core.errors import FebenchError
from febench.core.registry import Component, Registry

C = TypeVar("C", bound=Component)


PATIENCE = 60.0  # seconds; a healthy GPU wakes within ten


@dataclass(frozen=True)
class Answer:
    """What a process said.

    Attributes
    ----------
    facts : dict
        What it said in lines of JSON, of each name the last.
    text : str
        All that it printed.
    ended : str or None
        How it ended and what it was at, where it did not come to its end.
    """

    facts: dict[str, Any] = field(default_factory=dict)
    text: str = ""
    ended: str | None = None


def command_of(*tells: Callable[..., None], args: Sequence[str] = ()) -> list[str]:
    """The command that calls some of this module's functions, one after the other, in a process of its own."""
    calls = "".join(f"; probes.{tell.__name__}(*sys.argv[1:])" for tell in tells)
    return [sys.executable, "-P", "-c", f"import sys; from febench.running import probes{calls}", *args]


def ask(commands: Mapping[str, Sequence[str]]) -> dict[str, Answer]:
    """Run commands side by side, each for no more than `PATIENCE`, and collect what they say; raises nothing of theirs.

    A process that does not end when it is killed, as one may that waits for a broken driver, is left behind.
    """
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(place or str(Path.cwd()) for place in sys.path)}
    until = time.monotonic() + PATIENCE
    with contextlib.ExitStack() as stack:
        started: dict[str, tuple[subprocess.Popen[bytes] | OSError, Any, Any]] = {}
        for name, command in commands.items():
            out, err = (stack.enter_context(tempfile.TemporaryFile()) for _ in range(2))
            process: subprocess.Popen[bytes] | OSError
            try:
                process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=err, env=environment)
            except OSError as error:
                process = error
            started[name] = process, out, err
        return {name: _answer(*one, until) for name, one in started.items()}


def _answer(process: subprocess.Popen[bytes] | OSError, out: Any, err: Any, until: float) -> Answer:
    if isinstance(process, OSError):
        return Answer(ended=f"could not be started: {process}")
    try:
        code = process.wait(max(0.0, until - time.monotonic()))
        ended = None if code == 0 else f"ended with exit code {code}"
        if code < 0:
            ended = f"crashed with signal {-code}"
            with contextlib.suppress(ValueError):
                ended = f"crashed with signal {signal.Signals(-code).name}"
    except subprocess.TimeoutExpired:
        process.kill()
        ended = f"did not answer within {PATIENCE:g} s"
    out.seek(0)
    err.seek(0)
    text, complaint = (file.read().decode("utf-8", "replace") for file in (out, err))
    facts: dict[str, Any] = {}
    for line in text.splitlines():
        with contextlib.suppress(ValueError):
            said = json.loads(line)
            facts.update(said if isinstance(said, dict) else {})
    at = facts.pop("at", None)
    if ended:
        last = complaint.strip().splitlines()[-1:]
        ended = ": ".join([f"{ended} at {at}" if at else ended, *last])
    return Answer(facts, text, ended)


def tell(**facts: Any) -> None:
    """Say something to whoever asks."""
    print(json.dumps(facts), flush=True)


def tell_of_torch() -> None:
    """What torch is and was built for, and what it can do with each GPU, which is tried by computing on it.

    Says `torch` and `torchvision` (a version; None where it is not installed), `broken` (why one cannot be imported),
    `cuda` and `hip` (what it was built for, or None), `vectors` (the vector instructions it uses on the processor),
    `weights` (torch hub's folder of them), `available`, `why_not` (torch's own word), and `devices`, each with
    its `name`, `memory` in bytes, `capability` and `error`.
    """
    for package in ("torch", "torchvision"):
        if importlib.util.find_spec(package) is None:
            tell(**{package: None})
            continue
        tell(at=f"import {package}")
        try:
            tell(**{package: str(importlib.import_module(package).__version__)})
        except Exception as error:
            tell(broken=f"{package} cannot be imported: {in_words(error)}")
            break
    if sys.modules.get("torch") is None:
        return
    import torch

    tell(cuda=torch.version.cuda, hip=getattr(torch.version, "hip", None))
    tell(vectors=torch.backends.cpu.get_cpu_capability(), weights=str(Path(torch.hub.get_dir()) / "checkpoints"))
    tell(at="torch.cuda.is_available()")
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        available = torch.cuda.is_available()
    if not available:
        words = [str(one.message) for one in warned]
        try:
            torch.cuda.init()  # type: ignore[no-untyped-call]
        except Exception as error:
            words = [str(error), *words]
        tell(available=False, why_not=" ".join(next(iter(words), "").split()))
        return
    tell(available=True)
    devices: list[dict[str, Any]] = []
    for place in range(torch.cuda.device_count()):
        tell(at=f"the first computation on GPU {place}")
        device: dict[str, Any] = {}
        try:
            properties = torch.cuda.get_device_properties(place)
            capability = f"{properties.major}.{properties.minor}"
            device.update(name=properties.name, memory=properties.total_memory, capability=capability)
            ones = torch.ones(16, 16, device=f"cuda:{place}")
            device["error"] = None if float((ones @ ones).sum()) == 16**3 else "it computes wrongly"
        except Exception as error:
            device["error"] = in_words(error)
        devices.append(device)
        tell(devices=devices)


def tell_of_components() -> None:
    """What is registered by entry points, and what of it cannot be loaded.

    Says `names` (of each kind, how many there are), `broken` (for a kind and name, why it cannot be loaded), and
    `missing` (for a method, what must be installed before it can run).
    """
    from febench.core.dataset import DATASETS
    from febench.core.method import METHODS
    from febench.core.protocol import PROTOCOLS

    broken: dict[str, str] = {}
    names: dict[str, int] = {}
    registries: dict[str, Registry[Any]] = {"data set": DATASETS, "protocol": PROTOCOLS, "method": METHODS}
    for kind, registry in registries.items():
        try:
            known = registry.names
        except FebenchError as error:
            broken[f"{kind}s"] = str(error)
            known = []
        for name in known:
            tell(at=f"loading the {kind} {name}")
            try:
                registry.get(name)
            except FebenchError as error:
                broken[f"{kind} {name}"] = str(error)
        names[kind] = len(known)
        tell(names=names, broken=broken)
    tell(missing={method.name: method.missing for method in _loadable(METHODS) if method.missing})


def tell_of_methods() -> None:
    """What methods that are installed say of themselves, which may load what they run on.

    Says `refused` (for a method, why it cannot run here with its defaults) and `precision` (what it computes in).
    """
    from febench.core.method import METHODS

    refused: dict[str, str] = {}
    precision: dict[str, str] = {}
    tell(refused=refused, precision=precision)
    for method in _loadable(METHODS):
        tell(at=f"asking the method {method.name}")
        try:
            if method.missing:
                continue
            if method.check and (word := method.check(method.params, "auto")):
                refused[method.name] = word
            elif method.precision:
                precision[method.name] = method.precision()
        except Exception as error:
            refused[method.name] = in_words(error)
        tell(refused=refused, precision=precision)


def tell_of_data(folder: str) -> None:
    """Which data sets are in a folder.

    Says `error` (where there is no such folder), `found` (the folder of each), `absent` (names) and `unreadable` (for a
    name, why not).
    """
    from febench.core.dataset import DATASETS

    if not Path(folder).is_dir():
        tell(error="there is no such folder")
        return
    found: dict[str, str] = {}
    unreadable: dict[str, str] = {}
    absent: list[str] = []
    for loader in _loadable(DATASETS):
        if loader.find is None:
            continue
        tell(at=f"looking for {loader.name}")
        try:
            home = loader.find(Path(folder))
            if home is None:
                absent.append(loader.name)
            else:
                found[loader.name] = str(home)
        except Exception as error:
            unreadable[loader.name] = in_words(error)
        tell(found=found, absent=absent, unreadable=unreadable)


def _loadable(registry: Registry[C]) -> Iterator[C]:
    """Every component that is not broken."""
    with contextlib.suppress(FebenchError):
        for name in registry.names:
            with contextlib.suppress(FebenchError):
                yield registry.get(name)


def in_words(error: BaseException) -> str:
    """An error in one line."""
    return f"{type(error).__name__}: {' '.join(str(error).split())}"
