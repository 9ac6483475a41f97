"""What can hang, crash or be broken, each asked in a process of its own: torch and its GPUs; plugins and a data folder.

Such a process answers in lines of JSON, each with something more, and says before each step what it is `at`: whatever
ends it, what it has said until then counts.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from febench.core.errors import FebenchError
from febench.core.registry import Registry

PROBE_TIMEOUT_S = 60.0  # seconds; a healthy GPU wakes within ten


def ask(tell: Callable[..., None], *args: str) -> dict[str, Any]:
    """Call a function of this module in a process of its own, for no more than `PROBE_TIMEOUT_S`.

    A process that does not end when it is killed, as one may that waits for a broken driver, is left behind.

    Returns
    -------
    dict
        What it said, of each name the last; and as `ended`, how it ended where it did not come to its end, or None.
    """
    call = f"import sys; from febench.running import probes; probes.{tell.__name__}(*sys.argv[1:])"
    path = os.pathsep.join(place or str(Path.cwd()) for place in sys.path)
    ended = None
    with tempfile.TemporaryFile() as file:
        process = subprocess.Popen(
            [sys.executable, "-P", "-c", call, *args],
            stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT, env={**os.environ, "PYTHONPATH": path},
        )  # fmt: skip
        try:
            code = process.wait(PROBE_TIMEOUT_S)
            if code:
                ended = f"crashed ({signal.strsignal(-code)})" if code < 0 else f"ended with exit code {code}"
        except subprocess.TimeoutExpired:
            process.kill()
            ended = f"did not answer within {PROBE_TIMEOUT_S:g} s"
        file.seek(0)
        lines = file.read().decode("utf-8", "replace").splitlines()
    facts: dict[str, Any] = {}
    last_words = ""
    for line in filter(str.strip, lines):
        try:
            facts.update(json.loads(line))
        except (TypeError, ValueError):  # a warning, a traceback
            last_words = f": {line.strip()}"
    at = f" at {facts.pop('at')}" if "at" in facts else ""
    return {**facts, "ended": ended and f"{ended}{at}{last_words}"}


def tell(**facts: Any) -> None:
    """Say something to whoever asks, on a line of its own whatever else was printed."""
    print(f"\n{json.dumps(facts)}", flush=True)


def tell_of_torch() -> None:
    """What torch is and was built for, and whether it can compute on each GPU, which is tried.

    Says `broken` (why torch or torchvision cannot be imported) or else `torch` and `torchvision` (versions), `cuda`
    (what it was built for, or None), `available`, `devices` (names), and `why_not` (torch's own words).
    """
    for package in ("torch", "torchvision"):
        tell(at=f"import {package}")
        if importlib.util.find_spec(package) is None:
            tell(broken=f"{package} is not installed (pip install 'febench[deep]')")
            return
        try:
            tell(**{package: str(importlib.import_module(package).__version__)})
        except Exception as error:
            tell(broken=f"{package} cannot be imported: {in_words(error)}")
            return
    import torch

    tell(cuda=torch.version.cuda, at="torch.cuda.is_available()")
    available = torch.cuda.is_available()
    devices: list[str] = []
    tell(available=available, devices=devices)
    try:
        if not available:
            torch.cuda.init()  # type: ignore[no-untyped-call]
        for place in range(torch.cuda.device_count()):
            about = torch.cuda.get_device_properties(place)
            devices.append(f"GPU {place}: {about.name} ({about.total_memory / 2**30:.0f} GiB)")
            tell(devices=devices, at=f"the first computation on GPU {place}")
            ones = torch.ones(16, 16, device=f"cuda:{place}")
            (ones @ ones).sum().item()
    except Exception as error:
        tell(why_not=in_words(error))


def tell_of_components(data_dir: str = "") -> None:
    """What is registered by entry points, what of it cannot be used, and which data sets are in a folder.

    Says `components` (of each kind and name, why it cannot be loaded or read or, of a method, run here with its
    defaults; else None), `clash` (why none of a kind can be, where two packages claim one name), `found` (the folder of
    each data set that is there), and `precision` (for methods that tell it, what they compute in).
    """
    from febench.core.dataset import DATASETS
    from febench.core.method import METHODS
    from febench.core.protocol import PROTOCOLS

    folder = Path(data_dir).absolute() if data_dir else None
    components: dict[str, dict[str, str | None]] = {}
    found: dict[str, str] = {}
    precision: dict[str, str] = {}
    registries: dict[str, Registry[Any]] = {"data set": DATASETS, "protocol": PROTOCOLS, "method": METHODS}
    for kind, registry in registries.items():
        try:
            names = registry.names
        except FebenchError as error:
            tell(clash=str(error))
            continue
        whys = components[kind] = {}
        for name in names:
            tell(at=f"the {kind} {name}", components=components, found=found, precision=precision)
            try:
                component = registry.get(name)
                whys[name] = component.missing
                if kind == "data set" and folder and component.find and (home := component.find(folder)):
                    found[name] = str(home)
                if kind == "method" and not whys[name] and component.check:
                    whys[name] = component.check(component.params, "auto")
                if kind == "method" and not whys[name] and component.precision:
                    precision[name] = component.precision()
            except FebenchError as error:
                whys[name] = str(error)
            except Exception as error:
                whys[name] = in_words(error)
    tell(components=components, found=found, precision=precision)


def in_words(error: BaseException) -> str:
    """An error in one line."""
    return f"{type(error).__name__}: {' '.join(str(error).split())}"
