from __future__ import annotations

import atexit
import multiprocessing
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

Febench = Callable[..., subprocess.CompletedProcess[str]]
COMMAND = (sys.executable, "-c", "from febench.cli import main; main()")
PRELOADED = ("febench.cli.app", "febench.api", "febench.running.runner", "sklearn.pipeline", "sklearn.svm")
"""Modules that are imported once for all calls: half of a short command's seconds are their imports."""

if sys.platform == "linux":
    PROCESSES = multiprocessing.get_context("forkserver")
    PROCESSES.set_forkserver_preload(list(PRELOADED))


def run_main(args: tuple[str, ...], folder: Path, environment: dict[str, str], outputs: tuple[Path, Path]) -> None:
    """Run the command line in this process, a fresh fork of one that has only imported modules."""
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    for descriptor, name in enumerate(("stdin", "stdout", "stderr")):
        path, flags = (os.devnull, os.O_RDONLY) if descriptor == 0 else (outputs[descriptor - 1], os.O_WRONLY)
        os.dup2(os.open(path, flags), descriptor)
        setattr(sys, name, open(descriptor, "r" if descriptor == 0 else "w", encoding="utf-8", closefd=False))  # noqa: SIM115
    sys.argv = ["febench", *args]
    from febench.cli import main

    try:
        main()
    finally:
        atexit._run_exitfuncs()
        sys.stdout.flush()


def run_febench(folder: Path, *args: str, timeout: float = 120) -> subprocess.CompletedProcess[str]:
    """Run the command line in a folder and return its exit code, stdout and stderr."""
    environment = {**os.environ, "COLUMNS": "200"}
    if sys.platform != "linux":
        return subprocess.run(
            [*COMMAND, *args],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
    with tempfile.TemporaryDirectory() as output:
        outputs = Path(output, "stdout"), Path(output, "stderr")
        for path in outputs:
            path.touch()
        process = PROCESSES.Process(target=run_main, args=(args, folder, environment, outputs))
        process.start()
        process.join(timeout)
        if process.exitcode is None:
            process.kill()
            raise subprocess.TimeoutExpired(args, timeout)
        return subprocess.CompletedProcess(args, process.exitcode, *(path.read_text("utf-8") for path in outputs))


@pytest.fixture
def febench(tmp_path: Path, plugin: Path) -> Febench:
    """Return a function that runs the command line in the test's own directory, where `plugin.py` lies."""
    return partial(run_febench, tmp_path)
