"""The verbs. Nothing heavy is imported before a verb needs it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from febench.core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import Console

    from febench.run.runner import Request

app = typer.Typer(
    help="Which way of recognising facial expressions is better, by how much, and is that difference real?",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Methods = Annotated[str, typer.Option(help="Names and sets, comma-separated: all, classical, deep, extended.")]
DatasetName = Annotated[str, typer.Option("--dataset", help="Data set; see febench datasets.")]
DataDir = Annotated[Path | None, typer.Option(envvar="FEBENCH_DATA", help="Where data sets live.")]
Crop = Annotated[str | None, typer.Option(help="face: cut each photograph to the face found in it.")]
SubjectPattern = Annotated[
    str | None,
    typer.Option(metavar="REGEX", help="Of data set folder: finds the person in a path, as its one group."),
]
ProtocolName = Annotated[str, typer.Option("--protocol", help="Protocol, or several: paper,subject.")]
Runs = Annotated[int | None, typer.Option(help="Only the first N runs.", show_default="all of the protocol")]
Out = Annotated[Path | None, typer.Option(help="Results directory.", show_default="results/<data set>/<protocol>")]
Preset = Annotated[str, typer.Option(help="paper: trained to the end; quick: one run, short training.")]
Device = Annotated[str, typer.Option(help="auto, cpu or cuda.")]
Deterministic = Annotated[bool, typer.Option("--deterministic", help="On a GPU: the same bits each time, slower.")]
Pack = Annotated[int, typer.Option(min=0, help="Trainings at once on a GPU.", show_default="as many as pay")]
Jobs = Annotated[int | None, typer.Option(min=1, help="Cells at once.", show_default="one a core")]
Threads = Annotated[int, typer.Option(min=1, help="Threads of each cell.")]
Timeout = Annotated[str, typer.Option(help="Limit of each cell, hard: 90s, 30m, 2h.")]
Settings = Annotated[list[str] | None, typer.Option("--set", metavar="METHOD.PARAM=VALUE", help="Set a parameter.")]
Plugins = Annotated[list[Path] | None, typer.Option("--plugin", help="Python file with methods of your own.")]
Seed = Annotated[int, typer.Option(help="Base seed of folds and cells.")]
RetryFailed = Annotated[bool, typer.Option("--retry-failed", help="Compute failed cells again.")]
Json = Annotated[bool, typer.Option("--json", help="Write JSON.")]
Directory = Annotated[Path, typer.Argument(help="Results directory.")]

_FIGURES = (
    "accuracy of every run; sensitivity of each class; confusion matrices; cost: accuracy against training time; "
    "differences from the best; ranks over data sets; drop under each protocol; convergence of every training."
)


@app.command()
def run(
    methods: Methods = "all",
    dataset: DatasetName = "faces700",
    protocol: ProtocolName = "paper",
    data_dir: DataDir = None,
    crop: Crop = None,
    subject_pattern: SubjectPattern = None,
    runs: Runs = None,
    out: Out = None,
    preset: Preset = "paper",
    device: Device = "auto",
    deterministic: Deterministic = False,
    pack: Pack = 0,
    jobs: Jobs = None,
    threads: Threads = 1,
    timeout: Timeout = "30m",
    settings: Settings = None,
    plugin: Plugins = None,
    seed: Seed = 0,
    retry_failed: RetryFailed = False,
) -> None:
    """Train and test methods on the same folds; computes only what is missing, prints Table 3."""
    from febench.cli.running import run_all

    _load_plugins(plugin)
    requests = _requests(
        protocol, methods=methods, dataset=_dataset(dataset, crop, subject_pattern), data_dir=data_dir,
        runs=runs, out=out, preset=preset,
        device=device, deterministic=deterministic, pack=pack, jobs=jobs, threads=threads, timeout=_seconds(timeout),
        settings=_settings(settings), seed=seed, retry_failed=retry_failed,
    )  # fmt: skip
    raise typer.Exit(run_all(requests, _stderr()))


@app.command()
def pretrain(
    method: Annotated[str, typer.Argument(help="A method that can keep its weights, such as resnet18.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="File of weights, ending in .safetensors.")],
    dataset: DatasetName = "faces700",
    data_dir: DataDir = None,
    crop: Crop = None,
    subject_pattern: SubjectPattern = None,
    out: Out = None,
    preset: Preset = "paper",
    device: Device = "auto",
    threads: Threads = 1,
    timeout: Timeout = "12h",
    settings: Settings = None,
    plugin: Plugins = None,
    seed: Seed = 0,
) -> None:
    """Train a method on a data set and keep its weights, for others to start from."""
    from febench.cli.pretraining import pretrain_one
    from febench.run.runner import Request

    _load_plugins(plugin)
    pretrain_one(
        Request(
            methods=method, dataset=_dataset(dataset, crop, subject_pattern), protocol="official", data_dir=data_dir,
            preset=preset, out=out, device=device, jobs=1, threads=threads, timeout=_seconds(timeout),
            settings=_settings(settings), seed=seed,
        ),
        output,
    )  # fmt: skip


@app.command()
def plan(
    methods: Methods = "all",
    dataset: DatasetName = "faces700",
    protocol: ProtocolName = "paper",
    data_dir: DataDir = None,
    crop: Crop = None,
    subject_pattern: SubjectPattern = None,
    runs: Runs = None,
    out: Out = None,
    preset: Preset = "paper",
    jobs: Jobs = None,
    threads: Threads = 1,
    settings: Settings = None,
    plugin: Plugins = None,
    seed: Seed = 0,
    retry_failed: RetryFailed = False,
    json: Json = False,
) -> None:
    """Say which cells are wanted, stored and missing, and what the missing ones will take."""
    from febench.cli.listing import show_plans

    _load_plugins(plugin)
    requests = _requests(
        protocol, methods=methods, dataset=_dataset(dataset, crop, subject_pattern), data_dir=data_dir,
        runs=runs, out=out, preset=preset,
        jobs=jobs, threads=threads, settings=_settings(settings), seed=seed, retry_failed=retry_failed,
    )  # fmt: skip
    show_plans(requests, json)


@app.command()
def status(directory: Directory, json: Json = False) -> None:
    """Say what a results directory holds: cells in, failed and missing, method by method."""
    from febench.cli.listing import show_status

    show_status(directory, json)


@app.command()
def table(
    name: Annotated[
        str, typer.Argument(help="1 sensitivities, 2 OA of runs, 3 comparison, 4 the drop, cost, convergence.")
    ],
    directories: Annotated[list[Path], typer.Argument(help="Results directories, or a folder of them.")],
    method: Annotated[str | None, typer.Option(help="Only this method.", show_default="all")] = None,
    how: Annotated[str, typer.Option("--format", help="text, md, latex, csv, html or json.")] = "text",
    json: Json = False,
) -> None:
    """Print a table of the papers from stored results, with the papers' numbers beside."""
    from febench.cli.listing import show_table

    show_table(name, directories, method, "json" if json else how)


