"""What can be asked of a run: the same for the command line, the library and the plan."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from numbers import Integral, Real
from pathlib import Path
from typing import Any

from febench.core.dataset import DATASETS
from febench.core.errors import UsageError
from febench.core.method import LARGEST_PACK
from febench.running.executors.local import gpus

RESULTS = Path("results")
PRESETS = ("full", "quick")
DEVICES = ("auto", "cpu", "cuda")
EXECUTORS = ("local", "ray")


@dataclass(frozen=True)
class RunOptions:
    """What is asked of `febench run`, `febench plan` and `febench.run`.

    Attributes
    ----------
    methods : str
        Comma-separated names, `name[param=value]`, or sets: `all`, `classical`, `deep`, `extended`.
    dataset, protocol : str
        Selectors, such as `faces[subjects=5]` and `subject`.
    name : str
        What tables call the data set, and the folder of its results; by default the selector.
    data_dir : Path or None
        Where data sets live.
    preset : str
        `full`: every method is trained to the end; `quick`: a short training, and one run unless `runs` says more.
        `paper` is an older name of `full`.
    runs : int or None
        Only the first so many runs; all of the protocol by default.
    out : Path or None
        Results directory; `results/<name or data set>/<protocol>` by default. What it holds is not computed again.
    device : str
        `auto`, `cpu` or `cuda`.
    deterministic : bool
        Whether a GPU must give the same bits each time.
    pack : int
        Folds that are handed to a GPU at once and trained there side by side, as far as its memory allows.
    jobs : int or None
        Cells computed at once; a core each by default.
    threads : int
        Threads of each cell.
    timeout : float or None
        Seconds a cell may take. A cell that was stopped at a shorter limit is computed again.
    settings : mapping
        For a method's name, its parameters.
    executor : str
        `local`: worker processes here; `ray`: a Ray cluster's, where `device` `cuda` asks for a GPU a cell.
    address : str or None
        Of the Ray cluster, such as `auto`; one of this machine alone by default.
    shard : pair of int or None
        `(3, 20)`: of the cells of each row only every 20th, beginning with the third, in a directory of their own below
        `out`; what is stored elsewhere changes nothing of it.
    seed : int
        Base seed of folds and cells.
    retry_failed : bool
        Whether to compute failed cells again.

    Raises
    ------
    UsageError
        If a value is none that there is.
    """

    methods: str = "all"
    dataset: str = "faces700"
    name: str = ""
    protocol: str = "paper"
    data_dir: Path | None = None
    preset: str = "full"
    runs: int | None = None
    out: Path | None = None
    device: str = "auto"
    deterministic: bool = False
    pack: int = 10
    jobs: int | None = None
    threads: int = 1
    timeout: float | None = 1800.0
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    executor: str = "local"
    address: str | None = None
    shard: tuple[int, int] | None = None
    seed: int = 0
    retry_failed: bool = False

    def __post_init__(self) -> None:
        if self.preset == "paper":
            object.__setattr__(self, "preset", "full")
        for what, given, known in (
            ("preset", self.preset, PRESETS),
            ("device", self.device, DEVICES),
            ("executor", self.executor, EXECUTORS),
        ):
            if given not in known:
                raise UsageError(f"there is no {what} {given!r}; choose {', '.join(known)}", option=what)
        if self.name and (not self.name.isprintable() or not self.name.strip(". ")):
            raise UsageError(f"{self.name!r} cannot be the name of a data set", option="name")
        if self.name and self.name in DATASETS.names and self.name != self.dataset:
            raise UsageError(f"{self.name} is another data set's name", option="name")
        for option in ("runs", "jobs", "threads", "pack", "seed", "timeout"):
            kind, what = (Real, "a number of seconds") if option == "timeout" else (Integral, "a whole number")
            given = getattr(self, option)
            if given is not None and not isinstance(given, kind):
                raise UsageError(f"{option} must be {what}, not {given!r}", option=option)
        if isinstance(self.shard, str):
            raise UsageError(f"shard must be a pair such as (3, 20), not {self.shard!r}", option="shard")
        for option in ("jobs", "threads", "pack"):
            number = getattr(self, option)
            if number is not None and number < 1:
                raise UsageError(f"{option} must be at least 1, not {number}", option=option)
        if self.pack > LARGEST_PACK:
            why = "each training needs a stream of its own"
            raise UsageError(f"pack must be at most {LARGEST_PACK}, not {self.pack}: {why}", option="pack")
        if self.address is not None and self.executor != "ray":
            raise UsageError("an address is that of a Ray cluster: it takes executor ray too", option="executor")
        if self.shard is not None and not 1 <= self.shard[0] <= self.shard[1]:
            raise UsageError(f"there is no shard {self.shard[0]} of {self.shard[1]}", option="shard")
        if self.timeout is not None and not self.timeout > 0:
            raise UsageError(f"a time limit is more than 0 seconds, not {self.timeout:g}", option="timeout")

    @property
    def path(self) -> Path:
        """Where its results are."""
        plain = (
            "".join(c if c.isalnum() or c in "._-=,+" else "_" for c in s)
            for s in (self.name or self.dataset, self.protocol)
        )
        whole = self.out or RESULTS.joinpath(*plain)
        return whole if self.shard is None else whole / "{}-of-{}".format(*self.shard)

    @property
    def wanted_runs(self) -> int | None:
        """How many runs are wanted; None for all."""
        return 1 if self.runs is None and self.preset == "quick" else self.runs

    @cached_property
    def gpus(self) -> tuple[str, ...]:
        """The GPUs that it may use, counted once."""
        if self.executor == "ray":  # which GPU is for Ray to say
            return ("ray",) if self.device == "cuda" else ()
        return () if self.device == "cpu" else gpus()

    @property
    def workers(self) -> int:
        """Cells computed at once."""
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        return self.jobs or max(1, cores // self.threads)
