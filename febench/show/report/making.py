"""How the results were made: what it takes to make them again, and to check that they are the same."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Sequence
from typing import Any

from febench.results.results import Results, RowResults
from febench.show.report.sections import Part, Section, fill, table_block
from febench.show.report.sources import Source
from febench.show.tables import Table, notes

INTRO = (
    "Every cell has a seed of its own, from the SHA-256 of base seed, data set, protocol, method, run and fold. "
    "febench verify DIR checks the stored predictions, febench report DIR -o report.html makes this page again."
)
QUICK = " (quick)"


def making_section(sources: Sequence[Source]) -> Section:
    """Hashes, seeds, versions, hosts and commands."""
    return Section("making", "How it was made", INTRO, tuple(map(_part, sources)))


def _part(source: Source) -> Part:
    results = source.results
    values = {"facts": _facts(source), "commands": commands(results), "environments": _environments(results)}
    return Part(source.name, (fill("making.html", **values, table=table_block(_methods(results))),))


def _facts(source: Source) -> list[tuple[str, str]]:
    manifest = source.results.manifest
    cells = sum(len(row.records) for row in source.results.rows)
    return [
        (
            "Data set",
            f"{notes.dataset(source.results)}: {len(manifest.labels):,} images, {len(manifest.classes)} classes",
        ),
        ("Fingerprint of the images", manifest.fingerprint),
        ("Protocol", f"{manifest.protocol}, version {manifest.content['protocol_version']}: {_folds(source)}"),
        ("Manifest (the folds), SHA-256", manifest.sha256),
        ("Base seed", str(manifest.seed)),
        ("Cells stored", f"{cells:,}"),
        *(("cells.jsonl, SHA-256", digest) for digest in source.digests),
        ("Versions", notes.versions(source.results)),
    ]


def _folds(source: Source) -> str:
    manifest = source.results.manifest
    people = {"seen": "people tested were trained on", "new": "people tested are new", "not known": "people not known"}
    return f"{manifest.n_runs} runs of {manifest.n_folds} folds; {people[source.faces]}"


def commands(results: Results) -> list[str]:
    """The commands that compute the same cells again."""
    quick = [row.label.replace(QUICK, "") for row in results.rows if QUICK in row.label]
    whole = [row.label for row in results.rows if QUICK not in row.label]
    return [
        _command(results, names, preset) for names, preset in ((whole, ()), (quick, ("--preset", "quick"))) if names
    ]


def _command(results: Results, names: Sequence[str], preset: Sequence[str]) -> str:
    manifest = results.manifest
    asked = ["--dataset", manifest.dataset, "--protocol", manifest.protocol, "--seed", str(manifest.seed)]
    threads = {
        record.threads for row in results.rows for record in row.records if row.label.replace(QUICK, "") in names
    } - {1}
    few = ["--threads", str(threads.pop())] if len(threads) == 1 else []
    return shlex.join(["febench", "run", *asked, *preset, *few, "--methods", ",".join(names), "--out", "DIR"])


def _methods(results: Results) -> Table:
    return Table(
        title=notes.title("Methods as they were run", results),
        columns=("Method", "version", "parameters", "cells", "failed", "threads"),
        rows=tuple(map(_method, results.rows)),
        notes=("a version of hexadecimal digits is the hash of a plugin file, to be given with --plugin FILE",),
        key=notes.key("methods", results),
    )


def _method(row: RowResults) -> tuple[str | int, ...]:
    record = row.records[-1]
    params = ", ".join(f"{name}={value}" for name, value in record.params.items())
    threads = ", ".join(map(str, sorted({one.threads for one in row.records})))
    return row.label, record.version, params, sum(one.ok for one in row.records), len(row.failed), threads


def _environments(results: Results) -> list[dict[str, Any]]:
    """What cells were computed with, the environment of most cells first."""
    cells = Counter(record.environment for row in results.rows for record in row.records)
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
