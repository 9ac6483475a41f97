"""docs/data-sets.md lists each data set with its parameters and their defaults."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from febench.core.dataset import DATASETS

PAGE = (Path(__file__).parents[2] / "docs" / "data-sets.md").read_text(encoding="utf-8")
COMMON = {"size": 0, "align": False, "eyes": 0.4, "margin": 0.35}
ROWS = dict(re.findall(r"^\| `([a-z0-9-]+)` \| (.*) \|$", PAGE, re.MULTILINE))


@pytest.mark.parametrize("name", ["affectnet", "faces", *sorted({*DATASETS.names} - {"affectnet", "faces"})])
def test_the_page_lists_every_parameter_of_a_data_set_and_its_default(name: str) -> None:
    parameters = inspect.signature(DATASETS.get(name).build).parameters.values()
    defaults = {parameter.name: parameter.default for parameter in parameters if parameter.name != "data_dir"}
    own = {key: value for key, value in defaults.items() if COMMON.get(key, object()) != value}
    written = {key: "" if value == "" else str(value).lower() for key, value in own.items()}
    assert dict(re.findall(r"`(\w+)=([^`]*)`", ROWS[name])) == written
    assert set(COMMON) <= set(defaults) or name in ("faces", "faces700")
