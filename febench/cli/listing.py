"""The reading verbs: each collects data, and prints it as a table or as JSON."""

from __future__ import annotations

import json as json_text
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tabulate import tabulate

from febench.core.errors import MismatchError, UsageError
from febench.core.method import METHODS, Method
from febench.core.registry import Component, Registry
from febench.papers import place
from febench.papers.verify import compare_stores, verify_papers, verify_store, weigh_papers
from febench.results.results import Results, RowResults
from febench.results.store import MANIFEST, Store
from febench.run.compute import underway
from febench.run.plan import Plan, Row
from febench.run.progress import duration
from febench.run.runner import Request, plan_for
from febench.show.formats import render, to_json
from febench.show.tables import make_table

STALE = 120.0  # seconds after which a training that says nothing is not running any more


def show_methods(as_json: bool) -> None:
    """Print every method: sets, whether it can run here, source, parameters."""
    _show(
        [_method(name) for name in sorted(METHODS.names, key=place)],
        ("name", "sets", "available", "cite"),
        as_json,
        notes="missing",
    )
    if not as_json:
        print("  * what a source leaves open was chosen here; the top of the method's file (--json names it) says what")


def show_components(registry: Registry[Any], as_json: bool) -> None:
    """Print every data set or protocol."""
    found: list[Component] = [registry.get(name) for name in registry.names]
    rows = [{"name": one.name, "about": one.about, "cite": one.cite, "params": one.params} for one in found]
    _show(rows, ("name", "about", "params"), as_json)


def show_plans(requests: Sequence[Request], as_json: bool) -> None:
    """Print the plan of each request."""
    documents = []
    for request in requests:
        plan, absent = plan_for(request)
        manifest = plan.cells[0].manifest
        documents.append(
            {
                "dataset": manifest.dataset,
                "protocol": manifest.protocol,
                "out": str(request.path),
                "jobs": plan.jobs,
                "wanted": len(plan.cells),
                "stored": len(plan.stored),
                "missing": len(plan.missing),
                "seconds": plan.remaining(),
                "rows": [_planned(plan, row) for row in plan.rows],
                "absent": list(absent),
            }
        )
    if as_json:
        print(to_json(documents))
        return
    for document in documents:
        _print_plan(document)


def show_status(directory: Path, as_json: bool) -> None:
    """Print what each results directory holds."""
    documents = [_status(store) for store in find_stores([directory])]
    if as_json:
        print(to_json(documents))
        return
    for document in documents:
        print(f"{document['out']}: {document['dataset']}, protocol {document['protocol']}, {document['runs']} runs")
        _print_grid(document["rows"], ("method", "cells", "complete_runs", "failed"))
        for row in document["rows"]:
            for words in [*row["gaps"], *row["errors"]]:
                print(f"  * {row['method']}: {words}")
            if row["tracebacks"]:
                print(row["tracebacks"][-1])
        for one in document["underway"]:
            print(f"  * {_on_its_way(one)}")


def show_table(name: str, directories: Sequence[Path], method: str | None, how: str) -> None:
    """Print a table of stored results."""
    results = [Results.of(store) for store in find_stores(directories)]
    print(render(make_table(name, results, method), how))


def draw_figure(name: str, directories: Sequence[Path], output: Path, method: str | None) -> None:
    """Write a figure of stored results to a file."""
    from febench.show.figures import make_figure, save_figure

    results = [Results.of(store) for store in find_stores(directories)]
    save_figure(make_figure(name, results, method), output)
    print(f"wrote {output}")


def show_verification(directory: Path | None, against: Path | None, as_json: bool) -> int:
    """Print every check, line by line; returns the exit code."""
    if directory is None:
        if against is not None:
            raise UsageError("--against compares results: name a results directory to compare with it")
        findings = [*verify_papers(), *weigh_papers()]
    else:
        stores = find_stores([directory])
        findings = [finding for store in stores for finding in verify_store(store)]
        if against is not None and len(stores) > 1:
            raise UsageError(f"--against compares one results directory, and {directory} holds {len(stores)}; name one")
        if against is not None:
            findings += compare_stores(stores[0], Store(against))
    if as_json:
        print(json_text.dumps([vars(finding) for finding in findings], indent=1))
    else:
        print("\n".join(map(str, findings)))
        checked = [finding.ok for finding in findings if finding.ok is not None]
        print(f"{sum(checked)} of {len(checked)} checks agree")
    return 0 if all(finding.ok is not False for finding in findings) else MismatchError.exit_code


