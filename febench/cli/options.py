"""Options of the command line, each defined once for all verbs that take it."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable, Iterable
from functools import wraps
from pathlib import Path
from typing import Annotated, Any

import typer

from febench.core.errors import UsageError, printable
from febench.core.registry import load_plugin
from febench.core.selectors import split_selectors, with_params
from febench.running.options import RunOptions

DatasetName = Annotated[str, typer.Option("--dataset", help="Data set; see febench datasets.")]
DataDir = Annotated[Path | None, typer.Option(envvar="FEBENCH_DATA", help="Where data sets live.")]
Align = Annotated[
    bool,
    typer.Option("--align", help="Turn, scale and cut each image so that the eyes lie level at fixed points."),
]
ClassNames = Annotated[
    str | None,
    typer.Option(metavar="A,B,C", help="Of data sets folder and parquet: what numbered classes mean, in their order."),
]
SubjectPattern = Annotated[
    str | None,
    typer.Option(metavar="REGEX", help="Of data set folder: its one group is the person, in a path as happy/a_1.png."),
]
Plugins = Annotated[list[Path] | None, typer.Option("--plugin", help="Python file with methods of your own.")]
Seed = Annotated[int, typer.Option(help="Base seed of folds and cells.")]
Json = Annotated[bool, typer.Option("--json", help="Write JSON.")]


def last_results() -> list[Path]:
    """Return the results that were written last below `results`, where no directory is named.

    These are all protocols of the data set whose cells are newest; committed reference results do not count.

    Raises
    ------
    UsageError
        If there are none.
    """
    from febench.results.store import CELLS, find_directories, is_store

    below = Path("results")
    stores = [path for path in find_directories([below]) if is_store(path) and path.parts[:2] != _REFERENCE]
    if not stores:
        raise UsageError(f"there are no results in {below}: name a results directory", option="results")
    newest = max(stores, key=lambda path: (path / CELLS).stat().st_mtime if (path / CELLS).exists() else 0.0)
    folder = newest.parent if newest.parent != below else newest
    print(f"febench: reading {printable(str(folder))}, which was written last", file=sys.stderr)
    return [folder]


_REFERENCE = ("results", "reference")
DirectoriesToJoin = Annotated[
    list[Path], typer.Argument(metavar="DIR", help="Results directories, or a folder of them.")
]
Directories = Annotated[
    list[Path],
    typer.Argument(
        metavar="DIR",
        help="Results directories, or a folder of them.",
        show_default="what the last run wrote below results",
        default_factory=last_results,
    ),
]
Version = Annotated[
    str | None,
    typer.Option(help="Show what has this version, a hash by its first six letters.", show_default="asked for last"),
]
OnlyMethod = Annotated[str | None, typer.Option(help="Only this method.", show_default="all")]
Format = Annotated[str, typer.Option("--format", help="text, md, latex, csv, html or json.")]
Notes = Annotated[str, typer.Option(help="short: what changes how a number is read; all.")]
MetricName = Annotated[
    str | None,
    typer.Option(help="oa, uar, macro-f1, weighted-f1, auc, log-loss or ece.", show_default="oa, overall accuracy"),
]
WithoutTwins = Annotated[
    bool,
    typer.Option(
        "--without-twins", help="Score only test images that have no identical or nearly identical one in training."
    ),
]
Rope = Annotated[
    float | None, typer.Option(help="A difference up to which methods count as equivalent.", show_default="a point")
]
Paper = Annotated[
    bool,
    typer.Option("--paper", help="The papers' numbers beside results of other images or folds too, for what they are."),
]

Unasked = Annotated[list[str] | None, typer.Argument(hidden=True)]
"""Arguments after a verb that takes only options; they are refused with a hint."""

RUN_OPTIONS: dict[str, Any] = {
    "methods": Annotated[
        str,
        typer.Option(
            help="Names and sets, comma-separated: all (the five of the papers' tables), classical, deep, extended."
        ),
    ],
    "dataset": DatasetName,
    "name": Annotated[
        str,
        typer.Option(help="What tables call the data set, and the folder of its results.", show_default="--dataset"),
    ],
    "protocol": Annotated[str, typer.Option("--protocol", help="Protocol, or several: paper,subject.")],
    "data_dir": DataDir,
    "align": Align,
    "class_names": ClassNames,
    "subject_pattern": SubjectPattern,
    "runs": Annotated[int | None, typer.Option(help="Only the first N runs.", show_default="all of the protocol")],
    "out": Annotated[
        Path | None, typer.Option(help="Results directory.", show_default="results/<data set>/<protocol>")
    ],
    "preset": Annotated[str, typer.Option(help="full: trained to the end; quick: one run, short training.")],
    "device": Annotated[str, typer.Option(help="auto, cpu or cuda.")],
    "deterministic": Annotated[
        bool, typer.Option("--deterministic", help="On a GPU: the same bits each time, slower.")
    ],
    "pack": Annotated[int, typer.Option(help="Folds that train side by side on a GPU, as far as they fit.")],
    "jobs": Annotated[int | None, typer.Option(help="Cells at once.", show_default="one a core")],
    "threads": Annotated[int, typer.Option(help="Threads of each cell.")],
    "timeout": Annotated[str, typer.Option(help="Limit of each cell, hard: 90s, 30m, 2h.")],
    "settings": Annotated[
        list[str] | None, typer.Option("--set", metavar="METHOD.PARAM=VALUE", help="Set a parameter.")
    ],
    "executor": Annotated[str, typer.Option(help="local or ray.")],
    "address": Annotated[
        str | None, typer.Option(help="Of the Ray cluster, such as auto.", show_default="one of this machine alone")
    ],
    "shard": Annotated[
        str | None,
        typer.Option(metavar="I/N", help="Only every Nth cell, from the Ith on, in a directory of its own; see merge."),
    ],
    "plugin": Plugins,
    "seed": Seed,
    "retry_failed": Annotated[bool, typer.Option("--retry-failed", help="Compute failed cells again.")],
}
"""For each attribute of `RunOptions`, and some words on the data set and plugins, how it is written."""

OF_THE_DATASET: dict[str, Any] = {"align": False, "class_names": None, "subject_pattern": None}
"""Options that become parameters of the data set where they are given, and what they are where they are not."""

AS_TYPED = {"timeout": "30m", "settings": None, "shard": None, "plugin": None} | OF_THE_DATASET
"""Defaults of those that are typed otherwise than `RunOptions` holds them."""

HINTS = {
    "against": "febench verify DIR --against DIR says where they differ",
    "cache": "make room there, or set FEBENCH_CACHE to another folder; the same command goes on",
    "class_names": "say it with --class-names, such as --class-names angry,happy,sad",
    "data_dir": "say it with --data-dir or FEBENCH_DATA",
    "address": "start one with ray start, or name another with --address",
    "device": "--device",
    "executor": "--executor",
    "folds": "the febench run that made these results draws the folds again and holds them against the stored cells",
    "jobs": "--jobs",
    "metric": "--metric",
    "notes": "--notes",
    "name": "give each data set a --name of its own, or choose another directory with --out",
    "out": "choose another with --out",
    "output": "choose another place with -o",
    "pack": "--pack",
    "paper": "--paper",
    "preset": "--preset",
    "results": "make some: febench run --out DIR",
    "runs": "--runs",
    "seed": "--seed",
    "shard": "a --shard is I/N with I from 1 to N, such as 3/20",
    "threads": "--threads",
    "timeout": "a --timeout is a time such as 90s, 30m or 2h",
}
"""For the option that an error names, how it is written or what to type."""


def takes_run_options(*without: str, **defaults: Any) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a verb the options of a run; it is called with `asked`, a `RunOptions` for each protocol.

    Parameters
    ----------
    *without : str
        Options that the verb does not take.
    **defaults
        Defaults that differ from those of `RunOptions`.
    """
    names = [name for name in RUN_OPTIONS if name not in without]
    usual = {name: field.default for name, field in RunOptions.__dataclass_fields__.items()}

    def decorate(verb: Callable[..., None]) -> Callable[..., None]:
        @wraps(verb)
        def call(**given: Any) -> None:
            typed = {name: given.pop(name) for name in names}
            verb(asked=read_options(typed), **given)

        own = [p for p in inspect.signature(verb, eval_str=True).parameters.values() if p.name != "asked"]
        shared = [
            inspect.Parameter(
                name, inspect.Parameter.KEYWORD_ONLY, annotation=RUN_OPTIONS[name],
                default={**usual, **AS_TYPED, **defaults}[name],
            )
            for name in names
        ]  # fmt: skip
        first = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in own if p.name != "json"]
        last = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in own if p.name == "json"]
        parameters = [*first, *shared, *last]
        call.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        call.__annotations__ = {p.name: p.annotation for p in parameters}
        return call

    return decorate


