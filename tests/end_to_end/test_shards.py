"""A run in shares, each in a directory of its own, and the shares joined."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from febench.results.store import Store
from tests.conftest import PLUGIN
from tests.end_to_end.conftest import COMMAND, Febench, run_febench

RUN = ("--plugin", "plugin.py", "--dataset", "toy", "--protocol", "paper[runs=2]")
METHODS = ("--methods", "pixel-svm,lottery")
N = 3


@pytest.fixture(scope="module")
def computed_shards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a directory with three shards of a run, computed once for this module."""
    folder = tmp_path_factory.mktemp("shards")
    (folder / "plugin.py").write_text(PLUGIN, encoding="utf-8")
    for number in range(1, N + 1):
        shard = ("--out", "all", "--shard", f"{number}/{N}", "--jobs", "1")
        done = run_febench(folder, "run", *RUN, *METHODS, *shard)
        assert done.returncode == 0 and done.stdout == "", done.stderr
    return folder / "all"


@pytest.fixture
def shards(computed_shards: Path, tmp_path: Path) -> list[str]:
    """Return the directories of three shards, copied into the test's own directory."""
    shutil.copytree(computed_shards, tmp_path / "all")
    return [f"all/{number}-of-{N}" for number in range(1, N + 1)]


def everything(path: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in path.iterdir() if file.name != ".lock"}


def test_shards_merged_are_the_run_to_the_byte_of_the_tables(
    febench: Febench, tmp_path: Path, shards: list[str]
) -> None:
    sizes = [len(Store(tmp_path / shard).records) for shard in shards]
    assert sum(sizes) == 40 and max(sizes) - min(sizes) <= 2
    done = febench("merge", *shards, "-o", "merged")
    assert done.stdout == "40 cells of 3 directories are in merged; 40 are new there\n", done.stderr
    assert febench("run", *RUN, *METHODS, "--out", "whole", "--jobs", "1").returncode == 0
    assert febench("verify", "merged", "--against", "whole").returncode == 0
    for verb in (("table", "1"), ("table", "2"), ("table", "3"), ("table", "people"), ("compare",)):
        one, other = (febench(*verb, name, "--json").stdout for name in ("merged", "whole"))
        assert one == other and len(one) > 100
    before = everything(tmp_path / "merged")
    assert febench("run", *RUN, *METHODS, "--out", "merged").returncode == 0
    assert everything(tmp_path / "merged") == before


def test_merging_again_changes_nothing_and_more_shards_are_added(
    febench: Febench, tmp_path: Path, shards: list[str]
) -> None:
    assert febench("merge", *shards[:2], "-o", "merged").returncode == 0
    before = everything(tmp_path / "merged")
    assert "; 0 are new there" in febench("merge", *shards[:2], "-o", "merged").stdout
    assert everything(tmp_path / "merged") == before
    assert "40 cells of 1 directories" in febench("merge", shards[2], "-o", "merged").stdout
    assert febench("verify", "merged").returncode == 0
    assert "name the directories that are to be joined" in febench("merge", "merged", "-o", "merged").stderr


def test_the_shards_of_a_folder_are_merged_without_a_line_torn_by_a_crash(
    febench: Febench, tmp_path: Path, shards: list[str]
) -> None:
    cells = tmp_path / shards[0] / "cells.jsonl"
    cells.write_bytes(cells.read_bytes()[:-20])
    done = febench("merge", "all", "-o", "merged")
    assert "39 cells of 3 directories" in done.stdout
    assert febench("verify", "merged").returncode == 0


def test_different_predictions_of_a_cell_are_refused_by_its_name_and_nothing_is_written(
    febench: Febench, tmp_path: Path, shards: list[str]
) -> None:
    shutil.copytree(tmp_path / shards[0], tmp_path / "other")
    store = Store(tmp_path / "other")
    cell = next(record for record in store.records if record.label == "lottery" and record.run == 2)
    with store.writing() as writer:
        writer.append(replace(cell, predictions=[0] * len(cell.predictions or ())))
    done = febench("merge", *shards, "other", "-o", "merged")
    assert done.returncode == 5 and f"different predictions of lottery run 2 fold {cell.fold}" in done.stderr
    assert shards[0] in done.stderr and "other" in done.stderr
    assert not (tmp_path / "merged" / "cells.jsonl").exists()


