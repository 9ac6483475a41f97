"""Lines that are whole and yet not results of these folds: set aside by name, or refused."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from febench import api
from febench.cli.app import app
from febench.core.errors import MismatchError
from febench.core.manifest import Manifest, draw
from febench.results.record import Record
from febench.results.store import CELLS, Store
from tests.made_results import made_cell, made_dataset, made_results

SET_ASIDE = "do not belong to these folds"


def append(path: Path, *records: Record) -> None:
    with (path / CELLS).open("a", encoding="utf-8") as file:
        file.writelines(record.to_line() for record in records)


def foreign_manifests() -> list[Manifest]:
    """Folds of another seed, of another data set that has equal folds, and of another protocol with as many of them."""
    data = made_dataset(140)
    other_set = made_dataset(140, name="other")
    return [draw(data, "paper", seed=1), draw(other_set, "paper"), draw(data, "paper[runs=3]")]


@pytest.mark.parametrize("other", range(3))
def test_cells_of_other_folds_change_no_number_and_are_named(tmp_path: Path, other: int) -> None:
    store = made_results(tmp_path, {"hog-svm": 0.9}, made_dataset(140), runs=[1, 2])
    before = api.load(tmp_path)
    manifest = foreign_manifests()[other]
    append(tmp_path, *(made_cell(manifest, "hog-svm", 0.1, run, fold) for run in (1, 2) for fold in range(1, 11)))
    after = api.load(tmp_path)
    assert [row.accuracies for row in after.rows] == [row.accuracies for row in before.rows]
    assert Store(tmp_path).foreign == tuple(range(21, 41)) and not store.foreign
    assert after.set_aside is not None and after.set_aside.startswith(f"20 cells in {tmp_path / CELLS} (first line 21)")


@pytest.mark.parametrize("changes", [{"seed": 3}, {"fold": 2}, {"run": 2}, {"params": {"C": 2}}, {"version": "2"}])
def test_a_cell_that_says_it_is_another_is_set_aside(tmp_path: Path, changes: dict[str, object]) -> None:
    store = made_results(tmp_path, {}, made_dataset(140))
    append(tmp_path, dataclasses.replace(made_cell(store.manifest, "m", 0.9, 1, 1), **changes))  # type: ignore[arg-type]
    assert Store(tmp_path).records == [] and Store(tmp_path).foreign == (1,)


def test_every_reading_verb_says_so_and_verify_refuses(tmp_path: Path) -> None:
    out = tmp_path / "out"
    made_results(out, {"a": 0.9, "b": 0.6}, made_dataset(140), runs=[1, 2])
    append(out, made_cell(foreign_manifests()[0], "a", 0.1, 1, 1))
    verbs: list[list[str]] = [
        *(["table", name, str(out)] for name in ("1", "2", "3", "people", "cost", "convergence")),
        ["table", "3", str(out), "--json"],
        ["compare", str(out)],
        ["status", str(out)],
        ["status", str(out), "--json"],
        ["export", str(out), "-o", str(tmp_path / "all.csv")],
        ["report", str(out), "-o", str(tmp_path / "all.html")],
    ]
    silent = [verb for verb in verbs if SET_ASIDE not in " ".join(CliRunner().invoke(app, verb).output.split())]
    assert silent == []
    checked = CliRunner().invoke(app, ["verify", str(out)])
    assert checked.exit_code == 5 and SET_ASIDE in checked.output


def no_fold(manifest: Manifest) -> Record:
    key, seed = manifest.cell_key("m", {}, "1", 1, 99), manifest.cell_seed("m", 1, 99)
    return dataclasses.replace(made_cell(manifest, "m", 0.9, 1, 1), fold=99, key=key, seed=seed)


def says(*predictions: object) -> Callable[[Manifest], Record]:
    given = list(predictions)
    return lambda manifest: dataclasses.replace(made_cell(manifest, "m", 0.9, 1, 1), predictions=given)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (says(0), "1 predictions for 14 images"),
        (says(*[0] * 15), "15 predictions for 14 images"),
        (says(*[0] * 13, 7), "no class index from 0 to 6"),
        (says(*[0] * 13, -1), "no class index from 0 to 6"),
        (says(*[0] * 13, "0"), "Expected `int`.*"),
        (says(*[0] * 13, [0]), "Expected `int`.*"),
        (lambda manifest: dataclasses.replace(says()(manifest), predictions=None), "no predictions for 14 images"),
        (no_fold, "there are 10 runs of 10 folds"),
    ],
)
def test_what_no_method_can_have_said_of_its_fold_is_refused(
    tmp_path: Path, made: Callable[[Manifest], Record], words: str
) -> None:
    store = made_results(tmp_path, {"m": 0.9}, made_dataset(140), runs=[2])
    append(tmp_path, made(store.manifest))
    with pytest.raises(MismatchError, match=f"line 11 .*is no result: .*{words}; restore it"):
        Store(tmp_path)


def test_keys_of_parameters_that_json_changes_are_those_read_back(tmp_path: Path) -> None:
    from febench.core.method import Method
    from febench.running.plan import Cell, Row

    manifest = draw(made_dataset(140), "paper")
    params = {"weights": {2: "b", 10: "a"}, "sizes": (1, 2), "text": '50%, "é"'}
    cell = Cell(Row(Method("m", lambda: None, version="1"), params, "m"), manifest, 1, 1)
    made = dataclasses.replace(
        made_cell(manifest, "m", 0.9, 1, 1), params=params, version="1", key=cell.key, seed=cell.seed
    )
    append(made_results(tmp_path, {}, made_dataset(140)).path, made)
    assert [record.key for record in Store(tmp_path).records] == [cell.key]
