"""Files of a store that hold anything, with every checksum right: read, or refused in a sentence, never a traceback."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import febench
from febench.cli.listing import show_status, show_verification
from febench.core.environment import id_of
from febench.core.errors import FebenchError
from febench.core.files import sealed
from febench.core.manifest import Manifest
from febench.results.store import AUDIT, CELLS, ENVIRONMENT, MANIFEST
from febench.show.tables import TABLES
from tests.faults.conftest import COUNT, Survived
from tests.made_results import made_dataset, made_results

TRIED = 500 if COUNT else 20

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just("=1\x1b[31m\u202e"),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text(max_size=3), inside, max_size=3),
    max_leaves=4,
)


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("hostile") / "o"
    store = made_results(path, {"m": 0.9, "n": 0.5}, made_dataset(70), runs=[1, 2], probabilities=True)
    with store.writing():
        store.keep_audit([{"code": "FEB001", "severity": "error", "title": "leak", "count": 2}])
    return path


def changed(data: st.DataObject, document: Any) -> Any:
    """A document of JSON with one part, however deep inside, taken away or replaced by anything."""
    keys = list(document) if isinstance(document, dict) else range(len(document)) if isinstance(document, list) else []
    if not keys or data.draw(st.integers(0, 3)) == 0:
        return data.draw(anything)
    copy, key = document.copy(), data.draw(st.sampled_from(keys))
    if data.draw(st.integers(0, 4)) == 0:
        del copy[key]
    else:
        copy[key] = changed(data, document[key])
    return copy


def line_of(body: dict[str, Any]) -> str:
    text = json.dumps(body, separators=(",", ":"))
    return f'{text[:-1]},"check":"{hashlib.sha256(text.encode()).hexdigest()[:16]}"}}\n'


def rekeyed(lines: list[dict[str, Any]], manifest: Manifest) -> str:
    """Lines with the keys that these folds give them, as far as they have what a key is made of."""
    for line in lines:
        with contextlib.suppress(Exception):
            line["seed"] = manifest.cell_seed(line["method"], line["run"], line["fold"])
            line["key"] = manifest.cell_key(line["method"], line["params"], line["version"], line["run"], line["fold"])
    return "".join(map(line_of, lines))


def change_cells(data: st.DataObject, path: Path) -> None:
    lines = [json.loads(line) for line in (path / CELLS).read_text().splitlines()]
    for line in lines:
        del line["check"]
    manifest = Manifest({k: v for k, v in json.loads((path / MANIFEST).read_text()).items() if k != "sha256"})
    at = data.draw(st.integers(0, len(lines) - 1))
    lines[at] = {**lines[at], **({} if not isinstance(new := changed(data, lines[at]), dict) else new)}
    (path / CELLS).write_text(rekeyed(lines, manifest))


def change_folds(data: st.DataObject, path: Path) -> None:
    content = json.loads((path / MANIFEST).read_text())
    del content["sha256"]
    new = changed(data, content)
    if isinstance(new, dict):
        lines = [json.loads(line) for line in (path / CELLS).read_text().splitlines()]
        for line in lines:
            del line["check"]
        (path / MANIFEST).write_text(Manifest(new).to_text())
        (path / CELLS).write_text(rekeyed(lines, Manifest(new)))
    else:
        (path / MANIFEST).write_text(json.dumps(new))


def change_audit(data: st.DataObject, path: Path) -> None:
    document = json.loads((path / AUDIT).read_text())
    del document["checksum"]
    new = changed(data, document)
    (path / AUDIT).write_bytes(sealed(new) if isinstance(new, dict) else json.dumps(new).encode())


def change_environments(data: st.DataObject, path: Path) -> None:
    new = changed(data, json.loads((path / ENVIRONMENT).read_text()))
    if isinstance(new, dict):
        new = {id_of(one): one for one in new.values()}
        ids = json.dumps(next(iter(new), ""))
        cells = (path / CELLS).read_text().splitlines()
        bodies = [{**json.loads(line), "environment": json.loads(ids)} for line in cells]
        (path / CELLS).write_text("".join(line_of({k: v for k, v in b.items() if k != "check"}) for b in bodies))
    (path / ENVIRONMENT).write_text(json.dumps(new))


def readers(path: Path) -> list[Callable[[], object]]:
    """What reads a store, as the command line and notebooks do."""
    return [
        lambda: show_status([path], None, as_json=False),
        lambda: show_verification(path, None, as_json=False),
        *(lambda name=name: print(febench.table(name, febench.load(path))) for name in TABLES if name != "4"),
        lambda: print(febench.table(3, febench.load(path), metric="log-loss")),
        lambda: print(febench.compare(febench.load(path))),
        lambda: febench.export([path], path / "cells.csv", rows="cells"),
        lambda: febench.export([path], path / "predictions.parquet"),
    ]


@pytest.mark.parametrize("change", [change_cells, change_folds, change_audit, change_environments])
def test_a_file_that_holds_anything_is_read_or_refused_in_a_sentence(
    directory: Path, tmp_path: Path, change: Callable[[st.DataObject, Path], None], survived: Survived
) -> None:
    whole = {name: (directory / name).read_bytes() for name in (MANIFEST, CELLS, AUDIT, ENVIRONMENT)}
    path = tmp_path / "o"
    path.mkdir()

    @settings(max_examples=TRIED, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def tried(data: st.DataObject) -> None:
        for name, content in whole.items():
            (path / name).write_bytes(content)
        change(data, path)
        for read in readers(path):
            with contextlib.suppress(FebenchError), contextlib.redirect_stdout(io.StringIO()) as out:
                read()
            assert "\x1b" not in out.getvalue() and "\u202e" not in out.getvalue()
        survived.count()

    tried()
