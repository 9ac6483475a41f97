"""The verbs. Nothing heavy is imported before a verb needs it."""

from __future__ import annotations

import shlex
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from febench.cli.options import (
    Align,
    ClassNames,
    DataDir,
    Directories,
    DirectoriesToJoin,
    Format,
    Json,
    MetricName,
    Notes,
    OnlyMethod,
    Paper,
    Plugins,
    Rope,
    Seed,
    SubjectPattern,
    Unasked,
    Version,
    WithoutTwins,
    dataset_selector,
    load_plugins,
    refuse_names,
    takes_run_options,
)
from febench.core.errors import INTERRUPTED, FebenchError, UsageError, printable
from febench.running.options import RunOptions


class Verbs(TyperGroup):
    """Verbs that end by themselves: code of others that calls `sys.exit` meanwhile has not done what was asked."""

    def invoke(self, ctx: Any) -> Any:
        """Run a verb."""
        try:
            return super().invoke(ctx)
        except SystemExit as error:
            if isinstance(error.__context__, BrokenPipeError):  # rich's end where the reader has seen enough
                raise
            last = traceback.extract_tb(error.__traceback__)[-1]
            where = f"{last.filename} line {last.lineno}"
            raise FebenchError(
                f"{where} ended the process (sys.exit, {error.code}) before the command was done"
            ) from error