def read_options(typed: dict[str, Any]) -> list[RunOptions]:
    """One `RunOptions` a protocol; of several protocols, each has its own directory below `--out`."""
    load_plugins(typed.pop("plugin", None))
    of_dataset = {name: typed.pop(name) for name in OF_THE_DATASET if name in typed}
    typed["dataset"] = dataset_selector(typed["dataset"], **of_dataset)
    if "timeout" in typed:
        typed["timeout"] = _seconds(typed["timeout"])
    if typed.get("shard") is not None:
        typed["shard"] = _shard(typed["shard"])
    typed["settings"] = _settings(typed.get("settings"))
    out, protocols = typed.pop("out", None), split_selectors(typed.pop("protocol", "official"))
    if not protocols:
        raise UsageError("no protocol was asked for; name one: paper, subject")
    twice = next((name for name in protocols if protocols.count(name) > 1), None)
    if twice:
        raise UsageError(f"protocol {twice} is asked for twice: name it once; --runs says how often images are dealt")
    several = len(protocols) > 1
    return [RunOptions(protocol=name, out=out / name if out and several else out, **typed) for name in protocols]


def refuse_names(verb: str, names: Iterable[str] | None) -> None:
    """Say which option was meant by names that stand alone after a verb.

    Raises
    ------
    UsageError
        If there are any.
    """
    names = list(names or ())
    if not names:
        return
    from febench.core.dataset import DATASETS
    from febench.core.protocol import PROTOCOLS

    first = names[0].partition("[")[0]
    option = "--dataset" if first in DATASETS.names else "--protocol" if first in PROTOCOLS.names else "--methods"
    listed = ",".join(names) if option == "--methods" else names[0]
    raise UsageError(f"{names[0]} stands alone; name it by its option: febench {verb} {option} {listed}")


