from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the extra febench[deep]")

from deep.images import Augmentation, Normalisation, draw, resize  # noqa: E402

NONE = {"degrees": 0.0, "scale": 0.0, "translate": 0.0, "flip": 0.0, "brightness": 0.0, "contrast": 0.0}


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def one_image_many_times(n=64, side=16):
    return torch.randn(1, 3, side, side, generator=generator(7)).expand(n, -1, -1, -1)


@pytest.mark.parametrize("shape", [(9, 50, 40), (9, 50, 40, 3), (9, 20, 20)])
def test_resize_is_a_function_of_each_image_alone(shape, monkeypatch):
    X = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    whole = resize(X, 32)
    monkeypatch.setattr("deep.images.MAX_RESIZE_BYTES", 1)
    assert np.array_equal(resize(X, 32), whole)
    assert np.array_equal(resize(X[4:5], 32), whole[4:5])
    assert whole.shape == (9, 32, 32, *shape[3:])


def test_resize_agrees_with_pillow():
    Image = pytest.importorskip("PIL.Image")
    X = np.random.default_rng(0).integers(0, 256, (3, 100, 80), dtype=np.uint8)
    theirs = [np.asarray(Image.fromarray(image).resize((32, 32), Image.Resampling.BILINEAR)) for image in X]
    assert np.abs(resize(X, 32).astype(int) - np.stack(theirs)).max() <= 1


def test_resize_does_not_change_images_of_the_right_size():
    X = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3), dtype=np.uint8)
    assert resize(X, 32) is X


@pytest.mark.parametrize("channels", [1, 3])
def test_normalisation_agrees_with_numpy(channels):
    images = torch.randint(0, 256, (20, channels, 8, 8), generator=generator(20), dtype=torch.uint8)
    normalise = Normalisation.of(images)
    pixels = images.numpy().astype(float)
    np.testing.assert_allclose(normalise.mean.flatten(), pixels.mean((0, 2, 3)), rtol=1e-6)
    np.testing.assert_allclose(normalise.sd.flatten(), pixels.std((0, 2, 3)), rtol=1e-6)
    normal = normalise(images)
    torch.testing.assert_close(normal.mean((0, 2, 3)), torch.zeros(channels), atol=1e-5, rtol=0)


def test_constant_images_are_not_divided_by_zero():
    images = torch.full((4, 1, 8, 8), 17, dtype=torch.uint8)
    assert torch.equal(Normalisation.of(images)(images), torch.zeros(4, 1, 8, 8))


def test_strength_zero_is_the_identity():
    images = one_image_many_times()
    assert torch.equal(Augmentation.of_strength(0.0)(images, draw(len(images), generator())), images)


@pytest.mark.parametrize("name", NONE)
def test_each_image_gets_its_own_draw(name):
    changed = Augmentation(**{**NONE, name: 0.5 if name != "degrees" else 30.0})(
        one_image_many_times(), draw(64, generator())
    )
    assert changed.shape == (64, 3, 16, 16)
    distinct = len(torch.unique(changed.round(decimals=4).flatten(1), dim=0))
    assert distinct == (2 if name == "flip" else 64)


def test_certain_flip_mirrors():
    images = one_image_many_times()
    flipped = Augmentation(**{**NONE, "flip": 1.0})(images, draw(len(images), generator()))
    torch.testing.assert_close(flipped, images.flip(3), atol=1e-4, rtol=0)


def test_half_of_the_images_are_flipped():
    images = one_image_many_times(1000)
    flipped = Augmentation(**{**NONE, "flip": 0.5})(images, draw(len(images), generator()))
    share = torch.isclose(flipped, images.flip(3), atol=1e-3).flatten(1).all(1).float().mean()
    assert 0.4 < share < 0.6


def test_draws_stay_within_the_ranges():
    images = torch.zeros(500, 1, 1, 1)
    shift = Augmentation(**{**NONE, "brightness": 0.2})(images, draw(len(images), generator()))
    assert shift.abs().max() <= 0.2
    assert shift.min() < -0.15 < 0.15 < shift.max()


def test_contrast_keeps_the_mean_of_each_image():
    images = one_image_many_times()
    changed = Augmentation(**{**NONE, "contrast": 0.5})(images, draw(len(images), generator()))
    torch.testing.assert_close(changed.mean((1, 2, 3)), images.mean((1, 2, 3)))


def test_rotation_keeps_shapes_in_images_that_are_not_square():
    bar = torch.zeros(200, 1, 20, 40)
    bar[:, :, 9:11, 10:30] = 1
    turned = Augmentation(**{**NONE, "degrees": 45.0})(bar, draw(200, generator()))
    rows, columns = torch.meshgrid(torch.arange(20.0), torch.arange(40.0), indexing="ij")
    weight = turned[:, 0] / turned.sum((1, 2, 3)).view(-1, 1, 1)
    spread = (weight * ((rows - 9.5) ** 2 + (columns - 19.5) ** 2)).sum((1, 2))
    torch.testing.assert_close(spread, spread.mean().expand(200), rtol=0.1, atol=0)


def test_same_generator_same_images():
    images = one_image_many_times()
    first, second = (Augmentation()(images, draw(len(images), generator(3))) for _ in range(2))
    assert torch.equal(first, second)
    assert not torch.equal(first, Augmentation()(images, draw(len(images), generator(4))))


def test_grey_and_colour_images_draw_alike():
    images = torch.randn(8, 1, 16, 16, generator=generator(1))
    grey = Augmentation()(images, draw(len(images), generator()))
    colour = Augmentation()(images.expand(-1, 3, -1, -1), draw(8, generator()))
    torch.testing.assert_close(colour, grey.expand(-1, 3, -1, -1))
