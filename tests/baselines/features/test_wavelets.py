from __future__ import annotations

import numpy as np
import pytest
import pywt
from scipy.special import entr

from baselines.features import wavelet_coefficients, wavelet_entropy
from baselines.features.wavelets import ENTROPIES, energy_entropy, histogram_entropy, unnormalised_entropy

X = np.random.default_rng(0).integers(0, 256, (3, 128, 128), dtype=np.uint8)


@pytest.mark.parametrize(("wavelet", "level"), [("haar", 3), ("haar", 1), ("db4", 2)])
def test_agrees_with_the_pyramid_of_each_image(wavelet, level):
    for row, image in zip(wavelet_coefficients(X, wavelet, level, details=True), X, strict=True):
        approximation, details, *_ = pywt.wavedec2(image.astype(float), wavelet, mode="periodization", level=level)
        np.testing.assert_allclose(row, np.concatenate([approximation, *details]).ravel(), atol=0.02)


def test_haar_approximation_is_the_sum_over_blocks():
    blocks = X.reshape(3, 16, 8, 16, 8).sum(axis=(2, 4)) / 8
    np.testing.assert_allclose(wavelet_coefficients(X), blocks.reshape(3, 256), rtol=1e-5)


@pytest.mark.parametrize("wavelet", ["morl", "nonsense"])
def test_unknown_wavelets_are_refused(wavelet):
    with pytest.raises(ValueError, match="no discrete wavelet"):
        wavelet_coefficients(X, wavelet)


@pytest.mark.parametrize(("level", "size"), [(0, 128), (8, 128), (4, 100)])
def test_levels_must_divide_the_size(level, size):
    with pytest.raises(ValueError, match="level"):
        wavelet_coefficients(X, level=level, size=size)


PAIR = np.random.default_rng(0).integers(0, 256, (2, 128, 128), dtype=np.uint8)


def by_definition(band):
    p = np.square(band) / np.square(band).sum()
    return entr(p).sum() / np.log(2)


@pytest.mark.parametrize("trim", [False, True])
def test_agrees_with_the_definition_for_each_image(trim):
    for row, image in zip(wavelet_entropy(PAIR, trim=trim), PAIR, strict=True):
        first, *rest = pywt.swt2(image.astype(float), "db4", 4, trim_approx=trim)
        bands = [first, *(band for three in rest for band in three)] if trim else []
        if not trim:
            bands = [band for approximation, details in [first, *rest] for band in (approximation, *details)]
        np.testing.assert_allclose(row, [by_definition(band) for band in bands], rtol=1e-4)


def test_number_of_sub_bands():
    assert wavelet_entropy(PAIR).shape == (2, 16)
    assert wavelet_entropy(PAIR, trim=True).shape == (2, 13)
    assert wavelet_entropy(PAIR, "haar", 2).shape == (2, 8)


def test_entropy_of_known_sub_bands():
    single, equal, two, none = np.zeros((4, 8, 8), dtype=np.float32)
    single[3, 5], equal[:], two[0, :2] = -7, 3, [2, -2]
    np.testing.assert_allclose(
        energy_entropy(np.stack([single, equal, two, none]).reshape(4, 64)), [0, 6, 1, 0], atol=1e-6
    )


@pytest.mark.parametrize("value", [0, 1, 100, 255])
def test_constant_images_have_full_approximations_and_empty_details(value):
    wanted = [14.0 if value else 0.0, 0, 0, 0] * 4
    np.testing.assert_allclose(wavelet_entropy(np.full((1, 128, 128), value, np.uint8))[0], wanted, atol=1e-4)


def test_entropy_does_not_depend_on_contrast():
    dark = PAIR // 2
    np.testing.assert_allclose(wavelet_entropy(dark), wavelet_entropy(dark * 2), rtol=1e-5)


# --- other readings of "entropy" -------------------------------------------------------------------------------------


def bands_of(image):
    return [band for approximation, details in pywt.swt2(image, "db4", 4) for band in (approximation, *details)]


def unnormalised_by_definition(band):
    squares = np.square(band[band != 0].astype(float))
    return -(squares * np.log(squares)).sum()


def histogram_by_definition(band):
    shares = np.histogram(band, bins=256)[0] / band.size
    return entr(shares).sum() / np.log(2)


DEFINITIONS = {"energy": by_definition, "wentropy": unnormalised_by_definition, "histogram": histogram_by_definition}


@pytest.mark.parametrize("name", ENTROPIES)
def test_each_entropy_agrees_with_its_definition(name):
    for row, image in zip(wavelet_entropy(PAIR, entropy=name), PAIR, strict=True):
        wanted = [DEFINITIONS[name](band) for band in bands_of(image.astype(np.float32))]
        np.testing.assert_allclose(row, wanted, rtol=1e-3)


def test_unnormalised_entropies_worked_out_by_hand():
    """As MATLAB's wentropy(c, 'shannon'): 0 and 1 contribute 0, the square e does -e."""
    c = np.array([[0, 1, -1, np.exp(0.5)], [0, 0, 0, 0]], dtype=np.float32)
    np.testing.assert_allclose(unnormalised_entropy(c), [-np.e, 0], rtol=1e-6)


def test_histogram_entropies_worked_out_by_hand():
    c = np.array([[0, 0, 255, 255], [3, 3, 3, 3], [0, 1, 2, 3]], dtype=np.float32)
    np.testing.assert_allclose(histogram_entropy(c), [1, 0, 2])


@pytest.mark.parametrize("name", ENTROPIES)
@pytest.mark.parametrize("blocks", [2, 4])
def test_blocks_have_entropies_of_their_own(name, blocks):
    image = PAIR[0].astype(np.float32)
    side = 128 // blocks
    wanted = [
        DEFINITIONS[name](band[row : row + side, column : column + side])
        for band in bands_of(image)
        for row in range(0, 128, side)
        for column in range(0, 128, side)
    ]
    np.testing.assert_allclose(wavelet_entropy(PAIR[:1], entropy=name, blocks=blocks)[0], wanted, rtol=1e-3)


@pytest.mark.parametrize("name", ENTROPIES)
def test_colours_have_entropies_of_their_own(name):
    coloured = np.random.default_rng(1).integers(0, 256, (2, 128, 128, 3), dtype=np.uint8)
    wanted = [wavelet_entropy(coloured[..., channel], entropy=name) for channel in range(3)]
    np.testing.assert_array_equal(wavelet_entropy(coloured, entropy=name, channels="rgb"), np.hstack(wanted))
    plain = wavelet_entropy(PAIR, entropy=name)
    np.testing.assert_array_equal(wavelet_entropy(PAIR, entropy=name, channels="rgb"), np.hstack([plain] * 3))


@pytest.mark.parametrize("name", ENTROPIES)
@pytest.mark.parametrize("value", [0, 1, 100, 255])
def test_constant_images_have_empty_details_under_every_entropy(name, value):
    entropies = wavelet_entropy(np.full((1, 128, 128), value, np.uint8), entropy=name).reshape(4, 4)
    assert np.isfinite(entropies).all()
    np.testing.assert_array_equal(entropies[:, 1:], 0)


@pytest.mark.parametrize(
    ("parameters", "word"),
    [
        ({"entropy": "shannon"}, "entropy must be one of energy"),
        ({"blocks": 3}, "blocks"),
        ({"channels": "hsv"}, "rgb"),
    ],
)
def test_unknown_readings_are_refused(parameters, word):
    with pytest.raises(ValueError, match=word):
        wavelet_entropy(PAIR, **parameters)
