"""The sections of the report, in their order on the page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from markupsafe import Markup

from febench.papers import comparison as printed
from febench.results.caveats import signs_of
from febench.results.metrics import METRICS, OA, overall_accuracy
from febench.results.results import Results
from febench.results.rows import RowResults
from febench.show import figures
from febench.show.compare import Ranking, comparison_document, papers_document, ranking_document
from febench.show.report.blocks import Part, Section, figure_block, fill, folded, note, table_block, table_blocks
from febench.show.report.drawing import Drawings
from febench.show.report.studies import DRAWN, Study, by_images
from febench.show.report.verdict import ASK, for_whom
from febench.show.tables import (
    LADDERS,
    PlusMinus,
    Table,
    Value,
    about_of,
    caveat_notes,
    class_spreads,
    dataset_of,
    key_of,
    make_table,
    origin_of,
    run_command,
    run_counts,
    rungs_of,
    shows_papers,
    table_4,
    titled,
    versions_of,
)

SHADES = 10
EXAMPLES = 5
QUICK = " (quick)"


def _section(
    id: str, title: str, intro: str, studies: Sequence[Study], blocks: Callable[[Study], Sequence[Markup]]
) -> Section:
    """A section with a part for each study."""
    return Section(id, title, intro, tuple(Part(study.name, tuple(blocks(study))) for study in studies))


def comparison_section(studies: Sequence[Study], drawings: Drawings) -> Section:
    """Table 3 and a dot for each run, every metric beside another, and Table 2 folded."""

    def blocks(study: Study) -> list[Markup]:
        results, metric = study.results, study.metric
        paper = study.paper and metric is OA
        known = any(row.method in printed() for row in results.rows)
        without = ""
        if not shows_papers(results, paper):
            without = "The papers' numbers are of other photographs and random folds, and do not stand beside these."
        elif not known:
            without = "The papers print nothing of the methods here: there is nothing to hold them against."
        caption = f"Every run of every method as a dot, {metric.title}, {study.name}.{study.said_of_drawn}"
        return [
            *([note(without)] * bool(without)),
            *table_blocks(make_table(3, [results], metric=metric.name, paper=paper)),
            figure_block(drawings, caption, lambda: figures.accuracy(results, study.drawn, metric, paper=paper)),
            table_block(_every_metric(study)),
            folded(
                f"{metric.heading} run by run (table 2)",
                table_blocks(make_table(2, [results], metric=metric.name, paper=paper)),
            ),
        ]

    beside = any(shows_papers(study.results, study.paper, study.metric) for study in studies)
    papers = ", beside what the papers print for their own photographs" * beside
    intro = f"Over complete runs{papers}; then by every other metric."
    return _section("comparison", "Comparison of methods", intro, studies, blocks)


def _every_metric(study: Study) -> Table:
    """Means of all metrics, overall accuracy and mean sensitivity first."""
    rows = [row for row in study.rows if row.runs]
    body: list[tuple[Value, ...]] = []
    for row in rows:
        runs = {metric: list(row.scores(metric).values()) for metric in METRICS.values()}
        means = [f"{np.mean(values):.{metric.decimals}f}" if values else None for metric, values in runs.items()]
        body.append((row.label, *means))
    without = [row.label for row in rows if not row.scores(METRICS["log-loss"])]
    notes = [f"{metric.title}: {metric.about}" for metric in METRICS.values()]
    less = ", ".join(metric.title for metric in METRICS.values() if not metric.higher_is_better)
    notes.append(f"less is better: {less}")
    if without:
        notes.append(f"no probabilities, and so no metrics of them: {', '.join(without)}")
    return Table(
        title=titled("Means over runs by every metric", study.results),
        columns=("Method", *(f"{metric.title}, {metric.unit}" for metric in METRICS.values())),
        rows=tuple(body),
        notes=(*notes, *caveat_notes(study.results, study.rows)),
        about=(f"complete runs: {run_counts(rows)}", origin_of(study.results)),
        marks=signs_of(rows),
        key=key_of("metrics", study.results),
    )


def drop_section(studies: Sequence[Study], drawings: Drawings) -> Section:
    """Table 4 and its figure for each data set with several protocols."""
    parts, changes = [], set()
    for same in by_images(studies):
        study, name = same[0], same[0].results.manifest.title
        if len(same) < 2:
            only = f"Only protocol {study.results.manifest.protocol} is in this report, so there is no drop to show."
            told = {
                "new": "It tests new faces only.",
                "seen": f"Every face in it was seen in training: {ASK}.",
                "partly seen": f"Some of the faces in it were seen in training: {ASK}.",
                "not known": "The data set does not tell its people apart.",
            }
            parts.append(Part(name, (note(f"{only} {told[study.faces]}"),)))
            continue
        document = table_4([one.results for one in same], metric=study.metric)
        changes.add(document.data["change"])
        caption = f"{study.metric.heading} of each method under each protocol, {name}.{study.said_of_drawn}"
        shown = {row.label for one in same for row in one.drawn}
        facts = {**document.data, "rows": [row for row in document.data["rows"] if row["method"] in shown]}
        drawn = figure_block(drawings, caption, lambda data=facts: figures.drop(data))  # type: ignore[misc]
        parts.append(Part(name, (*table_blocks([document]), drawn)))
    intro = (
        "The same methods on faces they were trained on and on faces they never saw. Only the latter says what to "
        "expect of new people."
    )
    change = "drop" if changes <= {"drop"} else changes.pop() if len(changes) == 1 else "drop or gain"
    return Section("drop", f"The {change} on new faces", intro, tuple(parts))


def significance_section(studies: Sequence[Study], drawings: Drawings) -> Section:
    """Verdicts of pairs with intervals."""

    def blocks(study: Study) -> list[Markup]:
        comparison = study.comparison
        if not comparison.pairs:
            return [note("Fewer than two methods have a complete run: there is nothing to test.")]
        protocol = study.results.manifest.protocol
        n_datasets = sum(one.results.manifest.protocol == protocol for one in studies)
        document = comparison_document(comparison, n_datasets=n_datasets)
        caption = (
            f"How far the {study.metric.best} mean is ahead of every other method, {study.name}.{study.said_of_drawn}"
        )
        drawn = replace(comparison, standings=comparison.standings[:DRAWN])
        return [
            table_block(document.tables[0]),
            figure_block(drawings, caption, lambda: figures.differences(drawn)),
        ]

    intro = (
        "Methods compared pair by pair on the same folds. An interval that holds zero, or a p above 0.05, means that "
        "the difference may be chance."
    )
    return _section("significance", "Which differences are real", intro, studies, blocks)


def ranks_section(rankings: Sequence[Ranking], drawings: Drawings) -> Section:
    """Ranks over five or more data sets."""
    parts = []
    for ranking in rankings:
        caption = f"Critical-difference diagram over {len(ranking.datasets)} data sets, protocol {ranking.protocol}."
        drawn = figure_block(drawings, caption, lambda one=ranking: figures.critical_difference(one))  # type: ignore[misc]
        parts.append(Part(f"Protocol {ranking.protocol}", (drawn, *table_blocks([ranking_document(ranking)]))))
    intro = "Methods ranked on each data set; a bar joins those that are not told apart."
    return Section("ranks", "Over all data sets", intro, tuple(parts))


def papers_section() -> Section:
    """Welch's t of the papers' printed means and sds."""
    intro = (
        "The papers' tables print a mean and a standard deviation over ten runs. This is the most that those figures "
        "can bear; the methods were not run here to find it."
    )
    part = Part("", table_blocks([papers_document()]))
    return Section("papers", "What the papers' own numbers can bear", intro, (part,))


def people_section(studies: Sequence[Study], drawings: Drawings) -> Section:
    """How well each person is recognised, where people are known."""

    def blocks(study: Study) -> list[Markup]:
        if study.results.manifest.people is None:
            return [note("The data set does not tell its people apart.")]
        if study.metric.averaged_over_folds:
            return [note(f"{study.metric.title} ranks the images of different people: it has no value of one person.")]
        caption = f"Every person as a dot, {study.name}.{study.said_of_drawn}"
        said = for_whom(study)
        return [
            *([note(said)] * bool(said)),
            *table_blocks(make_table("people", [study.results], metric=study.metric.name)),
            figure_block(drawings, caption, lambda: figures.people(study.results, study.drawn, study.metric)),
        ]

    intro = "A mean hides for whom a method works. Each person over all complete runs."
    return _section("people", "Person by person", intro, studies, blocks)


def classes_section(studies: Sequence[Study], drawings: Drawings) -> Section:
    """Mean sensitivities of all methods, their runs as a figure, and Table 1 folded."""

    def blocks(study: Study) -> list[Markup]:
        results = study.results
        spreads = {row.label: class_spreads(row).values() for row in study.rows}
        table = Table(
            title=titled("Sensitivity of each class, mean over runs, %", results),
            columns=("Method", *results.manifest.classes),
            rows=tuple(
                (label, *(None if mean is None else PlusMinus(mean, sd) for mean, sd in own))
                for label, own in spreads.items()
            ),
            notes=tuple(caveat_notes(study.results, study.rows)),
            about=about_of(results, study.rows),
            marks=signs_of(study.rows),
            key=key_of("classes", results),
        )  # fmt: skip
        caption = f"Sensitivity of each class in each run, {study.name}.{study.said_of_drawn}"
        return [
            table_block(table),
            figure_block(drawings, caption, lambda: figures.sensitivity(results, study.drawn, paper=study.paper)),
            folded("Sensitivity run by run (table 1)", table_blocks(make_table(1, [results], paper=study.paper))),
        ]

    intro = "Sensitivity: of all test images of a class, the share that is recognised."
    return _section("classes", "Class by class", intro, studies, blocks)


@dataclass(frozen=True)
class Entry:
    """A count, its percentage of the row (None in an empty row), and its shade from 0 to `SHADES`."""

    count: int
    percent: float | None
    shade: int
    right: bool


@dataclass(frozen=True)
class Matrix:
    """The confusion matrix of a method."""

    label: str
    about: str
    classes: tuple[str, ...]
    rows: tuple[tuple[Entry, ...], ...]


def confusion_section(studies: Sequence[Study]) -> Section:
    """Summed confusion matrices H(r, g) as tables: read by eye, by screen reader and on paper."""

    def blocks(study: Study) -> list[Markup]:
        rows = [row for row in study.rows if row.runs]
        if not rows:
            return [note("No method has a complete run.")]
        return [fill("confusion.html", matrices=list(map(matrix, rows)))]

    intro = (
        "Test images summed over complete runs and their folds. Rows: true class; columns: recognised as; below each "
        "count the percentage of its row. The stronger the colour, the larger that percentage."
    )
    return _section("confusion", "Confusion matrices", intro, studies, blocks)


def matrix(row: RowResults) -> Matrix:
    """The matrix of a method with a complete run."""
    total = np.sum(list(row.confusions.values()), axis=0)
    runs, wanted = len(row.runs), row.manifest.n_runs
    of = "" if runs == wanted else f" of {wanted}"
    about = f"H(r={runs}{of}, g={row.manifest.n_folds}), overall accuracy {overall_accuracy(total):.2f} %"
    rows = []
    for place, counts in enumerate(total.tolist()):
        images = sum(counts)
        shares = [count / images if images else None for count in counts]
        rows.append(
            tuple(
                Entry(count, None if share is None else 100 * share, round(SHADES * (share or 0.0)), column == place)
                for column, (count, share) in enumerate(zip(counts, shares, strict=True))
            )
        )
    return Matrix(row.label, about, row.manifest.classes, tuple(rows))


def ladder_section(studies: Sequence[Study], drawings: Drawings) -> list[Section]:
    """Where searches lose accuracy, of studies in which some rung beside the search itself was run; else nothing."""
    climbed = [
        study
        for study in studies
        if any(row.label != row.method and row.label in rungs_of(row.method) for row in _searched(study))
    ]

    def blocks(study: Study) -> list[Markup]:
        (document,) = make_table("ladder", [study.results], metric=study.metric.name)
        caption = f"{study.metric.heading} rung by rung, {study.name}."
        drawn = figure_block(drawings, caption, lambda: figures.ladder(document.data))
        return [*table_blocks([document]), drawn]

    intro = "The same features under a machine, and under the network of the papers trained in other ways."
    return [_section("ladder", "Where searches lose accuracy", intro, climbed, blocks)] if climbed else []


def _searched(study: Study) -> list[RowResults]:
    return [row for row in study.rows if row.method in LADDERS and row.runs]


def cost_section(studies: Sequence[Study], drawings: Drawings) -> Section:
    """The cost table, and accuracy against training time."""

    def blocks(study: Study) -> list[Markup]:
        caption = f"{study.metric.heading} against the time that a fold trains, {study.name}.{study.said_of_drawn}"
        drawn = figure_block(drawings, caption, lambda: figures.cost(study.results, study.drawn, study.metric))
        return [*table_blocks(make_table("cost", [study.results])), drawn]

    intro = "Times are compared within one host only; other work may have shared it."
    return _section("cost", "Cost", intro, studies, blocks)


def audit_section(studies: Sequence[Study]) -> Section:
    """Every finding of the audit, errors first."""
    order = ("error", "warning", "info")

    def blocks(study: Study) -> list[Markup]:
        stored = study.audit
        if stored is None:
            return [note("No audit of these folds is stored: nobody looked. febench audit does.")]
        if not stored:
            return [note("The audit found nothing.")]
        shown = []
        for one in sorted(stored, key=lambda one: [*order, one["severity"]].index(one["severity"])):
            examples = [str(example) for example in one.get("examples") or ()][:EXAMPLES]
            told = {part: str(one.get(part) or "") for part in ("code", "severity", "title", "detail", "why", "action")}
            more = max(0, one["count"] - len(examples))
            shown.append({**told, "count": one["count"], "examples": examples, "more": more})
        return [fill("findings.html", findings=shown)]

    intro = "Leaks, duplicates and faults of the folds that make numbers mislead, as found when results were computed."
    return _section("audit", "Audit", intro, studies, blocks)


def making_section(studies: Sequence[Study]) -> Section:
    """What it takes to make the results again: hashes, seeds, versions, hosts and commands."""

    def blocks(study: Study) -> list[Markup]:
        results, manifest = study.results, study.results.manifest
        people = {
            "seen": "people tested were trained on",
            "partly seen": "some people tested were trained on",
            "new": "people tested are new",
            "not known": "people not known",
        }[study.faces]
        folds = f"{manifest.n_runs} runs of {manifest.n_folds} folds; {people}"
        images = f"{len(manifest.labels):,} images, {len(manifest.classes)} classes"
        facts = [
            ("Data set", f"{dataset_of(results)}: {images}"),
            ("Fingerprint of the images", manifest.fingerprint),
            ("Protocol", f"{manifest.protocol}, version {manifest.protocol_version}: {folds}"),
            ("Manifest (the folds), SHA-256", manifest.sha256),
            ("Base seed", str(manifest.seed)),
            ("Cells stored", f"{sum(len(row.records) for row in results.rows):,}"),
            *(("cells.jsonl, SHA-256", digest) for digest in study.digests),
            ("Versions", versions_of(results)),
        ]
        table = Table(
            title=titled("Methods as they were run", results),
            columns=("Method", "version", "parameters", "cells", "failed", "threads"),
            rows=tuple(map(_as_run, study.rows)),
            notes=("a version of hexadecimal digits is the hash of a plugin file, to be given with --plugin FILE",),
            key=key_of("methods", results),
        )
        values = {"facts": facts, "commands": commands(study), "environments": _environments(results)}
        return [fill("making.html", **values, table=table_block(table))]

    intro = (
        "Every cell has a seed of its own, from the SHA-256 of base seed, data set, protocol, method, run and fold. "
        "febench verify DIR checks the stored predictions, febench report DIR -o report.html makes this page again."
    )
    return _section("making", "How it was made", intro, studies, blocks)


def commands(study: Study) -> list[str]:
    """The commands that compute the same cells again."""
    lines = []
    for preset, rows in (
        ([], [row for row in study.rows if QUICK not in row.label]),
        (["--preset", "quick"], [row for row in study.rows if QUICK in row.label]),
    ):
        if not rows:
            continue
        threads = {number for row in rows for number in row.records.table["threads"].tolist()} - {1}
        few = ["--threads", str(threads.pop())] if len(threads) == 1 else []
        names = [row.label.replace(QUICK, "") for row in rows]
        lines.append(run_command(study.results.manifest, names, [*preset, *few]))
    return lines


def _as_run(row: RowResults) -> tuple[str | int, ...]:
    kind = row.records.last
    params = ", ".join(f"{name}={value}" for name, value in kind.params.items())
    threads = ", ".join(map(str, np.unique(row.records.table["threads"]).tolist()))
    return row.label, kind.version, params, len(row.cells), len(row.failed), threads


def _environments(results: Results) -> list[dict[str, Any]]:
    """What cells were computed with, the environment of most cells first."""
    cells = Counter(name for row in results.rows for name in row.records.named("environment"))
    return [
        {"id": name or "not noted", "cells": count, "about": _about(results.environments.get(name, {}))}
        for name, count in cells.most_common()
    ]


def _about(environment: Any) -> list[tuple[str, str]]:
    packages = ", ".join(f"{name} {version}" for name, version in environment.get("packages", {}).items())
    told = [
        ("host", f"{environment.get('host')} (hash of its name)" if environment.get("host") else ""),
        ("processor", _joined(environment, "processor", "cores")),
        ("system", _joined(environment, "platform")),
        ("Python", _joined(environment, "python")),
        ("packages", packages),
    ]
    return [(name, text) for name, text in told if text] or [("not noted", "what these cells were computed with")]


def _joined(environment: Any, *parts: str) -> str:
    told = [str(environment[part]) + (" cores" if part == "cores" else "") for part in parts if environment.get(part)]
    return ", ".join(told)
