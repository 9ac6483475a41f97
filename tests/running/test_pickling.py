from __future__ import annotations

import pickle
import traceback
from typing import Any

import pytest

from febench.running.tasks import dumps

PLUGIN = """
def build():
    def fit():
        raise ValueError
    return fit()
"""


def test_code_pickled_by_value_knows_its_file() -> None:
    found: dict[str, Any] = {"__name__": "__main__"}
    exec(compile(PLUGIN, "plugin.py", "exec"), found)
    build = pickle.loads(dumps(found["build"]))
    assert build is not found["build"]
    with pytest.raises(ValueError) as caught:
        build()
    places = traceback.extract_tb(caught.value.__traceback__)
    assert [(each.filename, each.lineno) for each in places[1:]] == [("plugin.py", 5), ("plugin.py", 4)]
