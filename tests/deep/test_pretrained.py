"""Networks that start from a file: fine-tuned whole, or trained in part."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the extra febench[deep]")
pytest.importorskip("torchvision", reason="needs the extra febench[deep]")

from deep.images import Normalisation  # noqa: E402
from deep.probe import head_inputs, logistic_regression  # noqa: E402
from deep.weights_file import head_of  # noqa: E402
from febench.core.errors import DataError, UsageError  # noqa: E402
from febench.core.method import METHODS  # noqa: E402
from febench.core.provenance import image_hashes, read_provenance  # noqa: E402
from febench.running.plan import make_row  # noqa: E402

REFERENCE = Path(__file__).parents[2] / "results" / "reference" / "pretraining" / "paper"
TINY = "size=32,batch_size=8"


def make(selector):
    row = make_row(selector, "paper", {})
    return row.method.make(row.params, random_state=0, device="cpu")


@pytest.fixture(scope="module")
def weights(toy_images, tmp_path_factory):
    """A ResNet-18 that was trained on toy images."""
    X, y = toy_images(60)
    model = make(f"resnet18[{TINY},steps=60,epochs=0,augment=0]").fit(X, y)
    path = tmp_path_factory.mktemp("weights") / "toy.safetensors"
    origin = {
        "dataset": "toy",
        "fingerprint": "f",
        "images": image_hashes(X),
        "classes": ["a", "b", "c"],
        "method": "resnet18",
        "params": {},
        "seed": 0,
    }
    model.save_weights(path, origin)
    return path


def test_weights_record_their_training_images(weights, toy_images):
    result = read_provenance(weights)
    assert result["febench.images"] == image_hashes(toy_images(60)[0])
    assert result["febench.architecture"] == "resnet18"


def test_a_row_names_the_content_of_its_weights_not_their_path(weights, tmp_path):
    moved = tmp_path / "elsewhere" / weights.name
    moved.parent.mkdir()
    moved.write_bytes(weights.read_bytes())
    here, there = (make_row(f"resnet18[weights={path}]", "paper", {}) for path in (weights, moved))
    assert here.params == there.params and here.label == there.label
    assert here.label.startswith("resnet18[weights=toy@")


def test_other_content_is_another_row(weights, tmp_path):
    other = tmp_path / weights.name
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    other.write_bytes(content)
    assert (
        make_row(f"resnet18[weights={weights}]", "paper", {}).params["weights"]
        != (make_row(f"resnet18[weights={other}]", "paper", {}).params["weights"])
    )


def test_fine_tuning_starts_from_the_weights_and_records_them(weights, toy_images):
    X, y = toy_images(24, seed=3)
    tuned = make(f"resnet18[{TINY},steps=2,epochs=0,augment=0,lr=1e-5,weights={weights}]").fit(X, y)
    unseen, truth = toy_images(30, seed=4)
    assert np.mean(tuned.predict(unseen) == truth) > 0.9  # two steps from random weights teach nothing
    assert tuned.fit_info_["weights"].startswith("toy@") and len(tuned.fit_info_["weights_sha256"]) == 64
    scratch = make(f"resnet18[{TINY},steps=2,epochs=0,augment=0,lr=1e-5]").fit(X, y)
    assert "weights" not in scratch.fit_info_
    assert np.mean(scratch.predict(unseen) == truth) < 0.9


def test_fine_tuning_keeps_the_statistics_of_batchnorm(weights, toy_images):
    X, y = toy_images(24, seed=3)
    builder = make(f"resnet18[{TINY},weights={weights}]").network
    tuned = make(f"resnet18[{TINY},steps=3,epochs=0,weights={weights}]").fit(255 - X, y)
    before, after = builder(3).state_dict(), tuned._network.state_dict()
    for name, value in before.items():
        if "running" in name:
            assert torch.equal(value, after[name])


def test_the_wrong_networks_weights_are_refused_before_anything_runs(weights):
    with pytest.raises(DataError, match="resnet18"):
        make_row(f"resnet50[weights={weights}]", "paper", {})


def test_a_probe_is_logistic_regression_on_frozen_features(weights, toy_images):
    X, y = toy_images(24, seed=3)
    model = make(f"linear-probe[size=32,weights={weights}]")
    features = model.extract(X)
    assert features.shape == (24, 512) and features.dtype == np.float32
    assert np.allclose(model.extract(X[5:6]), features[5:6], atol=1e-4)
    unseen, truth = toy_images(30, seed=4)
    result = model.fit(features, y)
    assert np.mean(result.predict(model.extract(unseen)) == truth) > 0.9
    assert result.predict_proba(features).shape == (24, 3)


def test_layer4_trains_on_the_outputs_of_layer3(weights, toy_images):
    X, y = toy_images(24, seed=3)
    model = make(f"layer4[size=32,steps=5,batch_size=8,weights={weights}]")
    features = model.extract(X)
    assert features.shape == (24, 256, 2, 2) and features.dtype == np.float16
    unseen, truth = toy_images(30, seed=4)
    assert np.mean(model.fit(features, y).predict(model.extract(unseen)) == truth) > 0.9
    with pytest.raises(UsageError, match="pretrain a whole network"):
        model.save_weights(Path("x.safetensors"), {})


def test_layer4_warms_up_as_its_reference_results_did(weights):
    assert make(f"layer4[weights={weights}]").recipe.warmup == 0.3
    assert make(f"resnet18[weights={weights}]").recipe.warmup == 0.2
    assert "warmup=0.3" in METHODS.get("layer4").build.__doc__
    with (REFERENCE / "cells.jsonl").open() as lines:
        stored = next(cell for cell in map(json.loads, lines) if cell.get("method") == "layer4")
    assert METHODS.get("layer4").resolve({"weights": stored["params"]["weights"]}) == stored["params"]
    assert METHODS.get("layer4").version == stored["version"]


@pytest.mark.parametrize("name", ["linear-probe", "layer4"])
def test_a_tier_without_weights_is_refused(name):
    result = METHODS.get(name)
    assert "set weights to" in result.check(result.resolve({"weights": "none"}), "cpu")


def test_layer4_of_another_kind_of_network_is_refused(toy_images, tmp_path):
    X, y = toy_images(6)
    model = make(f"torchvision:shufflenet_v2_x0_5[{TINY},steps=1,epochs=0]").fit(X, y)
    path = tmp_path / "shuffle.safetensors"
    model.save_weights(
        path,
        {
            "dataset": "toy",
            "fingerprint": "f",
            "images": [],
            "classes": ["a", "b", "c"],
            "method": "m",
            "params": {},
            "seed": 0,
        },
    )
    with pytest.raises(UsageError, match="layer4 takes a ResNet"):
        make(f"layer4[network=shufflenet_v2_x0_5,weights={path}]").extract(X)


@pytest.mark.parametrize("classes", [2, 5])
def test_the_linear_layer_gives_scikit_learns_probabilities(classes):
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    rng = np.random.default_rng(0)
    X, y = rng.normal(3, 2, (80, 6)).astype(np.float32), rng.integers(0, classes, 80)
    scaler = StandardScaler().fit(X)
    theirs = LogisticRegression(C=0.1, max_iter=1000).fit(scaler.transform(X), y).predict_proba(scaler.transform(X))
    weight, bias = logistic_regression(X, y, 0.1)
    ours = (torch.from_numpy(X) @ weight.T + bias).softmax(1).numpy()
    np.testing.assert_allclose(ours, theirs, atol=1e-4)


def test_head_inputs_are_means_over_image_and_mirror_image(toy):
    network = make("resnet18[size=32]").network(3)
    pixels = torch.from_numpy(toy[0][:5])[:, None]
    normalise = Normalisation.of(pixels)
    straight, mirrored = (head_inputs(network, images, normalise) for images in (pixels, pixels.flip(3)))
    np.testing.assert_allclose(straight, mirrored, atol=1e-5)
    assert straight.shape == (5, head_of(network)[1].in_features)
