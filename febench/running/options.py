"""The options of a run: the same for the command line, the library and the plan."""

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
    """Options of `febench run`, `febench plan` and `febench.run`.

    Attributes
    ----------
    methods : str
        Comma-separated names, `name[param=value]`, or sets: `all`, `classical`, `deep`, `extended`.
    dataset, protocol : str
        Selectors, such as `faces[subjects=5]` and `subject`.
    name : str
        The name of the data set in tables, and the folder of its results; by default the selector.
    data_dir : Path or None
        Where data sets live.
    preset : str
        `full`: every method is trained to the end; `quick`: a short training, and one run unless `runs` says more.
        `paper` is an older name of `full`.
    runs : int or None
        Number of runs, from the first on; all runs of the protocol by default.
    out : Path or None
        Results directory, by default `results/<name or data set>/<protocol>`. Stored cells are not computed again.
    device : str
        `auto`, `cpu` or `cuda`.
    deterministic : bool
        Whether a GPU must give the same predictions each time, to the bit.
    pack : int
        Folds that a GPU trains side by side, as far as its memory allows.
    jobs : int or None
        Cells computed at once; by default one for each core.
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
        `(3, 20)`: only every 20th cell of each row, from the third on, in a directory of its own below `out`.
    seed : int
        Base seed of folds and cells.
    retry_failed : bool
        Whether to compute failed cells again.

    Raises
    ------
    UsageError
        If a value is unknown or out of range.
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
        for option, value, choices in (
            ("preset", self.preset, PRESETS),
            ("device", self.device, DEVICES),
            ("executor", self.executor, EXECUTORS),
        ):
            if value not in choices:
                raise UsageError(f"there is no {option} {value!r}; choose {', '.join(choices)}", option=option)
        if self.name and (not self.name.isprintable() or not self.name.strip(". ")):
            raise UsageError(f"{self.name!r} cannot be the name of a data set", option="name")
        if self.name and self.name in DATASETS.names and self.name != self.dataset:
            raise UsageError(f"{self.name} is another data set's name", option="name")
        for option in ("runs", "jobs", "threads", "pack", "seed", "timeout"):
            kind, description = (Real, "a number of seconds") if option == "timeout" else (Integral, "a whole number")
            value = getattr(self, option)
            if value is not None and not isinstance(value, kind):
                raise UsageError(f"{option} must be {description}, not {value!r}", option=option)
        if isinstance(self.shard, str):
            raise UsageError(f"shard must be a pair such as (3, 20), not {self.shard!r}", option="shard")
        for option in ("jobs", "threads", "pack"):
            number = getattr(self, option)
            if number is not None and number < 1:
                raise UsageError(f"{option} must be at least 1, not {number}", option=option)
        if self.pack > LARGEST_PACK:
            raise UsageError(
                f"pack must be at most {LARGEST_PACK}, not {self.pack}: each training needs a stream of its own",
                option="pack",
            )
        if self.address is not None and self.executor != "ray":
            raise UsageError("an address is that of a Ray cluster: give executor ray too", option="executor")
        if self.shard is not None and not 1 <= self.shard[0] <= self.shard[1]:
            raise UsageError(f"there is no shard {self.shard[0]} of {self.shard[1]}", option="shard")
        if self.timeout is not None and not self.timeout > 0:
            raise UsageError(f"a time limit must be more than 0 seconds, not {self.timeout:g}", option="timeout")

    @property
    def path(self) -> Path:
        """Its results directory."""
        folders = (
            "".join(letter if letter.isalnum() or letter in "._-=,+" else "_" for letter in name)
            for name in (self.name or self.dataset, self.protocol)
        )
        path = self.out or RESULTS.joinpath(*folders)
        return path if self.shard is None else path / "{}-of-{}".format(*self.shard)

    @property
    def wanted_runs(self) -> int | None:
        """Number of wanted runs; None for all."""
        return 1 if self.runs is None and self.preset == "quick" else self.runs

    @cached_property
    def gpus(self) -> tuple[str, ...]:
        """Names of the GPUs that it may use."""
        if self.executor == "ray":  # Ray chooses the GPU
            return ("ray",) if self.device == "cuda" else ()
        return () if self.device == "cpu" else gpus()

    @property
    def workers(self) -> int:
        """Cells computed at once."""
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        return self.jobs or max(1, cores // self.threads)
