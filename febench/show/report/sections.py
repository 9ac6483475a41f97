"""The sections of the report below the verdict, in their order on the page."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from markupsafe import Markup

from febench.papers import comparison as printed
from febench.results.caveats import signs_of
from febench.results.metrics import METRICS, OA, overall_accuracy
from febench.results.people import said_of_faces
from febench.results.results import Results
from febench.results.rows import RowResults
from febench.show import figures
from febench.show.compare import Ranking, comparison_document, papers_document, ranking_document
from febench.show.report.answers import HOW_TO_MEASURE, for_whom
from febench.show.report.blocks import Part, Section, figure_block, fill, folded, note, table_block, table_blocks
from febench.show.report.drawing import Drawings
from febench.show.report.studies import MAX_DRAWN, Study, by_images
from febench.show.tables import (
    INTERVAL_OF_PEOPLE,
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
from febench.show.tables.table import SPREAD

N_SHADES = 10
MAX_EXAMPLES = 5
QUICK = " (quick)"
PLUGIN_VERSION = re.compile(r"[0-9a-f]{16,}")
"""The version of a plugin's method is a hash of its code."""


def _section(
    id: str, title: str, intro: str, studies: Sequence[Study], blocks: Callable[[Study], Sequence[Markup]]
) -> Section:
    """Return a section with a part for each study."""
    return Section(id, title, intro, tuple(Part(study.name, tuple(blocks(study))) for study in studies))


