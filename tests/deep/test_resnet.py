from __future__ import annotations

import subprocess
import sys

import pytest

from febench.method import METHODS

NAMES = ["resnet18", "resnet50"]


def test_importing_the_methods_does_not_import_torch():
    code = "import sys, deep.resnet; sys.exit(any(name in sys.modules for name in ('torch', 'torchvision')))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("name", NAMES)
def test_methods_are_registered(name):
    found = METHODS.get(name)
    assert found.sets == ("deep",)
    assert found.extra == "deep"
    assert set(found.needs) == {"torch", "torchvision"}
    assert found.cite and found.about and found.version
    assert not {"random_state", "device"} & set(found.params)
    assert all(isinstance(value, int | float | str) for value in found.params.values())


@pytest.mark.parametrize("name", NAMES)
def test_quick_costs_less_than_paper(name):
    found = METHODS.get(name)
    paper, quick = found.resolve({}), found.resolve(found.presets["quick"])
    assert found.cost(quick, 560) < found.cost(paper, 560) / 3
    assert found.cost(paper, 560) > 60


def test_resnet50_costs_more_than_resnet18():
    small, large = (METHODS.get(name) for name in NAMES)
    assert large.cost(large.resolve({}), 560) > 1.5 * small.cost(large.resolve({}), 560)
