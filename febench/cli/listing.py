"""Print methods, plans, the content of results directories, verifications and audits, as text or JSON."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tabulate import tabulate

import febench
from febench.audit import Finding
from febench.core.cache import cache_dir, cached_files
from febench.core.dataset import PARTS, Dataset, class_sizes, sizes_in_words
from febench.core.errors import MismatchError, UsageError, printable
from febench.core.manifest import Manifest
from febench.core.method import METHODS, Method
from febench.core.registry import Component, Registry
from febench.papers import place
from febench.papers.check import verify_papers, weigh_papers
from febench.results.index import open_results
from febench.results.results import Results, check_version
from febench.results.store import Store, find_directories
from febench.results.verify import compare_stores, verify_store
from febench.running.checkpoints import underway
from febench.running.options import RunOptions
from febench.running.plan import duration
from febench.running.runner import plan_for
from febench.show.formats import to_json
from febench.show.tables import chosen

STALE = 120.0  # seconds after which a training that says nothing is not running any more
EXAMPLES = 5


def show_methods(as_json: bool) -> None:
    """Print every method: sets, whether it can run here, source, parameters."""
    rows: list[dict[str, Any]] = []
    for name in sorted(METHODS.names, key=place):
        try:
            method: Method = METHODS.get(name)
        except UsageError as error:
            broken = {
                "name": name,
                "sets": [],
                "available": False,
                "missing": str(error),
                "about": "",
                "cite": "",
                "params": {},
            }
            rows.append(broken)
            continue
        rows.append(
            {
                "name": name,
                "sets": [*(["all"] if method.in_all else []), *method.sets],
                "available": method.missing is None,
                "missing": method.missing,
                "about": method.about,
                "cite": method.cite,
                "params": method.params,
                "origin": method.origin,
                "version": method.version,
            }
        )
    if as_json:
        print(_json(rows))
        return
    _print_grid(rows, ("name", "sets", "available", "about"))
    missing: dict[str, list[str]] = {}
    for row in rows:
        if row["missing"]:
            missing.setdefault(row["missing"], []).append(row["name"])
    for reason, names in missing.items():
        _print(f"  * {', '.join(names)}: {reason}")
    print("  * --methods all is the rows of set all; a method of set named runs only where it is named itself")
    print("  * --json has sources and parameters; the top of a method's file says what its source leaves open")


def show_components(registry: Registry[Any], as_json: bool) -> None:
    """Print every data set or protocol."""
    components: list[Component] = [registry.get(name) for name in registry.names]
    rows = [{"name": one.name, "about": one.about, "cite": one.cite, "params": one.params} for one in components]
    if as_json:
        print(_json(rows))
    else:
        _print_grid(rows, ("name", "about", "params"))


def show_plans(asked: Sequence[RunOptions], as_json: bool) -> None:
    """Print the plan of each protocol."""
    documents: list[dict[str, Any]] = []
    for options in asked:
        plan, absent = plan_for(options)
        manifest, rows = plan.cells[0].manifest, []
        for row in plan.rows:
            cells, estimate = plan.of(row), plan.estimate(row)
            stored = sum(cell.key in plan.stored for cell in cells)
            rows.append(
                {
                    "method": row.label,
                    "wanted": len(cells),
                    "stored": stored,
                    "missing": len(cells) - stored,
                    "seconds_per_cell": estimate.seconds,
                    "basis": estimate.basis,
                }
            )
        documents.append(
            {
                "dataset": manifest.dataset,
                "name": manifest.title,
                "protocol": manifest.protocol,
                "classes": class_sizes(manifest.classes, manifest.labels),
                "out": str(options.path),
                "jobs": plan.jobs,
                "workers": plan.workers_in_words,
                "wanted": len(plan.cells),
                "stored": len(plan.stored),
                "missing": len(plan.missing),
                "seconds": plan.remaining(),
                "rows": rows,
                "absent": list(absent),
            }
        )
    if as_json:
        print(to_json(documents))
        return
    for document in documents:
        _print(f"{document['name']}, protocol {document['protocol']}, in {document['out']}")
        _print(sizes_in_words(document["classes"]))
        shown = [
            {**row, "per cell": f"{duration(row['seconds_per_cell'])} ({row['basis']})"} for row in document["rows"]
        ]
        _print_grid(shown, ("method", "wanted", "stored", "missing", "per cell"))
        left = "nothing left to do" if not document["missing"] else f"about {duration(document['seconds'])}"
        _print(f"{document['missing']} cells missing, on {document['workers']}: {left}")
        for word in document["absent"]:
            _print(f"  * {word}")


def show_status(directories: Sequence[Path], version: str | None, as_json: bool) -> None:
    """Print what each results directory holds."""
    documents: list[dict[str, Any]] = []
    stores = list(map(open_results, find_directories(directories)))
    every = [Results.of(store, version) for store in stores]
    check_version(every, version)
    for store, results in zip(stores, every, strict=True):
        rows = [
            {
                "method": row.label,
                "version": row.records.last.version,
                "other_versions": results.outdated.get(row.label, {}),
                "cells": len(row.cells),
                "complete_runs": len(row.runs),
                "failed": len(row.failed),
                "gaps": row.gaps,
                "errors": sorted({f"{record.status}, {record.error}" for record in row.failed}),
                "tracebacks": sorted({record.traceback for record in row.failed if record.traceback}),
            }
            for row in chosen(results)
        ]
        documents.append(
            {
                "out": str(store.path),
                "dataset": results.manifest.dataset,
                "name": results.manifest.title,
                "protocol": results.manifest.protocol,
                "manifest": results.manifest.sha256,
                "runs": results.manifest.n_runs,
                "folds": results.manifest.n_folds,
                "torn_bytes": store.torn,
                "set_aside": store.set_aside,
                "rows": rows,
                "awaited": list(results.awaited),
                "underway": [asdict(one) for one in underway(store.path)],
            }
        )
    if as_json:
        print(to_json(documents))
        return
    for document in documents:
        _print(f"{document['out']}: {document['name']}, protocol {document['protocol']}, {document['runs']} runs")
        _print_grid(document["rows"], ("method", "cells", "complete_runs", "failed"))
        for row in document["rows"]:
            others = [f"also stored: version {name} ({count} cells)" for name, count in row["other_versions"].items()]
            for words in [*row["gaps"], *row["errors"], *others]:
                _print(f"  * {row['method']}: {words}")
            if row["tracebacks"]:
                _print(*row["tracebacks"][-1].split("\n"))
        for label in document["awaited"]:
            _print(f"  * {label}: was asked for and has no cell yet")
        if document["set_aside"]:
            _print(f"  * {document['set_aside']}")
        for one in document["underway"]:
            far = f"{one['method']}, run {one['run']}, fold {one['fold']}: step {one['step']:,} of {one['steps']:,}"
            silent = f", and nothing for {duration(one['age'])}; the same command goes on there"
            _print(f"  * {far}{silent if one['age'] >= STALE else ''}")


def show_verification(directory: Path | None, against: Path | None, as_json: bool) -> int:
    """Print every check, line by line; returns the exit code."""
    if directory is None:
        if against is not None:
            raise UsageError("--against compares results: name a results directory to compare with it")
        checks = [*verify_papers(), *weigh_papers()]
    else:
        stores = [Store(path) for path in find_directories([directory])]
        checks = [check for store in stores for check in verify_store(store)]
        if against is not None and len(stores) > 1:
            raise UsageError(f"--against compares one results directory, and {directory} holds {len(stores)}; name one")
        if against is not None:
            checks += compare_stores(stores[0], Store(_reference_of(stores[0], against)))
    if as_json:
        print(_json([vars(check) for check in checks]))
    else:
        _print(*map(str, checks))
        checked = [check.ok for check in checks if check.ok is not None]
        _print(f"{sum(checked)} of {len(checked)} checks agree")
    return 0 if all(check.ok is not False for check in checks) else MismatchError.exit_code


def _reference_of(store: Store, against: Path) -> Path:
    """Return the directory to compare with: for the name `reference` the committed one of the store's folds.

    Raises
    ------
    UsageError
        If there is no reference of these folds, as in an installed package, which has none.
    """
    if against != Path("reference") or against.exists():
        return against
    folder = Path(febench.__file__).parents[1] / "results" / "reference"
    manifest = store.manifest
    for path in find_directories([folder]) if folder.is_dir() else []:
        if Store(path).manifest.sha256 == manifest.sha256:
            return path
    where = f"{folder} has none" if folder.is_dir() else "the installed package has no reference results: clone febench"
    raise UsageError(f"there is no reference of {manifest.title} under protocol {manifest.protocol}: {where}")


def show_audit(dataset: Dataset, manifest: Manifest | None, findings: Sequence[Finding], as_json: bool) -> None:
    """Print what an audit found."""
    people, parts = set(dataset.subjects or ()), Counter(dataset.parts or ())
    if as_json:
        document = {
            "dataset": dataset.name,
            "protocol": manifest.protocol if manifest else None,
            "images": len(dataset),
            "classes": list(dataset.classes),
            "class_sizes": dataset.class_sizes,
            "people": len(people) or None,
            "parts": parts or None,
            "notes": list(dataset.notes),
            "findings": [asdict(finding) for finding in findings],
        }
        print(to_json([document]))
        return
    split = ", ".join(f"{part} {parts[part]}" for part in PARTS if parts[part])
    words = [
        f"{len(dataset)} images",
        f"{len(dataset.classes)} classes ({sizes_in_words(dataset.class_sizes)})",
        f"{len(people)} people" if people else "people unknown",
        f"its own split ({split})" if split else "no split of its own",
    ]
    folds = "no protocol asked for"
    if manifest:
        folds = f"protocol {manifest.protocol}, runs {manifest.n_runs}, folds {manifest.n_folds}"
    others = [note for note in dataset.notes if note not in dataset.departures]  # of those, a finding tells
    lines = [f"{dataset.name}: {', '.join(words)}; {folds}", *(f"  * {note}" for note in others)]
    for finding in findings:
        lines += ["", f"{finding.severity} {finding.code} {finding.title} ({finding.count})"]
        lines += [f"    {example}" for example in finding.examples[:EXAMPLES]]
        if finding.count > EXAMPLES:
            lines.append(f"    and {finding.count - min(EXAMPLES, len(finding.examples))} more")
        if finding.detail:
            lines.append(f"  also: {finding.detail}")
        lines += [f"  why:  {finding.why}", f"  do:   {finding.action}"]
    counts = Counter(finding.severity for finding in findings)
    lines += ["", ", ".join(f"{n} {severity}{'s' * (n > 1)}" for severity, n in counts.items()) or "no findings"]
    _print(*lines)


def show_cache(clear: bool, as_json: bool) -> None:
    """Print how many files of each kind the cache holds, and how large they are; delete them if asked."""
    files = cached_files()
    sizes = {kind: sum(path.stat().st_size for path in paths) for kind, paths in files.items()}
    rows = [{"kind": kind, "files": len(files[kind]), "bytes": size} for kind, size in sizes.items()]
    if clear:
        for path in (path for paths in files.values() for path in paths):
            path.unlink(missing_ok=True)
    total = sum(sizes.values())
    if as_json:
        print(_json([{"path": str(cache_dir()), "bytes": total, "cleared": clear, "kinds": rows}]))
        return
    if rows:
        grid = [{"kind": kind, "files": len(files[kind]), "MB": f"{size / 1e6:,.1f}"} for kind, size in sizes.items()]
        _print_grid(grid, ("kind", "files", "MB"))
    done = "deleted" if clear else "in all"
    _print(f"{cache_dir()}: {total / 1e6:,.1f} MB {done}")


def _json(rows: Sequence[Any]) -> str:
    """A list as JSON, also where it holds one thing alone."""
    return json.dumps(list(rows), indent=1)


def _print(*lines: str) -> None:
    """Print some lines; what stored files or plugins put into them moves no cursor."""
    print("\n".join(map(printable, lines)))


def _print_grid(rows: list[dict[str, Any]], columns: tuple[str, ...]) -> None:
    cells = [[_plain(row[column]) for column in columns] for row in rows]
    _print(
        *tabulate(cells, headers=[column.replace("_", " ") for column in columns], disable_numparse=True).split("\n")
    )


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return ", ".join(f"{key}={part}" for key, part in value.items())
    return printable(", ".join(value) if isinstance(value, list) else str(value))
