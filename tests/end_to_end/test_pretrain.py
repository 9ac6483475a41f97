"""`febench pretrain`, and what comes of its file: rows that say so, and an audit that knows which images it saw."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from febench.results.store import Store
from tests.end_to_end.conftest import Febench

pytest.importorskip("torch", reason="needs the extra febench[deep]")
pytest.importorskip("torchvision", reason="needs the extra febench[deep]")

TINY = "resnet18[size=32,steps=3,epochs=0,batch_size=8]"
SPLIT = '''

@dataset("split-toy")
def split_toy():
    """The toy images with a split of their own."""
    from dataclasses import replace
    parts = tuple(("train", "train", "validation", "test")[i % 4] for i in range(140))
    return replace(toy(), name="split-toy", parts=parts)
'''


@pytest.fixture
def split(tmp_path: Path) -> tuple[str, str]:
    """Options that bring a data set with a split of its own."""
    plugin = tmp_path / "plugin.py"
    (tmp_path / "split.py").write_text(plugin.read_text() + SPLIT)
    return ("--plugin", "split.py")


@pytest.mark.slow
def test_on_a_set_with_a_split_it_is_the_official_cell(
    febench: Febench, tmp_path: Path, split: tuple[str, str]
) -> None:
    done = febench("pretrain", TINY, *split, "--dataset", "split-toy", "-o", "w.safetensors")
    assert done.returncode == 0, done.stderr
    assert "trained on 70 images" in done.stdout and "accuracy on the test part" in done.stdout
    cells = Store(tmp_path / "results" / "split-toy" / "official").records
    assert len(cells) == 1 and cells[0].ok
    run = ("run", "--methods", TINY, *split, "--dataset", "split-toy", "--protocol", "official")
    again = febench(*run)
    assert again.returncode == 0 and "1 of 1 wanted cells are in" in again.stderr and "to compute" not in again.stderr
    assert febench(*run, "--out", "other").returncode == 0
    assert Store(tmp_path / "other").records[0].predictions == cells[0].predictions


def test_a_row_that_starts_from_it_says_so_and_the_audit_knows_what_it_saw(febench: Febench, tmp_path: Path) -> None:
    toy = ("--plugin", "plugin.py", "--dataset", "toy")
    done = febench("pretrain", TINY, *toy, "-o", "w.safetensors")
    assert done.returncode == 0, done.stderr
    assert "trained on 140 images" in done.stdout and "accuracy" not in done.stdout
    tuned = TINY.replace("]", ",weights=w.safetensors]")
    ran = febench("run", *toy, "--methods", tuned, "--protocol", "paper[runs=1,groups=3]", "--out", "o")
    assert ran.returncode == 0, ran.stderr
    assert "resnet18[weights=w@" in ran.stdout and "pretrained" in ran.stdout
    info = Store(tmp_path / "o").records[0].info
    assert info["weights"].startswith("w@") and len(info["weights_sha256"]) == 64
    audit = json.loads(febench("audit", "toy", "--plugin", "plugin.py", "--weights", "w.safetensors", "--json").stdout)
    assert {"FEB013": 140}.items() <= {one["code"]: one["count"] for one in audit["findings"]}.items()


@pytest.mark.parametrize(
    ("args", "code", "words"),
    [
        (("pixel-svm", "-o", "w.safetensors"), 2, "method pixel-svm has no weights to keep"),
        ((TINY, "-o", "w.pth"), 2, "weights go to a file that ends in .safetensors"),
        ((TINY, "-o", "nowhere/w.safetensors"), 2, "in a folder that exists"),
        (("resnet18,resnet50", "-o", "w.safetensors"), 2, "name one method to pretrain"),
        (("resnet18[weights=missing.safetensors]", "-o", "w.safetensors"), 4, "missing.safetensors"),
    ],
)
def test_what_cannot_be_pretrained_is_one_sentence(
    febench: Febench, args: tuple[str, ...], code: int, words: str
) -> None:
    done = febench("pretrain", *args, "--plugin", "plugin.py", "--dataset", "toy")
    assert done.returncode == code and words in done.stderr and len(done.stderr.splitlines()) == 1
