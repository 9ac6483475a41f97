from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the extra febench[deep]")

from deep.augmentation import Augmentation  # noqa: E402
from deep.training import Normalisation, Recipe, batches, one_cycle, predict_probabilities, train  # noqa: E402


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def uint8_images(n, channels=1, side=8):
    return torch.randint(0, 256, (n, channels, side, side), generator=generator(n), dtype=torch.uint8)


def small_network(classes=2):
    torch.manual_seed(0)
    layers = [torch.nn.Conv2d(3, 4, 3, padding=1), torch.nn.BatchNorm2d(4), torch.nn.ReLU(), torch.nn.Flatten()]
    return torch.nn.Sequential(*layers, torch.nn.Linear(4 * 64, classes))


@pytest.mark.parametrize("n", [1, 3, 7, 40])
def test_every_batch_is_full_and_images_come_equally_often(n):
    drawn = list(batches(n, Recipe(steps=21, batch_size=8, lr=0.1), generator()))
    assert [len(batch) for batch in drawn] == [8] * 21
    counts = torch.cat(drawn).bincount(minlength=n)
    assert counts.max() - counts.min() <= 1


def test_order_changes_from_round_to_round():
    first, second = batches(8, Recipe(steps=2, batch_size=8, lr=0.1), generator())
    assert not torch.equal(first, second)


@pytest.mark.parametrize("steps", [1, 2, 3, 10, 1000])
def test_one_cycle_rises_and_falls(steps):
    rates = [one_cycle(step, steps, 0.3) for step in range(steps)]
    assert all(0 < rate <= 1 for rate in rates)
    top = int(np.argmax(rates))
    assert rates[: top + 1] == sorted(rates[: top + 1])
    assert rates[top:] == sorted(rates[top:], reverse=True)
    if steps >= 10:
        assert max(rates) > 0.9 and rates[-1] < 0.05


def test_one_cycle_without_warm_up_starts_at_the_peak():
    assert one_cycle(0, 1000, 0.0) == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize("bad", [{"steps": 0}, {"batch_size": 1}, {"warmup": 1.0}, {"warmup": -0.1}])
def test_recipe_refuses_what_cannot_train(bad):
    with pytest.raises(ValueError, match=next(iter(bad))):
        Recipe(**{"steps": 1, "batch_size": 2, "lr": 0.1, **bad})


@pytest.mark.parametrize("channels", [1, 3])
def test_normalisation_agrees_with_numpy(channels):
    images = uint8_images(20, channels)
    found = Normalisation.of(images)
    pixels = images.numpy().astype(float)
    np.testing.assert_allclose(found.mean.flatten(), pixels.mean((0, 2, 3)), rtol=1e-6)
    np.testing.assert_allclose(found.sd.flatten(), pixels.std((0, 2, 3)), rtol=1e-6)
    normal = found(images)
    torch.testing.assert_close(normal.mean((0, 2, 3)), torch.zeros(channels), atol=1e-5, rtol=0)


def test_images_that_never_vary_are_not_divided_by_zero():
    images = torch.full((4, 1, 8, 8), 17, dtype=torch.uint8)
    assert torch.equal(Normalisation.of(images)(images), torch.zeros(4, 1, 8, 8))


def test_vectors_are_not_decayed():
    network = small_network()
    images, targets = uint8_images(8), torch.arange(8) % 2
    start = {name: value.clone() for name, value in network.state_dict().items()}
    recipe = Recipe(steps=1, batch_size=8, lr=1e-6, weight_decay=1e5, augmentation=Augmentation.of_strength(0))
    train(network, images, targets, recipe, normalise=Normalisation.of(images), generator=generator())
    shrunk = {
        name: (value.norm() / start[name].norm()).item()
        for name, value in network.named_parameters()
        if start[name].norm() > 0
    }
    decayed = 1 - 1e-6 * 1e5 * one_cycle(0, 1, recipe.warmup)
    assert shrunk["0.weight"] == pytest.approx(decayed, abs=1e-3)
    assert shrunk["4.weight"] == pytest.approx(decayed, abs=1e-3)
    assert shrunk["1.weight"] == pytest.approx(1, abs=1e-3)
    assert shrunk["4.bias"] == pytest.approx(1, abs=1e-3)


def test_checkpoints_end_with_the_last_step_and_change_nothing():
    images, targets = uint8_images(12), torch.arange(12) % 2
    normalise = Normalisation.of(images)
    seen, networks = [], [small_network(), small_network()]

    def look(step):
        seen.append(step)
        predict_probabilities(networks[1], images, normalise)

    for network, watch in zip(networks, [None, look], strict=True):
        recipe = Recipe(steps=25, batch_size=4, lr=0.05)
        train(network, images, targets, recipe, normalise=normalise, generator=generator(), at_checkpoint=watch)
    assert seen == [3, 5, 8, 10, 13, 15, 18, 20, 23, 25]
    for quiet, watched in zip(*(network.state_dict().values() for network in networks), strict=True):
        assert torch.equal(quiet, watched)


def test_predictions_do_not_depend_on_the_other_images():
    network, images = small_network().eval(), uint8_images(70)
    normalise = Normalisation.of(images)
    together = predict_probabilities(network, images, normalise)
    alone = torch.cat([predict_probabilities(network, image[None], normalise) for image in images])
    torch.testing.assert_close(alone, together, rtol=0, atol=1e-6)
    assert together.shape == (70, 2)


def test_predictions_are_those_of_image_and_mirror_image():
    network, images = small_network().eval(), uint8_images(5)
    normalise = Normalisation.of(images)
    of_image = predict_probabilities(network, images, normalise)
    of_mirror = predict_probabilities(network, images.flip(3), normalise)
    torch.testing.assert_close(of_image, of_mirror)
    plain = [predict_probabilities(network, views, normalise, flip=False) for views in (images, images.flip(3))]
    torch.testing.assert_close(of_image, (plain[0] + plain[1]) / 2)