@app.command()
def compare(
    directories: Annotated[list[Path], typer.Argument(help="Results directories, or a folder of them.")],
    method: Annotated[str | None, typer.Option(help="Only these, comma-separated.", show_default="all")] = None,
    rope: Annotated[float, typer.Option(help="Points of overall accuracy that make no difference in practice.")] = 1.0,
    pairs: Annotated[
        str | None,
        typer.Option(help="all, or best: with the best, and of neighbours.", show_default="all of up to six methods"),
    ] = None,
    how: Annotated[str, typer.Option("--format", help="text, md, latex, csv, html or json.")] = "text",
    json: Json = False,
) -> None:
    """Say which differences between methods are real, pair by pair and over data sets."""
    from febench.cli.comparing import show_comparison

    show_comparison(directories, method, rope, pairs, "json" if json else how)


@app.command()
def figure(
    name: Annotated[str, typer.Argument(help=_FIGURES)],
    directories: Annotated[list[Path], typer.Argument(help="Results directories, or a folder of them.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="File to write: .png, .svg or .pdf.")],
    method: Annotated[str | None, typer.Option(help="Only this method.", show_default="all")] = None,
) -> None:
    """Draw a figure of stored results."""
    from febench.cli.listing import draw_figure

    draw_figure(name, directories, output, method)


@app.command()
def report(
    directories: Annotated[list[Path], typer.Argument(help="Results directories, or a folder of them.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="File to write, such as report.html.")],
    rope: Annotated[float, typer.Option(help="Points of overall accuracy that make no difference in practice.")] = 1.0,
    show_images: Annotated[
        bool, typer.Option("--show-images", help="Show images of people too: only if you may pass them on.")
    ] = False,
    data_dir: DataDir = None,
    plugin: Plugins = None,
    json: Json = False,
) -> None:
    """Write one HTML page of everything: the verdict in words first, then what stands behind it."""
    from febench.cli.reporting import make_report

    _load_plugins(plugin)
    make_report(directories, output, rope, show_images, data_dir, json)


@app.command()
def export(
    directories: Annotated[list[Path], typer.Argument(help="Results directories, or a folder of them.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="File to write: .parquet or .csv.")],
) -> None:
    """Write every prediction to one file, a row a prediction, for other tools."""
    from febench.cli.exporting import write_export

    write_export(directories, output)


@app.command()
def verify(
    directory: Annotated[Path | None, typer.Argument(help="Results directory.", show_default="the papers")] = None,
    against: Annotated[Path | None, typer.Option(help="Results whose predictions should be the same.")] = None,
    json: Json = False,
) -> None:
    """Recompute the papers' arithmetic, or check the integrity of a results directory."""
    from febench.cli.listing import show_verification

    raise typer.Exit(show_verification(directory, against, json))


@app.command()
def audit(
    dataset: Annotated[str, typer.Argument(help="Data set; see febench datasets.")],
    protocol: Annotated[str | None, typer.Option(help="Protocol.", show_default="the set's own split")] = None,
    data_dir: DataDir = None,
    crop: Crop = None,
    subject_pattern: SubjectPattern = None,
    seed: Seed = 0,
    weights: Annotated[Path | None, typer.Option(help="A safetensors file: was it trained on test images?")] = None,
    plugin: Plugins = None,
    json: Json = False,
) -> None:
    """Look for leaks, duplicates, bad splits and other faults that make numbers mislead."""
    from febench.cli.auditing import show_audit

    _load_plugins(plugin)
    show_audit(_dataset(dataset, crop, subject_pattern), protocol, data_dir, seed, weights, json)


@app.command()
def methods(plugin: Plugins = None, json: Json = False) -> None:
    """List the methods, and what is missing where one cannot run here."""
    from febench.cli.listing import show_methods

    _load_plugins(plugin)
    show_methods(json)


@app.command()
def datasets(plugin: Plugins = None, json: Json = False) -> None:
    """List the data sets."""
    from febench.cli.listing import show_components
    from febench.core.dataset import DATASETS

    _load_plugins(plugin)
    show_components(DATASETS, json)


@app.command()
def protocols(plugin: Plugins = None, json: Json = False) -> None:
    """List the protocols."""
    from febench.cli.listing import show_components
    from febench.core.protocol import PROTOCOLS

    _load_plugins(plugin)
    show_components(PROTOCOLS, json)


@app.callback(invoke_without_command=True)
def _root(version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    if version:
        from febench import __version__

        print(f"febench {__version__}")
        raise typer.Exit


def _stderr() -> Console:
    from rich.console import Console

    return Console(stderr=True)


def _load_plugins(files: Iterable[Path] | None) -> None:
    from febench.core.registry import load_plugin

    for file in files or ():
        load_plugin(file)


def _dataset(selector: str, crop: str | None, subject_pattern: str | None) -> str:
    """The data set's selector with what options say of it."""
    from febench.core.selectors import with_params

    options = {"crop": crop, "subject_pattern": subject_pattern}
    return with_params(selector, {key: value for key, value in options.items() if value is not None})


def _requests(protocols: str, *, out: Path | None, preset: str, runs: int | None, **asked: Any) -> list[Request]:
    """One request a protocol; with several, each has its own directory below `--out`."""
    from febench.core.selectors import split_selectors
    from febench.run.runner import Request

    names = split_selectors(protocols)
    if not names:
        raise UsageError("no protocol was asked for; name one: paper, subject")
    runs = 1 if runs is None and preset == "quick" else runs
    return [
        Request(protocol=name, out=out / name if out and len(names) > 1 else out, preset=preset, runs=runs, **asked)
        for name in names
    ]


def _seconds(text: str) -> float:
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(s|m|h)?", text.strip())
    if not found or float(found[1]) == 0:
        raise UsageError(f"--timeout takes a time such as 90s, 30m or 2h, not {text!r}")
    return float(found[1]) * {"s": 1, "m": 60, "h": 3600}[found[2] or "s"]


def _settings(texts: Iterable[str] | None) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for text in texts or ():
        name, dot, rest = text.partition(".")
        key, equals, value = rest.partition("=")
        if not (name and dot and key and equals):
            raise UsageError(f"--set takes METHOD.PARAM=VALUE, not {text!r}")
        found.setdefault(name, {})[key] = value
    return found
