from __future__ import annotations

import dataclasses
import inspect
from pathlib import Path

import pytest

from febench.cli.app import plan, pretrain, run
from febench.cli.options import AS_TYPED, HINTS, RUN_OPTIONS
from febench.core.errors import UsageError
from febench.running.options import RunOptions

FIELDS = {field.name: field.default for field in dataclasses.fields(RunOptions)}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"preset": "fast"}, "there is no preset 'fast'"),
        ({"device": "tpu"}, "there is no device 'tpu'"),
        ({"jobs": 0}, "jobs must be at least 1, not 0"),
        ({"threads": 0}, "threads must be at least 1, not 0"),
        ({"pack": 0}, "pack must be at least 1, not 0"),
        ({"pack": 17}, "pack must be at most 16, not 17"),
        ({"runs": "2"}, "runs must be a whole number, not '2'"),
        ({"seed": 0.5}, "seed must be a whole number, not 0.5"),
        ({"timeout": "30m"}, "timeout must be a number of seconds, not '30m'"),
        ({"shard": "3/20"}, r"shard must be a pair such as \(3, 20\), not '3/20'"),
        ({"timeout": 0.0}, "a time limit must be more than 0 seconds"),
        ({"timeout": float("nan")}, "a time limit must be more than 0 seconds"),
    ],
)
def test_what_cannot_be_is_refused_as_a_fact(changes: dict[str, object], words: str) -> None:
    with pytest.raises(UsageError, match=words) as refused:
        RunOptions(**changes)  # type: ignore[arg-type]
    assert "--" not in str(refused.value) and refused.value.option in HINTS


def test_every_option_is_written_once_and_has_one_default() -> None:
    """The command line offers each attribute with the same default, and but three words on data and plugins."""
    assert set(RUN_OPTIONS) - set(FIELDS) == {"align", "class_names", "subject_pattern", "plugin"}
    assert set(FIELDS) <= set(RUN_OPTIONS)
    for verb in (run, plan, pretrain):
        for name, parameter in inspect.signature(verb).parameters.items():
            if name in FIELDS and name not in AS_TYPED:
                assert parameter.default == FIELDS[name], (verb.__name__, name)
    assert set(inspect.signature(run).parameters) - {"names"} == set(RUN_OPTIONS)


def test_quick_is_one_run_unless_more_are_asked_for() -> None:
    assert RunOptions().wanted_runs is None and RunOptions(preset="quick").wanted_runs == 1
    assert RunOptions(preset="quick", runs=3).wanted_runs == 3


def test_results_have_a_place_of_their_own() -> None:
    assert RunOptions(dataset="faces[size=48]", protocol="subject").path == Path("results/faces_size=48_/subject")
    assert RunOptions(out=Path("mine")).path == Path("mine")


def test_the_older_name_of_the_preset_full_is_read() -> None:
    assert RunOptions(preset="paper") == RunOptions() and RunOptions().preset == "full"