app = typer.Typer(
    cls=Verbs,
    help="Which way of recognising facial expressions is better, by how much, and is that difference real?",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
WHOLE, SOME_FAILED = 0, 3
"""Exit codes of a run; those of errors stand in `febench.core.errors`."""


@app.command()
@takes_run_options()
def run(asked: Sequence[RunOptions], names: Unasked = None) -> None:
    """Train and test methods on the same folds; computes only what is missing, prints Table 3."""
    refuse_names("run", names)
    from rich.console import Console

    from febench.api import table
    from febench.running.progress import make_watcher, say
    from febench.running.runner import prepare
    from febench.running.runner import run as compute

    console = Console(stderr=True)
    finished = []
    for prepared in prepare(*asked):
        path = prepared.options.path
        try:
            finished.append(compute(prepared, make_watcher(console, path)))
        except KeyboardInterrupt:
            say(console, f"interrupted; every finished cell is safe in {path}, the same command goes on")
            raise typer.Exit(INTERRUPTED) from None
        done = finished[-1]
        wanted, failed = len(done.plan.cells), done.failed
        words = [f"{wanted - len(failed) - len(done.plan.missing)} of {wanted} wanted cells are in {done.store.path}"]
        if failed:
            words.append(f"{len(failed)} failed (to try them again: --retry-failed)")
        if any(record.status == "timeout" for record in failed):
            words.append("to give cells more time: a longer --timeout")
        say(console, "; ".join([*words, *done.absent]))
    if asked[0].shard:
        say(console, "a shard is a part of a table: febench merge DIR... -o DIR joins those of one protocol")
        raise typer.Exit(WHOLE if all(one.whole for one in finished) else SOME_FAILED)
    results = [one.results.only(one.asked) for one in finished]
    print("\n\n".join(table(number, *results) for number in ([3, 4] if len(results) > 1 else [3])))
    if console.is_terminal:
        path = finished[0].store.path
        drop = "" if len(finished) > 1 else "the drop on new people: the same command with --protocol paper,subject; "
        say(console, f"next: {drop}a report: febench report {shlex.quote(str(path))}")
        say(console, "your own images: febench run --dataset folder --name mine --data-dir DIR (DIR/<class>/<image>)")
    raise typer.Exit(WHOLE if all(one.whole for one in finished) else SOME_FAILED)


@app.command()
@takes_run_options("device", "deterministic", "pack", "timeout")
def plan(asked: Sequence[RunOptions], names: Unasked = None, json: Json = False) -> None:
    """Say which cells are wanted, stored and missing, and what the missing ones will take."""
    refuse_names("plan", names)
    from febench.cli.listing import show_plans

    show_plans(asked, json)


@app.command()
@takes_run_options(
    "methods", "name", "protocol", "runs", "deterministic", "pack", "jobs", "executor", "address", "shard",
    "retry_failed", timeout="12h",
)  # fmt: skip
def pretrain(
    method: Annotated[str, typer.Argument(help="A method that can keep its weights, such as resnet18.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="File of weights, ending in .safetensors.")],
    asked: Sequence[RunOptions],
) -> None:
    """Train a method on a data set and keep its weights, for others to start from."""
    import hashlib
    from dataclasses import replace

    from febench.running.pretraining import pretrain as train

    done = train(replace(asked[0], methods=method, jobs=1), output)
    digest = hashlib.sha256(done.path.read_bytes()).hexdigest()
    lines = [f"{done.path}: trained on {done.n_images:,} images, SHA-256 {digest}"]
    lines += [f"accuracy on the {part} part: {100 * share:.2f} %" for part, share in done.accuracy.items()]
    if done.stored:
        lines.append(f"its test predictions are stored in {done.stored}, as the cell of protocol official")
    lines.append(f"to start from it: --set METHOD.weights={done.path}")
    print("\n".join(map(printable, lines)))


@app.command()
def status(
    directories: Directories,
    version: Version = None,
    json: Json = False,
) -> None:
    """Say what a results directory holds: cells in, failed and missing, method by method."""
    from febench.cli.listing import show_status

    show_status(directories, version, json)


@app.command()
def table(
    name: Annotated[
        str,
        typer.Argument(
            help="1 sensitivities, 2 runs, 3 comparison, 4 the drop; people, ladder, cost, convergence or settings."
        ),
    ],
    directories: Directories,
    method: OnlyMethod = None,
    metric: MetricName = None,
    version: Version = None,
    without_twins: WithoutTwins = False,
    paper: Paper = False,
    sort: Annotated[bool, typer.Option("--sort", help="Sort rows by the metric, the best first.")] = False,
    notes: Notes = "short",
    format: Format = "text",
    json: Json = False,
) -> None:
    """Print a table of the papers from stored results; on faces700 under paper, with the papers' numbers beside."""
    from febench import api

    swapped = [str(one) for one in directories if not one.exists()]
    if Path(name).is_dir() and swapped:
        raise UsageError(f"the table comes before the directories: febench table {swapped[0]} {name}")
    format = "json" if json else format
    every = api.load_all(directories, version, without_twins=without_twins)
    print(api.table(name, *every, method=method, metric=metric, paper=paper, sort=sort, notes=notes, format=format))


@app.command()
def compare(
    directories: Directories,
    methods: Annotated[str, typer.Option(help="Only these, comma-separated.", show_default="all")] = "",
    metric: MetricName = None,
    rope: Rope = None,
    pairs: Annotated[
        str | None,
        typer.Option(help="all, or best: with the best, and of neighbours.", show_default="all of up to six methods"),
    ] = None,
    against: Annotated[
        str | None, typer.Option(help="Compare this row with each other row alone, such as your own.")
    ] = None,
    version: Version = None,
    without_twins: WithoutTwins = False,
    notes: Notes = "short",
    format: Format = "text",
    json: Json = False,
) -> None:
    """Say which differences between methods are real, pair by pair and over data sets."""
    from febench import api

    every = api.load_all(directories, version, without_twins=without_twins)
    format = "json" if json else format
    text = api.compare(
        *every,
        methods=methods,
        metric=metric or "oa",
        rope=rope,
        pairs=pairs,
        against=against,
        notes=notes,
        format=format,
    )
    print(text)


@app.command()
def figure(
    name: Annotated[
        str,
        typer.Argument(
            help="accuracy of every run; sensitivity of each class; confusion matrices; people one by one; cost: "
            "accuracy against training time; differences from the best; ranks over data sets; drop under each "
            "protocol; convergence of every training; ladder: where searches lose accuracy."
        ),
    ],
    directories: Directories,
    output: Annotated[Path, typer.Option("-o", "--output", help="File to write: .png, .svg or .pdf.")],
    method: OnlyMethod = None,
    metric: MetricName = None,
    version: Version = None,
    without_twins: WithoutTwins = False,
    paper: Paper = False,
) -> None:
    """Draw a figure of stored results."""
    from febench import api
    from febench.show.figures import save_figure

    every = api.load_all(directories, version, without_twins=without_twins)
    save_figure(api.figure(name, *every, method=method, metric=metric, paper=paper), output)
    print(f"wrote {output}")


@app.command()
def report(
    directories: Directories,
    output: Annotated[Path, typer.Option("-o", "--output", help="File to write.")] = Path("report.html"),
    metric: MetricName = None,
    rope: Rope = None,
    without_twins: WithoutTwins = False,
    paper: Paper = False,
    show_images: Annotated[
        bool, typer.Option("--show-images", help="Show images of people too: only if you may pass them on.")
    ] = False,
    names: Annotated[
        bool, typer.Option("--names", help="Name the people of photographs as their files do, not by initials.")
    ] = False,
    data_dir: DataDir = None,
    plugin: Plugins = None,
    version: Version = None,
    json: Json = False,
) -> None:
    """Write one HTML page of everything: the verdict in words first, then what stands behind it."""
    from febench import api
    from febench.show.formats import to_json

    load_plugins(plugin)
    verdicts = api.report(
        directories, output, rope=rope, metric=metric or "oa", paper=paper, without_twins=without_twins,
        show_images=show_images, data_dir=data_dir, version=version, names=names,
    )  # fmt: skip
    size = output.stat().st_size
    if json:
        print(to_json([{"out": str(output), "bytes": size, "verdicts": verdicts}]))
        return
    lines = [f"{one['dataset']}, protocol {one['protocol']}: {one['headline']}" for one in verdicts]
    cautions = (caution for one in verdicts for caution in one["cautions"])
    lines += dict.fromkeys(f"  * {caution['word'].lower()}: {caution['text']}" for caution in cautions)
    print("\n".join(map(printable, [*lines, f"wrote {output} ({size:,} bytes)"])))


@app.command()
def export(
    directories: Directories,
    output: Annotated[Path, typer.Option("-o", "--output", help="File to write: .parquet or .csv.")] = Path(
        "predictions.parquet"
    ),
    rows: Annotated[str, typer.Option(help="What a row is: predictions, cells or runs.")] = "predictions",
    metrics: Annotated[str, typer.Option(help="Of cells and runs, comma-separated.")] = "oa,uar",
    version: Version = None,
    without_twins: WithoutTwins = False,
) -> None:
    """Write every prediction to one file, a row a prediction, for other tools; or a row a cell, or a run."""
    from febench import api

    done = api.export(directories, output, rows, metrics, version, without_twins=without_twins)
    if done.failed:
        print(f"{done.failed} failed cells have no predictions and are left out", file=sys.stderr)
    if done.outdated:
        print(f"{done.outdated} cells of other versions of a method are left out", file=sys.stderr)
    for word in (*done.without_twins, *done.set_aside):
        print(printable(word), file=sys.stderr)
    print(printable(f"wrote {output}: {done.rows:,} {rows}"))


@app.command()
def merge(
    directories: DirectoriesToJoin,
    out: Annotated[Path, typer.Option("-o", "--out", help="Results directory, new or not.")],
) -> None:
    """Join results of the same folds, of shards or machines, in one directory, or say why they cannot be."""
    from febench.results.merge import merge as join
    from febench.results.store import find_directories

    if out.resolve() in (path.resolve() for path in directories):
        raise UsageError(f"{out} is where the others go: name the directories that are to be joined in it")
    sources = find_directories(directories)
    done = join(sources, out)
    failed = f", of which {done.failed} failed" if done.failed else ""
    lines = [f"{done.cells:,} cells of {len(sources)} directories are in {out}{failed}; {done.added:,} are new there"]
    print("\n".join(map(printable, lines)))


@app.command()
def verify(
    directory: Annotated[Path | None, typer.Argument(help="Results directory.", show_default="the papers")] = None,
    against: Annotated[
        Path | None, typer.Option(help="Results whose predictions should be the same; reference: those of febench.")
    ] = None,
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
    align: Align = False,
    class_names: ClassNames = None,
    subject_pattern: SubjectPattern = None,
    seed: Seed = 0,
    weights: Annotated[Path | None, typer.Option(help="A safetensors file: was it trained on test images?")] = None,
    plugin: Plugins = None,
    json: Json = False,
) -> None:
    """Look for leaks, duplicates, bad splits and other faults that make numbers mislead."""
    from febench.audit import audit as look
    from febench.cli.listing import show_audit
    from febench.core.dataset import load_dataset
    from febench.core.manifest import draw

    load_plugins(plugin)
    selector = dataset_selector(dataset, align=align, class_names=class_names, subject_pattern=subject_pattern)
    data = load_dataset(selector, data_dir)
    manifest = draw(data, protocol, seed) if protocol else None
    show_audit(data, manifest, look(data, manifest, weights), json)


@app.command()
def show(
    dataset: Annotated[str, typer.Argument(help="Data set; see febench datasets.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="File to write: .png or .jpg.")],
    data_dir: DataDir = None,
    align: Align = False,
    class_names: ClassNames = None,
    subject_pattern: SubjectPattern = None,
    columns: Annotated[int, typer.Option(help="Images of each class or person.")] = 10,
    by: Annotated[str, typer.Option(help="A row of images for each class or person.")] = "class",
    plugin: Plugins = None,
) -> None:
    """Draw some images of each class, or of each person, as febench sees them before anything runs."""
    from febench.core.dataset import load_dataset
    from febench.show.sheet import save_sheet

    load_plugins(plugin)
    selector = dataset_selector(dataset, align=align, class_names=class_names, subject_pattern=subject_pattern)
    data = load_dataset(selector, data_dir)
    save_sheet(data, output, columns, by)
    print("\n".join(map(printable, [data.summary, *data.notes, f"wrote {output}"])))


@app.command()
def methods(plugin: Plugins = None, json: Json = False) -> None:
    """List the methods, and what is missing where one cannot run here."""
    from febench.cli.listing import show_methods

    load_plugins(plugin)
    show_methods(json)


@app.command()
def datasets(plugin: Plugins = None, json: Json = False) -> None:
    """List the data sets."""
    from febench.cli.listing import show_components
    from febench.core.dataset import DATASETS

    load_plugins(plugin)
    show_components(DATASETS, json)


@app.command()
def protocols(plugin: Plugins = None, json: Json = False) -> None:
    """List the protocols."""
    from febench.cli.listing import show_components
    from febench.core.protocol import PROTOCOLS

    load_plugins(plugin)
    show_components(PROTOCOLS, json)


@app.command()
def doctor(data_dir: DataDir = None, json: Json = False) -> None:
    """Say whether a GPU will be used and if not, why not; versions, processor, folders, data found, what cannot run.

    It ends with 2 where febench run cannot start at all, and with 0 otherwise, also where there is no GPU or no torch.
    """
    from febench.cli.doctor import show_doctor

    raise typer.Exit(show_doctor(data_dir, json))


@app.command()
def cache(
    clear: Annotated[
        bool, typer.Option("--clear", help="Delete what is in it; not while febench runs, which would miss it.")
    ] = False,
    json: Json = False,
) -> None:
    """Say how large the cache is, kind by kind; all in it is made again, or asked for again, when it is needed."""
    from febench.cli.listing import show_cache

    show_cache(clear, json)


@app.callback(invoke_without_command=True)
def _root(version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    if version:
        from febench.core import __version__

        print(f"febench {__version__}")
        raise typer.Exit


EXAMPLES = {
    "run": (
        "febench run --methods all --preset quick",
        "febench run --dataset folder --name mine --data-dir DIR --protocol subject",
    ),
    "plan": ("febench plan", "febench plan --methods classical --protocol paper,subject"),
    "pretrain": (
        "febench pretrain resnet18 --dataset fer2013 --data-dir DIR -o fer.safetensors",
        "febench pretrain 'resnet18[size=96,epochs=28]' --dataset fer2013 --data-dir DIR -o long.safetensors",
    ),
    "status": ("febench status", "febench status results/faces700/paper"),
    "table": ("febench table 3", "febench table 4 results/faces700 --sort --notes all"),
    "compare": ("febench compare results/faces700/subject", "febench compare --against pixel-svm"),
    "figure": ("febench figure drop results/faces700 -o drop.png", "febench figure confusion -o confusion.svg"),
    "report": ("febench report", "febench report results/faces700 -o faces.html"),
    "export": ("febench export -o predictions.csv", "febench export results/faces700 --rows runs -o runs.parquet"),
    "merge": ("febench merge results/big -o results/all", "febench merge here there -o results/both"),
    "verify": (
        "febench verify results/faces700/paper",
        "febench verify mine --against results/reference/faces700/paper",
    ),
    "audit": ("febench audit faces700 --protocol paper", "febench audit jaffe --data-dir DIR"),
    "show": ("febench show faces700 -o sheet.png", "febench show folder --data-dir DIR --by person -o people.png"),
    "methods": ("febench methods", "febench methods --plugin mine.py --json"),
    "datasets": ("febench datasets", "febench datasets --json"),
    "protocols": ("febench protocols", "febench protocols --json"),
    "doctor": ("febench doctor", "febench doctor --data-dir DIR"),
    "cache": ("febench cache", "febench cache --clear"),
}
"""Two examples of each verb, which its help ends with."""

for _command in app.registered_commands:
    assert _command.callback is not None
    _examples = EXAMPLES[_command.name or _command.callback.__name__]
    _command.epilog = "\n\n".join(["Examples:", *(_example.replace("[", r"\[") for _example in _examples)])