def test_a_cell_that_failed_gives_way_to_one_that_did_not(febench: Febench, tmp_path: Path, shards: list[str]) -> None:
    shutil.copytree(tmp_path / shards[0], tmp_path / "other")
    store = Store(tmp_path / "other")
    cell = store.records[0]
    with store.writing() as writer:
        writer.append(replace(cell, status="failed", predictions=None, probabilities=None, error="no luck"))
    assert "of which 1 failed" in febench("merge", "other", "-o", "merged").stdout
    assert "; 1 are new there" in febench("merge", shards[0], "-o", "merged").stdout
    assert all(record.ok for record in Store(tmp_path / "merged").records)


def test_other_folds_and_foreign_or_damaged_lines_are_refused(
    febench: Febench, tmp_path: Path, shards: list[str]
) -> None:
    assert febench("run", *RUN, "--methods", "lottery", "--seed", "1", "--out", "seeded").returncode == 0
    done = febench("merge", shards[0], "seeded", "-o", "merged")
    assert done.returncode == 2 and "seeded (toy, protocol paper[runs=2], seed 1" in done.stderr
    assert "has not the folds of" in done.stderr
    foreign = (tmp_path / "seeded" / "cells.jsonl").read_text().splitlines(keepends=True)[0]
    cells = tmp_path / shards[1] / "cells.jsonl"
    whole = cells.read_text()
    for text, words in (
        (foreign + whole, "line 1 does not belong to its folds"),
        (whole.replace("lottery", "lotterz", 1), "line"),
    ):
        cells.write_text(text)
        done = febench("merge", *shards, "-o", "merged")
        assert done.returncode == 5 and words in done.stderr and "Traceback" not in done.stderr
        assert not (tmp_path / "merged" / "cells.jsonl").exists()


@pytest.mark.parametrize("shard", ["0/3", "4/3", "1", "a/b", "1/0", "-1/3", "1/3/5"])
def test_no_shard(febench: Febench, tmp_path: Path, shard: str) -> None:
    done = febench("run", *RUN, *METHODS, f"--shard={shard}", "--out", "o")
    assert done.returncode == 2 and "a --shard is I/N with I from 1 to N" in done.stderr
    assert not (tmp_path / "o").exists()


def test_what_is_merged_keeps_its_environments_and_audit(febench: Febench, tmp_path: Path, shards: list[str]) -> None:
    other = tmp_path / shards[1] / "environment.json"
    assert febench("merge", *shards, "-o", "merged").returncode == 0
    merged = Store(tmp_path / "merged")
    assert merged.audit == Store(tmp_path / shards[0]).audit
    assert merged.environments == json.loads(other.read_text())


@pytest.mark.slow
def test_the_slurm_script_of_the_docs_computes_every_cell(febench: Febench, tmp_path: Path) -> None:
    """Its tasks one after another, as `sbatch` would start them, with this test's command and methods."""
    text = (Path(__file__).parents[2] / "docs" / "clusters.md").read_text()
    script = text.split("```bash\n")[1].split("```")[0]
    assert "--array=1-20" in script and "N=20" in script and "--methods all --protocol subject" in script
    (tmp_path / "bin").mkdir()
    command = tmp_path / "bin" / "febench"
    command.write_text(f'#!/bin/sh\nexec "{COMMAND[0]}" -c "{COMMAND[2]}" "$@"\n')
    command.chmod(0o755)
    script = script.replace("N=20", "N=4").replace(
        "--methods all --protocol subject", f"{shlex.join(RUN)} --methods lottery"
    )
    path = f"{command.parent}{os.pathsep}{os.environ['PATH']}"
    for number in range(1, 5):
        environment = {**os.environ, "PATH": path, "SLURM_ARRAY_TASK_ID": str(number)}
        subprocess.run(["bash", "-c", script], cwd=tmp_path, env=environment, check=True, capture_output=True)
    assert "20 cells of 4 directories are in all" in febench("merge", "results/big", "-o", "all").stdout
