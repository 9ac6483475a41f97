"""The examples that each verb's help ends with can be typed."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from febench.cli.app import EXAMPLES, app

COMMANDS = get_command(app).commands  # type: ignore[attr-defined]


def test_every_verb_has_two_examples_in_its_help() -> None:
    assert set(EXAMPLES) == set(COMMANDS)
    for verb, examples in EXAMPLES.items():
        text = " ".join(CliRunner().invoke(app, [verb, "--help"], env={"COLUMNS": "200"}).output.split())
        assert len(examples) == 2 and all(" ".join(example.split()) in text for example in examples), verb


@pytest.mark.parametrize("example", [example for examples in EXAMPLES.values() for example in examples])
def test_an_example_is_understood(example: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its options and arguments are parsed; `results` is where a run has written."""
    (tmp_path / "results" / "toy" / "paper").mkdir(parents=True)
    (tmp_path / "results" / "toy" / "paper" / "cells.jsonl").write_text("")
    (tmp_path / "results" / "toy" / "paper" / "manifest.json").write_text("{}")
    monkeypatch.chdir(tmp_path)
    program, verb, *args = shlex.split(example)
    assert program == "febench"
    COMMANDS[verb].make_context(verb, args)
