from __future__ import annotations

import numpy as np
import pytest
from skimage.feature import hog, local_binary_pattern

from baselines.features import gradient_histograms, grey, pattern_histograms
from baselines.features.histograms import (
    BIN_OF_CODE,
    CIRCLE,
    EPSILON,
    cell_histograms,
    normalised_blocks,
    patterns,
)

X = np.random.default_rng(0).integers(0, 256, (3, 64, 64), dtype=np.uint8)
ROOT_HALF = np.sqrt(0.5)


def exactly_even(image):
    """Pixels with a diagonal point exactly as bright as they are, where scikit-image's rounding decides."""
    around = np.pad(image.astype(int), 1, mode="edge")
    height, width = image.shape
    steps = [around[1 + d : 1 + d + height, 1 + r : 1 + r + width] - image for d, r in CIRCLE]
    return np.any([(steps[i] == 0) & (steps[i - 1] == -steps[(i + 1) % 8]) for i in (1, 3, 5, 7)], axis=0)


@pytest.mark.parametrize("levels", [256, 6])
def test_agrees_with_scikit_image_inside_the_border(levels):
    for image in X // (256 // levels):
        ours, inside = patterns(image[None])[0], (slice(1, -1), slice(1, -1))
        decided = ~exactly_even(image)[inside]
        assert decided.mean() > 0.7
        theirs = local_binary_pattern(image, 8, 1, "default")
        np.testing.assert_array_equal(ours[inside][decided], theirs[inside][decided])


def test_bins_are_those_of_scikit_image_in_another_order():
    """Every 3x3 neighbourhood of two levels, as a column of small images."""
    codes = np.arange(256)
    images = np.full((256, 3, 3), 100, dtype=np.uint8)
    for bit, (down, right) in enumerate(CIRCLE):
        images[:, 1 + down, 1 + right] = np.where(codes >> bit & 1, 200, 0)
    centre = [local_binary_pattern(image, 8, 1, "nri_uniform")[1, 1] for image in images]
    ours = BIN_OF_CODE[patterns(images)[:, 1, 1]]
    pairs = set(zip(centre, ours.tolist(), strict=True))
    assert len(pairs) == len(set(centre)) == len(set(ours.tolist()))


def test_a_patch_worked_out_by_hand():
    """East 60 >= 50: bit 0. Diagonals north-east, north-west, south-west, south-east, each with its two sides."""
    patch = np.array([[10, 40, 90], [20, 50, 60], [50, 50, 49]], dtype=np.uint8)
    a, b = ROOT_HALF * (1 - ROOT_HALF), ROOT_HALF**2
    lean = [  # value at the point minus the centre: b * diagonal + a * (both sides)
        b * 40 + a * (10 - 10),
        b * -40 + a * (-10 - 30),
        b * 0 + a * (-30 + 0),
        b * -1 + a * (0 + 10),
    ]
    assert [value >= 0 for value in lean] == [True, False, False, True]
    wanted = 0b1 + 0b10 + 0b0100_0000 + 0b1000_0000  # east, north-east, south, south-east
    assert patterns(patch[None])[0, 1, 1] == wanted


@pytest.mark.parametrize("value", [0, 7, 100, 255])
def test_flat_images_have_one_pattern(value):
    rows = pattern_histograms(np.full((1, 64, 64), value, np.uint8)).reshape(64, 59)
    np.testing.assert_array_equal(rows, np.tile(np.eye(59)[57], (64, 1)))


def test_codes_do_not_depend_on_brightness_and_contrast():
    dark = X // 4
    np.testing.assert_array_equal(pattern_histograms(dark), pattern_histograms(3 * dark + 20))


def test_squares_of_each_cell_add_up_to_one():
    features = pattern_histograms(X, size=48, grid=6)
    assert features.shape == (3, 6 * 6 * 59) and features.dtype == np.float32
    np.testing.assert_allclose(np.square(features).reshape(3, 36, 59).sum(axis=2), 1, rtol=1e-5)


def test_cells_are_in_reading_order():
    image = np.full((1, 64, 64), 100, np.uint8)
    image[0, 4, 20] = 255  # in the first row of cells, the third from the left
    changed = np.flatnonzero((pattern_histograms(image) != pattern_histograms(image[:, ::-1, ::-1])).any(axis=0))
    assert set(changed // 59) == {2, 61}


@pytest.mark.parametrize(("size", "grid"), [(64, 7), (64, 0), (0, 8)])
def test_grids_must_divide_the_size(size, grid):
    with pytest.raises(ValueError, match="grid"):
        pattern_histograms(X, size, grid)


COLOUR = np.random.default_rng(0).integers(0, 256, (5, 48, 48, 3), dtype=np.uint8)


@pytest.mark.parametrize(
    ("size", "cell", "block", "orientations"), [(64, 8, 2, 9), (128, 8, 2, 9), (50, 8, 3, 6), (48, 6, 1, 12)]
)
def test_agrees_with_scikit_image(size, cell, block, orientations):
    wanted = [hog(image, orientations, (cell, cell), (block, block)) for image in grey(COLOUR, size)]
    np.testing.assert_allclose(gradient_histograms(COLOUR, size, cell, block, orientations), wanted, atol=1e-6)


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
    features = gradient_histograms(COLOUR)
    assert features.shape == (5, 1764) and features.dtype == np.float32
    assert gradient_histograms(COLOUR[:0]).shape == (0, 1764)


@pytest.mark.parametrize(
    ("parameters", "word"), [({"size": 15}, "size"), ({"cell": 0}, "cell"), ({"orientations": 0}, "orientations")]
)
def test_blocks_must_fit(parameters, word):
    with pytest.raises(ValueError, match=word):
        gradient_histograms(COLOUR, **parameters)