def find_stores(directories: Sequence[Path]) -> list[Store]:
    """The results in some directories; a folder of results directories stands for all of them.

    Raises
    ------
    UsageError
        If there are none.
    """
    return [Store(path) for path in find_directories(directories)]


def find_directories(directories: Sequence[Path]) -> list[Path]:
    """Some directories, but for a folder of results directories all of them, however deep."""
    found = []
    for directory in directories:
        inside = sorted(path.parent for path in directory.rglob(MANIFEST))
        found += [directory] if (directory / MANIFEST).exists() or not inside else inside
    return found


def _method(name: str) -> dict[str, Any]:
    try:
        found: Method = METHODS.get(name)
    except UsageError as error:
        return {"name": name, "sets": [], "available": False, "missing": str(error), "cite": "", "params": {}}
    return {
        "name": name,
        "sets": [*(["all"] if found.in_all else []), *found.sets],
        "available": found.missing is None,
        "missing": found.missing,
        "cite": found.cite,
        "params": found.params,
        "origin": found.origin,
        "version": found.version,
    }


def _planned(plan: Plan, row: Row) -> dict[str, Any]:
    cells, estimate = plan.of(row), plan.estimate(row)
    stored = sum(cell.key in plan.stored for cell in cells)
    return {
        "method": row.label,
        "wanted": len(cells),
        "stored": stored,
        "missing": len(cells) - stored,
        "seconds_per_cell": estimate.seconds,
        "basis": estimate.basis,
    }


def _print_plan(document: dict[str, Any]) -> None:
    print(f"{document['dataset']}, protocol {document['protocol']}, in {document['out']}")
    rows = [{**row, "per cell": f"{duration(row['seconds_per_cell'])} ({row['basis']})"} for row in document["rows"]]
    _print_grid(rows, ("method", "wanted", "stored", "missing", "per cell"))
    left = "nothing left to do" if not document["missing"] else f"about {duration(document['seconds'])}"
    print(f"{document['missing']} cells missing, on {document['jobs']} workers: {left}")
    for word in document["absent"]:
        print(f"  * {word}")


def _status(store: Store) -> dict[str, Any]:
    results = Results.of(store)
    return {
        "out": str(store.path),
        "dataset": results.manifest.dataset,
        "protocol": results.manifest.protocol,
        "manifest": results.manifest.sha256,
        "runs": results.manifest.n_runs,
        "folds": results.manifest.n_folds,
        "torn_bytes": store.torn,
        "rows": [_row_status(row) for row in results.rows],
        "underway": [asdict(one) for one in underway(store.path)],
    }


def _on_its_way(one: dict[str, Any]) -> str:
    """How far a long training is."""
    far = f"{one['method']}, run {one['run']}, fold {one['fold']}: step {one['step']:,} of {one['steps']:,}"
    return (
        far if one["age"] < STALE else f"{far}, and nothing for {duration(one['age'])}; the same command goes on there"
    )


def _row_status(row: RowResults) -> dict[str, Any]:
    return {
        "method": row.label,
        "cells": sum(record.ok for record in row.records),
        "complete_runs": len(row.confusions),
        "failed": len(row.failed),
        "gaps": row.gaps,
        "errors": sorted({f"{record.status}, {record.error}" for record in row.failed}),
        "tracebacks": sorted({record.traceback for record in row.failed if record.traceback}),
    }


def _show(rows: list[dict[str, Any]], columns: tuple[str, ...], as_json: bool, notes: str = "") -> None:
    if as_json:
        print(json_text.dumps(rows, indent=1))
        return
    _print_grid(rows, columns)
    for row in rows:
        if row.get(notes):
            print(f"  * {row['name']}: {row[notes]}")


def _print_grid(rows: list[dict[str, Any]], columns: tuple[str, ...]) -> None:
    cells = [[_plain(row[column]) for column in columns] for row in rows]
    print(tabulate(cells, headers=[column.replace("_", " ") for column in columns], disable_numparse=True))


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return ", ".join(f"{key}={part}" for key, part in value.items())
    return ", ".join(value) if isinstance(value, list) else str(value)