def load_plugins(files: Iterable[Path] | None) -> None:
    """Run the plugin files that were named."""
    for file in files or ():
        load_plugin(file)


def dataset_selector(selector: str, **options: Any) -> str:
    """The data set's selector with what those options say of it that are given.

    Raises
    ------
    UsageError
        If it is more than one selector.
    """
    if len(split_selectors(selector)) > 1:
        first = split_selectors(selector)[0]
        raise UsageError(
            f"one command takes one data set, not {selector}: run it for {first} first, then for each other"
        )
    return with_params(selector, {key: value for key, value in options.items() if value != OF_THE_DATASET[key]})


def _seconds(text: str) -> float:
    typed = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(s|m|h)?", text.strip())
    if not typed or float(typed[1]) == 0:
        raise UsageError(f"{text!r} is no time limit", option="timeout")
    return float(typed[1]) * {"s": 1, "m": 60, "h": 3600}[typed[2] or "s"]


def _shard(text: str) -> tuple[int, int]:
    typed = re.fullmatch(r"(\d+)/(\d+)", text.strip(), re.ASCII)
    if not typed:
        raise UsageError(f"{text!r} is no shard", option="shard")
    return int(typed[1]), int(typed[2])


def _settings(texts: Iterable[str] | None) -> dict[str, dict[str, str]]:
    settings: dict[str, dict[str, str]] = {}
    for text in texts or ():
        name, dot, rest = text.partition(".")
        key, equals, value = rest.partition("=")
        if not (name and dot and key and equals):
            raise UsageError(f"--set takes METHOD.PARAM=VALUE, not {text!r}")
        settings.setdefault(name, {})[key] = value
    return settings
