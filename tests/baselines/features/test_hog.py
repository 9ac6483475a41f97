from __future__ import annotations

import numpy as np
import pytest
from skimage.feature import hog

from baselines.features import gradient_histograms, grey
from baselines.features.hog import EPSILON, cell_histograms, normalised_blocks

X = np.random.default_rng(0).integers(0, 256, (5, 48, 48, 3), dtype=np.uint8)


@pytest.mark.parametrize(
    ("size", "cell", "block", "orientations"), [(64, 8, 2, 9), (128, 8, 2, 9), (50, 8, 3, 6), (48, 6, 1, 12)]
)
def test_agrees_with_scikit_image(size, cell, block, orientations):
    wanted = [hog(image, orientations, (cell, cell), (block, block)) for image in grey(X, size)]
    np.testing.assert_allclose(gradient_histograms(X, size, cell, block, orientations), wanted, atol=1e-6)


def test_agrees_with_scikit_image_where_gradients_vanish_or_lie_on_an_edge_of_a_bin():
    images = np.zeros((3, 64, 64), np.uint8)
    images[0, 20:40, 10:50] = 200  # gradients along the axes only
    images[1] = 77
    images[2] = np.tri(64, dtype=np.uint8) * 90
    wanted = [hog(image.astype(float), 9, (8, 8), (2, 2)) for image in images]
    np.testing.assert_allclose(gradient_histograms(images), wanted, atol=1e-6)


def test_a_ramp_has_one_orientation():
    ramp = np.tile(np.arange(16.0), (1, 16, 1))
    cells = cell_histograms(ramp, 8, 9)
    assert cells.shape == (1, 2, 2, 9)
    np.testing.assert_allclose(cells[0, 0, 0], [2 * 56 / 64, 0, 0, 0, 0, 0, 0, 0, 0])  # a border column has none
    up = cell_histograms(ramp.swapaxes(1, 2)[:, ::-1], 8, 9)
    np.testing.assert_allclose(up[0, 0, 0], [0, 0, 0, 0, 2 * 56 / 64, 0, 0, 0, 0])


def test_a_block_worked_out_by_hand():
    """(3, 4) has length 5: (.6, .8) is clipped to (.2, .2), whose length is .2 sqrt 2."""
    cells = np.array([3.0, 4.0]).reshape(1, 1, 1, 2)
    np.testing.assert_allclose(normalised_blocks(cells, 1).ravel(), [np.sqrt(0.5)] * 2, rtol=1e-6)
    np.testing.assert_array_equal(normalised_blocks(0 * cells, 1).ravel(), [0, 0])
    tiny = np.full((1, 1, 1, 1), EPSILON)
    np.testing.assert_allclose(normalised_blocks(tiny, 1).ravel(), [0.2 / np.hypot(0.2, EPSILON)])


def test_shape():
    found = gradient_histograms(X)
    assert found.shape == (5, 1764) and found.dtype == np.float32
    assert gradient_histograms(X[:0]).shape == (0, 1764)


@pytest.mark.parametrize(
    ("parameters", "word"), [({"size": 15}, "size"), ({"cell": 0}, "cell"), ({"orientations": 0}, "orientations")]
)
def test_blocks_must_fit(parameters, word):
    with pytest.raises(ValueError, match=word):
        gradient_histograms(X, **parameters)
