from __future__ import annotations

import numpy as np
import pytest

from febench.core.errors import UsageError
from febench.core.method import METHODS
from febench.running.plan import make_row, members_of

PAPERS = ["resnet18", "resnet50"]
FURTHER = ["resnet34", "resnet101", "wide-resnet50-2", "resnext50", "mobilenet-v3"]
TIERS = ["linear-probe", "layer4"]


@pytest.mark.parametrize("name", [*PAPERS, *FURTHER, "torchvision", *TIERS])
def test_methods_are_registered(name):
    component = METHODS.get(name)
    assert component.extra == "deep"
    assert set(component.needs) == {"torch", "torchvision", "deep.classifier"}
    assert component.cite and component.about and component.version
    from_the_harness = {"random_state", "device", "checkpoint", "deterministic", "pack"}
    assert not from_the_harness & set(component.params)
    assert all(isinstance(value, int | float | str) for value in component.params.values())


def test_sets_of_the_methods():
    sets = {name: set(members_of(name)[0]) for name in ("all", "deep", "extended")}
    assert sets["deep"] == set(PAPERS) and set(PAPERS) <= sets["all"]
    assert set(FURTHER) <= sets["extended"]
    assert not {*TIERS, "torchvision"} & (sets["all"] | sets["extended"])


@pytest.mark.parametrize("name", [*PAPERS, *FURTHER])
def test_quick_uses_a_fraction_of_the_pixels_and_large_sets_more_images(name):
    component = METHODS.get(name)
    paper, quick = component.resolve({}), component.resolve(component.presets["quick"])
    pixels = [params["steps"] * params["batch_size"] * params["size"] ** 2 for params in (quick, paper)]
    assert pixels[0] < pixels[1] / 3
    assert paper["epochs"] > 0 and quick["epochs"] > 0


def test_any_torchvision_classifier_goes_by_its_name():
    pytest.importorskip("torchvision", reason="needs the extra febench[deep]")
    row = make_row("torchvision:squeezenet1_1[size=48]", "paper", {})
    assert row.label == "torchvision[network=squeezenet1_1,size=48]"
    assert row.params["network"] == "squeezenet1_1"
    with pytest.raises(UsageError, match="no classifier 'resnet19'; did you mean resnet1"):
        make_row("torchvision:resnet19", "paper", {})


@pytest.mark.parametrize("name", [*FURTHER, "torchvision:shufflenet_v2_x0_5", "torchvision:googlenet"])
def test_further_networks_train_and_predict(name, toy_images):
    pytest.importorskip("torchvision", reason="needs the extra febench[deep]")
    X, y = toy_images(9, side=40)
    row = make_row(f"{name}[size=32,steps=1,epochs=0,batch_size=4]", "paper", {})
    model = row.method.make(row.params, random_state=0, device="cpu").fit(X, y)
    assert model.predict_proba(X[:2]).shape == (2, 3)
    assert np.array_equal(model.predict(X[:2]), model.predict_proba(X[:2]).argmax(1))
