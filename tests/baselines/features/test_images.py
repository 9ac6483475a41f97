from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from baselines.features import grey


def images(*shape):
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


def test_grey_images_of_the_right_size_are_unchanged():
    X = images(3, 128, 128)
    np.testing.assert_array_equal(grey(X), X)
    assert grey(X).dtype == np.float32


def test_colour_becomes_luma():
    X = images(2, 128, 128, 3)
    np.testing.assert_allclose(grey(X), X @ np.array([0.299, 0.587, 0.114]), rtol=1e-5)


def test_luma_agrees_with_pillow():
    X = images(1, 128, 128, 3)
    np.testing.assert_allclose(grey(X)[0], np.asarray(Image.fromarray(X[0]).convert("L")), atol=0.51)


@pytest.mark.parametrize("shape", [(48, 48), (128, 128), (562, 762), (100, 60, 3), (1, 1)])
def test_any_size_becomes_128(shape):
    assert grey(images(2, *shape)).shape == (2, 128, 128)


@pytest.mark.parametrize("side", [48, 300])
def test_flat_images_stay_flat(side):
    np.testing.assert_allclose(grey(np.full((1, side, side, 3), 77, np.uint8)), 77, rtol=1e-6)


def test_shrinking_averages():
    checks = (np.indices((256, 256)).sum(axis=0) % 2 * 200).astype(np.uint8)
    np.testing.assert_allclose(grey(checks[None])[0, 2:-2, 2:-2], 100, atol=5)


def test_no_images():
    assert grey(images(0, 48, 48)).shape == (0, 128, 128)


@pytest.mark.parametrize("shape", [(48, 48), (2, 48, 48, 4), (2, 0, 48)])
def test_other_arrays_are_refused(shape):
    with pytest.raises(ValueError, match="images"):
        grey(images(*shape))