def comparison_section(studies: Sequence[Study], drawings: Drawings) -> Section:
    """Return table 3, a figure of every run, a table of all metrics, and table 2 to be opened."""

    def blocks(study: Study) -> list[Markup]:
        results, metric = study.results, study.metric
        paper = study.paper and metric is OA
        known = any(row.method in printed() for row in results.rows)
        no_papers = ""
        if not shows_papers(results, paper):
            no_papers = "The papers' numbers are of other photographs and random folds, so they are not shown here."
        elif not known:
            no_papers = "The papers print nothing of the methods here, so there is nothing to compare them with."
        bars = f" The grey bars are each the {INTERVAL_OF_PEOPLE}." if _has_intervals(study) else ""
        caption = f"Every run of every method as a dot, {metric.title}, {study.name}.{bars}{study.note_on_drawn}"
        return [
            *([note(no_papers)] * bool(no_papers)),
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


def _has_intervals(study: Study) -> bool:
    """Return whether figures show intervals over people: people are known, and runs are complete."""
    return any(row.runs and row.summary(study.metric).interval for row in study.rows)


def _bars(study: Study, which: str = "The") -> str:
    """Return what the bars of a figure are, as a sentence; it begins with a space."""
    return f" {which} bars are each the {INTERVAL_OF_PEOPLE if _has_intervals(study) else SPREAD}."


def _every_metric(study: Study) -> Table:
    """Return a table of the means of all metrics, overall accuracy and mean sensitivity first."""
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
        notes.append(f"no probabilities, and so none of the metrics that need them: {', '.join(without)}")
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
    """Return table 4 and its figure for each data set with several protocols."""
    parts, changes = [], set()
    for same_images in by_images(studies):
        study, name = same_images[0], same_images[0].results.manifest.title
        if len(same_images) < 2:
            only = f"Only protocol {study.results.manifest.protocol} is in this report, so there is no drop to show."
            faces = {
                "new": f"It tests new faces only: {said_of_faces(study.results.manifest)}.",
                "seen": f"Every face in it was seen in training: {HOW_TO_MEASURE}.",
                "partly seen": f"Some of the faces in it were seen in training: {HOW_TO_MEASURE}.",
                "not known": "The data set does not tell its people apart.",
            }
            parts.append(Part(name, (note(f"{only} {faces[study.faces]}"),)))
            continue
        document = table_4([other.results for other in same_images], metric=study.metric)
        changes.add(document.data["change"])
        title = f"{study.metric.heading} of each method under each protocol, {name}."
        caption = f"{title}{_bars(study)}{study.note_on_drawn}"
        shown = {row.label for other in same_images for row in other.drawn}
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
    """Return the verdicts of pairs of methods, with intervals."""

    def blocks(study: Study) -> list[Markup]:
        comparison = study.comparison
        if not comparison.pairs:
            return [note("Fewer than two methods have a complete run: there is nothing to test.")]
        protocol = study.results.manifest.protocol
        n_datasets = sum(other.results.manifest.protocol == protocol for other in studies)
        document = comparison_document(comparison, n_datasets=n_datasets)
        title = f"How far the method with the {study.metric.best} mean is ahead of each other method, {study.name}."
        caption = f"{title} The lines are 95 % intervals of the differences.{study.note_on_drawn}"
        drawn = replace(comparison, standings=comparison.standings[:MAX_DRAWN])
        return [
            table_block(document.tables[0]),
            figure_block(drawings, caption, lambda: figures.differences(drawn)),
        ]

    intro = (
        "Methods compared pair by pair on the same folds. If an interval contains zero, or p is above 0.05, the "
        "difference may be chance."
    )
    return _section("significance", "Which differences are real", intro, studies, blocks)


def ranks_section(rankings: Sequence[Ranking], drawings: Drawings) -> Section:
    """Return the ranks of methods over five or more data sets."""
    parts = []
    for ranking in rankings:
        caption = f"Critical-difference diagram over {len(ranking.datasets)} data sets, protocol {ranking.protocol}."
        drawn = figure_block(drawings, caption, lambda shown=ranking: figures.critical_difference(shown))  # type: ignore[misc]
        parts.append(Part(f"Protocol {ranking.protocol}", (drawn, *table_blocks([ranking_document(ranking)]))))
    intro = "Methods ranked on each data set; a bar joins those that do not differ significantly."
    return Section("ranks", "Over all data sets", intro, tuple(parts))


def papers_section() -> Section:
    """Return Welch's t test of the papers' printed means and sds."""
    intro = (
        "The papers' tables print a mean and a standard deviation over ten runs. These tests use nothing else, and "
        "none of the results of this page."
    )
    part = Part("", table_blocks([papers_document()]))
    return Section("papers", "What the papers' own numbers show", intro, (part,))


def people_section(studies: Sequence[Study], drawings: Drawings) -> Section:
    """Return how well each person is recognised, if people are known."""

    def blocks(study: Study) -> list[Markup]:
        if study.results.manifest.people is None:
            return [note("The data set does not tell its people apart.")]
        if study.metric.averaged_over_folds:
            return [note(f"{study.metric.title} ranks the images of different people: no person has a value of it.")]
        caption = f"Every person as a dot, {study.name}.{study.note_on_drawn}"
        sentence = for_whom(study)
        documents = make_table("people", [study.results], metric=study.metric.name)
        return [
            *([note(sentence)] * bool(sentence)),
            *(table_block(_with_initials(study, table)) for document in documents for table in document.tables),
            figure_block(drawings, caption, lambda: figures.people(study.results, study.drawn, study.metric)),
        ]

    intro = "A mean hides for whom a method works. Each person over all complete runs."
    return _section("people", "Person by person", intro, studies, blocks)


def _with_initials(study: Study, table: Table) -> Table:
    """Return a table of people whose last column names them as the report does."""
    if not study.people.hidden:
        return table
    rows = tuple((*row[:-1], study.people.hide(row[-1]) if isinstance(row[-1], str) else row[-1]) for row in table.rows)
    remark = "people are named by their initials; febench report --names shows the names"
    return replace(table, rows=rows, notes=(*table.notes, remark))


def classes_section(studies: Sequence[Study], drawings: Drawings) -> Section:
    """Return the mean sensitivities of all methods, a figure of every run, and table 1 to be opened."""

    def blocks(study: Study) -> list[Markup]:
        results = study.results
        spreads = {row.label: class_spreads(row).values() for row in study.rows}
        table = Table(
            title=titled("Sensitivity of each class, mean over runs, %", results),
            columns=("Method", *results.manifest.classes),
            rows=tuple(
                (label, *(None if mean is None else PlusMinus(mean, sd) for mean, sd in by_class))
                for label, by_class in spreads.items()
            ),
            notes=tuple(caveat_notes(study.results, study.rows)),
            about=about_of(results, study.rows),
            marks=signs_of(study.rows),
            key=key_of("classes", results),
        )
        caption = f"Sensitivity of each class in each run, {study.name}.{study.note_on_drawn}"
        return [
            table_block(table),
            figure_block(drawings, caption, lambda: figures.sensitivity(results, study.drawn, paper=study.paper)),
            folded("Sensitivity run by run (table 1)", table_blocks(make_table(1, [results], paper=study.paper))),
        ]

    intro = "Sensitivity: of all test images of a class, the share that is recognised."
    return _section("classes", "Class by class", intro, studies, blocks)


@dataclass(frozen=True)
class Entry:
    """A count, its percentage of the row (None in an empty row), and its shade from 0 to `N_SHADES`."""

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
    """Return the summed confusion matrices H(r, g) as HTML tables, which screen readers read too."""

    def blocks(study: Study) -> list[Markup]:
        rows = [row for row in study.rows if row.runs]
        if not rows:
            return [note("No method has a complete run.")]
        return [fill("confusion.html", matrices=list(map(matrix, rows)))]

    intro = (
        "Counts of test images, summed over complete runs and their folds. Rows: true class; columns: recognised as; "
        "below each count its percentage of the row. The stronger the colour, the larger the percentage."
    )
    return _section("confusion", "Confusion matrices", intro, studies, blocks)


def matrix(row: RowResults) -> Matrix:
    """Return the matrix of a method with a complete run."""
    total = np.sum(list(row.confusions.values()), axis=0)
    runs, n_runs = len(row.runs), row.manifest.n_runs
    of = "" if runs == n_runs else f" of {n_runs}"
    about = f"H(r={runs}{of}, g={row.manifest.n_folds}), overall accuracy {overall_accuracy(total):.2f} %"
    rows = []
    for true, counts in enumerate(total.tolist()):
        images = sum(counts)
        shares = [count / images if images else None for count in counts]
        rows.append(
            tuple(
                Entry(count, None if share is None else 100 * share, round(N_SHADES * (share or 0.0)), column == true)
                for column, (count, share) in enumerate(zip(counts, shares, strict=True))
            )
        )
    return Matrix(row.label, about, row.manifest.classes, tuple(rows))


def ladder_section(studies: Sequence[Study], drawings: Drawings) -> list[Section]:
    """Return the section of the ladder, of studies with a rung beside the search itself; no section without one."""
    with_rungs = [
        study
        for study in studies
        if any(row.label != row.method and row.label in rungs_of(row.method) for row in _searched(study))
    ]

    def blocks(study: Study) -> list[Markup]:
        (document,) = make_table("ladder", [study.results], metric=study.metric.name)
        caption = f"{study.metric.heading} rung by rung, {study.name}.{_bars(study)}"
        drawn = figure_block(drawings, caption, lambda: figures.ladder(document.data))
        return [*table_blocks([document]), drawn]

    intro = (
        "The same features with a support vector machine, and with the papers' network trained by its gradient, by the "
        "search, and by another implementation of the search."
    )
    return [_section("ladder", "Where searches lose accuracy", intro, with_rungs, blocks)] if with_rungs else []


def _searched(study: Study) -> list[RowResults]:
    return [row for row in study.rows if row.method in LADDERS and row.runs]


def cost_section(studies: Sequence[Study], drawings: Drawings) -> Section:
    """Return the cost table, and a figure of accuracy against training time."""

    def blocks(study: Study) -> list[Markup]:
        title = f"{study.metric.heading} against the training time of a fold, {study.name}."
        caption = (
            f"{title} Horizontal bars are the middle half of the times.{_bars(study, 'Vertical')}{study.note_on_drawn}"
        )
        drawn = figure_block(drawings, caption, lambda: figures.cost(study.results, study.drawn, study.metric))
        return [*table_blocks(make_table("cost", [study.results])), drawn]

    intro = "Times are compared within one host only; other work may have shared it."
    return _section("cost", "Cost", intro, studies, blocks)


def audit_section(studies: Sequence[Study]) -> Section:
    """Return every finding of the audit, errors first."""
    order = ("error", "warning", "info")

    def blocks(study: Study) -> list[Markup]:
        stored = study.audit
        if stored is None:
            return [
                note("No audit of these folds is stored. febench audit looks for leaks, duplicates and bad splits.")
            ]
        if not stored:
            return [note("The audit found nothing.")]
        shown = []
        for finding in sorted(stored, key=lambda finding: [*order, finding["severity"]].index(finding["severity"])):
            examples = [study.people.hide(str(example)) for example in finding.get("examples") or ()][:MAX_EXAMPLES]
            texts = {part: str(finding.get(part) or "") for part in ("code", "severity", "title", "why", "action")}
            texts["detail"] = study.people.hide(str(finding.get("detail") or ""))
            more = max(0, finding["count"] - len(examples))
            shown.append({**texts, "count": finding["count"], "examples": examples, "more": more})
        return [fill("findings.html", findings=shown)]

    intro = "Leaks, duplicates and bad splits that make numbers misleading, as found when the results were computed."
    return _section("audit", "Audit", intro, studies, blocks)


def making_section(studies: Sequence[Study]) -> Section:
    """Return what is needed to compute the results again: hashes, seeds, versions, hosts and commands."""

    def blocks(study: Study) -> list[Markup]:
        results, manifest = study.results, study.results.manifest
        folds = f"{manifest.n_runs} runs of {manifest.n_folds} folds; {said_of_faces(manifest)}"
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
            notes=("a version of hexadecimal digits is the hash of a plugin's code; --plugin FILE names its file",),
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
    """Return the commands that compute the same cells again: one for each set of options that rows were run with.

    A time limit, and on a GPU whether it was deterministic and how many folds it was given, are not stored.
    """
    rows_by_options: dict[tuple[str, ...], list[str]] = {}
    for row in study.rows:
        rows_by_options.setdefault(_options_of(row), []).append(row.label.replace(QUICK, ""))
    return [run_command(study.results.manifest, names, options) for options, names in rows_by_options.items()]


def _options_of(row: RowResults) -> tuple[str, ...]:
    """Return the options of `febench run` that a row was computed with, beside data set, protocol, seed and method."""
    table, quick = row.records.table, QUICK in row.label
    runs, default_runs = int(table["run"].max()), 1 if quick else row.manifest.n_runs
    threads = set(table["threads"].tolist()) - {1}
    on_gpu = any(str(device).startswith("cuda") for device in row.records.named("device"))
    options = {
        ("--data-dir", "DATA"): not row.manifest.synthetic,
        ("--plugin", "FILE"): bool(PLUGIN_VERSION.fullmatch(row.records.last.version)),
        ("--preset", "quick"): quick,
        ("--runs", str(runs)): runs != default_runs,
        ("--device", "cuda"): on_gpu,
        ("--threads", *map(str, threads)): len(threads) == 1,
    }
    return tuple(text for option, needed in options.items() if needed for text in option)


def _as_run(row: RowResults) -> tuple[str | int, ...]:
    """Return a row's label, version, parameters, cells, failed cells and threads."""
    kind = row.records.last
    params = ", ".join(f"{name}={value}" for name, value in kind.params.items())
    threads = ", ".join(map(str, np.unique(row.records.table["threads"]).tolist()))
    return row.label, kind.version, params, len(row.cells), len(row.failed), threads


def _environments(results: Results) -> list[dict[str, Any]]:
    """Return the environments in which cells were computed, the one of most cells first."""
    cells = Counter(name for row in results.rows for name in row.records.named("environment"))
    return [
        {"id": name or "not recorded", "cells": count, "about": _about(results.environments.get(name, {}))}
        for name, count in cells.most_common()
    ]


def _about(environment: Any) -> list[tuple[str, str]]:
    """Return host, processor, system, Python and packages of an environment, as far as they are recorded."""
    cores = environment.get("cores")
    facts = [
        ("host", f"{environment.get('host')} (hash of its name)" if environment.get("host") else ""),
        ("processor", ", ".join(filter(None, [environment.get("processor"), f"{cores} cores" if cores else ""]))),
        ("system", environment.get("platform")),
        ("Python", environment.get("python")),
        ("packages", ", ".join(f"{name} {version}" for name, version in environment.get("packages", {}).items())),
    ]
    return [(name, str(text)) for name, text in facts if text] or [
        ("not recorded", "in what these cells were computed")
    ]
