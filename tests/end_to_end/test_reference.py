"""The committed reference results: whole, current, and what the code of today computes."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path
from typing import Any

import pytest

import febench
from febench.cli.listing import _reference_of
from febench.core.dataset import load_dataset
from febench.core.environment import environment
from febench.core.errors import UsageError
from febench.core.manifest import draw
from febench.results.results import Results
from febench.results.store import ENVIRONMENT, MANIFEST, Store
from febench.results.verify import verify_store
from febench.running.executors.local import LocalExecutor
from febench.running.plan import Cell, Plan, select_rows, wanted_cells
from febench.running.runner import cell_task, extract_task
from febench.running.tasks import CellResult, Extracted, PackedMethod

REFERENCE = Path(__file__).parents[2] / "results" / "reference"
CLASSICAL = select_rows("classical")[0]
WHOLE = tuple(
    row
    for row in select_rows("classical,deep,extended")[0]
    if row.method.name != "majority"  # which tables compute from the labels
    and (row.method.extra != "deep" or "deep" in row.method.sets)
)


@pytest.fixture(scope="module", params=["paper", "subject"])
def store(request: pytest.FixtureRequest) -> Store:
    return Store(REFERENCE / "faces700" / request.param)


@pytest.mark.parametrize("manifest", sorted(REFERENCE.rglob(MANIFEST)), ids=lambda path: path.parent.name)
def test_it_is_sound(manifest: Path) -> None:
    store = Store(manifest.parent)
    assert store.records and store.audit is not None
    assert [str(finding) for finding in verify_store(store) if finding.ok is False] == []


def test_the_readme_prints_its_table_of_the_drop() -> None:
    table = febench.table(4, *febench.load_all(REFERENCE / "faces700"))
    readme = (REFERENCE.parents[1] / "README.md").read_text(encoding="utf-8")
    assert textwrap.indent(table, "    ") in readme, "febench table 4 results/reference/faces700 says otherwise"


def test_it_was_made_on_todays_faces_and_folds(store: Store) -> None:
    faces = load_dataset("faces700")
    assert (len(faces), len(faces.classes), len(set(faces.subjects or ()))) == (700, 7, 20)
    assert store.manifest.fingerprint == faces.fingerprint
    assert draw(faces, store.manifest.protocol, store.manifest.seed).sha256 == store.manifest.sha256


def test_every_method_is_whole_and_of_todays_version(store: Store) -> None:
    plan = Plan(WHOLE, wanted_cells(WHOLE, store.manifest), tuple(store.records))
    assert len(plan.cells) == 100 * len(WHOLE) and not plan.missing
    rows = {row.label: row for row in Results.of(store).rows}
    assert all(rows[row.label].complete and not rows[row.label].failed for row in WHOLE)


def test_the_machine_that_made_it_makes_it_again(store: Store) -> None:
    """One cell of each classical method, to the bit, where processor, Python and libraries are those noted."""
    noted = json.loads((store.path / ENVIRONMENT).read_text())
    made_with = {record.method: noted[record.environment] for record in store.records}
    if any(what_counts(made_with[row.method.name]) != what_counts(environment()) for row in CLASSICAL):
        pytest.skip("made with another processor, Python or libraries")
    faces = load_dataset("faces700")
    methods = {row.label: PackedMethod.of(row.method, row.params, "cpu") for row in CLASSICAL}
    cells = [Cell(row, store.manifest, 2, 5) for row in CLASSICAL]
    with LocalExecutor(jobs=2) as executor:
        extractions = executor.map(CLASSICAL, lambda row: extract_task(faces, methods[row.label]))
        paths = {row.label: extracted.path for row, extracted in extractions if isinstance(extracted, Extracted)}
        made = list(executor.map(cells, lambda c: cell_task(c, methods[c.row.label], paths[c.row.label])))
    for cell, result in made:
        stored = store.get(cell.key)
        assert stored is not None and isinstance(result, CellResult), cell.row.label
        assert result.predictions == stored.predictions, cell.row.label


def what_counts(noted: dict[str, Any]) -> list[Any]:
    """The parts of an environment on which the classical methods' results may depend."""
    packages = ("numpy", "scipy", "scikit-learn", "PyWavelets", "pillow")
    machine = [noted.get(part) for part in ("processor", "processor_features", "variables", "python")]
    return [*machine, *(noted["packages"][name] for name in packages)]


def test_the_reference_of_the_same_folds_is_found_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(REFERENCE / "faces700" / "subject")
    assert _reference_of(store, Path("reference")) == REFERENCE / "faces700" / "subject"
    assert _reference_of(store, tmp_path) == tmp_path
    with pytest.raises(UsageError, match=r"there is no reference of faces700 under protocol paper\[runs=1\]"):
        other = Store.open(tmp_path / "other", draw(load_dataset("faces700"), "paper[runs=1]"))
        _reference_of(other, Path("reference"))
    monkeypatch.setattr("febench.__file__", str(tmp_path / "site-packages" / "febench" / "__init__.py"))
    with pytest.raises(UsageError, match="the installed package has no reference results"):
        _reference_of(store, Path("reference"))
